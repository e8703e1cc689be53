//! The package that has all others, and its prelude.

use cranelift::prelude::*;

/// The names of the prelude that other files do not show.
pub fn prelude(func: &mut codegen::ir::Function, ctx: &mut FunctionBuilderContext) -> settings::Flags {
    let mut b: FunctionBuilder<'_> = FunctionBuilder::new(func, ctx);
    let (block, var): (Block, Variable) = (b.create_block(), b.declare_var(types::I64));
    let slot: StackSlotData = StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3);
    let _: (codegen::ir::StackSlot, usize, isa::CallConv) =
        (b.create_sized_stack_slot(slot), var.index(), isa::CallConv::Fast);
    b.switch_to_block(block);
    let v: Value = b.ins().iconst(Type::int(32).unwrap_or(types::I32), Imm64::new(1));
    let _: Value = b.ins().icmp(IntCC::Equal, v, v);
    b.ins().trapz(v, TrapCode::STACK_OVERFLOW);
    let mut flags = settings::builder();
    flags.set("opt_level", "speed").expect("it is a setting");
    settings::Flags::new(flags)
}

/// The packages in it.
pub fn packages(plane: &mut cranelift_control::ControlPlane) -> (bool, &'static str) {
    let _: Option<cranelift::interpreter::environment::FuncIndex> = None;
    let _: Result<codegen::isa::Builder, &'static str> = cranelift::native::builder();
    let _: codegen::control::ControlPlane = Default::default();
    let _: cranelift::module::Linkage = cranelift::module::Linkage::Local;
    let _: fn(cranelift::jit::JITBuilder) -> cranelift::jit::JITModule = cranelift::jit::JITModule::new;
    let _: fn(cranelift::object::ObjectBuilder) -> cranelift::object::ObjectModule =
        cranelift::object::ObjectModule::new;
    let _: cranelift::frontend::Switch = Default::default();
    (plane.get_decision() || plane.get_arbitrary(), cranelift::VERSION)
}
