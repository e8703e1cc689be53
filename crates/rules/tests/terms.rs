//! Meanings on terms: each operation at each type, with free symbols for all operands, must give terms as wide as its row
//! says, and terms that a script can hold.

use windlass_desc::bv::Bv;
use windlass_desc::env::{Access, Choice, Env, TrapCode};
use windlass_desc::ops::{Imms, Opcode, Operand, meaning};
use windlass_desc::types::{INVALID, Type};
use windlass_rules::smt::{Script, Smt};

/// Gives new symbols for whatever is not computed, and keeps conditions.
#[derive(Default)]
struct Symbols {
    count: u32,
    conditions: Vec<Smt>,
}

impl Symbols {
    fn fresh(&mut self, w: u32) -> Smt {
        self.count += 1;
        Smt::sym(format!("s{}", self.count), w)
    }
}

impl Env for Symbols {
    type B = Smt;
    fn choose(&mut self, set: Choice, w: u32) -> Smt {
        match set {
            Choice::Any(_) => self.fresh(w),
            Choice::Nan(format) => format.nan(&self.fresh(w)),
        }
    }
    fn trap_if(&mut self, cond: &Smt, _: TrapCode) {
        self.conditions.push(cond.clone());
    }
    fn load(&mut self, _: &Smt, w: u32, _: Access) -> Smt {
        self.fresh(w)
    }
    fn store(&mut self, _: &Smt, value: &Smt, _: Access) {
        self.conditions.push(value.is_zero());
    }
    fn branch(&mut self, cond: &Smt) {
        self.conditions.push(cond.clone());
    }
}

/// All types of values.
fn types() -> impl Iterator<Item = Type> {
    (0..512).map(Type::from_repr).filter(|t| !t.is_invalid())
}

/// A type for an operand: of those that it may have, one as large if there is one, else one with as many lanes. None if
/// there is nothing wider or narrower.
fn operand_type(ctv: Type, operand: &Operand) -> Option<Type> {
    let fits = |t: &Type| operand.ty.admits(ctv, *t);
    let good = |t: &Type| ctv.bits() == t.bits() || ctv.is_invalid();
    let alike = |t: &Type| t.lane_count() == ctv.lane_count();
    let found = types().filter(fits).find(good).or_else(|| types().filter(fits).find(alike));
    found.or_else(|| types().find(fits))
}

/// The terms that an operation gives, and what is assumed and done on the way. None if no operands are possible.
fn terms(op: Opcode, ctv: Type) -> Option<Vec<Smt>> {
    let row = op.row();
    let operands: Vec<Type> = row.operands.iter().map(|o| operand_type(ctv, o)).collect::<Option<_>>()?;
    let args: Vec<Smt> = operands.iter().zip(["x", "y", "z"]).map(|(t, name)| Smt::sym(name, t.bits())).collect();
    let results: Vec<Type> = row.results.iter().filter_map(|r| r.ty.of(ctv)).collect();
    let first = |all: &[Type]| all.first().copied().unwrap_or(INVALID);
    let mut imms = Imms::new(ctv, first(&results), first(&operands));
    imms.imm = Smt::sym("imm", 128);
    let mut env = Symbols::default();
    let found = meaning(op, &mut env, &imms, &args);
    let widths: Vec<u32> = found.iter().map(|t| t.w()).collect();
    assert_eq!(widths, results.iter().map(|t| t.bits()).collect::<Vec<_>>(), "{op}.{ctv}");
    Some(found.into_iter().chain(env.conditions).collect())
}

#[test]
fn every_meaning_gives_terms() {
    for &op in Opcode::all().iter().filter(|op| op.row().no_meaning.is_none()) {
        let ctvs: Vec<Type> = match op.row().ctv.set() {
            Some(set) => {
                types().filter(|t| set.contains(*t) && op.row().results.iter().all(|r| r.ty.of(*t).is_some())).collect()
            }
            None => vec![INVALID],
        };
        for ctv in ctvs {
            let Some(found) = terms(op, ctv) else { continue };
            if ctv.bits() <= 128 {
                let mut script = Script::default();
                found.iter().for_each(|t| script.assert(&t.is_zero()));
                let count = |p| script.text().matches(p).count();
                assert_eq!(count('('), count(')'), "{op}.{ctv}");
            }
        }
    }
}

#[test]
fn functions_of_floats_are_declared_once_and_by_their_widths() {
    let mut script = Script::default();
    let fadd = |ty| terms(Opcode::Fadd, ty).expect("it exists at all floats")[0].clone();
    let text = |s: &mut Script, t: &Smt| {
        s.assert(&t.is_zero());
        s.text().matches("declare-fun").count()
    };
    let (single, double) = (windlass_desc::types::F32X4, windlass_desc::types::F64);
    assert_eq!(text(&mut script, &fadd(single)), 1);
    let mut script = Script::default();
    assert_eq!(text(&mut script, &fadd(double)), 1);
    assert!(
        script.text().contains("(declare-fun fp_add_64_64 ((_ BitVec 64)(_ BitVec 64)) (_ BitVec 64))"),
        "{}",
        script.text()
    );
}
