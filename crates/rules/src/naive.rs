//! The plainest reading of rules: try each in order, on the values themselves. Slow and obvious, to test the generated
//! matchers against. Needs [`crate::term`] and a graph of operations to match on.

use crate::term::*;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::machine::{Above, Feature};
use windlass_desc::ops::{Opcode, Ty};
use windlass_desc::types::Type;

/// What patterns are matched on.
pub trait Graph {
    /// A value.
    type Value: Copy + PartialEq;
    /// An instruction.
    type Inst: Copy;
    /// The instruction that gives a value, and its operation.
    fn def(&self, v: Self::Value) -> Option<(Self::Inst, Opcode)>;
    /// The type of a value.
    fn ty(&self, v: Self::Value) -> Type;
    /// An operand.
    fn arg(&self, i: Self::Inst, n: usize) -> Self::Value;
    /// The immediate of an instruction, or its offset.
    fn imm(&self, i: Self::Inst) -> i64;
    /// The condition of a comparison.
    fn cc(&self, i: Self::Inst) -> IntCC;
    /// The condition of a comparison of floats.
    fn fcc(&self, i: Self::Inst) -> FloatCC;
    /// What is known of the upper half of the value's register?
    fn promised(&self, v: Self::Value) -> Option<Above>;
    /// Is the value's register wanted after the instruction being lowered?
    fn lives_on(&self, v: Self::Value) -> bool;
    /// Has the value one use?
    fn once(&self, v: Self::Value) -> bool;
    /// Is the byte order of a memory operation not the machine's?
    fn is_swapped(&self, i: Self::Inst) -> bool;
    /// May a load with this result become part of `root`?
    fn can_sink(&self, v: Self::Value, i: Self::Inst, root: Self::Inst) -> bool;
    /// Do two memory operations access one address in one way?
    fn same_address(&self, a: Self::Inst, b: Self::Inst) -> bool;
    /// Is the instruction's symbol near?
    fn is_near(&self, i: Self::Inst) -> bool;
    /// Can the instruction's stack slot be addressed?
    fn slot_fits(&self, i: Self::Inst) -> bool;
    /// Has the CPU the feature?
    fn has(&self, f: Feature) -> bool;
}

/// What a pattern has bound so far.
struct Bound<G: Graph> {
    values: Vec<(&'static str, G::Value)>,
    imms: Vec<(&'static str, i64)>,
    addr: Vec<(&'static str, G::Inst)>,
}

/// The first rule that matches `i`, and the values its variables stand for in the order of the pattern.
pub fn select<G: Graph>(set: &RuleSet, g: &G, i: G::Inst, op: Opcode, ty: Type) -> Option<(usize, Vec<G::Value>)> {
    let fits = |r: &Rule| r.lhs.op == op && r.ty == ty;
    set.rules.iter().enumerate().filter(|(_, r)| fits(r)).find_map(|(n, r)| {
        let mut b = Bound { values: vec![], imms: vec![], addr: vec![] };
        let at = At { g, types: set.machine.register_types, root: i, ty: Some(ty), way: &[] };
        let guard = |g: &Guard, b: &Bound<G>| {
            let imm = |name: &str| b.imms.iter().find(|k| k.0 == name).map_or(0, |k| k.1);
            holds(&g.test, &g.args.iter().map(|a| imm(a)).collect::<Vec<_>>())
        };
        let matched = r.needs.is_none_or(|f| g.has(f))
            && (!r.near || g.is_near(i))
            && (op != Opcode::StackAddr || g.slot_fits(i))
            && at.operation(&r.lhs, i, &mut b)
            && r.guards.iter().all(|x| guard(x, &b));
        matched.then(|| (n, b.values.iter().map(|v| v.1).collect()))
    })
}

fn holds(f: &Fun, args: &[i64]) -> bool {
    let args: Vec<Num> = args.iter().map(|&k| Num::lit(64, k as u64 as u128)).collect();
    (f.num)(&args).is_true()
}

/// A place in the pattern: the type that what stands around says the value has, and the values from the root to here.
struct At<'a, G: Graph> {
    g: &'a G,
    types: &'a [Type],
    root: G::Inst,
    ty: Option<Type>,
    way: &'a [G::Value],
}

impl<G: Graph> At<'_, G> {
    fn operation(&self, p: &OpPat, i: G::Inst, b: &mut Bound<G>) -> bool {
        let row = p.op.row();
        let ctv = p.ty.or(self.ty);
        let operands = crate::types::pattern_operands(p);
        for (pat, operand) in p.args.iter().zip(operands) {
            let n = row.operands.iter().position(|o| std::ptr::eq(o, operand)).unwrap_or(0);
            let v = self.g.arg(i, n);
            // the controlling type of a compare is that of its operands, so it must be asked of them
            if operand.ty == Ty::Ctv && p.ty.is_some_and(|t| self.g.ty(v) != t) {
                return false;
            }
            let ty = ctv.and_then(|t| operand.ty.of(t));
            if !(At { g: self.g, types: self.types, root: self.root, ty, way: self.way }).pattern(pat, v, b) {
                return false;
            }
        }
        if p.fcc.is_some_and(|cc| cc != self.g.fcc(i)) {
            return false;
        }
        if let Some(k) = p.imm {
            if k.test.is_some_and(|t| !holds(&t, &[self.g.imm(i)])) {
                return false;
            }
            b.imms.push((k.name, self.g.imm(i)));
        }
        p.cc.is_none_or(|cc| cc.possible().contains(&self.g.cc(i))) && p.addr.is_none_or(|a| self.address(a, i, b))
    }

    fn address(&self, a: Addr, i: G::Inst, b: &mut Bound<G>) -> bool {
        let interior = self.way.last().is_some_and(|&v| {
            let once = self.way.iter().all(|&v| self.g.once(v));
            !(once && self.g.can_sink(v, i, self.root))
        });
        let first = b.addr.iter().find(|x| x.0 == a.name).map(|x| x.1);
        b.addr.push((a.name, i));
        let room = i32::try_from(self.g.imm(i) + a.more).is_ok();
        !interior && room && self.g.is_swapped(i) == a.swapped && first.is_none_or(|f| self.g.same_address(f, i))
    }

    fn pattern(&self, p: &Pat, v: G::Value, b: &mut Bound<G>) -> bool {
        match p {
            Pat::Val(x) => {
                let first = b.values.iter().find(|y| y.0 == x.name).map(|y| y.1);
                if first.is_none() {
                    b.values.push((x.name, v));
                }
                x.ty.is_none_or(|t| self.g.ty(v) == t)
                    && (x.promised.is_none() || self.g.promised(v) == x.promised)
                    && (!x.lives_on || self.g.lives_on(v))
                    && first.is_none_or(|f| f == v)
            }
            Pat::Rmi(x) => {
                b.values.push((x.name, v));
                true
            }
            Pat::Cond(x) => {
                b.values.push((x.name, v));
                self.types.iter().any(|&t| t.is_int() && t == self.g.ty(v))
            }
            Pat::Op(p) => {
                let mut way = self.way.to_vec();
                way.push(v);
                let at = At { g: self.g, types: self.types, root: self.root, ty: Some(self.g.ty(v)), way: &way };
                self.g.def(v).is_some_and(|(i, op)| op == p.op && at.result_type(p, v) && at.operation(p, i, b))
            }
        }
    }

    /// A type written at an operation whose result has its controlling type is the result's.
    fn result_type(&self, p: &OpPat, v: G::Value) -> bool {
        let own = p.op.row().results.first().is_some_and(|r| r.ty == Ty::Ctv);
        !own || p.ty.is_none_or(|t| self.g.ty(v) == t)
    }
}
