//! The types of what a pattern matches. The root's controlling type is given; those of operands follow from the rows of
//! operations, else from what stands below: a variable's or an operation's explicit type.
//! Needs [`crate::term`] and desc's operations; used by the generator and the prover alike.

use crate::term::{OpPat, Pat};
use std::collections::BTreeMap;
use windlass_desc::ops::{Format, Operand, Ty};
use windlass_desc::types::{I64, INVALID, Type};

/// Where a node stands: indices into `args`, from the root down.
pub type Path = Vec<usize>;

/// Types of one node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeTypes {
    /// The controlling type of an operation; of a variable its type.
    pub ctv: Type,
    /// The type of the value ([`INVALID`] of an operation without results).
    pub value: Type,
}

/// The types of a pattern.
#[derive(Clone, Default, Debug)]
pub struct Types {
    nodes: BTreeMap<Path, NodeTypes>,
    vars: BTreeMap<&'static str, Type>,
}

impl Types {
    /// The types of the node at `path`. None of a `cond` that may have any type (the condition of `select`).
    pub fn node(&self, path: &[usize]) -> Option<NodeTypes> {
        self.nodes.get(path).copied()
    }
    /// The type of a variable: of a value, of an `rmi` or a `cond`; of a constant that of its `iconst`; of another
    /// immediate and of an address, [`I64`]. None of a `cond` that may have any type.
    pub fn var(&self, name: &str) -> Option<Type> {
        self.vars.get(name).copied()
    }
    /// The names of the variables that have types, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.vars.keys().copied()
    }
    fn bind(&mut self, name: &'static str, ty: Type) -> Result<(), String> {
        match self.vars.insert(name, ty) {
            Some(old) if old != ty => Err(format!("`{name}` is {old} and {ty}")),
            _ => Ok(()),
        }
    }
}

/// The operands that a pattern of the operation has arguments for: all but the address of memory operations, for which
/// `amode` stands.
pub fn pattern_operands(p: &OpPat) -> impl Iterator<Item = &'static Operand> {
    let row = p.op.row();
    let addressed = matches!(row.format, Format::Load | Format::Store);
    row.operands.iter().filter(move |o| !(addressed && o.name == "p"))
}

/// The types of a rule's pattern, whose root has the controlling type `ty`.
pub fn infer(lhs: &OpPat, ty: Type) -> Result<Types, String> {
    let mut out = Types::default();
    operation(lhs, ty, &mut vec![], &mut out)?;
    Ok(out)
}

/// The types of a pattern (of a nonterminal's alternative) that matches a value of type `ty`.
pub fn infer_value(pat: &Pat, ty: Type) -> Result<Types, String> {
    let mut out = Types::default();
    value(pat, Some(ty), &mut vec![], &mut out)?;
    Ok(out)
}

/// A pattern for a value, of type `want` if that is known.
fn value(pat: &Pat, want: Option<Type>, path: &mut Path, out: &mut Types) -> Result<Type, String> {
    let (name, own) = match pat {
        Pat::Op(p) => return below(p, want, path, out),
        Pat::Val(v) => (v.name, v.ty),
        Pat::Rmi(r) => (r.name, None),
        Pat::Cond(c) => match want {
            Some(_) => (c.name, None),
            None => return Ok(INVALID),
        },
    };
    let ty = match (want, own) {
        (Some(a), Some(b)) if a != b => return Err(format!("`{name}` should be {a}, but is said to be {b}")),
        (Some(t), _) | (None, Some(t)) => t,
        (None, None) => return Err(format!("nothing says which type `{name}` has: give it one with `at`")),
    };
    out.bind(name, ty)?;
    out.nodes.insert(path.clone(), NodeTypes { ctv: ty, value: ty });
    Ok(ty)
}

/// An operation below the root: its controlling type is explicit, or that of its result.
fn below(p: &OpPat, want: Option<Type>, path: &mut Path, out: &mut Types) -> Result<Type, String> {
    let row = p.op.row();
    let name = row.name;
    let result = row.results.first().ok_or_else(|| format!("{name} has no result to be matched"))?;
    let from_result = want.filter(|_| result.ty == Ty::Ctv);
    let none = row.ctv.set().is_none().then_some(INVALID);
    let ctv =
        p.ty.or(from_result)
            .or(none)
            .ok_or_else(|| format!("nothing says at which type {name} is: give it one with `at`"))?;
    let ty = operation(p, ctv, path, out)?;
    match want {
        Some(w) if w != ty => Err(format!("{name} should give {w}, but gives {ty}")),
        _ => Ok(ty),
    }
}

/// An operation at a controlling type; gives the type of its result.
fn operation(p: &OpPat, ctv: Type, path: &mut Path, out: &mut Types) -> Result<Type, String> {
    let row = p.op.row();
    let name = row.name;
    match row.ctv.set() {
        Some(set) if !set.contains(ctv) => return Err(format!("{name} does not exist at {ctv}")),
        None if ctv != INVALID => return Err(format!("{name} has no controlling type, so it cannot have {ctv}")),
        _ => {}
    }
    if p.ty.is_some_and(|t| t != ctv) {
        return Err(format!("{name} is said to be at another type than {ctv}"));
    }
    let operands: Vec<&Operand> = pattern_operands(p).collect();
    if operands.len() != p.args.len() {
        return Err(format!("{name} takes {} operands, not {}", operands.len(), p.args.len()));
    }
    for (i, (operand, arg)) in operands.iter().zip(&p.args).enumerate() {
        path.push(i);
        let ty = value(arg, operand.ty.of(ctv), path, out)?;
        path.pop();
        if ty != INVALID && !operand.ty.admits(ctv, ty) {
            return Err(format!("operand `{}` of {name} at {ctv} cannot be {ty}", operand.name));
        }
    }
    if let Some(k) = p.imm {
        out.bind(k.name, if row.format == Format::UnaryImm { ctv } else { I64 })?;
    }
    if let Some(a) = p.addr {
        let fixed = row.operands.iter().find(|o| o.name == "p").and_then(|o| o.ty.of(ctv));
        if fixed.is_some_and(|t| t != I64) {
            return Err(format!("the address of {name} at {ctv} is not of 64 bits, as `amode` needs it"));
        }
        out.bind(a.name, I64)?;
    }
    let value = match row.results.first() {
        None => INVALID,
        Some(r) => r.ty.of(ctv).ok_or_else(|| format!("nothing says which type the result of {name} has"))?,
    };
    out.nodes.insert(path.clone(), NodeTypes { ctv, value });
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pat::*;
    use windlass_desc::types::{I8, I16, I32};

    #[test]
    fn types_come_from_above_and_below() {
        let t = infer(&ishl(X, iconst(K).at(I8)), I32).unwrap();
        assert_eq!((t.var("x"), t.var("k")), (Some(I32), Some(I8)));
        assert_eq!(t.node(&[1]), Some(NodeTypes { ctv: I8, value: I8 }));
        let t = infer(&brif(C), I16).unwrap();
        assert_eq!(t.var("c"), Some(I16));
        let t = infer(&select(C, X, Y), I64).unwrap();
        assert_eq!((t.var("c"), t.node(&[0]), t.var("y")), (None, None, Some(I64)));
        let t = infer_value(&uextend(icmp(CC, X, R).at(I32)).into(), I64).unwrap();
        assert_eq!(t.node(&[]), Some(NodeTypes { ctv: I64, value: I64 }));
        assert_eq!(t.node(&[0]), Some(NodeTypes { ctv: I32, value: I8 }));
        assert_eq!(t.var("r"), Some(I32));
        assert_eq!(infer(&store(X, A), I16).unwrap().node(&[]), Some(NodeTypes { ctv: I16, value: INVALID }));
    }

    #[test]
    fn contradictions_are_told() {
        let fails = |p: OpPat, t| infer(&p, t).unwrap_err();
        assert_eq!(fails(ishl(X, Y), I32), "nothing says which type `y` has: give it one with `at`");
        assert_eq!(fails(iadd(X, Y.at(I8)), I32), "`y` should be i32, but is said to be i8");
        assert_eq!(fails(ishl(X, X.at(I8)), I32), "`x` is i32 and i8");
        assert_eq!(fails(uextend(X.at(I64)), I32), "operand `x` of uextend at i32 cannot be i64");
        assert_eq!(fails(iadd(X, icmp(CC, X, Y).at(I32)), I32), "icmp should give i32, but gives i8");
        assert!(fails(uload32(A), I32).starts_with("the address of uload32 at i32"));
        assert_eq!(fails(uextend(X.at(I64)), INVALID), "uextend does not exist at INVALID");
    }
}
