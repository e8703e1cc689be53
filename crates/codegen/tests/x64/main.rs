//! Every row of x86-64 against LLVM's disassembler (bytes and text) and against this machine's CPU (meaning).

mod cases;
//#[cfg(target_arch = "x86_64")]
//mod cpu;
mod llvm;
//#[cfg(target_arch = "x86_64")]
//mod trampoline;
