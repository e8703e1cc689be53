//! Modules, in this process and as objects.

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{FuncRef, Function, GlobalValue, Signature};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetFrontendConfig, TargetIsa};
use cranelift_codegen::{CodegenError, Context};
use cranelift_jit::{
    ArenaMemoryProvider, BranchProtection, JITBuilder, JITMemoryKind, JITMemoryProvider, JITModule,
    SystemMemoryProvider,
};
use cranelift_module::{
    DataDescription, DataId, FuncId, FuncOrDataId, Init, Linkage, Module, ModuleDeclarations, ModuleError, ModuleReloc,
    ModuleRelocTarget, ModuleResult, default_libcall_names,
};
use cranelift_object::{ObjectBuilder, ObjectModule, ObjectProduct, object};

/// Functions in modules.
#[allow(clippy::result_large_err, reason = "the interface is given")]
pub fn functions(module: &mut dyn Module, func: &mut Function) -> ModuleResult<FuncId> {
    let _: (&dyn TargetIsa, TargetFrontendConfig, &ModuleDeclarations) =
        (module.isa(), module.target_config(), module.declarations());
    let mut ctx: Context = module.make_context();
    let mut sig: Signature = module.make_signature();
    module.clear_signature(&mut sig);
    let id: FuncId = module.declare_function("f", Linkage::Export, &sig)?;
    let _: FuncId = module.declare_anonymous_function(&sig)?;
    let _: FuncRef = module.declare_func_in_func(id, func);
    module.define_function(id, &mut ctx)?;
    module.define_function_with_control_plane(id, &mut ctx, &mut ControlPlane::default())?;
    module.define_function_bytes(id, 16, &[0xc3], &[])?;
    module.clear_context(&mut ctx);
    match module.get_name("f") {
        Some(FuncOrDataId::Func(id)) => _ = ModuleRelocTarget::from(id),
        Some(FuncOrDataId::Data(id)) => _ = ModuleRelocTarget::from(id),
        None => {}
    }
    let decls = module.declarations();
    let _: (usize, usize) = (decls.get_functions().count(), decls.get_data_objects().count());
    let _: std::borrow::Cow<'_, str> = decls.get_function_decl(id).linkage_name(id);
    let _: [bool; 3] =
        [Linkage::Local.is_final(), Linkage::Hidden.is_definable(), Linkage::Preemptible.requires_definition()];
    Ok(id)
}

/// Data in modules.
#[allow(clippy::result_large_err, reason = "the interface is given")]
pub fn data(module: &mut dyn Module, f: FuncId, func: &mut Function) -> ModuleResult<DataId> {
    let id: DataId = module.declare_data("d", Linkage::Local, true, false)?;
    let _: DataId = module.declare_anonymous_data(false, false)?;
    let _: GlobalValue = module.declare_data_in_func(id, func);
    let mut data = DataDescription::new();
    data.define_zeroinit(8);
    data.define(Box::new([0; 8]));
    data.set_align(8);
    data.set_custom_section("s");
    data.set_used(true);
    let (func, other): (FuncRef, GlobalValue) =
        (module.declare_func_in_data(f, &mut data), module.declare_data_in_data(id, &mut data));
    data.write_function_addr(0, func);
    data.write_data_addr(0, other, 1);
    for ModuleReloc { offset: _, kind: _, name, addend: _ } in data.all_relocs(Reloc::Abs8) {
        let _: bool = ModuleDeclarations::is_function(&name);
    }
    match &data.init {
        Init::Uninitialized => {}
        Init::Zeros { size } => _ = size + 1,
        Init::Bytes { contents } => _ = contents.len(),
    }
    module.define_data(id, &data)?;
    data.clear();
    Ok(id)
}

/// What goes wrong.
pub fn errors(error: ModuleError) -> Option<CodegenError> {
    match error {
        ModuleError::Undeclared(_) | ModuleError::DuplicateDefinition(_) => None,
        ModuleError::IncompatibleDeclaration(_) | ModuleError::InvalidImportDefinition(_) => None,
        ModuleError::IncompatibleSignature(_, _, _) | ModuleError::Allocation { err: _ } => None,
        ModuleError::Backend(_) | ModuleError::Flag(_) => None,
        ModuleError::Compilation(error) => Some(error),
    }
}

/// Modules in this process.
#[allow(clippy::result_large_err, reason = "the interface is given")]
pub fn in_process(isa: OwnedTargetIsa, f: FuncId, d: DataId, host: *const u8) -> ModuleResult<()> {
    let _: JITBuilder = JITBuilder::with_isa(isa, default_libcall_names());
    let _: JITBuilder = JITBuilder::with_flags(&[("opt_level", "speed")], default_libcall_names())?;
    let mut builder: JITBuilder = JITBuilder::new(default_libcall_names())?;
    builder.symbol("a", host).symbols([("b", host)]).symbol_lookup_fn(Box::new(|_| None));
    builder.memory_provider(Box::new(SystemMemoryProvider::new()));
    if let Ok(arena) = ArenaMemoryProvider::new_with_size(1 << 20) {
        builder.memory_provider(Box::new(arena));
    }
    let mut module: JITModule = JITModule::new(builder);
    module.finalize_definitions()?;
    let _: (*const u8, (*const u8, usize)) = (module.get_finalized_function(f), module.get_finalized_data(d));
    let _: *const u8 = module.get_address(&f.into());
    let _: unsafe fn(JITModule) = JITModule::free_memory;
    Ok(())
}

/// Memory for modules.
#[allow(clippy::result_large_err, reason = "the interface is given")]
pub fn memory(provider: &mut dyn JITMemoryProvider) -> ModuleResult<std::io::Result<*mut u8>> {
    let _: [JITMemoryKind; 2] = [JITMemoryKind::Writable, JITMemoryKind::ReadOnly];
    let given = provider.allocate(8, 8, JITMemoryKind::Executable);
    provider.finalize(BranchProtection::None)?;
    Ok(given)
}

/// Modules as objects.
#[allow(clippy::result_large_err, reason = "the interface is given")]
pub fn objects(isa: OwnedTargetIsa, f: FuncId, d: DataId) -> ModuleResult<Result<Vec<u8>, object::write::Error>> {
    let mut builder: ObjectBuilder = ObjectBuilder::new(isa, "name", default_libcall_names())?;
    builder.per_function_section(true).per_data_object_section(true).unwind_info(true);
    let module: ObjectModule = ObjectModule::new(builder);
    let product: ObjectProduct = module.finish();
    let _: [object::write::SymbolId; 2] = [product.function_symbol(f), product.data_symbol(d)];
    Ok(product.emit())
}
