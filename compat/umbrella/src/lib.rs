//! The packages of Windlass's code generator in one, under the names that users know. Adds nothing but the version.

#![forbid(unsafe_code)]

#[doc(inline)]
pub use cranelift_codegen as codegen;
#[cfg(feature = "frontend")]
#[doc(inline)]
pub use cranelift_frontend as frontend;
#[cfg(feature = "interpreter")]
#[doc(inline)]
pub use cranelift_interpreter as interpreter;
#[cfg(feature = "jit")]
#[doc(inline)]
pub use cranelift_jit as jit;
#[cfg(feature = "module")]
#[doc(inline)]
pub use cranelift_module as module;
#[cfg(feature = "native")]
#[doc(inline)]
pub use cranelift_native as native;
#[cfg(feature = "object")]
#[doc(inline)]
pub use cranelift_object as object;

/// What most users need: `use cranelift::prelude::*`.
pub mod prelude {
    #[doc(inline)]
    pub use crate::codegen;
    #[doc(inline)]
    pub use crate::codegen::entity::EntityRef;
    #[doc(inline)]
    pub use crate::codegen::ir::condcodes::{FloatCC, IntCC};
    #[doc(inline)]
    pub use crate::codegen::ir::immediates::{Ieee32, Ieee64, Imm64, Uimm64};
    #[doc(inline)]
    pub use crate::codegen::ir::{
        AbiParam, Block, ExtFuncData, ExternalName, GlobalValueData, InstBuilder, JumpTableData, MemFlagsData,
        Signature, StackSlotData, StackSlotKind, TrapCode, Type, Value, types,
    };
    #[doc(inline)]
    pub use crate::codegen::settings::Configurable;
    #[doc(inline)]
    pub use crate::codegen::{isa, settings};
    #[cfg(feature = "frontend")]
    #[doc(inline)]
    pub use crate::frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
}

/// The version whose names and signatures these are.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
