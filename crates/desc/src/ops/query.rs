//! What users ask an operation: questions of its row under the names they know. Needs the rows.

use super::*;

impl Opcode {
    /// All operations, in the order of their numbers.
    pub fn all() -> &'static [Opcode] {
        Opcode::ALL
    }
    /// The shape of its instructions.
    pub fn format(self) -> Format {
        self.row().format
    }
    /// The types its operands and results may have.
    pub fn constraints(self) -> OpcodeConstraints {
        OpcodeConstraints(self.row())
    }
    fn does(self, e: Effects) -> bool {
        self.row().effects.has(e)
    }
    /// Does it end a block?
    pub fn is_terminator(self) -> bool {
        self.does(Effects::TERMINATOR)
    }
    /// Does it go to other blocks?
    pub fn is_branch(self) -> bool {
        self.does(Effects::BRANCH)
    }
    /// Does it call?
    pub fn is_call(self) -> bool {
        self.does(Effects::CALL)
    }
    /// Does it return?
    pub fn is_return(self) -> bool {
        self.does(Effects::RETURN)
    }
    /// May it read memory?
    pub fn can_load(self) -> bool {
        self.does(Effects::LOAD)
    }
    /// May it write memory?
    pub fn can_store(self) -> bool {
        self.does(Effects::STORE)
    }
    /// May it trap?
    pub fn can_trap(self) -> bool {
        self.does(Effects::TRAP)
    }
    /// Has it effects that no other question names?
    pub fn other_side_effects(self) -> bool {
        self.does(Effects::OTHER)
    }
    /// Is doing it twice with the same operands the same as doing it once?
    pub fn side_effects_idempotent(self) -> bool {
        self.does(Effects::IDEMPOTENT)
    }
    /// May a collector run while it does? Calls that come back are the places where values must be findable.
    pub fn is_safepoint(self) -> bool {
        self.is_call() && !self.is_return()
    }
}

impl std::fmt::Display for Opcode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.row().name)
    }
}

impl std::str::FromStr for Opcode {
    type Err = &'static str;
    fn from_str(s: &str) -> Result<Self, &'static str> {
        Opcode::parse(s).ok_or("unknown opcode")
    }
}

/// What an operand may be where the controlling type is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResolvedConstraint {
    /// This type.
    Bound(Type),
    /// Any type of a set.
    Free(TypeSet),
}

/// The types that an operation's operands and results may have.
#[derive(Clone, Copy)]
pub struct OpcodeConstraints(&'static OpRow);

impl OpcodeConstraints {
    /// Has it a controlling type?
    pub fn is_polymorphic(self) -> bool {
        self.0.ctv.set().is_some()
    }
    /// The types the controlling type may be.
    pub fn ctrl_typeset(self) -> Option<TypeSet> {
        self.0.ctv.set()
    }
    /// Does an operand have the controlling type, so that it can be inferred?
    pub fn use_typevar_operand(self) -> bool {
        matches!(self.0.ctv, Ctv::Operand(..))
    }
    /// Must the controlling type be inferred, because no result has it?
    pub fn requires_typevar_operand(self) -> bool {
        self.use_typevar_operand() && self.0.results.first().is_none_or(|r| r.ty != Ty::Ctv)
    }
    /// How many results it has besides those a signature says.
    pub fn num_fixed_results(self) -> usize {
        self.0.results.len()
    }
    /// How many value operands it has besides a variable number of arguments.
    pub fn num_fixed_value_arguments(self) -> usize {
        self.0.operands.len()
    }
    /// The type of fixed result `n`; [`INVALID`] if there is none, or none for this controlling type.
    pub fn result_type(self, n: usize, ctv: Type) -> Type {
        self.0.results.get(n).and_then(|r| r.ty.of(ctv)).unwrap_or(INVALID)
    }
    /// What fixed value operand `n` may be.
    pub fn value_argument_constraint(self, n: usize, ctv: Type) -> ResolvedConstraint {
        let Some(operand) = self.0.operands.get(n) else { return ResolvedConstraint::Bound(INVALID) };
        let scalars_where = |keep: fn(u32, u32) -> bool| {
            let kind = if ctv.is_float() { &FLOATS[..] } else { &INTS[..] };
            let lanes = kind.iter().filter(|t| keep(t.bits(), ctv.bits())).fold(0, |set, t| set | 1 << t.repr());
            ResolvedConstraint::Free(TypeSet { lanes, counts: 1, dynamic: 0 })
        };
        match operand.ty {
            Ty::In(set) => ResolvedConstraint::Free(set),
            Ty::Narrower => scalars_where(|bits, of| bits < of),
            Ty::Wider => scalars_where(|bits, of| bits > of),
            ty => ResolvedConstraint::Bound(ty.of(ctv).unwrap_or(INVALID)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_agree_with_the_rows() {
        let every: Vec<Type> = (0..512).map(Type::from_repr).filter(|t| t.lane_bits() > 0).collect();
        for &op in Opcode::all() {
            let set = op.constraints().ctrl_typeset();
            for &ctv in every.iter().filter(|t| set.is_some_and(|s| s.contains(**t))) {
                for (n, operand) in op.row().operands.iter().enumerate() {
                    let allowed = |t| match op.constraints().value_argument_constraint(n, ctv) {
                        ResolvedConstraint::Bound(b) => b == t,
                        ResolvedConstraint::Free(s) => s.contains(t),
                    };
                    assert!(every.iter().all(|t| allowed(*t) == operand.ty.admits(ctv, *t)), "{op} {n} {ctv}");
                }
            }
        }
    }

    #[test]
    fn effects_and_names() {
        assert!(Opcode::Brif.is_branch() && Opcode::Brif.is_terminator() && !Opcode::Iadd.can_trap());
        assert!(Opcode::Call.is_safepoint() && !Opcode::Return.is_call());
        assert_eq!(("iadd".parse(), "nonsense".parse::<Opcode>()), (Ok(Opcode::Iadd), Err("unknown opcode")));
        assert!(Opcode::Icmp.constraints().requires_typevar_operand());
        assert!(!Opcode::Iadd.constraints().requires_typevar_operand());
    }
}
