//! From IR to machine code: lowering by rules, register allocation, frames and emission.

// a build that makes code for no machine has no use for what targets are made of
#![cfg_attr(no_backend, allow(dead_code))]

pub mod abi;
pub mod access;
pub mod backend;
pub mod binemit;
pub mod buffer;
pub mod call;
pub mod choices;
pub mod compile;
pub mod compiled;
pub mod context;
pub mod effects;
pub mod emit;
pub mod error;
pub mod flow;
pub mod frame;
#[cfg(feature = "incremental-cache")]
pub mod incremental_cache;
pub mod isa;
pub mod libcalls;
pub mod linkage;
pub mod listing;
pub mod lower;
pub mod machinst;
pub mod nans;
pub mod options;
pub mod order;
pub mod pool;
pub mod print_errors;
pub mod reg;
pub mod reloc;
#[cfg(backend = "riscv64")]
pub mod riscv64;
pub mod settings;
pub mod sink;
pub mod slots;
pub mod text_section;
pub mod timing;
pub mod vcode;
pub mod verifier;
#[cfg(backend = "x86")]
pub mod x64;

pub use windlass_opt::inline;
