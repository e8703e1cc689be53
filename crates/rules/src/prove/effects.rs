//! The environment that records: what a side does is kept in order, loads and choices become free symbols. The nth load
//! of both sides is the same symbol, so both see the same memory as long as they access it alike.

use crate::smt::Smt;
use std::fmt::Write;
use windlass_desc::bv::Bv;
use windlass_desc::env::{Access, Choice, Env, TrapCode};

/// Something done besides computing.
#[derive(Clone)]
pub enum Effect {
    /// Reads so many bits at an address.
    Load(Smt, u32, Access),
    /// Writes a value at an address.
    Store(Smt, Smt, Access),
    /// Traps on a condition.
    Trap(Smt, TrapCode),
    /// Orders accesses.
    Fence,
    /// Leaves the block by a condition.
    Branch(Smt),
    /// Whatever the nonterminal that this variable stands for does: it may sink a load.
    Opaque(&'static str),
}

impl Effect {
    /// Its kind and what is fixed about it, for people.
    fn describe(&self) -> String {
        let access = |a: &Access| {
            let trap = a.trap.map_or("no trap".to_string(), |t| t.to_string());
            format!("{trap}{}", if a.atomic { ", atomic" } else { "" })
        };
        match self {
            Effect::Load(_, w, a) => format!("load {w} bits ({})", access(a)),
            Effect::Store(_, v, a) => format!("store {} bits ({})", v.w(), access(a)),
            Effect::Trap(_, code) => format!("trap {code}"),
            Effect::Fence => "fence".into(),
            Effect::Branch(_) => "branch".into(),
            Effect::Opaque(name) => format!("what `{name}` does"),
        }
    }
    /// The terms in it, with what they are.
    fn terms(&self) -> Vec<(&'static str, &Smt)> {
        match self {
            Effect::Load(a, ..) => vec![("load at", a)],
            Effect::Store(a, v, _) => vec![("store at", a), ("stored", v)],
            Effect::Trap(c, _) => vec![("traps", c)],
            Effect::Branch(c) => vec![("branches", c)],
            Effect::Fence | Effect::Opaque(_) => vec![],
        }
    }
    /// One bit: are the two the same?
    fn same(&self, o: &Effect) -> Smt {
        let never = Smt::lit(1, 0);
        match (self, o) {
            (Effect::Load(a, w, x), Effect::Load(b, v, y)) if w == v && x == y => a.eq(b),
            (Effect::Store(a, v, x), Effect::Store(b, w, y)) if v.w() == w.w() && x == y => a.eq(b).and(&v.eq(w)),
            (Effect::Trap(a, x), Effect::Trap(b, y)) if x == y => a.eq(b),
            (Effect::Branch(a), Effect::Branch(b)) => a.eq(b),
            (Effect::Fence, Effect::Fence) => Smt::lit(1, 1),
            (Effect::Opaque(a), Effect::Opaque(b)) if a == b => Smt::lit(1, 1),
            _ => never,
        }
    }
}

/// Records the outcome of one side.
pub struct Recorder {
    /// Begins the names of the side's choices.
    side: &'static str,
    /// What was done, in order.
    pub effects: Vec<Effect>,
    /// What was chosen.
    pub choices: Vec<Smt>,
}

impl Recorder {
    /// Nothing done yet.
    pub fn new(side: &'static str) -> Recorder {
        Recorder { side, effects: vec![], choices: vec![] }
    }
}

/// The address 8 bytes further on.
fn after(addr: &Smt) -> Smt {
    addr.add(&Smt::lit(64, 8))
}

/// The bytes in the opposite order.
fn turned(x: &Smt) -> Smt {
    let mut bytes = x.lanes(x.w() / 8);
    bytes.reverse();
    Smt::from_lanes(&bytes)
}

impl Env for Recorder {
    type B = Smt;
    fn choose(&mut self, set: Choice, w: u32) -> Smt {
        let what = match set {
            Choice::Any(what) => what.replace(' ', "_"),
            Choice::Nan(_) => "nan".into(),
        };
        let chosen = Smt::sym(format!("{}_{what}{}", self.side, self.choices.len()), w);
        self.choices.push(chosen.clone());
        // every choice of bits is one of the set
        match set {
            Choice::Any(_) => chosen,
            Choice::Nan(format) => format.nan(&chosen),
        }
    }
    fn trap_if(&mut self, cond: &Smt, code: TrapCode) {
        self.effects.push(Effect::Trap(cond.clone(), code));
    }
    // an access of 128 bits that is not atomic is two of 64, in the order of addresses; a big-endian one is a
    // little-endian one of bytes turned around
    fn load(&mut self, addr: &Smt, w: u32, access: Access) -> Smt {
        if w == 128 && !access.atomic {
            let (first, second) = (self.load(addr, 64, access), self.load(&after(addr), 64, access));
            return if access.big_endian { first.concat(&second) } else { second.concat(&first) };
        }
        if access.big_endian {
            return turned(&self.load(addr, w, Access { big_endian: false, ..access }));
        }
        let n = self.effects.iter().filter(|e| matches!(e, Effect::Load(..))).count();
        self.effects.push(Effect::Load(addr.clone(), w, access));
        // loads of different widths never count as the same, but their symbols must not clash
        Smt::sym(format!("loaded{n}_{w}"), w)
    }
    fn store(&mut self, addr: &Smt, value: &Smt, access: Access) {
        if value.w() == 128 && !access.atomic {
            let (low, high) = (value.extract(0, 64), value.extract(64, 64));
            let (first, second) = if access.big_endian { (high, low) } else { (low, high) };
            self.store(addr, &first, access);
            return self.store(&after(addr), &second, access);
        }
        let (value, access) = match access.big_endian {
            true => (turned(value), Access { big_endian: false, ..access }),
            false => (value.clone(), access),
        };
        self.effects.push(Effect::Store(addr.clone(), value, access));
    }
    fn fence(&mut self) {
        self.effects.push(Effect::Fence);
    }
    fn branch(&mut self, cond: &Smt) {
        self.effects.push(Effect::Branch(cond.clone()));
    }
}

/// The effects with traps of one code that follow on each other as one: that several conditions are tested one after
/// the other is not seen from outside.
fn merged(effects: &[Effect]) -> Vec<Effect> {
    let mut out: Vec<Effect> = vec![];
    for e in effects {
        match (out.last_mut(), e) {
            (Some(Effect::Trap(before, code)), Effect::Trap(cond, other)) if code == other => *before = before.or(cond),
            _ => out.push(e.clone()),
        }
    }
    out
}

/// The effects without traps of a code that the other side never traps with, and one bit: they never happen.
fn without(effects: &[Effect], other: &[Effect]) -> (Vec<Effect>, Smt) {
    let has = |code| other.iter().any(|o| matches!(o, Effect::Trap(_, c) if *c == code));
    let (mut rest, mut never) = (vec![], Smt::lit(1, 1));
    for e in effects {
        match e {
            Effect::Trap(cond, code) if !has(*code) => never = never.and(&cond.not()),
            _ => rest.push(e.clone()),
        }
    }
    (merged(&rest), never)
}

/// One bit: did both sides do the same, in the same order?
pub fn same_effects(left: &Recorder, right: &Recorder) -> Smt {
    let (first, second) = (&left.effects, &right.effects);
    let ((left, never), (right, nor)) = (without(first, second), without(second, first));
    if left.len() != right.len() {
        return Smt::lit(1, 0);
    }
    // what comes after a trap has no consequence
    let (mut all, mut alive) = (never.and(&nor), Smt::lit(1, 1));
    for (a, b) in left.iter().zip(&right) {
        all = all.and(&alive.not().or(&a.same(b)));
        if let Effect::Trap(cond, _) = a {
            alive = alive.and(&cond.not());
        }
    }
    all
}

/// One bit: does a side trap?
pub fn trapped(r: &Recorder) -> Smt {
    let conditions = r.effects.iter().filter_map(|e| if let Effect::Trap(c, _) = e { Some(c) } else { None });
    conditions.fold(Smt::lit(1, 0), |any, c| any.or(c))
}

/// The terms in what a side does, labelled for a counterexample.
pub fn terms<'a>(side: &'a str, r: &'a Recorder) -> impl Iterator<Item = (String, Smt)> + 'a {
    r.effects.iter().flat_map(Effect::terms).map(move |(what, t)| (format!("{what}, {side}"), t.clone()))
}

/// What both sides do, for people; none if they do nothing.
pub fn describe(left: &Recorder, right: &Recorder) -> Option<String> {
    let list = |r: &Recorder| {
        let all: Vec<String> = r.effects.iter().map(Effect::describe).collect();
        if all.is_empty() { "nothing".to_string() } else { all.join("; ") }
    };
    let mut out = String::new();
    let _ = write!(out, "left: {}\nright: {}", list(left), list(right));
    (!left.effects.is_empty() || !right.effects.is_empty()).then_some(out)
}
