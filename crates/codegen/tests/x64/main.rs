//! Every row of x86-64 against LLVM's disassembler (bytes and text) and against this machine's CPU (meaning).

#![cfg(backend = "x86")]

mod assembled;
mod cases;
#[cfg(all(target_arch = "x86_64", unix))]
mod cpu;
mod llvm;
mod tables;
#[cfg(all(target_arch = "x86_64", unix))]
mod trampoline;
