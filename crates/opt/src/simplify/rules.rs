//! The simplification rules, generated from `windlass_rules::simplify`: which one matches an instruction, and what it
//! makes of it. Needs the graph, whose operands are no aliases; changes nothing.

use windlass_desc::bv::{Bv, Num};
use windlass_desc::imm;
use windlass_ir::ir::condcodes::IntCC;
use windlass_ir::ir::dfg::{DataFlowGraph, ValueDef};
use windlass_ir::ir::{Inst, Opcode, Type, Value};
use windlass_ir::meaning::imm_of;

/// A rule that matched, with what it binds, in the order of its pattern.
#[derive(Clone, Copy, Debug)]
pub struct Match {
    /// Index into [`RIGHT`].
    pub rule: u16,
    /// Values.
    pub values: [Value; 3],
    /// Constants, sign-extended, and numbers of conditions.
    pub imms: [i64; 4],
}

impl Match {
    fn new(rule: u16, values: &[Value], imms: &[i64]) -> Match {
        fn fill<T: Copy, const N: usize>(from: &[T], none: T) -> [T; N] {
            std::array::from_fn(|n| from.get(n).copied().unwrap_or(none))
        }
        Match { rule, values: fill(values, Value::from_u32(0)), imms: fill(imms, 0) }
    }
    /// A condition that was matched.
    fn condition(&self, n: usize) -> IntCC {
        IntCC::all()[self.imms[n] as usize]
    }
}

/// Where an operand on the right comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// It was matched.
    Bound(u8),
    /// It is the result of an earlier node.
    Node(u8),
}
use Source::{Bound, Node};

/// A condition on the right.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// This one.
    Is(IntCC),
    /// The matched one.
    Bound(u8),
    /// Its inverse.
    Inverse(u8),
    /// The same of exchanged operands.
    Swapped(u8),
    /// The same of unsigned numbers.
    Unsigned(u8),
}

impl Condition {
    /// Which it is in a match.
    pub fn of(self, m: &Match) -> IntCC {
        match self {
            Condition::Is(cc) => cc,
            Condition::Bound(n) => m.condition(n.into()),
            Condition::Inverse(n) => m.condition(n.into()).complement(),
            Condition::Swapped(n) => m.condition(n.into()).swap_args(),
            Condition::Unsigned(n) => m.condition(n.into()).unsigned(),
        }
    }
}

/// An operation on the right. Types are given by number.
#[derive(Clone, Copy, Debug)]
pub enum Made {
    /// A constant of a type, from the match's constants.
    Const(u16, fn(&[i64; 4]) -> i64),
    /// An operation at a controlling type.
    Op(Opcode, u16, &'static [Source], Option<Condition>),
}
use Made::{Const, Op};

/// The right side of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Right {
    /// Where the rule is written.
    pub at: &'static str,
    /// Its operations, each after what it needs.
    pub nodes: &'static [Made],
    /// What the results are. A root without results becomes the last node.
    pub results: &'static [Source],
}

/// The function, as patterns see it.
pub struct Graph<'a>(pub &'a DataFlowGraph);

impl Graph<'_> {
    fn arg(&self, i: Inst, n: usize) -> Value {
        self.0.inst_args(i)[n]
    }
    /// The instruction that gives the value, if it gives nothing else.
    fn def(&self, v: Value) -> Option<(Inst, Opcode)> {
        match self.0.value_def(v) {
            ValueDef::Result(i, 0) if self.0.inst_results(i).len() == 1 => Some((i, self.0.insts[i].opcode())),
            _ => None,
        }
    }
    fn ty(&self, v: Value) -> Type {
        self.0.value_type(v)
    }
    /// The constant, sign-extended.
    fn imm(&self, i: Inst) -> i64 {
        imm_of(self.0, i).expect("patterns ask for the immediates of constants")
    }
    fn cc(&self, i: Inst) -> IntCC {
        self.0.insts[i].cond_code().unwrap_or(IntCC::Equal)
    }
}

/// A constant as functions of constants take it.
fn n(v: i64) -> Num {
    Num::lit(64, v as u64 as u128)
}

#[allow(clippy::all, unused_variables, reason = "operands are named before it is known which are looked at")]
#[rustfmt::skip]
mod generated {
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/simplify.rs"));
}
pub use generated::{RIGHT, select};
