//! Every row of x86-64 against LLVM's disassembler (bytes and text) and against this machine's CPU (meaning).

#![cfg(backend = "x86")]

mod assembled;
mod cases;
#[path = "../common/llvm.rs"]
mod common;
#[cfg(all(target_arch = "x86_64", unix))]
mod cpu;
#[path = "../common/assembled.rs"]
mod listings;
mod llvm;
mod tables;
#[cfg(all(target_arch = "x86_64", unix))]
mod trampoline;
