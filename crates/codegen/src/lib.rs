//! From IR to machine code: lowering by rules, register allocation, frames and emission.

pub mod abi;
pub mod binemit;
pub mod buffer;
pub mod compile;
pub mod compiled;
pub mod context;
pub mod effects;
pub mod error;
#[cfg(feature = "incremental-cache")]
pub mod incremental_cache;
pub mod isa;
pub mod linkage;
pub mod lower;
pub mod machinst;
pub mod order;
pub mod pool;
pub mod print_errors;
pub mod reg;
pub mod reloc;
pub mod settings;
pub mod sink;
pub mod text_section;
pub mod timing;
pub mod vcode;
pub mod verifier;
pub mod x64;

pub use windlass_opt::inline;
