//! `windlass compile --emit obj`: the functions of a file as an object that linkers read. `%name` becomes the symbol
//! `name`, `u0:1` the symbol `u0_1`; what a file refers to and does not define is left to the linker. Needs the modules
//! of `windlass-link`.

use crate::panics;
use crate::source::{Error, Result, Source};
use windlass_codegen::context::Context;
use windlass_codegen::isa::OwnedTargetIsa;
use windlass_ir::ir::{ExternalName, FuncRef, Function, GlobalValueData, UserExternalName, UserFuncName};
use windlass_link::module::{FuncId, FuncOrDataId, Linkage, Module, ModuleResult, default_libcall_names};
use windlass_link::object::{ObjectBuilder, ObjectModule};

/// The bytes of the object.
pub(super) fn of(source: &Source, functions: &[&Function], isa: OwnedTargetIsa) -> Result<Vec<u8>> {
    let fail = |what: &dyn std::fmt::Display| Error::new(format_args!("{}: {what}", source.path.display()));
    let name = source.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let builder = ObjectBuilder::new(isa, name, default_libcall_names()).map_err(|e| fail(&e))?;
    let mut module = ObjectModule::new(builder);
    let mut ids = vec![];
    for func in functions {
        let id = module.declare_function(&symbol_of(&func.name), Linkage::Export, &func.signature);
        ids.push(id.map_err(|e| fail(&format_args!("{}: {e}", func.name)))?);
    }
    let mut ctx = Context::new();
    for (func, id) in functions.iter().zip(ids) {
        ctx.clear();
        ctx.func = (*func).clone();
        let defined = panics::caught(|| define(&mut module, id, &mut ctx).map_err(|e| e.to_string()));
        defined.and_then(|done| done).map_err(|e| fail(&format_args!("{}: {e}", func.name)))?;
    }
    module.finish().emit().map_err(|e| fail(&e))
}

#[allow(clippy::result_large_err, reason = "errors of signatures show the signatures")]
fn define(module: &mut ObjectModule, id: FuncId, ctx: &mut Context) -> ModuleResult<()> {
    let callees: Vec<FuncRef> = ctx.func.dfg.ext_funcs.keys().collect();
    for callee in callees {
        let data = &ctx.func.dfg.ext_funcs[callee];
        if let Some(symbol) = symbol(&data.name, &ctx.func) {
            let signature = ctx.func.dfg.signatures[data.signature].clone();
            let id = module.declare_function(&symbol, Linkage::Import, &signature)?;
            ctx.func.dfg.ext_funcs[callee].name = name_of(&mut ctx.func, FuncOrDataId::Func(id));
        }
    }
    let globals: Vec<_> = ctx.func.global_values.keys().collect();
    for global in globals {
        let GlobalValueData::Symbol { name, tls, .. } = &ctx.func.global_values[global] else { continue };
        let Some(symbol) = symbol(name, &ctx.func) else { continue };
        let known = module.get_name(&symbol).filter(|id| matches!(id, FuncOrDataId::Func(_)));
        let id = match known {
            Some(id) => id,
            None => FuncOrDataId::Data(module.declare_data(&symbol, Linkage::Import, true, *tls)?),
        };
        let new = name_of(&mut ctx.func, id);
        if let GlobalValueData::Symbol { name, .. } = &mut ctx.func.global_values[global] {
            *name = new;
        }
    }
    module.define_function(id, ctx)
}

/// How a function names what the module knows.
fn name_of(func: &mut Function, id: FuncOrDataId) -> ExternalName {
    let (namespace, index) = match id {
        FuncOrDataId::Func(id) => (0, id.as_u32()),
        FuncOrDataId::Data(id) => (1, id.as_u32()),
    };
    ExternalName::user(func.declare_imported_user_function(UserExternalName::new(namespace, index)))
}

/// The symbol that a name stands for; of what compiled code calls by itself the module knows it.
fn symbol(name: &ExternalName, func: &Function) -> Option<String> {
    match name {
        ExternalName::User(name) => func.params.user_named_funcs().get(*name).map(user_symbol),
        ExternalName::TestCase(name) => Some(String::from_utf8_lossy(name.raw()).into_owned()),
        ExternalName::LibCall(_) | ExternalName::KnownSymbol(_) => None,
    }
}

fn symbol_of(name: &UserFuncName) -> String {
    match name {
        UserFuncName::User(name) => user_symbol(name),
        UserFuncName::Testcase(name) => String::from_utf8_lossy(name.raw()).into_owned(),
    }
}

fn user_symbol(name: &UserExternalName) -> String {
    format!("u{}_{}", name.namespace, name.index)
}
