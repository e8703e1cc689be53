//! Simplification rules as values: a pattern of IR operations equals an expression of IR operations. Both sides are built
//! by the same functions ([`crate::pat`]); what the right side has beyond the left is defined by name: constants
//! ([`Equation::with`], [`Equation::number`]) and conditions ([`Equation::cond`]). Needs [`crate::term`].

use crate::term::{Cv, Fun, Im, OpPat, Pat, Val};
use crate::types::{Types, infer};
use std::panic::Location;
use windlass_desc::cc::IntCC;
use windlass_desc::types::Type;

/// What a function of constants is given.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ImmArg {
    /// A constant that the left side binds.
    Var(&'static str),
    /// A number.
    Is(i64),
}

impl From<Im> for ImmArg {
    fn from(k: Im) -> ImmArg {
        ImmArg::Var(k.name)
    }
}

/// The width of a type, as an argument.
pub fn width(t: Type) -> ImmArg {
    ImmArg::Is(t.bits().into())
}

/// How a constant on the right is computed.
#[derive(Clone, Debug)]
pub enum Computed {
    /// It is this number.
    Is(i64),
    /// It is a function of others.
    By(Fun, Vec<ImmArg>),
}

/// A condition on the right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turned<C> {
    /// This one.
    Is(IntCC),
    /// The one that holds where the other does not.
    Inverse(C),
    /// The one that holds of exchanged operands.
    Swapped(C),
    /// The same of unsigned numbers.
    Unsigned(C),
}

impl<C> Turned<C> {
    /// The same of what `f` makes of the condition it is made of.
    pub fn map<D>(self, f: impl FnOnce(C) -> D) -> Turned<D> {
        match self {
            Turned::Is(cc) => Turned::Is(cc),
            Turned::Inverse(c) => Turned::Inverse(f(c)),
            Turned::Swapped(c) => Turned::Swapped(f(c)),
            Turned::Unsigned(c) => Turned::Unsigned(f(c)),
        }
    }
}

impl Turned<IntCC> {
    /// The condition.
    pub fn get(self) -> IntCC {
        match self {
            Turned::Is(cc) => cc,
            Turned::Inverse(cc) => cc.complement(),
            Turned::Swapped(cc) => cc.swap_args(),
            Turned::Unsigned(cc) => cc.unsigned(),
        }
    }
}

/// A test of constants.
#[derive(Clone, Debug)]
pub struct Test {
    /// The test.
    pub test: Fun,
    /// What it takes.
    pub args: Vec<ImmArg>,
}

/// A rule at one concrete type, or a template of one before its type is set by [`Equations::rule`].
#[derive(Clone, Debug)]
pub struct Equation {
    /// The pattern; its operation is the root.
    pub left: OpPat,
    /// What the root's results equal, in order; of a root without results what does the same.
    pub right: Vec<Pat>,
    /// Tests of what the left side binds.
    pub tests: Vec<Test>,
    /// Conditions that the left side must have: one of these.
    pub only: Vec<(Cv, Vec<IntCC>)>,
    /// Constants of the right side.
    pub computed: Vec<(&'static str, Computed)>,
    /// Conditions of the right side.
    pub turned: Vec<(Cv, Turned<Cv>)>,
    /// A constant that the tests leave these values only, one by one in proofs.
    pub split: Option<(Im, Vec<i64>)>,
    /// The controlling type of the root.
    pub ty: Type,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

impl OpPat {
    /// Equals this.
    #[track_caller]
    pub fn is(self, right: impl Into<Pat>) -> Equation {
        self.are([right.into()])
    }
    /// Its results are these.
    #[track_caller]
    pub fn are<const N: usize>(self, right: [Pat; N]) -> Equation {
        Equation {
            left: self,
            right: right.into(),
            tests: vec![],
            only: vec![],
            computed: vec![],
            turned: vec![],
            split: None,
            ty: windlass_desc::types::INVALID,
            at: Location::caller(),
        }
    }
}

impl Equation {
    /// Only where the test holds.
    pub fn when<const N: usize>(mut self, test: Fun, args: [ImmArg; N]) -> Equation {
        self.tests.push(Test { test, args: args.into() });
        self
    }
    /// Only where the condition is one of these.
    pub fn only<const N: usize>(mut self, cc: Cv, among: [IntCC; N]) -> Equation {
        self.only.push((cc, among.into()));
        self
    }
    /// A constant of the right side is computed so.
    pub fn with<const N: usize>(mut self, k: Im, f: Fun, args: [ImmArg; N]) -> Equation {
        self.computed.push((k.name, Computed::By(f, args.into())));
        self
    }
    /// A constant of the right side is this number.
    pub fn number(mut self, k: Im, value: i64) -> Equation {
        self.computed.push((k.name, Computed::Is(value)));
        self
    }
    /// A condition of the right side.
    pub fn cond(mut self, cc: Cv, turned: Turned<Cv>) -> Equation {
        self.turned.push((cc, turned));
        self
    }
    /// The tests leave the constant these values only; proofs look at one after the other.
    pub fn split(mut self, k: Im, values: impl IntoIterator<Item = i64>) -> Equation {
        self.split = Some((k, values.into_iter().collect()));
        self
    }
    /// The types of the left side and of each right side, whose variables have the types they have on the left. An
    /// operation on the right has the root's controlling type unless another is written.
    pub fn types(&self) -> Result<(Types, Vec<Types>), String> {
        let left = infer(&self.left, self.ty)?;
        let right = |p: &Pat| match typed(p, &left) {
            Pat::Op(p) => infer(&p, p.ty.unwrap_or(self.ty)),
            _ => Ok(Types::default()),
        };
        let right = self.right.iter().map(right).collect::<Result<_, _>>()?;
        Ok((left, right))
    }
}

/// The pattern with the types that its values have.
fn typed(p: &Pat, types: &Types) -> Pat {
    match p {
        Pat::Val(v) => Pat::Val(Val { ty: v.ty.or(types.var(v.name)), ..*v }),
        Pat::Op(p) => {
            let args = p.args.iter().map(|a| typed(a, types)).collect();
            Pat::Op(Box::new(OpPat { args, ..(**p).clone() }))
        }
        other => other.clone(),
    }
}

/// All simplification rules, in order: the first match wins.
#[derive(Clone, Debug, Default)]
pub struct Equations {
    /// The rules, at concrete types.
    pub rules: Vec<Equation>,
}

impl Equations {
    /// A rule for each of `types`, which are controlling types of the root.
    pub fn rule(&mut self, types: &[Type], make: impl Fn(Type) -> Equation) {
        self.rules.extend(types.iter().map(|&ty| Equation { ty, ..make(ty) }));
    }
}
