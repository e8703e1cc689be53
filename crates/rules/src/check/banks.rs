//! Registers of one bank do not stand for those of another.

use super::{Found, Left};
use crate::machine::Machine;
use crate::resolve::resolve;
use crate::term::*;
use windlass_desc::machine::{Bank, GENERAL, Operand, Row};
use windlass_desc::types::Type;

impl Left<'_> {
    /// Is each register among the inputs of `i`, which is `row`, one of the bank that the row reads?
    pub(super) fn banks(&self, i: &MInst, row: &Row) -> Found {
        let inputs = (0..row.operands.len()).filter(|&n| !matches!(row.operands[n], Operand::Def(..)));
        for (n, arg) in inputs.zip(&i.args) {
            let given = match arg {
                Arg::Reg(Reg::Val(v)) => self.types.var(v.name).map(self.m.bank_of),
                Arg::Rmi(r) => self.types.var(r.name).map(self.m.bank_of),
                Arg::Reg(Reg::Inst(inner)) => Some(result(inner, self.m)?),
                _ => None,
            };
            if given.is_some_and(|b| b != row.bank(n)) {
                return Err(format!("{}: operand {n} is in another bank of registers", row.name));
            }
        }
        Ok(())
    }

    /// Do the results of a rule come in the banks that their types live in?
    pub(super) fn result_banks(&self, r: &Rule) -> Found {
        let types: Vec<Type> = r.lhs.op.row().results.iter().filter_map(|o| o.ty.of(r.ty)).collect();
        let given = match &r.rhs {
            Rhs::Inst(i) => vec![result(i, self.m)?],
            Rhs::Same(v) => self.types.var(v.name).map(self.m.bank_of).into_iter().collect(),
            Rhs::Seq(seq) => {
                let bank = |r: &Reg| match r {
                    Reg::Tmp(t) => seq.steps.iter().find(|s| s.defs.contains(t)).map(|s| result(&s.inst, self.m)),
                    Reg::Val(v) => self.types.var(v.name).map(|t| Ok((self.m.bank_of)(t))),
                    Reg::Inst(_) => None,
                };
                seq.results.iter().filter_map(bank).collect::<Result<_, _>>()?
            }
        };
        let wrong = given.iter().zip(&types).any(|(b, &t)| *b != (self.m.bank_of)(t));
        if wrong { Err("the result is in another bank of registers".into()) } else { Ok(()) }
    }
}

/// The bank of an instruction's first result; that of one without results is of no consequence.
fn result(i: &MInst, m: &Machine) -> Result<Bank, String> {
    let row = &m.rows[resolve(i, m)?.register];
    let def = row.operands.iter().position(|o| matches!(o, Operand::Def(..)));
    Ok(def.map_or(GENERAL, |n| row.bank(n)))
}
