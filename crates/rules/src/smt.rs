//! SMT-LIB bit-vector terms: the instance of [`Bv`] that meanings are proved with. Terms are shared graphs, constants
//! are folded while they are built, and a script names every node once, so that sharing never turns into copies.
//!
//! Sums and products of floats commute, the product within `Fma` too: that is an axiom of the terms, which take these
//! operands in order of size. It is true of exact results that are rounded (IEEE 754, 5.4.1) but for the bits of a NaN,
//! which meanings do not use.

use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt::Write;
use std::rc::Rc;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::fp::{FpFormat, FpOp};

/// A term of the theory of fixed-size bit vectors.
#[derive(Clone)]
pub struct Smt(Rc<Node>);

struct Node {
    w: u32,
    kind: Kind,
}

enum Kind {
    Lit(Num),
    Sym(String),
    /// `(name args)`.
    App {
        name: String,
        sort: Sort,
        args: Vec<Smt>,
    },
}

/// What an application is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// A function of the theory.
    Function,
    /// A predicate of the theory, whose truth value is turned into one bit.
    Predicate,
    /// A function that nothing is known of but that it is one.
    Unknown,
}

impl Smt {
    /// A free symbol.
    pub fn sym(name: impl Into<String>, w: u32) -> Smt {
        Smt(Rc::new(Node { w, kind: Kind::Sym(name.into()) }))
    }
    /// The number, if it is one.
    pub fn as_num(&self) -> Option<Num> {
        if let Kind::Lit(n) = &self.0.kind { Some(n.clone()) } else { None }
    }
    fn app(name: impl Into<String>, w: u32, args: &[&Smt]) -> Smt {
        let args = args.iter().map(|&a| a.clone()).collect();
        Smt(Rc::new(Node { w, kind: Kind::App { name: name.into(), sort: Sort::Function, args } }))
    }
    fn predicate(name: &str, args: [&Smt; 2]) -> Smt {
        let args = args.map(Clone::clone).into();
        Smt(Rc::new(Node { w: 1, kind: Kind::App { name: name.into(), sort: Sort::Predicate, args } }))
    }
    /// Two numbers folded, or a term of both.
    fn fold(&self, o: &Smt, f: fn(&Num, &Num) -> Num, term: impl FnOnce() -> Smt) -> Smt {
        assert!(self.0.w == o.0.w, "operands of {} and {} bits", self.0.w, o.0.w);
        match (self.as_num(), o.as_num()) {
            (Some(a), Some(b)) => Smt::num(f(&a, &b)),
            _ => term(),
        }
    }
    fn num(n: Num) -> Smt {
        Smt(Rc::new(Node { w: n.w(), kind: Kind::Lit(n) }))
    }
    fn map(&self, f: impl FnOnce(&Num) -> Num, term: impl FnOnce() -> Smt) -> Smt {
        self.as_num().map_or_else(term, |n| Smt::num(f(&n)))
    }
    fn same(&self, o: &Smt) -> bool {
        Rc::ptr_eq(&self.0, &o.0) || matches!((&self.0.kind, &o.0.kind), (Kind::Sym(a), Kind::Sym(b)) if a == b)
    }
    fn binary(&self, o: &Smt, name: &str, f: fn(&Num, &Num) -> Num) -> Smt {
        self.fold(o, f, || Smt::app(name, self.0.w, &[self, o]))
    }
}

impl Bv for Smt {
    fn lit(w: u32, v: u128) -> Self {
        Smt::num(Num::lit(w, v))
    }
    fn w(&self) -> u32 {
        self.0.w
    }
    fn add(&self, o: &Self) -> Self {
        self.binary(o, "bvadd", Num::add)
    }
    fn sub(&self, o: &Self) -> Self {
        self.binary(o, "bvsub", Num::sub)
    }
    fn mul(&self, o: &Self) -> Self {
        self.binary(o, "bvmul", Num::mul)
    }
    fn udiv(&self, o: &Self) -> Self {
        self.binary(o, "bvudiv", Num::udiv)
    }
    fn urem(&self, o: &Self) -> Self {
        self.binary(o, "bvurem", Num::urem)
    }
    fn sdiv(&self, o: &Self) -> Self {
        self.binary(o, "bvsdiv", Num::sdiv)
    }
    fn srem(&self, o: &Self) -> Self {
        self.binary(o, "bvsrem", Num::srem)
    }
    fn and(&self, o: &Self) -> Self {
        self.binary(o, "bvand", Num::and)
    }
    fn or(&self, o: &Self) -> Self {
        self.binary(o, "bvor", Num::or)
    }
    fn xor(&self, o: &Self) -> Self {
        self.binary(o, "bvxor", Num::xor)
    }
    fn shl(&self, o: &Self) -> Self {
        self.binary(o, "bvshl", Num::shl)
    }
    fn lshr(&self, o: &Self) -> Self {
        self.binary(o, "bvlshr", Num::lshr)
    }
    fn ashr(&self, o: &Self) -> Self {
        self.binary(o, "bvashr", Num::ashr)
    }
    fn fp(op: FpOp, format: FpFormat, args: &[&Self]) -> Self {
        if let Some(numbers) = args.iter().map(|a| a.as_num()).collect::<Option<Vec<_>>>() {
            return Smt::num(Num::fp(op, format, &numbers.iter().collect::<Vec<_>>()));
        }
        let widths: String = args.iter().map(|a| format!("_{}", a.0.w)).collect();
        let name = match op {
            FpOp::To(to) => format!("fp_to_{}", to.bits()),
            FpOp::FromInt { signed } => format!("fp_from_{}_{}", if signed { "s" } else { "u" }, format.bits()),
            _ => format!("fp_{op:?}").to_lowercase(),
        };
        let args = match (op, args) {
            (FpOp::Add | FpOp::Mul | FpOp::Fma, &[a, b, ..]) => {
                let less = a.ult(b);
                let rest = args[2..].iter().map(|&c| c.clone());
                [less.ite(a, b), less.ite(b, a)].into_iter().chain(rest).collect()
            }
            _ => args.iter().map(|&a| a.clone()).collect(),
        };
        let kind = Kind::App { name: name + &widths, sort: Sort::Unknown, args };
        Smt(Rc::new(Node { w: op.result_width(format), kind }))
    }
    fn eq(&self, o: &Self) -> Self {
        if self.same(o) {
            return Smt::lit(1, 1);
        }
        self.fold(o, Bv::eq, || Smt::predicate("=", [self, o]))
    }
    fn ult(&self, o: &Self) -> Self {
        self.fold(o, Num::ult, || Smt::predicate("bvult", [self, o]))
    }
    fn slt(&self, o: &Self) -> Self {
        self.fold(o, Num::slt, || Smt::predicate("bvslt", [self, o]))
    }
    fn ite(&self, a: &Self, b: &Self) -> Self {
        assert!(self.0.w == 1 && a.0.w == b.0.w, "a choice of {} and {} bits", a.0.w, b.0.w);
        match self.as_num() {
            Some(c) if c.is_true() => a.clone(),
            Some(_) => b.clone(),
            None if a.same(b) => a.clone(),
            None => Smt::app("ite", a.0.w, &[self, a, b]),
        }
    }
    fn zext(&self, w: u32) -> Self {
        match w - self.0.w {
            0 => self.clone(),
            n => self.map(|x| x.zext(w), || Smt::app(format!("(_ zero_extend {n})"), w, &[self])),
        }
    }
    fn sext(&self, w: u32) -> Self {
        match w - self.0.w {
            0 => self.clone(),
            n => self.map(|x| x.sext(w), || Smt::app(format!("(_ sign_extend {n})"), w, &[self])),
        }
    }
    fn extract(&self, lo: u32, w: u32) -> Self {
        assert!(lo + w <= self.0.w, "bits {lo} to {} of {}", lo + w, self.0.w);
        if w == self.0.w {
            return self.clone();
        }
        self.map(|x| x.extract(lo, w), || Smt::app(format!("(_ extract {} {lo})", lo + w - 1), w, &[self]))
    }
    fn concat(&self, low: &Self) -> Self {
        let w = self.0.w + low.0.w;
        match (self.as_num(), low.as_num()) {
            (Some(a), Some(b)) => Smt::num(a.concat(&b)),
            _ => Smt::app("concat", w, &[self, low]),
        }
    }
}

/// A script under construction: declarations and definitions of all that its assertions need.
#[derive(Default)]
pub struct Script {
    text: String,
    names: FxHashMap<*const Node, String>,
    symbols: FxHashMap<String, u32>,
    /// Functions that are declared.
    functions: FxHashSet<String>,
    /// Keeps the nodes alive, so that their addresses stay theirs.
    kept: Vec<Smt>,
    /// Inside of a quantifier: the definitions, which may use what is bound.
    lets: Option<Vec<String>>,
}

impl Script {
    /// Asserts that a one-bit term is 1.
    pub fn assert(&mut self, t: &Smt) {
        let name = self.name(t);
        let _ = writeln!(self.text, "(assert (= {name} #b1))");
    }
    /// Asserts that a one-bit term is 1 for all values of the symbols `bound`, which no other assertion may contain.
    pub fn assert_forall(&mut self, bound: &[Smt], t: &Smt) {
        if bound.is_empty() {
            return self.assert(t);
        }
        let mut variables = String::new();
        for b in bound {
            let Kind::Sym(name) = &b.0.kind else { unreachable!("only symbols can be bound") };
            let new = self.symbols.insert(name.clone(), b.0.w).is_none();
            assert!(new, "`{name}` stands outside of its quantifier");
            let _ = write!(variables, "({name} (_ BitVec {}))", b.0.w);
        }
        let outside = self.kept.len();
        self.lets = Some(vec![]);
        let goal = self.name(t);
        let lets = self.lets.take().unwrap_or_default();
        let close = ")".repeat(lets.len() + 2);
        let lets = lets.concat();
        let _ = writeln!(self.text, "(assert (forall ({variables}) {lets}(= {goal} #b1){close}");
        for t in self.kept.drain(outside..) {
            self.names.remove(&Rc::as_ptr(&t.0));
        }
    }
    /// The name of a term, after all that it is made of.
    pub fn name(&mut self, t: &Smt) -> String {
        let mut stack = vec![(t.clone(), false)];
        while let Some((t, children_done)) = stack.pop() {
            if self.names.contains_key(&Rc::as_ptr(&t.0)) {
                continue;
            }
            if let (Kind::App { args, .. }, false) = (&t.0.kind, children_done) {
                stack.push((t.clone(), true));
                stack.extend(args.iter().map(|a| (a.clone(), false)));
                continue;
            }
            let name = self.define(&t);
            self.names.insert(Rc::as_ptr(&t.0), name);
            self.kept.push(t);
        }
        self.names[&Rc::as_ptr(&t.0)].clone()
    }
    /// The symbols declared, with their widths, in no particular order.
    pub fn symbols(&self) -> impl Iterator<Item = (&str, u32)> {
        self.symbols.iter().map(|(n, &w)| (n.as_str(), w))
    }
    /// The script so far.
    pub fn text(&self) -> &str {
        &self.text
    }
    fn define(&mut self, t: &Smt) -> String {
        let w = t.0.w;
        match &t.0.kind {
            Kind::Lit(n) if w <= 128 => format!("(_ bv{} {w})", n.get()),
            Kind::Lit(n) => {
                (0..w).rev().fold("#b".into(), |s, i| s + if n.extract(i, 1).is_true() { "1" } else { "0" })
            }
            Kind::Sym(name) => {
                if self.symbols.insert(name.clone(), w).is_none() {
                    let _ = writeln!(self.text, "(declare-const {name} (_ BitVec {w}))");
                }
                name.clone()
            }
            Kind::App { name, sort, args } => {
                if *sort == Sort::Unknown && self.functions.insert(name.clone()) {
                    let widths: String = args.iter().map(|a| format!("(_ BitVec {})", a.0.w)).collect();
                    let _ = writeln!(self.text, "(declare-fun {name} ({widths}) (_ BitVec {w}))");
                }
                let args: Vec<&str> = args.iter().map(|a| self.names[&Rc::as_ptr(&a.0)].as_str()).collect();
                let args = args.join(" ");
                let body = match (name.as_str(), sort) {
                    (_, Sort::Predicate) => format!("(ite ({name} {args}) #b1 #b0)"),
                    ("ite", _) => {
                        let (cond, rest) = args.split_at(split_first(&args));
                        format!("(ite (= {cond} #b1){rest})")
                    }
                    _ => format!("({name} {args})"),
                };
                let id = format!("t!{}", self.names.len());
                match &mut self.lets {
                    Some(lets) => lets.push(format!("(let (({id} {body})) ")),
                    None => drop(writeln!(self.text, "(define-fun {id} () (_ BitVec {w}) {body})")),
                }
                id
            }
        }
    }
}

/// Where the first of several arguments ends: at a space outside of parentheses.
fn split_first(args: &str) -> usize {
    let mut depth = 0;
    args.find(|c| {
        depth += (c == '(') as i32 - (c == ')') as i32;
        c == ' ' && depth == 0
    })
    .unwrap_or(args.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_fold_and_nodes_are_named_once() {
        let x = Smt::sym("x", 8);
        assert_eq!(Smt::lit(8, 200).add(&Smt::lit(8, 100)).as_num(), Some(Num::lit(8, 44)));
        let mut t = x.clone();
        for _ in 0..64 {
            t = t.add(&t);
        }
        let mut s = Script::default();
        s.assert(&t.eq(&x).ite(&Smt::lit(1, 0), &Smt::lit(1, 1)));
        assert_eq!(s.text().lines().count(), 1 + 64 + 2 + 1);
    }

    #[test]
    fn what_is_bound_stays_inside_of_its_quantifier() {
        let (x, y, c) = (Smt::sym("x", 8), Smt::sym("y", 8), Smt::sym("c", 8));
        let mut s = Script::default();
        let shared = x.add(&x);
        s.assert(&shared.is_zero());
        let first = s.text().lines().count();
        s.assert_forall(std::slice::from_ref(&c), &shared.sub(&y).eq(&c).not());
        let rest: Vec<&str> = s.text().lines().skip(first).collect();
        assert_eq!(rest.len(), 2);
        assert_eq!(rest[0], "(declare-const y (_ BitVec 8))");
        assert!(rest[1].starts_with("(assert (forall ((c (_ BitVec 8))) (let ((t!"));
        let count = |p| rest[1].matches(p).count();
        assert_eq!(count('('), count(')'));
    }
}
