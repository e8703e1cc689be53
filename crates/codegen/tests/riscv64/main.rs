//! Every row of riscv64 against LLVM's disassembler (bytes and text) and against an emulated CPU (meaning).

#![cfg(backend = "riscv64")]

mod cases;
#[path = "../common/llvm.rs"]
mod common;
#[path = "../common/assembled.rs"]
mod listings;
mod llvm;
