//! The graph: aliases, parameters, results, and what readers do.

use super::*;
use crate::cursor::{Cursor, FuncCursor};
use crate::ir::types::{self, I8, I32, I64};
use crate::ir::{AbiParam, ExternalName, Function, InstBuilder, Opcode, ValueDef};
use crate::isa::CallConv;
use windlass_entity::EntityRef;

#[test]
fn parameters_come_and_go() {
    let mut dfg = DataFlowGraph::new();
    let block = dfg.make_block();
    let [a, b, c, d] = [I8, I32, I64, I8].map(|t| dfg.append_block_param(block, t));
    assert_eq!(dfg.block_param_types(block).collect::<Vec<_>>(), [I8, I32, I64, I8]);
    assert_eq!(dfg.swap_remove_block_param(b), 1);
    assert_eq!((dfg.block_params(block), dfg.value_def(d)), (&[a, d, c][..], ValueDef::Param(block, 1)));
    dfg.remove_block_param(a);
    assert_eq!((dfg.value_def(c).num(), dfg.value_is_attached(a), dfg.value_is_attached(c)), (1, false, true));
    let e = dfg.replace_block_param(d, I32);
    assert_eq!((dfg.block_params(block), dfg.value_type(e)), (&[e, c][..], I32));
    dfg.change_to_alias(a, d);
    dfg.attach_block_param(block, b);
    assert_eq!((dfg.value_def(b), dfg.value_is_alias(a)), (ValueDef::Param(block, 2), true));
    let list = dfg.detach_block_params(block);
    assert_eq!((list.as_slice(&dfg.value_lists), dfg.num_block_params(block)), (&[e, c, b][..], 0));
}

#[test]
fn aliases_resolve_and_circles_do_no_harm() {
    let mut func = Function::new();
    let block = func.dfg.make_block();
    let x = func.dfg.append_block_param(block, I32);
    let mut pos = FuncCursor::new(&mut func);
    pos.insert_block(block);
    let y = pos.ins().ineg(x);
    let z = pos.ins().ineg(y);
    pos.ins().return_(&[z, y]);
    let ret = func.layout.last_inst(block).unwrap();
    let dfg = &mut func.dfg;
    let (first, second) = (dfg.value_def(y).unwrap_inst(), dfg.value_def(z).unwrap_inst());
    dfg.replace_with_aliases(second, first);
    assert_eq!((dfg.resolve_aliases(z), dfg.value_def(z), dfg.has_results(second)), (y, dfg.value_def(y), false));
    dfg.clear_results(first);
    dfg.change_to_alias(y, x);
    assert_eq!((dfg.resolve_aliases(z), dfg.value_is_real(z), dfg.values_and_defs().count()), (x, false, 1));

    let circle: Vec<Value> = (0..10)
        .map(|_| {
            dfg.make_invalid_value_for_parser();
            Value::new(dfg.num_values() - 1)
        })
        .collect();
    for (n, v) in circle.iter().enumerate() {
        dfg.make_value_alias_for_serialization(circle[(n + 1) % 10], *v);
    }
    assert!(circle.contains(&dfg.resolve_aliases(circle[3])) && !dfg.set_alias_type_for_parser(circle[3]));
    assert_eq!(dfg.value_def(circle[0]).num(), 0);
    dfg.resolve_all_aliases();
    assert_eq!(dfg.inst_args(ret), [x, x]);
    assert_eq!((dfg.value_alias_dest_for_serialization(z), dfg.resolve_aliases(z)), (Some(x), x));
    assert!(circle.contains(&dfg.resolve_aliases(circle[3])));
}

#[test]
fn results_of_calls_come_from_signatures() {
    let mut func = Function::new();
    let mut sig = Signature::new(CallConv::Fast);
    sig.returns = vec![AbiParam::new(I8), AbiParam::new(I64)];
    let signature = func.import_signature(sig);
    let name = ExternalName::testcase("f");
    let callee = func.import_function(ExtFuncData { name, signature, colocated: false, patchable: false });
    let block = func.dfg.make_block();
    let mut pos = FuncCursor::new(&mut func);
    pos.insert_block(block);
    let address = pos.ins().func_addr(I64, callee);
    let call = pos.ins().call(callee, &[address]);
    let indirect = pos.ins().call_indirect(signature, address, &[address]);
    let dfg = &mut func.dfg;
    assert_eq!(dfg.inst_results(call).iter().map(|v| dfg.value_type(*v)).collect::<Vec<_>>(), [I8, I64]);
    assert_eq!((dfg.inst_fixed_args(indirect), dfg.inst_variable_args(indirect)), (&[address][..], &[address][..]));
    assert_eq!((dfg.call_signature(call), dfg.ctrl_typevar(indirect)), (Some(signature), I64));
    let copy = dfg.clone_inst(indirect);
    dfg.inst_args_mut(copy)[0] = dfg.first_result(call);
    assert_eq!((dfg.inst_args(indirect)[0], dfg.inst_results(copy).len()), (address, 2));
    let old = dfg.first_result(copy);
    let new = dfg.replace_result(old, I32);
    assert_eq!((dfg.value_type(new), dfg.value_is_attached(old), dfg.first_result(copy)), (I32, false, new));
    assert_eq!(dfg.inst_result_types(call, types::INVALID).collect::<Vec<_>>(), [I8, I64]);
}

#[test]
fn ill_typed_instructions_have_their_number_of_results() {
    let mut dfg = DataFlowGraph::new();
    let arg = Value::new(77);
    let inst = dfg.make_inst(InstructionData::Binary { opcode: Opcode::Iadd, args: [arg, arg] });
    assert_eq!((dfg.ctrl_typevar(inst), dfg.make_inst_results(inst, types::INVALID)), (types::INVALID, 1));
    assert!(!dfg.value_is_valid(arg) && !dfg.value_is_attached(arg) && !dfg.value_is_alias(arg));
    let unknown = dfg.make_inst(InstructionData::Call {
        opcode: Opcode::Call,
        args: ValueList::new(),
        func_ref: FuncRef::new(9),
    });
    assert_eq!((dfg.call_signature(unknown), dfg.make_inst_results(unknown, types::INVALID)), (None, 0));
}

#[test]
fn readers_number_values_as_they_like() {
    let mut dfg = DataFlowGraph::new();
    let block = dfg.make_block();
    (0..5).for_each(|_| dfg.make_invalid_value_for_parser());
    let [v1, v2, v3, v4] = [1, 2, 3, 4].map(Value::new);
    dfg.append_block_param_for_parser(block, I32, v3);
    let inst = dfg.make_inst(InstructionData::Unary { opcode: Opcode::Ineg, arg: v3 });
    assert_eq!(dfg.make_inst_results_for_parser(inst, I32, &[v1]), 1);
    dfg.make_value_alias_for_serialization(v1, v4);
    assert!(dfg.set_alias_type_for_parser(v4));
    assert!(dfg.value_is_valid_for_parser(v1) && !dfg.value_is_valid_for_parser(v2) && dfg.value_is_valid(v2));
    assert_eq!((dfg.values().collect::<Vec<_>>(), dfg.value_type(v4)), (vec![v1, v3, v4], I32));
    assert_eq!((dfg.check_dynamic_type(types::I32X4XN), dfg.check_dynamic_type(I32)), (None, Some(I32)));
    dfg.clear();
    assert_eq!((dfg.num_values(), dfg.num_insts(), dfg.num_blocks()), (0, 0, 0));
}

#[test]
fn all_uses_are_found() {
    let mut func = Function::new();
    let block = func.dfg.make_block();
    let [a, b] = [I8, I8].map(|t| func.dfg.append_block_param(block, t));
    let mut pos = FuncCursor::new(&mut func);
    pos.insert_block(block);
    let branch = pos.ins().brif(a, block, &[b.into(), a.into()], block, &[BlockArg::TryCallRet(0), b.into()]);
    let dfg = &mut func.dfg;
    assert_eq!(dfg.inst_values(branch).collect::<Vec<_>>(), [a, b, a, b]);
    assert_eq!(dfg.inst_values(branch).rev().count(), 4);
    dfg.overwrite_inst_values(branch, [b, a, b, a].into_iter());
    assert_eq!(dfg.inst_values(branch).collect::<Vec<_>>(), [b, a, b, a]);
    dfg.map_inst_values(branch, |_| a);
    assert!(dfg.inst_values(branch).all(|v| v == a));
}
