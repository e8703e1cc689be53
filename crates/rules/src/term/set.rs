//! All rules of a target: those of operations, the alternatives of nonterminals, contracts, and what has no rule.
//! Needs the parts of a rule.

use super::*;

/// A base of an address.
#[derive(Clone, Debug)]
pub enum Base {
    /// A register.
    Val(Val),
    /// A stack slot, its place being this immediate.
    Slot(Im),
}

/// An alternative of the nonterminal `amode`: the base of a memory operation, whose offset is the immediate `off`.
#[derive(Clone, Debug)]
pub struct AmodeRule {
    /// What the base must be.
    pub pat: Pat,
    /// The address's base.
    pub base: Base,
    /// Its index.
    pub index: Option<Val>,
    /// The index is shifted left by this.
    pub scale: ImmExpr,
    /// Displacement.
    pub disp: ImmExpr,
    /// Tests.
    pub guards: Vec<Guard>,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

/// An alternative of the nonterminal `rmi`.
#[derive(Clone, Debug)]
pub struct RmiRule {
    /// What the value must be.
    pub pat: Pat,
    /// What it becomes.
    pub out: Arg,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

/// An alternative of the nonterminal `cond`.
#[derive(Clone, Debug)]
pub struct CondRule {
    /// What the tested value must be.
    pub pat: Pat,
    /// The type of the tested value.
    pub ty: Type,
    /// The condition that tells whether it is not 0.
    pub cc: CcExpr,
    /// What makes the flags; it has no results.
    pub producer: Seq,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

/// All rules of a target, in order: the first match wins.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// Rules of operations, at concrete types.
    pub rules: Vec<Rule>,
    /// Alternatives of `amode`.
    pub amode: Vec<AmodeRule>,
    /// Alternatives of `rmi`.
    pub rmi: Vec<RmiRule>,
    /// Alternatives of `cond`.
    pub cond: Vec<CondRule>,
    /// (operation, type): the register of its result has a zero upper half, whichever rule made it.
    pub contracts: Vec<(Opcode, Type)>,
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
    /// A rule for each of `types`, which are controlling types of the root.
    pub fn rule(&mut self, types: &[Type], make: impl Fn(Type) -> Rule) {
        self.rules.extend(types.iter().map(|&ty| Rule { ty, ..make(ty) }));
    }
}
