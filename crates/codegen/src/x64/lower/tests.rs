//! The generated matchers against the plain reading of the same rules, on random graphs of operations: the same rule, the
//! same values. Needs `windlass_rules::naive`.

use super::*;
use crate::abi::Places;
use crate::choices::Choices;
use crate::lower::{self, Given, lower};
use crate::options::Options;
use crate::order::BlockOrder;
use crate::vcode::VCode;
use std::cell::RefCell;
use std::collections::BTreeMap;
use windlass_desc::cc::IntCC;
use windlass_desc::machine::Feature;
use windlass_desc::ops::Format;
use windlass_desc::types::{F32, F64, I8, I16, I32, I64};
use windlass_ir::cursor::{Cursor, FuncCursor};
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::immediates::{Ieee32, Ieee64};
use windlass_ir::ir::instructions::InstructionData;
use windlass_ir::ir::{
    AbiParam, Function, InstBuilder, MemFlagsData, Signature, StackSlotData, StackSlotKind, UserFuncName,
};
use windlass_ir::isa::CallConv;
use windlass_ir::loop_analysis::LoopAnalysis;
use windlass_rules::naive::{self, Graph};
use windlass_rules::term::{Half, Pat, Rhs, RuleSet};

impl Graph for Lower<'_> {
    type Value = Value;
    type Inst = Inst;
    fn def(&self, v: Value) -> Option<(Inst, Opcode)> {
        Lower::def(self, v)
    }
    fn ty(&self, v: Value) -> Type {
        Lower::ty(self, v)
    }
    fn arg(&self, i: Inst, n: usize) -> Value {
        Lower::arg(self, i, n)
    }
    fn imm(&self, i: Inst) -> i64 {
        Lower::imm(self, i)
    }
    fn cc(&self, i: Inst) -> IntCC {
        Lower::cc(self, i)
    }
    fn fcc(&self, i: Inst) -> FloatCC {
        Lower::fcc(self, i)
    }
    fn promised(&self, v: Value) -> Option<Above> {
        generated::promised(self, v)
    }
    fn lives_on(&self, v: Value) -> bool {
        Lower::lives_on(self, v)
    }
    fn once(&self, v: Value) -> bool {
        Lower::once(self, v)
    }
    fn is_swapped(&self, i: Inst) -> bool {
        Lower::is_swapped(self, i)
    }
    fn can_sink(&self, v: Value, i: Inst, root: Inst) -> bool {
        Lower::can_sink(self, v, i, root)
    }
    fn same_address(&self, a: Inst, b: Inst) -> bool {
        Lower::same_address(self, a, b)
    }
    fn is_near(&self, i: Inst) -> bool {
        Lower::is_near(self, i)
    }
    fn slot_fits(&self, i: Inst) -> bool {
        Lower::slot_disp(self, i, 0).is_some()
    }
    fn has(&self, f: Feature) -> bool {
        self.has_feature(f.0.into())
    }
}

/// x86-64, with every match compared.
struct Compared {
    set: RuleSet,
    fired: RefCell<BTreeMap<usize, usize>>,
}

impl Target for Compared {
    fn roles(&self) -> &'static Roles {
        &ROLES
    }
    fn lower(&self, c: &mut Lower<'_>, inst: Inst, op: Opcode, ty: Type) -> CodegenResult<()> {
        let found = generated::select(c, inst, op, ty);
        let naive = naive::select(&self.set, c, inst, op, ty);
        let text = || format!("{inst} {:?}", c.func.dfg.insts[inst]);
        match (&found, &naive) {
            (Some(m), Some((n, values))) => {
                assert_eq!(m.rule as usize, *n, "{}", text());
                assert_eq!(&m.values[..values.len().min(4)], &values[..], "{}", text());
                *self.fired.borrow_mut().entry(*n).or_default() += 1;
            }
            (None, None) => {}
            _ => panic!("one matches, the other does not: {}", text()),
        }
        X64Target.lower(c, inst, op, ty)
    }
    fn alias(&self, c: &Lower<'_>, inst: Inst, op: Opcode, ty: Type, n: usize, half: u8) -> Option<Part> {
        let found = generated::alias(c, inst, op, ty, n, half);
        let naive = naive::select(&self.set, c, inst, op, ty);
        let same = naive.and_then(|(r, values)| {
            let rule = &self.set.rules[r];
            let (_, v) = rule.names().into_iter().find(|name| name.0 == (n, half as usize))?;
            let mut order = vec![];
            names(&rule.lhs.clone().into(), &mut order);
            let at = order.iter().position(|name| *name == v.name)?;
            Some((values[at], (v.half == Some(Half::Upper)) as u8))
        });
        assert_eq!(found, same);
        found
    }
    fn entry(&self, c: &mut Lower<'_>, block: Block) -> CodegenResult<()> {
        X64Target.entry(c, block)
    }
}

/// The variables that stand for values, in the order of the pattern.
fn names(p: &Pat, out: &mut Vec<&'static str>) {
    match p {
        Pat::Val(v) if !out.contains(&v.name) => out.push(v.name),
        Pat::Val(_) => {}
        Pat::Rmi(r) => out.push(r.name),
        Pat::Cond(c) => out.push(c.name),
        Pat::Op(p) => p.args.iter().for_each(|p| names(p, out)),
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const TYPES: [Type; 6] = [I8, I16, I32, I64, F32, F64];

/// A constant of type `ty` with these bits.
fn constant(f: &mut FuncCursor<'_>, ty: Type, bits: i64) -> Value {
    match ty {
        F32 => f.ins().f32const(Ieee32::with_bits(bits as u32)),
        F64 => f.ins().f64const(Ieee64::with_bits(bits as u64)),
        _ => f.ins().iconst(ty, bits),
    }
}

/// A value of type `ty`: mostly a young one, so that patterns several operations deep come about.
fn operand(r: &mut Random, f: &mut FuncCursor<'_>, values: &[Value], ty: Type) -> Value {
    let fits: Vec<Value> = values.iter().copied().filter(|&v| f.func.dfg.value_type(v) == ty).collect();
    if fits.is_empty() || r.below(4) == 0 {
        let k = [0, 1, 2, 3, 7, 63, -1, 100, i32::MAX as i64, i32::MIN as i64, 1 << 31, 1 << 40];
        let k = r.pick(&k);
        return constant(f, ty, k);
    }
    let young = fits.len().saturating_sub(3);
    if r.below(4) == 0 { r.pick(&fits) } else { r.pick(&fits[young..]) }
}

/// Appends a random operation of the table; gives its result, if it has one.
fn operation(
    supported: &[(Opcode, Vec<Type>)],
    r: &mut Random,
    f: &mut FuncCursor<'_>,
    values: &[Value],
    slot: windlass_ir::ir::StackSlot,
) -> Option<Value> {
    let op = r.pick(Opcode::ALL);
    let ty = r.pick(&TYPES);
    if !supported.iter().any(|s| s.0 == op && s.1.contains(&ty)) {
        return None;
    }
    let any = |r: &mut Random, f: &mut FuncCursor<'_>, set: windlass_desc::ops::Ty| {
        let fits: Vec<Type> = TYPES.into_iter().filter(|&t| set.admits(ty, t)).collect();
        (!fits.is_empty()).then(|| r.pick(&fits)).map(|t| operand(r, f, values, t))
    };
    let row = op.row();
    let offset = r.pick(&[0, 8, -16, i32::MAX]);
    let flags = if r.below(2) == 0 { MemFlagsData::trusted() } else { MemFlagsData::new() };
    let address = |r: &mut Random, f: &mut FuncCursor<'_>| match r.below(2) {
        0 => f.ins().stack_addr(I64, slot, r.pick(&[0, 16])),
        _ => operand(r, f, values, I64),
    };
    let data = match row.format {
        Format::Unary => InstructionData::Unary { opcode: op, arg: any(r, f, row.operands[0].ty)? },
        Format::Binary => {
            let args = [any(r, f, row.operands[0].ty)?, any(r, f, row.operands[1].ty)?];
            InstructionData::Binary { opcode: op, args }
        }
        Format::Ternary if op == Opcode::Select && r.below(2) == 0 => {
            let condition = any(r, f, row.operands[0].ty)?;
            let (k, step) = (r.pick(&[0, 1, -1, 100]), r.pick(&[1, -1]));
            let args = [condition, constant(f, ty, k), constant(f, ty, k + step)];
            InstructionData::Ternary { opcode: op, args }
        }
        Format::Ternary => {
            let mut arg = |n: usize| any(r, f, row.operands[n].ty);
            let args = [arg(0)?, arg(1)?, arg(2)?];
            InstructionData::Ternary { opcode: op, args }
        }
        Format::IntCompare => {
            let args = [operand(r, f, values, ty), operand(r, f, values, ty)];
            InstructionData::IntCompare { opcode: op, cond: r.pick(IntCC::all()), args }
        }
        Format::FloatCompare => {
            let args = [operand(r, f, values, ty), operand(r, f, values, ty)];
            InstructionData::FloatCompare { opcode: op, cond: r.pick(FloatCC::all()), args }
        }
        Format::Load => {
            let arg = address(r, f);
            let flags = f.func.dfg.mem_flags.insert(flags);
            InstructionData::Load { opcode: op, flags: flags.ok()?, offset: offset.into(), arg }
        }
        Format::Store => {
            let args = [operand(r, f, values, ty), address(r, f)];
            let flags = f.func.dfg.mem_flags.insert(flags);
            InstructionData::Store { opcode: op, flags: flags.ok()?, offset: offset.into(), args }
        }
        Format::CondTrap => {
            let code = windlass_desc::env::TrapCode::unwrap_user(1);
            InstructionData::CondTrap { opcode: op, code, arg: operand(r, f, values, ty) }
        }
        _ => return None,
    };
    let ctv = if row.ctv.set().is_some() { ty } else { windlass_desc::types::INVALID };
    let inst = f.func.dfg.make_inst(data);
    f.func.dfg.make_inst_results(inst, ctv);
    f.insert_inst(inst);
    f.func.dfg.inst_results(inst).first().copied()
}

fn random_function(supported: &[(Opcode, Vec<Type>)], seed: u64) -> Function {
    let mut r = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut sig = Signature::new(CallConv::SystemV);
    sig.params.extend(TYPES.map(AbiParam::new));
    sig.returns.push(AbiParam::new(I64));
    let mut func = Function::with_name_signature(UserFuncName::testcase("f"), sig);
    let slot = func.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 64, 3));
    let block = func.dfg.make_block();
    let mut values: Vec<Value> = TYPES.iter().map(|&t| func.dfg.append_block_param(block, t)).collect();
    let mut f = FuncCursor::new(&mut func);
    f.insert_block(block);
    for _ in 0..80 {
        if let Some(v) = operation(supported, &mut r, &mut f, &values, slot) {
            values.push(v);
        }
        if r.below(6) == 0 {
            let (v, p) = (operand(&mut r, &mut f, &values, I64), f.ins().stack_addr(I64, slot, 8));
            f.ins().store(MemFlagsData::new(), v, p, 0);
        }
    }
    let last = operand(&mut r, &mut f, &values, I64);
    f.ins().return_(&[last]);
    func
}

#[test]
fn generated_matchers_do_what_the_rules_say() {
    let target = Compared { set: windlass_rules::x64::rules(), fired: RefCell::default() };
    for seed in 0..3000 {
        let func = random_function(&target.set.supported, seed);
        let cfg = ControlFlowGraph::with_function(&func);
        let domtree = DominatorTree::with_function(&func, &cfg);
        let mut loops = LoopAnalysis::new();
        loops.compute(&func, &cfg, &domtree);
        let order = BlockOrder::new(&func, &cfg, &domtree, &loops, &Choices::default());
        let options = Options { features: seed % (1 << windlass_desc::x64::Feature::ALL.len()), ..Options::default() };
        let places = Places::default();
        let given = Given { options: &options, slots: &[0], places: &places };
        let (mut s, mut vcode) = (lower::Scratch::default(), VCode::default());
        lower(&func, &order, &target, given, &mut s, &mut vcode).unwrap_or_else(|e| panic!("{seed}: {e}"));
    }
    let fired = target.fired.borrow();
    let emitted = target.set.rules.iter().filter(|r| matches!(r.rhs, Rhs::Inst(_))).count();
    println!("{} of {emitted} rules fired", fired.len());
    assert!(fired.len() * 10 > emitted * 7, "random graphs reach most rules, not {} of {emitted}", fired.len());
}
