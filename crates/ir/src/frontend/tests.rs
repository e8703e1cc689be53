//! SSA construction and switches, checked by running what was built against the program it was built from.

use super::*;
use crate::flowgraph::ControlFlowGraph;
use crate::flowgraph::tests::{function_of, random_edges};
use crate::ir::condcodes::IntCC;
use crate::ir::types::{I8, I32, I64, I128};
use crate::ir::{
    AbiParam, BlockArg, ExceptionTableData, ExternalName, InstBuilder, MemFlagsData, Opcode, TrapCode, types,
};
use crate::isa::{CallConv, TargetFacts};
use std::collections::HashMap;
use windlass_desc::bv::{Bv, Num};
use windlass_entity::EntityRef;

fn config() -> TargetFrontendConfig {
    TargetFacts::of(&"x86_64-linux".parse().unwrap()).frontend
}

/// How far a collector moves things.
const MOVED: i64 = 1000;

/// Runs a function of constants, sums, comparisons and branches for some steps: what its stores wrote, which is all it does.
fn run(func: &Function, steps: usize, decide: &mut dyn FnMut() -> bool) -> Vec<i64> {
    let (mut values, mut slots, mut out) = (HashMap::<Value, i64>::new(), HashMap::<StackSlot, i64>::new(), vec![]);
    let mut block = func.layout.entry_block().unwrap();
    for _ in 0..steps {
        let mut next = None;
        for inst in func.layout.block_insts(block) {
            let args: Vec<i64> =
                func.dfg.inst_args(inst).iter().map(|v| values[&func.dfg.resolve_aliases(*v)]).collect();
            let targets = func.dfg.insts[inst].branch_destination(&func.dfg.jump_tables, &func.dfg.exception_tables);
            let result = match func.dfg.insts[inst] {
                InstructionData::UnaryImm { imm, .. } => imm.bits(),
                InstructionData::Unary { opcode: Opcode::Ireduce, .. } => args[0] & i64::from(u32::MAX),
                InstructionData::Binary { opcode: Opcode::Iadd, .. } => args[0] + args[1],
                InstructionData::Binary { opcode: Opcode::Isub, .. } => args[0].wrapping_sub(args[1]),
                InstructionData::IntCompare { cond, .. } => {
                    let [a, b] = [args[0], args[1]].map(|x| Num::lit(64, x as u64 as u128));
                    i64::from(cond.holds(&a, &b).is_true())
                }
                InstructionData::StackAddr { stack_slot, .. } => -1 - i64::from(stack_slot.as_u32()),
                InstructionData::Load { .. } => slots[&StackSlot::from_u32(u32::try_from(-1 - args[0]).unwrap())],
                InstructionData::Store { .. } => {
                    match u32::try_from(-1 - args[1]) {
                        Ok(slot) => drop(slots.insert(StackSlot::from_u32(slot), args[0])),
                        Err(_) => out.push(args[0]),
                    }
                    continue;
                }
                // a collector moves what the stack map tells
                InstructionData::Call { .. } => {
                    for entry in func.dfg.user_stack_map_entries(inst).unwrap_or(&[]) {
                        *slots.get_mut(&entry.slot).expect("slots are written first") += MOVED;
                    }
                    continue;
                }
                InstructionData::Jump { .. } => {
                    next = Some(targets[0]);
                    continue;
                }
                InstructionData::Brif { .. } => {
                    // a condition of -1 leaves it to the caller
                    let taken = if args[0] == 0xff { decide() } else { args[0] != 0 };
                    next = Some(targets[usize::from(!taken)]);
                    continue;
                }
                InstructionData::BranchTable { .. } => {
                    let index = usize::try_from(args[0]).ok().and_then(|i| i.checked_add(1));
                    next = Some(*index.and_then(|i| targets.get(i)).unwrap_or(&targets[0]));
                    continue;
                }
                InstructionData::MultiAry { .. } | InstructionData::Trap { .. } => return out,
                ref other => panic!("{other:?}"),
            };
            values.insert(func.dfg.first_result(inst), result);
        }
        let next = next.expect("blocks end in terminators");
        let passed: Vec<i64> = next
            .args(&func.dfg.value_lists)
            .map(|a| if let BlockArg::Value(v) = a { values[&func.dfg.resolve_aliases(v)] } else { panic!() })
            .collect();
        block = next.block(&func.dfg.value_lists);
        assert_eq!(passed.len(), func.dfg.num_block_params(block));
        values.extend(func.dfg.block_params(block).iter().copied().zip(passed));
    }
    out
}

/// How many blocks of a program are run.
const STEPS: usize = 60;

/// What each block does with its variables: writes a constant, copies one to another, shows one, or
/// calls a function.
#[derive(Clone, Copy, Debug)]
enum Action {
    Set(usize, i64),
    Copy(usize, usize),
    Show(usize),
    Call,
}

/// Runs the program that [`build`] translates.
fn run_program(
    edges: &[Vec<usize>],
    actions: &[Vec<Action>],
    moving: bool,
    decide: &mut dyn FnMut() -> bool,
) -> Vec<i64> {
    // each variable with the number of calls when it was written
    let (mut vars, mut calls, mut out, mut block) = ([(0i64, 0); 4], 0, vec![], 0);
    for _ in 0..STEPS {
        for action in &actions[block] {
            match *action {
                Action::Set(v, x) => vars[v] = (x, calls),
                Action::Copy(to, from) => vars[to] = vars[from],
                Action::Show(v) => out.push(vars[v].0 + if moving { MOVED * (calls - vars[v].1) } else { 0 }),
                Action::Call => calls += 1,
            }
        }
        block = match edges[block][..] {
            [] => return out,
            [to] => to,
            ref two => two[usize::from(!decide())],
        };
    }
    out
}

fn build(edges: &[Vec<usize>], actions: &[Vec<Action>], seal_early: bool, moving: bool) -> Function {
    let (mut func, mut ctx) = (Function::new(), FunctionBuilderContext::new());
    let mut b = FunctionBuilder::new(&mut func, &mut ctx);
    let vars: Vec<Variable> = (0..4).map(|_| b.declare_var(I64)).collect();
    if moving {
        vars.iter().for_each(|v| b.declare_var_needs_stack_map(*v));
    }
    let signature = b.import_signature(Signature::new(CallConv::Fast));
    let name = ExternalName::testcase("collect");
    let callee = b.import_function(ExtFuncData { name, signature, colocated: false, patchable: false });
    let blocks: Vec<Block> = edges.iter().map(|_| b.create_block()).collect();
    let (mut built, mut sealed) = (vec![false; edges.len()], vec![false; edges.len()]);
    for n in 0..edges.len() {
        if seal_early {
            for s in 0..edges.len() {
                let complete = (0..edges.len()).all(|p| built[p] || !edges[p].contains(&s));
                if complete && !std::mem::replace(&mut sealed[s], true) {
                    b.seal_block(blocks[s]);
                }
            }
        }
        b.switch_to_block(blocks[n]);
        for action in &actions[n] {
            match *action {
                Action::Set(v, x) => {
                    let x = b.ins().iconst(I64, x);
                    b.def_var(vars[v], x);
                }
                Action::Copy(to, from) => {
                    let x = b.use_var(vars[from]);
                    b.def_var(vars[to], x);
                }
                Action::Show(v) => {
                    let x = b.use_var(vars[v]);
                    b.ins().store(MemFlagsData::trusted(), x, x, 0);
                }
                Action::Call => drop(b.ins().call(callee, &[])),
            }
        }
        match edges[n][..] {
            [] => drop(b.ins().return_(&[])),
            [to] => drop(b.ins().jump(blocks[to], &[])),
            ref two => {
                let c = b.ins().iconst(I8, -1);
                b.ins().brif(c, blocks[two[0]], &[], blocks[two[1]], &[]);
            }
        }
        built[n] = true;
    }
    b.seal_all_blocks();
    b.finalize(config());
    func
}

#[test]
fn programs_mean_what_they_did() {
    for seed in 0..300u64 {
        let n = 2 + seed as usize % 12;
        let mut edges = random_edges(n, seed);
        // the entry has no predecessors
        edges.iter_mut().flatten().for_each(|to| *to = (*to).max(1));
        edges.iter_mut().for_each(|to| to.truncate(2));
        let mut state = seed ^ 0x5555;
        let mut random = move |m: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % m
        };
        let mut action = || match random(4) {
            0 => Action::Set(random(4), random(MOVED as usize) as i64),
            1 => Action::Copy(random(4), random(4)),
            2 => Action::Show(random(4)),
            _ => Action::Call,
        };
        let actions: Vec<Vec<Action>> = (0..n).map(|_| (0..3).map(|_| action()).collect()).collect();
        for (seal_early, moving) in [(false, false), (true, false), (false, true), (true, true)] {
            let func = build(&edges, &actions, seal_early, moving);
            for path in 0..8u64 {
                let decisions = || {
                    let mut bits = path.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                    move || {
                        bits = bits.wrapping_mul(6364136223846793005).wrapping_add(1);
                        bits >> 60 & 1 != 0
                    }
                };
                let expected = run_program(&edges, &actions, moving, &mut decisions());
                assert_eq!(
                    run(&func, STEPS, &mut decisions()),
                    expected,
                    "{edges:?} {actions:?} {seal_early} {moving}"
                );
            }
        }
    }
}

/// In a loop that does not change a variable, no parameter is left.
#[test]
fn unchanged_variables_need_no_parameters() {
    let edges = [vec![1], vec![2, 3], vec![1], vec![]];
    let actions = [vec![Action::Set(0, 7)], vec![Action::Show(0)], vec![Action::Show(0)], vec![Action::Show(0)]];
    let func = build(&edges, &actions, true, false);
    assert!(func.dfg.blocks.iter().all(|b| func.dfg.num_block_params(b) == 0));
    assert_eq!(ControlFlowGraph::with_function(&func).num_blocks(), 4);
}

/// A long chain of blocks, and as many nested loops, need no recursion.
#[test]
fn long_chains() {
    const N: usize = 100_000;
    for nested in [false, true] {
        let mut edges: Vec<Vec<usize>> = (1..N).map(|n| vec![n]).collect();
        edges.push(vec![]);
        if nested {
            for (n, to) in edges.iter_mut().enumerate().take(N - 1).skip(N / 2) {
                to.push((N - n).max(1));
            }
        }
        let mut actions = vec![vec![]; N];
        actions[0].push(Action::Set(0, 5));
        actions[N - 1].push(Action::Show(0));
        let func = build(&edges, &actions, false, false);
        assert_eq!(run(&func, 2 * N, &mut || true), [5]);
    }
}

/// Each block of a chain, and of a circle that nothing leads to, has the same value wherever one asks first.
#[test]
fn values_far_away() {
    const N: usize = 41;
    let chain = |n: usize| if n + 1 < N { vec![n + 1] } else { vec![] };
    let circle = |n: usize| vec![N + (n + 1) % N];
    let edges: Vec<Vec<usize>> = (0..N).map(chain).chain((0..N).map(circle)).collect();
    for first in 0..N {
        let mut func = function_of(&edges);
        let (blocks, mut ssa) = (func.layout.blocks().collect::<Vec<Block>>(), ssa::SsaBuilder::default());
        let types = PrimaryMap::from_iter([I32]);
        for &block in &blocks {
            if let Some(branch) = func.layout.last_inst(block).filter(|i| func.dfg.insts[*i].opcode().is_branch()) {
                ssa.declare_branch(&func, branch, None);
            }
        }
        blocks.iter().for_each(|block| ssa.seal_block(&mut func, &types, *block));
        let value = |n: usize| func.dfg.first_result(func.layout.first_inst(blocks[n]).unwrap());
        let written = [value(0), value(20)];
        ssa.def_var(Variable::new(0), written[0], blocks[0]);
        ssa.def_var(Variable::new(0), written[1], blocks[20]);
        // in an order that visits all: N is a prime
        let asked = (0..N).map(|k| (first + 17 * k) % N);
        let mut at = |n: usize| ssa.use_var(&mut func, Variable::new(0), I32, blocks[n]);
        asked.clone().for_each(|n| assert_eq!(at(n), written[usize::from(n >= 20)], "{n} after {first}"));
        let zero = at(N + first);
        asked.for_each(|n| assert_eq!(at(N + n), zero, "{n} after {first}"));
    }
}

#[test]
fn unreachable_circles_and_undefined_variables() {
    let edges = [vec![3], vec![2], vec![1], vec![]];
    let actions = [vec![], vec![Action::Show(0)], vec![Action::Show(1)], vec![Action::Show(2)]];
    for seal_early in [false, true] {
        assert_eq!(run(&build(&edges, &actions, seal_early, false), 9, &mut || true), [0]);
    }
    let (mut func, mut ctx) = (Function::new(), FunctionBuilderContext::new());
    let mut b = FunctionBuilder::new(&mut func, &mut ctx);
    let block = b.create_block();
    b.switch_to_block(block);
    let (var, wide) = (b.declare_var(I32), b.declare_var(I128));
    b.seal_block(block);
    let x = b.ins().iconst(I64, 1);
    assert_eq!(b.try_def_var(var, x), Err(DefVariableError::TypeMismatch(var, x)));
    assert!(b.try_use_var(Variable::new(9)).is_err() && !b.is_unreachable());
    let zero = b.use_var(wide);
    assert_eq!(b.func.dfg.value_type(zero), I128);
    b.ins().trap(TrapCode::unwrap_user(1));
    let dead = b.create_block();
    b.switch_to_block(dead);
    b.seal_block(dead);
    assert!(b.is_unreachable());
}

#[test]
fn a_changed_jump_carries_variables() {
    let (mut func, mut ctx) = (Function::new(), FunctionBuilderContext::new());
    let mut b = FunctionBuilder::new(&mut func, &mut ctx);
    let [entry, left, right, join] = [0; 4].map(|_| b.create_block());
    let var = b.declare_var(I64);
    b.switch_to_block(entry);
    b.seal_block(entry);
    let c = b.ins().iconst(I8, 0);
    let branch = b.ins().brif(c, left, &[], left, &[]);
    b.change_jump_destination(branch, left, right);
    b.seal_block(left);
    b.seal_block(right);
    for (block, x) in [(left, 1), (right, 2)] {
        b.switch_to_block(block);
        let x = b.ins().iconst(I64, x);
        b.def_var(var, x);
        b.ins().jump(join, &[]);
    }
    b.switch_to_block(join);
    b.seal_block(join);
    let x = b.use_var(var);
    b.ins().store(MemFlagsData::new(), x, x, 0);
    b.ins().return_(&[]);
    b.finalize(config());
    assert_eq!(run(&func, 9, &mut || true), [2]);
}

#[test]
fn switches_go_where_they_should() {
    let mut state = 1u64;
    let mut random = move |m: u64| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % m
    };
    for round in 0..60 {
        let cases: std::collections::BTreeSet<u64> = (0..random(20))
            .flat_map(|_| {
                let at = random(200);
                at..at + random(8)
            })
            .collect();
        for probe in (0..210).step_by(7).chain(cases.iter().copied().take(5)).chain([u64::MAX >> 1]) {
            let (mut func, mut ctx) = (Function::new(), FunctionBuilderContext::new());
            let mut b = FunctionBuilder::new(&mut func, &mut ctx);
            let entry = b.create_block();
            b.switch_to_block(entry);
            b.seal_block(entry);
            let x = b.ins().iconst(I64, probe as i64);
            let (otherwise, mut switch) = (b.create_block(), Switch::new());
            let blocks: Vec<(Block, i64)> = cases.iter().map(|c| (b.create_block(), *c as i64)).collect();
            blocks.iter().for_each(|(block, c)| switch.set_entry(*c as u128, *block));
            switch.emit(&mut b, x, otherwise);
            for (block, c) in blocks.into_iter().chain([(otherwise, 9999)]) {
                b.switch_to_block(block);
                b.seal_block(block);
                let c = b.ins().iconst(I64, c);
                b.ins().store(MemFlagsData::new(), c, c, 0);
                b.ins().return_(&[]);
            }
            b.finalize(config());
            let expected = if cases.contains(&probe) { probe as i64 } else { 9999 };
            assert_eq!(run(&func, 99, &mut || true), [expected], "round {round}: {cases:?} {probe}");
        }
    }
}

#[test]
fn little_memory_is_accessed_in_line() {
    let (mut func, mut ctx) = (Function::new(), FunctionBuilderContext::new());
    let mut b = FunctionBuilder::new(&mut func, &mut ctx);
    let block = b.create_block();
    b.switch_to_block(block);
    let [p, q] = [0x100, 0x200].map(|a| b.ins().iconst(I64, a));
    let one = std::num::NonZeroU8::MIN;
    let count = |b: &FunctionBuilder<'_>, op| {
        b.func.layout.block_insts(block).filter(|i| b.func.dfg.insts[*i].opcode() == op).count()
    };
    b.emit_small_memory_copy(config(), p, q, 24, 8, 1, true, MemFlagsData::new());
    assert_eq!((count(&b, Opcode::Load), count(&b, Opcode::Store), count(&b, Opcode::Call)), (3, 3, 0));
    b.emit_small_memory_copy(config(), p, q, 7, 8, 1, false, MemFlagsData::new());
    b.emit_small_memset(config(), p, 0xab, 4096, 1, MemFlagsData::new());
    assert_eq!(count(&b, Opcode::Call), 2);
    b.emit_small_memset(config(), p, 0xab, 16, 8, MemFlagsData::new());
    assert_eq!(count(&b, Opcode::Store), 5);
    let equal = b.emit_small_memory_compare(config(), IntCC::Equal, p, q, 16, one, one, MemFlagsData::new());
    let less = b.emit_small_memory_compare(config(), IntCC::UnsignedLessThan, p, q, 16, one, one, MemFlagsData::new());
    assert_eq!((b.func.dfg.value_type(equal), b.func.dfg.value_type(less), count(&b, Opcode::Call)), (I8, I8, 3));
    assert_eq!(b.func.dfg.ctrl_typevar(b.func.dfg.value_def(less).unwrap_inst()), types::I32);
}

/// Values that do not live across calls stay where they are; those that do share slots if they can.
#[test]
fn few_slots_and_loads() {
    let edges = [vec![]];
    let actions = [vec![Action::Set(0, 1), Action::Show(0), Action::Call]];
    let func = build(&edges, &actions, true, true);
    assert_eq!((func.sized_stack_slots.len(), func.dfg.num_values()), (0, 1));

    let (set, show) = (Action::Set, Action::Show);
    let actions = [vec![set(0, 1), show(0), Action::Call, show(0), show(0), set(1, 2), Action::Call, show(1)]];
    let func = build(&edges, &actions, true, true);
    let loads = func.layout.blocks().flat_map(|b| func.layout.block_insts(b));
    let loads = loads.filter(|i| func.dfg.insts[*i].opcode() == Opcode::Load).count();
    assert_eq!((func.sized_stack_slots.len(), loads), (1, 2));
}

/// A value that a `try_call` passes on is loaded on the edge, after the call.
#[test]
fn values_passed_on_by_calls_are_loaded_after_them() {
    let (mut func, mut ctx) = (Function::new(), FunctionBuilderContext::new());
    let mut b = FunctionBuilder::new(&mut func, &mut ctx);
    let mut sig = Signature::new(CallConv::Fast);
    sig.returns.push(AbiParam::new(I64));
    let signature = b.import_signature(sig);
    let name = ExternalName::testcase("f");
    let callee = b.import_function(ExtFuncData { name, signature, colocated: false, patchable: false });
    let [entry, next] = [b.create_block(), b.create_block()];
    let params = [I64, I64].map(|t| b.append_block_param(next, t));
    b.switch_to_block(entry);
    let x = b.ins().iconst(I64, 7);
    b.declare_value_needs_stack_map(x);
    let normal = b.func.dfg.block_call(next, &[BlockArg::TryCallRet(0), x.into()]);
    let table = b.func.dfg.exception_tables.push(ExceptionTableData::new(signature, normal, []));
    let call = b.ins().try_call(callee, &[], table);
    b.switch_to_block(next);
    b.ins().return_(&params);
    b.seal_all_blocks();
    b.finalize(config());

    let edge = func.block_successors(entry).next().unwrap();
    let ops: Vec<Opcode> = func.layout.block_insts(edge).map(|i| func.dfg.insts[i].opcode()).collect();
    assert_eq!(ops, [Opcode::StackAddr, Opcode::Load, Opcode::Jump]);
    assert_eq!((func.layout.next_block(entry), func.layout.next_block(edge)), (Some(edge), Some(next)));
    let jump = func.layout.last_inst(edge).unwrap();
    let [passed, loaded] = func.dfg.inst_values(jump).collect::<Vec<_>>()[..] else { panic!("two arguments") };
    assert_eq!((func.dfg.block_params(edge), func.dfg.value_def(loaded).num()), (&[passed][..], 0));
    assert_eq!(func.dfg.user_stack_map_entries(call).map(<[_]>::len), Some(1));
}

/// What a builder says in debug builds when it is used as `wrong` does, in a function of two blocks of which the first is
/// current.
#[cfg(debug_assertions)]
fn complaint(wrong: impl FnOnce(FunctionBuilder<'_>, [Block; 2]) + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(|| {
        let (mut func, mut context) = (Function::new(), FunctionBuilderContext::new());
        let mut b = FunctionBuilder::new(&mut func, &mut context);
        let blocks = [b.create_block(), b.create_block()];
        b.switch_to_block(blocks[0]);
        wrong(b, blocks);
    });
    *panic.expect_err("it is wrong").downcast::<String>().expect("a message with names")
}

#[test]
#[cfg(debug_assertions)]
fn what_is_wrong_is_named() {
    let says = |text: String, words: &[&str]| assert!(words.iter().all(|w| text.contains(w)), "{text}");
    says(
        complaint(|mut b, [_, two]| {
            b.ins().iconst(I32, 1);
            b.switch_to_block(two);
        }),
        &["block0", "terminator", "block1"],
    );
    says(
        complaint(|mut b, _| {
            b.ins().return_(&[]);
            b.ins().nop();
        }),
        &["block0", "terminator"],
    );
    says(
        complaint(|mut b, [one, two]| {
            b.ins().return_(&[]);
            b.switch_to_block(two);
            b.ins().jump(one, &[]);
            b.switch_to_block(one);
        }),
        &["block0", "already"],
    );
    says(
        complaint(|mut b, [one, _]| {
            b.ins().jump(one, &[]);
            b.append_block_params_for_function_params(one);
        }),
        &["block0", "branched to"],
    );
    says(
        complaint(|mut b, _| {
            b.ins().return_(&[]);
            b.finalize(TargetFacts::of(&"x86_64-linux".parse().unwrap()).frontend);
        }),
        &["block0", "not sealed"],
    );
    says(
        complaint(|mut b, _| {
            let (var, value) = (b.declare_var(I32), b.ins().iconst(I64, 1));
            b.def_var(var, value);
        }),
        &["var0", "v0", "type"],
    );
    says(complaint(|mut b, _| b.declare_var_needs_stack_map(Variable::from_u32(7))), &["var7", "not declared"]);
    says(
        complaint(|mut b, _| {
            b.use_var(Variable::from_u32(7));
        }),
        &["var7", "not declared"],
    );
}
