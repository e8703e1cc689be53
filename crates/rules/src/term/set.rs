//! All rules of a target: those of operations, nonterminals, contracts, and what has no rule. Needs the parts of a rule.

use super::*;
use crate::machine::Machine;
use windlass_desc::machine::Imm;

/// A base of an address.
#[derive(Clone, Debug)]
pub enum Base {
    /// A register.
    Val(Val),
    /// A stack slot, its place being this immediate.
    Slot(Im),
}

/// An address: base + (index << scale) + displacement.
#[derive(Clone, Debug)]
pub struct Place {
    /// Base.
    pub base: Base,
    /// Index.
    pub index: Option<Val>,
    /// The index is shifted left by this.
    pub scale: ImmExpr,
    /// Displacement.
    pub disp: ImmExpr,
}

/// A test: a condition, and what it is asked of.
#[derive(Clone, Debug)]
pub struct Test {
    /// The condition that tells whether the tested value is not 0.
    pub cc: CcExpr,
    /// What makes the flags, or what `on` names; it has no results.
    pub producer: Seq,
    /// The registers that the condition is asked of: none if that is the flags, one to be compared with 0, or two.
    pub on: Vec<Reg>,
}

/// What a nonterminal gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gives {
    /// The address of a memory operation: what its base (the value that is matched) and its offset (the immediate `off`)
    /// add up to.
    Address,
    /// An operand: a register, memory, or an immediate that is among these.
    Operand(Imm),
    /// Whether the value is not 0.
    Test,
}

/// What an alternative gives.
#[derive(Clone, Debug)]
pub enum Out {
    /// An address.
    Address(Place),
    /// An operand.
    Operand(Arg),
    /// A test.
    Test(Test),
}

/// One way to match a nonterminal.
#[derive(Clone, Debug)]
pub struct Alternative {
    /// What the value must be.
    pub pat: Pat,
    /// The value's type; of operands any.
    pub ty: Type,
    /// What it becomes.
    pub out: Out,
    /// Tests of immediates.
    pub guards: Vec<Guard>,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

/// A part of patterns with rules of its own: the first alternative that matches wins, and the last one always does.
#[derive(Clone, Debug)]
pub struct Nonterminal {
    /// Its name.
    pub name: &'static str,
    /// What it gives.
    pub gives: Gives,
    /// Its alternatives.
    pub alternatives: Vec<Alternative>,
}

/// All rules of a target, in order: the first match wins.
#[derive(Clone, Debug)]
pub struct RuleSet {
    /// The machine whose instructions stand on the right.
    pub machine: Machine,
    /// Rules of operations, at concrete types.
    pub rules: Vec<Rule>,
    /// Nonterminals: one that gives addresses, one that gives tests, any number that give operands.
    pub nonterminals: Vec<Nonterminal>,
    /// (operation, type): what the upper half of its result's register is, whichever rule made it.
    pub contracts: Vec<(Opcode, Type, Above)>,
    /// Operations that are lowered by hand, with the function's name.
    pub custom: Vec<(Opcode, &'static str)>,
    /// Operations that are lowered by hand where no rule matches, with the function's name.
    pub fallback: Vec<(Opcode, &'static str)>,
    /// (operation, types) that the target lowers by rules; any other type is an `Unsupported` error.
    pub supported: Vec<(Opcode, Vec<Type>)>,
    /// Operations that the target does not lower yet, and why.
    pub declined: Vec<(Opcode, &'static str)>,
}

impl RuleSet {
    /// No rules.
    pub fn new(machine: Machine) -> RuleSet {
        RuleSet {
            machine,
            rules: vec![],
            nonterminals: vec![],
            contracts: vec![],
            custom: vec![],
            fallback: vec![],
            supported: vec![],
            declined: vec![],
        }
    }
    /// A rule for each of `types`, which are controlling types of the root.
    pub fn rule(&mut self, types: &[Type], make: impl Fn(Type) -> Rule) {
        self.rules.extend(types.iter().map(|&ty| Rule { ty, ..make(ty) }));
    }
    /// A nonterminal.
    pub fn nonterminal(&mut self, name: &'static str, gives: Gives, alternatives: Vec<Alternative>) {
        self.nonterminals.push(Nonterminal { name, gives, alternatives });
    }
    /// The immediates that an operand of this nonterminal may be.
    pub fn immediates(&self, name: &str) -> Imm {
        let gives = self.nonterminals.iter().find(|n| n.name == name).map(|n| n.gives);
        if let Some(Gives::Operand(imm)) = gives { imm } else { Imm::None }
    }
    /// All alternatives of nonterminals that give addresses, or operands, or tests.
    pub fn alternatives(&self, of: impl Fn(Gives) -> bool) -> impl Iterator<Item = &Alternative> {
        self.nonterminals.iter().filter(move |n| of(n.gives)).flat_map(|n| &n.alternatives)
    }
}
