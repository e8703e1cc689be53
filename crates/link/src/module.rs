//! Modules: functions and data that know each other by identifiers, declared first and defined later, for whatever
//! becomes of them in the end ([`crate::jit`], [`crate::object`]). Needs the compiler's [`Context`]; leaves the interface
//! [`Module`], the table of declarations behind it, and descriptions of data.

mod data;
mod declarations;
mod reloc;

pub use data::{DataDescription, Init};
pub use declarations::{
    DataDeclaration, DataId, FuncId, FuncOrDataId, FunctionDeclaration, Linkage, ModuleDeclarations,
};
pub use reloc::{ModuleReloc, ModuleRelocTarget, TrapSite};

use thiserror::Error;
use windlass_codegen::context::Context;
use windlass_codegen::error::{CodegenError, CompileError};
use windlass_codegen::isa::{TargetFrontendConfig, TargetIsa};
use windlass_codegen::settings::SetError;
use windlass_control::ControlPlane;
use windlass_ir::ir::{
    ExtFuncData, ExternalName, FuncRef, Function, GlobalValue, GlobalValueData, LibCall, Signature, UserExternalName,
};

use crate::host;

/// What went wrong with a module.
#[derive(Debug, Error)]
pub enum ModuleError {
    /// Something is used that was never declared.
    #[error("undeclared identifier: {0}")]
    Undeclared(String),
    /// A function and data were declared by the same name, or data as thread-local and not.
    #[error("incompatible declaration of identifier: {0}")]
    IncompatibleDeclaration(String),
    /// A function was declared with two signatures.
    #[error("function {0} signature {2:?} is incompatible with previous declaration {1:?}")]
    IncompatibleSignature(String, Signature, Signature),
    /// Something was defined twice.
    #[error("duplicate definition of identifier: {0}")]
    DuplicateDefinition(String),
    /// Something was defined that is declared as defined elsewhere.
    #[error("invalid to define identifier declared as an import: {0}")]
    InvalidImportDefinition(String),
    /// A function was not compiled.
    #[error("compilation error: {0}")]
    Compilation(#[from] CodegenError),
    /// Memory could not be had.
    #[error("allocation error: {err}")]
    Allocation {
        /// Why.
        #[source]
        err: std::io::Error,
    },
    /// What becomes of the module cannot hold something.
    #[error("{0}")]
    Backend(#[source] anyhow::Error),
    /// A setting is wrong.
    #[error("error creating an isa: {0}")]
    Flag(#[from] SetError),
}

impl From<CompileError<'_>> for ModuleError {
    fn from(error: CompileError<'_>) -> Self {
        error.inner.into()
    }
}

impl ModuleError {
    /// An error of what becomes of the module.
    pub(crate) fn backend(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Backend(error.into())
    }
}

/// A result of working with a module.
pub type ModuleResult<T> = Result<T, ModuleError>;

/// What names the routines that compiled code calls by itself.
pub type LibCallNames = Box<dyn Fn(LibCall) -> String + Send + Sync>;

/// The names of the C library.
pub fn default_libcall_names() -> LibCallNames {
    Box::new(|call| host::symbol(call).to_owned())
}

/// Functions and data that are declared, defined and linked with each other.
pub trait Module {
    /// The target.
    fn isa(&self) -> &dyn TargetIsa;

    /// All that is declared.
    fn declarations(&self) -> &ModuleDeclarations;

    /// What is declared by a name.
    fn get_name(&self, name: &str) -> Option<FuncOrDataId> {
        self.declarations().get_name(name)
    }

    /// What a producer of IR needs to know of the target.
    fn target_config(&self) -> TargetFrontendConfig {
        self.isa().frontend_config()
    }

    /// A context whose function has the convention of the target.
    fn make_context(&self) -> Context {
        let mut ctx = Context::new();
        ctx.func.signature.call_conv = self.isa().default_call_conv();
        ctx
    }

    /// Empties a context, as [`Module::make_context`] makes it.
    fn clear_context(&self, ctx: &mut Context) {
        ctx.clear();
        ctx.func.signature.call_conv = self.isa().default_call_conv();
    }

    /// An empty signature of the convention of the target.
    fn make_signature(&self) -> Signature {
        Signature::new(self.isa().default_call_conv())
    }

    /// Empties a signature, as [`Module::make_signature`] makes it.
    fn clear_signature(&self, sig: &mut Signature) {
        sig.clear(self.isa().default_call_conv());
    }

    /// Declares a function. By the same name always the same is meant; the strongest linkage holds.
    fn declare_function(&mut self, name: &str, linkage: Linkage, signature: &Signature) -> ModuleResult<FuncId>;

    /// Declares a function without a name, which is local.
    fn declare_anonymous_function(&mut self, signature: &Signature) -> ModuleResult<FuncId>;

    /// Declares data. By the same name always the same is meant; the strongest linkage holds, and it is writable if one
    /// says so.
    fn declare_data(&mut self, name: &str, linkage: Linkage, writable: bool, tls: bool) -> ModuleResult<DataId>;

    /// Declares data without a name, which is local.
    fn declare_anonymous_data(&mut self, writable: bool, tls: bool) -> ModuleResult<DataId>;

    /// What a function that is being built calls a function of the module by.
    fn declare_func_in_func(&mut self, func_id: FuncId, func: &mut Function) -> FuncRef {
        let decl = self.declarations().get_function_decl(func_id);
        let signature = func.import_signature(decl.signature.clone());
        let colocated = decl.linkage.is_final();
        let name = func.declare_imported_user_function(UserExternalName::new(FUNCTIONS, func_id.as_u32()));
        func.import_function(ExtFuncData { name: ExternalName::user(name), signature, colocated, patchable: false })
    }

    /// What a function that is being built knows data of the module by.
    fn declare_data_in_func(&self, data: DataId, func: &mut Function) -> GlobalValue {
        let decl = self.declarations().get_data_decl(data);
        let colocated = decl.linkage.is_final();
        let name = func.declare_imported_user_function(UserExternalName::new(DATA, data.as_u32()));
        func.create_global_value(GlobalValueData::Symbol {
            name: ExternalName::user(name),
            offset: 0.into(),
            colocated,
            tls: decl.tls,
        })
    }

    /// What data that is being described knows a function of the module by.
    fn declare_func_in_data(&self, func_id: FuncId, data: &mut DataDescription) -> FuncRef {
        data.import_function(func_id.into())
    }

    /// What data that is being described knows data of the module by.
    fn declare_data_in_data(&self, data_id: DataId, data: &mut DataDescription) -> GlobalValue {
        data.import_global_value(data_id.into())
    }

    /// Compiles the function of a context, and defines a declared function as it.
    fn define_function(&mut self, func: FuncId, ctx: &mut Context) -> ModuleResult<()> {
        self.define_function_with_control_plane(func, ctx, &mut ControlPlane::default())
    }

    /// The same, with what decides where the compiler may do as it likes.
    fn define_function_with_control_plane(
        &mut self,
        func: FuncId,
        ctx: &mut Context,
        ctrl_plane: &mut ControlPlane,
    ) -> ModuleResult<()>;

    /// Defines a function as machine code. Nothing checks it; without unwind data, stacks are not walked through it.
    fn define_function_bytes(
        &mut self,
        func_id: FuncId,
        alignment: u64,
        bytes: &[u8],
        relocs: &[ModuleReloc],
    ) -> ModuleResult<()>;

    /// Defines data.
    fn define_data(&mut self, data_id: DataId, data: &DataDescription) -> ModuleResult<()>;
}

/// The name space of functions in external names, and that of data.
const FUNCTIONS: u32 = 0;
const DATA: u32 = 1;

/// Hands a module's methods on to what a pointer points to.
macro_rules! by_pointer { ($($pointer:ty)*) => { $(
    impl<M: Module + ?Sized> Module for $pointer {
        fn isa(&self) -> &dyn TargetIsa {
            (**self).isa()
        }
        fn declarations(&self) -> &ModuleDeclarations {
            (**self).declarations()
        }
        fn get_name(&self, name: &str) -> Option<FuncOrDataId> {
            (**self).get_name(name)
        }
        fn target_config(&self) -> TargetFrontendConfig {
            (**self).target_config()
        }
        fn make_context(&self) -> Context {
            (**self).make_context()
        }
        fn clear_context(&self, ctx: &mut Context) {
            (**self).clear_context(ctx)
        }
        fn make_signature(&self) -> Signature {
            (**self).make_signature()
        }
        fn clear_signature(&self, sig: &mut Signature) {
            (**self).clear_signature(sig)
        }
        fn declare_function(&mut self, name: &str, linkage: Linkage, signature: &Signature) -> ModuleResult<FuncId> {
            (**self).declare_function(name, linkage, signature)
        }
        fn declare_anonymous_function(&mut self, signature: &Signature) -> ModuleResult<FuncId> {
            (**self).declare_anonymous_function(signature)
        }
        fn declare_data(&mut self, name: &str, linkage: Linkage, writable: bool, tls: bool) -> ModuleResult<DataId> {
            (**self).declare_data(name, linkage, writable, tls)
        }
        fn declare_anonymous_data(&mut self, writable: bool, tls: bool) -> ModuleResult<DataId> {
            (**self).declare_anonymous_data(writable, tls)
        }
        fn declare_func_in_func(&mut self, func_id: FuncId, func: &mut Function) -> FuncRef {
            (**self).declare_func_in_func(func_id, func)
        }
        fn declare_data_in_func(&self, data: DataId, func: &mut Function) -> GlobalValue {
            (**self).declare_data_in_func(data, func)
        }
        fn declare_func_in_data(&self, func_id: FuncId, data: &mut DataDescription) -> FuncRef {
            (**self).declare_func_in_data(func_id, data)
        }
        fn declare_data_in_data(&self, data_id: DataId, data: &mut DataDescription) -> GlobalValue {
            (**self).declare_data_in_data(data_id, data)
        }
        fn define_function(&mut self, func: FuncId, ctx: &mut Context) -> ModuleResult<()> {
            (**self).define_function(func, ctx)
        }
        fn define_function_with_control_plane(
            &mut self,
            func: FuncId,
            ctx: &mut Context,
            ctrl_plane: &mut ControlPlane,
        ) -> ModuleResult<()> {
            (**self).define_function_with_control_plane(func, ctx, ctrl_plane)
        }
        fn define_function_bytes(
            &mut self,
            func_id: FuncId,
            alignment: u64,
            bytes: &[u8],
            relocs: &[ModuleReloc],
        ) -> ModuleResult<()> {
            (**self).define_function_bytes(func_id, alignment, bytes, relocs)
        }
        fn define_data(&mut self, data_id: DataId, data: &DataDescription) -> ModuleResult<()> {
            (**self).define_data(data_id, data)
        }
    }
)* } }

by_pointer! { &mut M Box<M> }
