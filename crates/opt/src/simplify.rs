//! Simplification and value numbering in one walk: each pure instruction is computed if its operands are constants,
//! rewritten by the rules until none matches, and replaced by an equal one that dominates it, if there is one.
//!
//! Needs all blocks reachable and no aliases; leaves it so. Blocks are visited in the dominator tree's pre-order, so
//! that operands are done before their uses. Instructions only ever become others in their place, with new ones just
//! before them, or vanish; nothing moves to where it would be computed more often. Work per instruction is bounded.

mod fold;
mod rules;

pub(crate) use fold::number;

use fold::{Constant, constant_of};
use rules::{Graph, Made, Match, RIGHT, Source};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use windlass_desc::bv::Num;
use windlass_desc::ops::{Ctv, Effects, Format};
use windlass_desc::types::{I64, INVALID};
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::entity::EntitySet;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::condcodes::IntCC;
use windlass_ir::ir::immediates::Imm64;
use windlass_ir::ir::{Block, Function, Inst, InstructionData, Opcode, Type, Value};

/// How many rules may be applied because of one instruction.
const FUEL: u32 = 16;

/// Simplifies a function.
pub(crate) fn run(func: &mut Function) {
    let cfg = ControlFlowGraph::with_function(func);
    let domtree = DominatorTree::with_function(func, &cfg);
    let mut s = Simplifier { func, known: FxHashMap::default(), open: EntitySet::new(), fuel: 0 };
    let mut todo: Vec<(Block, bool)> = s.func.layout.entry_block().map(|entry| (entry, true)).into_iter().collect();
    while let Some((block, enter)) = todo.pop() {
        if !enter {
            s.open.remove(block);
            continue;
        }
        s.open.insert(block);
        s.block(block);
        todo.push((block, false));
        todo.extend(domtree.children(block).map(|child| (child, true)));
    }
}

struct Simplifier<'f> {
    func: &'f mut Function,
    /// The last instruction that does this at this controlling type; operands that commute are in order.
    known: FxHashMap<(InstructionData, Type), Inst>,
    /// The blocks that dominate the present one.
    open: EntitySet<Block>,
    /// Rules that may still be applied.
    fuel: u32,
}

/// Can two of the same be one, the first? So are pure operations, and those that trap and do nothing else.
fn merges(op: Opcode) -> bool {
    let effects = op.row().effects;
    let traps = Effects::TRAP.or(Effects::IDEMPOTENT).or(Effects::COMMUTES);
    effects.is_pure() || (effects.has(Effects::IDEMPOTENT) && effects.0 & !traps.0 == 0)
}

impl Simplifier<'_> {
    fn block(&mut self, block: Block) {
        let mut next = self.func.layout.first_inst(block);
        while let Some(inst) = next {
            next = self.func.layout.next_inst(inst);
            self.resolve(inst);
            let op = self.func.dfg.insts[inst].opcode();
            if merges(op) && op != Opcode::Nop {
                self.fuel = FUEL;
                self.instruction(inst, self.func.dfg.ctrl_typevar(inst));
            } else if self.reads_what_stays(inst) {
                self.merge(inst, self.func.dfg.ctrl_typevar(inst));
            }
        }
    }

    /// Makes all that the instruction uses what it was replaced by.
    fn resolve(&mut self, inst: Inst) {
        let dfg = &mut self.func.dfg;
        if dfg.insts[inst].opcode().is_terminator() {
            let values: SmallVec<[Value; 8]> = dfg.inst_values(inst).collect();
            if values.iter().any(|v| dfg.value_is_alias(*v)) {
                let resolved: SmallVec<[Value; 8]> = values.iter().map(|v| dfg.resolve_aliases(*v)).collect();
                dfg.overwrite_inst_values(inst, resolved.into_iter());
            }
            return;
        }
        for n in 0..dfg.inst_args(inst).len() {
            let v = dfg.inst_args(inst)[n];
            if dfg.value_is_alias(v) {
                let original = dfg.resolve_aliases(v);
                dfg.inst_args_mut(inst)[n] = original;
            }
        }
    }

    /// Simplifies an instruction in the layout; then it is the only one of its kind, or gone.
    fn instruction(&mut self, inst: Inst, mut ty: Type) {
        loop {
            self.constant_last(inst);
            if let Some(numbers) = fold::fold(&self.func.dfg, inst) {
                match &numbers[..] {
                    [n] => ty = self.become_constant(inst, n),
                    _ => return self.replace_by_numbers(inst, &numbers),
                }
                break;
            }
            let op = self.func.dfg.insts[inst].opcode();
            let Some(found) = rules::select(&Graph(&self.func.dfg), inst, op, ty).filter(|_| self.fuel > 0) else {
                break;
            };
            self.fuel -= 1;
            match self.rewrite(inst, &found) {
                Ok(at) => ty = at,
                Err(values) => return self.replace(inst, &values),
            }
        }
        self.merge(inst, ty);
    }

    /// Does the instruction nothing but load what no store changes? If it traps, so did the same one before it.
    fn reads_what_stays(&self, inst: Inst) -> bool {
        let data = &self.func.dfg.insts[inst];
        data.opcode() == Opcode::Load && data.memflags_data(&self.func.dfg).is_some_and(|f| f.readonly())
    }

    /// Takes the instruction out if an equal one dominates it.
    fn merge(&mut self, inst: Inst, ty: Type) {
        let key = (self.key(inst), ty);
        match self.known(&key) {
            Some(same) => {
                self.func.dfg.replace_with_aliases(inst, same);
                self.func.layout.remove_inst(inst);
            }
            None => _ = self.known.insert(key, inst),
        }
    }

    /// An instruction that dominates the present place and does the same.
    fn known(&self, key: &(InstructionData, Type)) -> Option<Inst> {
        let inst = *self.known.get(key)?;
        let block = self.func.layout.inst_block(inst)?;
        self.open.contains(block).then_some(inst)
    }

    /// What tells instructions apart.
    fn key(&self, inst: Inst) -> InstructionData {
        let mut data = self.func.dfg.insts[inst];
        if data.opcode().row().effects.has(Effects::COMMUTES)
            && let InstructionData::Binary { args: [a, b], .. } | InstructionData::IntAddTrap { args: [a, b], .. } =
                &mut data
            && a > b
        {
            std::mem::swap(a, b);
        }
        data
    }

    /// Of operands that commute, puts a constant behind what is none.
    fn constant_last(&mut self, inst: Inst) {
        let dfg = &mut self.func.dfg;
        if !dfg.insts[inst].opcode().row().effects.has(Effects::COMMUTES) {
            return;
        }
        let [a, b, ..] = *dfg.inst_args(inst) else { return };
        if number(dfg, a).is_some() && number(dfg, b).is_none() {
            dfg.inst_args_mut(inst).swap(0, 1);
        }
    }

    /// Turns an instruction with one result into a constant; gives its controlling type.
    fn become_constant(&mut self, inst: Inst, n: &Num) -> Type {
        let ty = self.func.dfg.value_type(self.func.dfg.first_result(inst));
        self.func.dfg.insts[inst] = self.constant(ty, n, inst).0;
        self.func.dfg.ctrl_typevar(inst)
    }

    fn replace_by_numbers(&mut self, inst: Inst, numbers: &[Num]) {
        let results = self.func.dfg.inst_results(inst).iter();
        let types: SmallVec<[Type; 2]> = results.map(|v| self.func.dfg.value_type(*v)).collect();
        let mut values: SmallVec<[Value; 2]> = SmallVec::new();
        for (n, ty) in numbers.iter().zip(types) {
            let (data, ctv) = self.constant(ty, n, inst);
            values.push(self.make(data, ctv, inst));
        }
        self.replace(inst, &values);
    }

    /// What makes a constant, and its controlling type. Its parts, if it has any, are put before `place`.
    fn constant(&mut self, ty: Type, n: &Num, place: Inst) -> (InstructionData, Type) {
        match constant_of(&mut self.func.dfg, ty, n) {
            Constant::One(data) if data.opcode().row().ctv == Ctv::None => (data, INVALID),
            Constant::One(data) => (data, ty),
            Constant::Halves(halves) => {
                let args = halves.map(|half| self.make(half, I64, place));
                (InstructionData::Binary { opcode: Opcode::Iconcat, args }, I64)
            }
        }
    }

    /// Takes an instruction out, its results being these.
    fn replace(&mut self, inst: Inst, values: &[Value]) {
        let results: SmallVec<[Value; 2]> = self.func.dfg.inst_results(inst).into();
        self.func.dfg.detach_inst_results(inst);
        for (result, value) in results.iter().zip(values) {
            self.func.dfg.change_to_alias(*result, *value);
        }
        self.func.layout.remove_inst(inst);
    }

    /// Applies a rule: either `inst` becomes another operation, at the controlling type given back, or its results are
    /// other values.
    fn rewrite(&mut self, inst: Inst, m: &Match) -> Result<Type, SmallVec<[Value; 2]>> {
        let right = &RIGHT[usize::from(m.rule)];
        log::trace!("{inst}: {}", right.at);
        let in_place = matches!(right.results, [] | [Source::Node(_)]);
        let mut made: SmallVec<[Value; 4]> = SmallVec::new();
        let at = |made: &[Value], s: &Source| match s {
            Source::Bound(n) => m.values[usize::from(*n)],
            Source::Node(n) => made[usize::from(*n)],
        };
        for (n, node) in right.nodes.iter().enumerate() {
            let (data, ty) = match node {
                Made::Const(ty, k) => (integer(Type::from_repr(*ty), k(&m.imms)), *ty),
                Made::Op(op, ty, args, cc) => {
                    let args: SmallVec<[Value; 3]> = args.iter().map(|s| at(&made, s)).collect();
                    (self.operation(inst, *op, &args, cc.map(|cc| cc.of(m))), *ty)
                }
            };
            let ty = Type::from_repr(ty);
            if in_place && n + 1 == right.nodes.len() {
                self.func.dfg.insts[inst] = data;
                return Ok(ty);
            }
            made.push(self.make(data, ty, inst));
        }
        Err(right.results.iter().map(|s| at(&made, s)).collect())
    }

    /// An operation of a right side. What traps does so with the code of `root`.
    fn operation(&self, root: Inst, opcode: Opcode, args: &[Value], cc: Option<IntCC>) -> InstructionData {
        match (opcode.row().format, args, cc) {
            (Format::Unary, &[arg], _) => InstructionData::Unary { opcode, arg },
            (Format::Binary, &[a, b], _) => InstructionData::Binary { opcode, args: [a, b] },
            (Format::Ternary, &[a, b, c], _) => InstructionData::Ternary { opcode, args: [a, b, c] },
            (Format::IntCompare, &[a, b], Some(cond)) => InstructionData::IntCompare { opcode, args: [a, b], cond },
            (Format::CondTrap, &[arg], _) => match self.func.dfg.insts[root].trap_code() {
                Some(code) => InstructionData::CondTrap { opcode, arg, code },
                None => unreachable!("only what traps becomes what traps"),
            },
            (format, ..) => unreachable!("no rule makes {format:?}: the generator's test builds every right side"),
        }
    }

    /// The result of a new instruction before `place`, or of an old one that does the same.
    fn make(&mut self, data: InstructionData, ty: Type, place: Inst) -> Value {
        if let Some(same) = self.known(&(data, ty)) {
            return self.func.dfg.first_result(same);
        }
        let inst = self.func.dfg.make_inst(data);
        self.func.dfg.make_inst_results(inst, ty);
        self.func.layout.insert_inst(inst, place);
        let loc = self.func.srcloc(place);
        if !loc.is_default() {
            self.func.set_srcloc(inst, loc);
        }
        let result = self.func.dfg.first_result(inst);
        self.instruction(inst, ty);
        self.func.dfg.resolve_aliases(result)
    }
}

/// The low bits of a number as an integer constant.
fn integer(ty: Type, k: i64) -> InstructionData {
    InstructionData::UnaryImm { opcode: Opcode::Iconst, imm: Imm64::new(k).zero_extend_from_width(ty.bits()) }
}
