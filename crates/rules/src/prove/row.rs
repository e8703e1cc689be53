//! What columns of rows claim beside the meaning, and rules do not show: that operands may be exchanged, that a result is
//! a copy, that flags are written. The allocator and emission count on them.

use super::effects::same_effects;
use super::vars::ROOT_TRAP;
use super::*;
use crate::machine::Machine;
use windlass_desc::env::Access;
use windlass_desc::machine::{Cc, Input, MemMode, Operand, Row};

/// What is to be proved of row number `n`.
#[track_caller]
pub fn row(m: &Machine, n: usize) -> Vec<Obligation> {
    let row = &m.rows[n];
    let (family, at) = (m.family(row.family), Location::caller());
    if family.no_meaning.is_some() || row.listed {
        return vec![];
    }
    let one = |claim: &str, s: Result<Statement, String>| {
        state(Kind::Row, family.name, INVALID, format!("{} {claim}", row.name), at, s)
    };
    let mut out = vec![];
    if row.commutes {
        out.push(one("commutes", commutes(m, row)));
    }
    if row.copy {
        out.push(one("copies", copies(m, row)));
    }
    if run(m, row, &uses(m, row)).1.is_some() != row.writes_flags() {
        out.push(one("writes flags", Err("its meaning and its column disagree about flags".into())));
    }
    out
}

/// A register for each use.
fn uses(m: &Machine, row: &Row) -> Vec<Smt> {
    let of = |(n, o): (usize, &Operand)| match o {
        Operand::Use(..) => Some(Smt::sym(format!("use{n}"), m.banks[row.bank(n).0 as usize].bits)),
        _ => None,
    };
    row.operands.iter().enumerate().filter_map(of).collect()
}

/// Its results, its flags and what it does.
fn run(m: &Machine, row: &Row, uses: &[Smt]) -> (Vec<Smt>, Option<Smt>, Recorder) {
    let mut recorder = Recorder::new("machine");
    let input = Input {
        uses: uses.to_vec(),
        addr: (row.mem != MemMode::None).then(|| Smt::sym("addr", 64)),
        imm: Smt::sym("imm", 64),
        flags: (m.flags_width > 0).then(|| Smt::sym("flags", m.flags_width)),
        cc: Cc(0),
        holds: Some(Smt::sym("holds", 1)),
        code: ROOT_TRAP,
        access: Access::PLAIN,
    };
    let out = (m.simulate)(row, &mut recorder, &input);
    (out.defs, out.flags, recorder)
}

fn statement(goal: Smt) -> Statement {
    Statement { assumptions: vec![], goal, choices: vec![], shown: vec![], effects: None }
}

/// With its first two uses exchanged it writes the same bits and flags, and does the same.
fn commutes(m: &Machine, row: &Row) -> Result<Statement, String> {
    let uses = uses(m, row);
    let [a, b, rest @ ..] = &uses[..] else { return Err("only two uses can be exchanged".into()) };
    if a.w() != b.w() {
        return Err("its uses are in different banks".into());
    }
    let one = run(m, row, &uses);
    let other = run(m, row, &[&[b.clone(), a.clone()], rest].concat());
    let mut goal = same_effects(&one.2, &other.2);
    let written = row.operands.iter().filter(|o| matches!(o, Operand::Def(..))).map(|o| u32::from(o.width()));
    for ((x, y), w) in one.0.iter().zip(&other.0).zip(written) {
        goal = goal.and(&x.extract(0, w).eq(&y.extract(0, w)));
    }
    if let (Some(x), Some(y)) = (&one.1, &other.1) {
        goal = goal.and(&x.eq(y));
    }
    Ok(statement(goal))
}

/// Its one result is its one use, all bits of the register.
fn copies(m: &Machine, row: &Row) -> Result<Statement, String> {
    let uses = uses(m, row);
    let (defs, _, recorder) = run(m, row, &uses);
    match (&uses[..], &defs[..]) {
        ([x], [d]) if x.w() == d.w() && recorder.effects.is_empty() => Ok(statement(x.eq(d))),
        _ => Err("a copy has one use and one result in one bank, and does nothing else".into()),
    }
}
