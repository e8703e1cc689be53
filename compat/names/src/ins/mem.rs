//! Memory.

use super::B;
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{
    AtomicRmwOp, Block, DynamicStackSlot, FuncRef, GlobalValue, Inst, InstBuilder, MemFlagsData, StackSlot, Type,
    Value, types,
};

/// Loads and stores.
pub fn loads_and_stores(b: B, p: Value, x: Value) {
    let flags = MemFlagsData::trusted();
    let _: Value = b.ins().load(types::I32, flags, p, 8);
    let _: Value = b.ins().load(types::I64, MemFlagsData::new(), p, Offset32::new(-8));
    let _: Value = b.ins().sload8(types::I32, flags, p, 0);
    let _: Value = b.ins().uload8(types::I32, flags, p, 0);
    let _: Value = b.ins().sload16(types::I32, flags, p, 0);
    let _: Value = b.ins().uload16(types::I32, flags, p, 0);
    let _: Value = b.ins().sload32(flags, p, 0);
    let _: Value = b.ins().uload32(flags, p, 0);
    let _: Value = b.ins().sload8x8(flags, p, 0);
    let _: Value = b.ins().uload8x8(flags, p, 0);
    let _: Value = b.ins().sload16x4(flags, p, 0);
    let _: Value = b.ins().uload16x4(flags, p, 0);
    let _: Value = b.ins().sload32x2(flags, p, 0);
    let _: Value = b.ins().uload32x2(flags, p, 0);
    let _: Inst = b.ins().store(flags, x, p, 4);
    let _: Inst = b.ins().istore8(flags, x, p, 4);
    let _: Inst = b.ins().istore16(flags, x, p, 4);
    let _: Inst = b.ins().istore32(flags, x, p, 4);
}

/// Stack slots.
pub fn slots(b: B, x: Value, slot: StackSlot, dynamic: DynamicStackSlot, vector: Type) {
    let _: Value = b.ins().stack_addr(types::I64, slot, 0);
    let _: Value = b.ins().stack_load(types::I64, types::I32, slot, 4);
    let _: Inst = b.ins().stack_store(types::I64, x, slot, 4);
    let _: Value = b.ins().dynamic_stack_addr(types::I64, dynamic);
    let _: Value = b.ins().dynamic_stack_load(types::I64, vector, dynamic);
    let _: Inst = b.ins().dynamic_stack_store(types::I64, x, dynamic);
}

/// Atomics.
pub fn atomics(b: B, p: Value, x: Value, y: Value) {
    let flags = MemFlagsData::new();
    let _: Value = b.ins().atomic_load(types::I32, flags, p);
    let _: Inst = b.ins().atomic_store(flags, x, p);
    let _: Value = b.ins().atomic_rmw(types::I32, flags, AtomicRmwOp::Add, p, x);
    let _: Value = b.ins().atomic_cas(flags, p, x, y);
    let _: Inst = b.ins().fence();
}

/// Addresses of symbols and frames.
pub fn symbols(b: B, x: Value, gv: GlobalValue, func: FuncRef, block: Block) {
    let _: Value = b.ins().symbol_value(types::I64, gv);
    let _: Value = b.ins().tls_value(types::I64, gv);
    let _: Value = b.ins().func_addr(types::I64, func);
    let _: Value = b.ins().get_frame_pointer(types::I64);
    let _: Value = b.ins().get_stack_pointer(types::I64);
    let _: Value = b.ins().get_return_address(types::I64);
    let _: Value = b.ins().get_pinned_reg(types::I64);
    let _: Inst = b.ins().set_pinned_reg(x);
    let _: Value = b.ins().get_exception_handler_address(types::I64, block, 0);
}
