//! Turns a pattern into the steps that test it: which operation stands behind which value, tests of types, immediates
//! and CPU features, and names for what is bound. A value is named by its path from the root: `v1_0` is the first
//! operand of the operation behind the root's second operand, `i1` that operation.

use crate::term::*;
use windlass_desc::ops::{Format, Opcode, Ty};
use windlass_desc::types::Type;

/// One step of matching.
#[derive(Clone, Debug)]
pub enum Step {
    /// The value at this path must come from this operation.
    Op { value: String, op: Opcode },
    /// A test in Rust.
    If(String),
}

impl Step {
    /// The test in Rust; of a question for an operation, which decision trees ask otherwise, none.
    pub fn test(self) -> String {
        if let Step::If(test) = self { test } else { "true".into() }
    }
    /// The operation that the step asks of the value at `path`.
    pub fn asks(&self, path: &str) -> Option<Opcode> {
        match self {
            Step::Op { value, op } if value == path => Some(*op),
            _ => None,
        }
    }
}

/// What a variable is bound to, as a Rust expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A value.
    Value(String),
    /// An immediate of 64 bits.
    Imm(String),
    /// A condition.
    Cc(String),
    /// The memory operand of an instruction.
    Addr(String),
    /// An operand of any kind: the value, and whether a load behind it may be sunk.
    Rmi(String, String),
    /// A tested value.
    Cond(String),
    /// A slot or symbol of an instruction.
    Symbol(String),
}

/// The steps of a pattern, and its variables.
pub struct Steps {
    /// Tests and bindings.
    pub steps: Vec<Step>,
    /// Variables in the order of the pattern.
    pub vars: Vec<(&'static str, Bound)>,
    /// The types of operands of any kind, where known.
    pub types: Vec<(&'static str, Option<Type>)>,
    /// Loads that the rule takes over.
    pub sunk: Vec<String>,
    tests: Vec<Step>,
    /// The pattern is a nonterminal's, whose caller decides whether a load may be sunk.
    nonterminal: bool,
    /// What the root is called.
    root: &'static str,
}

impl Default for Steps {
    fn default() -> Steps {
        let (steps, vars, types, sunk, tests) = (vec![], vec![], vec![], vec![], vec![]);
        Steps { steps, vars, types, sunk, tests, nonterminal: false, root: "i" }
    }
}

type Result<T> = std::result::Result<T, String>;

/// Steps of a rule's pattern; the root's operation and type are known.
pub fn of_rule(rule: &Rule) -> Result<Steps> {
    let mut s = Steps::default();
    s.operation(&rule.lhs, rule.ty, "", &[])?;
    if rule.near {
        s.tests.push(Step::If("c.is_near(i)".into()));
    }
    if rule.lhs.op == Opcode::StackAddr {
        s.tests.push(Step::If("c.slot_disp(i, 0).is_some()".into()));
    }
    if let Some(f) = rule.needs {
        s.tests.insert(0, Step::If(format!("c.has_feature({})", f.0)));
    }
    s.finish();
    s.guards(&rule.guards);
    Ok(s)
}

/// Steps of a pattern whose root's operation and type are known.
pub fn of_operation(p: &OpPat, ty: Type) -> Result<Steps> {
    let mut s = Steps::default();
    s.operation(p, ty, "", &[])?;
    s.finish();
    Ok(s)
}

/// Steps of the pattern of a value `v0` of this type.
pub fn of_value(pat: &Pat, ty: Type) -> Result<Steps> {
    let mut s = Steps { nonterminal: true, ..Steps::default() };
    s.pattern(pat, Some(ty), "0", &[])?;
    s.finish();
    Ok(s)
}

/// Steps of the pattern of a value `v0` of this type, which `root` tests.
pub fn of_condition(pat: &Pat, ty: Type) -> Result<Steps> {
    let mut s = Steps { root: "root", ..Steps::default() };
    s.pattern(pat, Some(ty), "0", &[])?;
    s.finish();
    Ok(s)
}

/// Steps of the pattern of a value `v0` of any type.
pub fn of_operand(pat: &Pat) -> Result<Steps> {
    let mut s = Steps { nonterminal: true, ..Steps::default() };
    s.pattern(pat, None, "0", &[])?;
    s.finish();
    Ok(s)
}

impl Steps {
    fn bind(&mut self, name: &'static str, to: Bound) {
        match self.vars.iter().find(|v| v.0 == name) {
            None => self.vars.push((name, to)),
            Some((_, Bound::Value(first))) => {
                let Bound::Value(again) = to else { unreachable!("check: one kind per variable") };
                self.tests.push(Step::If(format!("{again} == {first}")));
            }
            Some((_, Bound::Addr(first))) => {
                let Bound::Addr(again) = to else { unreachable!("check: one kind per variable") };
                self.tests.push(Step::If(format!("c.same_address({first}, {again})")));
            }
            Some(_) => {}
        }
    }

    /// Moves the collected tests behind the questions for operations, which the decision tree shares.
    fn finish(&mut self) {
        let tests = std::mem::take(&mut self.tests);
        self.steps.extend(tests);
    }

    /// Adds tests of several immediates.
    pub fn guards(&mut self, guards: &[Guard]) {
        for g in guards {
            let args: Vec<String> = g.args.iter().map(|a| format!("&n({})", self.imm(a))).collect();
            self.steps.push(Step::If(format!("imm::{}({}).is_true()", g.test.name, args.join(", "))));
        }
    }

    /// `path` is the operation's, `once` the values on the way to it from the root.
    fn operation(&mut self, p: &OpPat, ctv: Type, path: &str, once: &[String]) -> Result<()> {
        let row = p.op.row();
        let addressed = matches!(row.format, Format::Load | Format::Store);
        let mut args = p.args.iter();
        for (n, operand) in row.operands.iter().enumerate() {
            if addressed && operand.name == "p" {
                continue;
            }
            let sub = if path.is_empty() { n.to_string() } else { format!("{path}_{n}") };
            let pat = args.next().ok_or_else(|| format!("{} has too few operands", row.name))?;
            self.pattern(pat, operand.ty.of(ctv), &sub, once)?;
        }
        if args.next().is_some() {
            return Err(format!("{} has too many operands", row.name));
        }
        let inst = format!("i{path}");
        if let Some(k) = p.imm {
            let symbol = matches!(row.format, Format::StackAddr | Format::FuncAddr);
            let to = if symbol { Bound::Symbol(inst.clone()) } else { Bound::Imm(format!("c.imm({inst})")) };
            if let Some(t) = k.test {
                self.tests.push(Step::If(format!("imm::{}(&n(c.imm({inst}))).is_true()", t.name)));
            }
            self.bind(k.name, to);
        }
        if let Some(cc) = p.fcc {
            self.tests.push(Step::If(format!("c.fcc({inst}) == FloatCC::{cc:?}")));
        }
        if let Some(cc) = p.cc {
            if cc.1.is_some() {
                let mask = cc.possible().iter().fold(0, |m, &c| m | 1u16 << c as u16);
                self.tests.push(Step::If(format!("{mask:#x} >> c.cc({inst}) as u16 & 1 != 0")));
            }
            self.bind(cc.0, Bound::Cc(format!("c.cc({inst})")));
        }
        if let Some(a) = p.addr {
            self.tests.push(Step::If(format!("{}c.is_swapped({inst})", if a.swapped { "" } else { "!" })));
            if a.more != 0 {
                self.tests.push(Step::If(format!("c.has_room({inst}, {})", a.more)));
            }
            if !path.is_empty() && !self.nonterminal {
                let on_the_way: Vec<String> = once.iter().map(|v| format!("c.once({v})")).collect();
                let way = on_the_way.join(" && ");
                self.tests.push(Step::If(format!("{way} && c.can_sink(v{path}, {inst}, {})", self.root)));
                self.sunk.push(inst.clone());
            }
            self.bind(a.name, Bound::Addr(inst));
        }
        Ok(())
    }

    /// `ty` is the value's type if what stands around determines it.
    fn pattern(&mut self, pat: &Pat, ty: Option<Type>, path: &str, once: &[String]) -> Result<()> {
        let v = format!("v{path}");
        let free = || if once.is_empty() { "true".to_string() } else { format!("c.all_once(&[{}])", once.join(", ")) };
        match pat {
            Pat::Val(x) => {
                if let (Some(t), None) = (x.ty, ty) {
                    self.tests.push(Step::If(format!("c.ty({v}).repr() == {}", t.repr())));
                }
                if let Some(above) = x.promised {
                    self.tests.push(Step::If(format!("promised(c, {v}) == Some(Above::{above:?})")));
                }
                if x.lives_on {
                    self.tests.push(Step::If(format!("c.lives_on({v})")));
                }
                self.bind(x.name, Bound::Value(v));
            }
            Pat::Rmi(r) => {
                self.types.push((r.name, ty));
                self.bind(r.name, Bound::Rmi(v, free()));
            }
            Pat::Cond(k) => {
                if ty.is_none() {
                    self.tests.push(Step::If(format!("c.is_tested({v})")));
                }
                self.bind(k.name, Bound::Cond(v));
            }
            Pat::Op(p) => {
                self.steps.push(Step::Op { value: path.into(), op: p.op });
                let ctv = self.controlling(p, ty, path)?;
                let mut once = once.to_vec();
                once.push(v);
                self.operation(p, ctv, path, &once)?;
            }
        }
        Ok(())
    }

    /// The controlling type of an operation inside a pattern, and the test for it where it is not determined.
    fn controlling(&mut self, p: &OpPat, ty: Option<Type>, path: &str) -> Result<Type> {
        let row = p.op.row();
        let result = row.results.first().map(|r| r.ty);
        match (p.ty, result) {
            (None, _) if row.ctv.set().is_none() => Ok(windlass_desc::types::INVALID),
            (None, Some(Ty::Ctv)) => Ok(ty.unwrap_or(windlass_desc::types::INVALID)),
            (Some(t), Some(Ty::Ctv)) => {
                if ty.is_none() {
                    self.tests.push(Step::If(format!("c.ty(v{path}).repr() == {}", t.repr())));
                }
                Ok(t)
            }
            (Some(t), _) => {
                let k = row.operands.iter().position(|o| o.ty == Ty::Ctv);
                let k = k.ok_or_else(|| format!("{} has no operand of its controlling type", row.name))?;
                self.tests.push(Step::If(format!("c.ty(v{path}_{k}).repr() == {}", t.repr())));
                Ok(t)
            }
            (None, _) => Err(format!("the type of {} is not determined here: write .at(type)", row.name)),
        }
    }

    /// What a variable is bound to.
    pub fn find(&self, name: &str) -> Option<&Bound> {
        self.vars.iter().find(|v| v.0 == name).map(|v| &v.1)
    }

    /// The value bound to a variable.
    pub fn value(&self, name: &str) -> String {
        match self.find(name) {
            Some(Bound::Value(v)) => v.clone(),
            other => unreachable!("check: {name} is a value, not {other:?}"),
        }
    }

    /// The immediate bound to a variable; `off` is the offset that `amode` is called with.
    pub fn imm(&self, name: &str) -> String {
        match self.find(name) {
            Some(Bound::Imm(k)) => k.clone(),
            None if name == "off" => "off".into(),
            other => unreachable!("check: {name} is an immediate, not {other:?}"),
        }
    }

    /// The expression that builds the match of rule `n` from what is bound.
    pub fn found(&self, n: usize) -> String {
        let (mut values, mut imms, mut insts, mut sinks) = (vec![], vec![], vec![], vec![]);
        for (_, b) in &self.vars {
            match b {
                Bound::Value(v) | Bound::Cond(v) => values.push(v.clone()),
                Bound::Rmi(v, sink) => {
                    values.push(v.clone());
                    sinks.push(sink.clone());
                }
                Bound::Imm(k) => imms.push(k.clone()),
                Bound::Addr(i) | Bound::Symbol(i) => insts.push(i.clone()),
                Bound::Cc(cc) => imms.push(format!("{cc} as i64")),
            }
        }
        insts.extend(self.sunk.iter().filter(|s| !insts.contains(s)).cloned().collect::<Vec<_>>());
        let sink = if sinks.is_empty() { "true".into() } else { sinks.join(" && ") };
        format!("Match::new({n}, &[{}], &[{}], &[{}], {sink})", values.join(", "), imms.join(", "), insts.join(", "))
    }
}
