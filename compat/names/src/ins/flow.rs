//! Control flow.

use super::B;
use cranelift_codegen::ir::{
    Block, BlockArg, ExceptionTable, FuncRef, Inst, InstBuilder, JumpTable, SigRef, TrapCode, Value,
};

/// Branches and traps.
pub fn branches(b: B, c: Value, x: Value, to: Block, table: JumpTable) {
    let _: Inst = b.ins().jump(to, &[]);
    let _: Inst = b.ins().jump(to, &[x.into(), BlockArg::Value(c)]);
    let _: Inst = b.ins().jump(to, [x.into()].iter());
    let _: Inst = b.ins().brif(c, to, &[x.into()], to, &[]);
    let _: Inst = b.ins().br_table(c, table);
    let _: Inst = b.ins().trap(TrapCode::INTEGER_OVERFLOW);
    let _: Inst = b.ins().trap(TrapCode::unwrap_user(1));
    let _: Inst = b.ins().trapz(c, TrapCode::INTEGER_DIVISION_BY_ZERO);
    let _: Inst = b.ins().trapnz(c, TrapCode::STACK_OVERFLOW);
    let _: Inst = b.ins().debugtrap();
    let _: Inst = b.ins().nop();
    let _: Inst = b.ins().sequence_point();
}

/// Calls and returns.
pub fn calls(b: B, f: FuncRef, sig: SigRef, p: Value, x: Value, handlers: ExceptionTable) {
    let _: Inst = b.ins().call(f, &[x]);
    let _: Inst = b.ins().call_indirect(sig, p, &[x]);
    let _: Inst = b.ins().return_call(f, &[x]);
    let _: Inst = b.ins().return_call_indirect(sig, p, &[x]);
    let _: Inst = b.ins().return_(&[x]);
    let _: Inst = b.ins().try_call(f, &[x], handlers);
    let _: Inst = b.ins().try_call_indirect(p, &[x], handlers);
    let _: Value = b.ins().stack_switch(p, p, x);
}
