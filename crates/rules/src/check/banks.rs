//! Registers of one bank do not stand for those of the other: floats live in vector registers, integers in general ones.

use super::{Found, Left};
use crate::resolve::resolve;
use crate::term::*;
use windlass_desc::types::Type;
use windlass_desc::x64::{Bank, Operand, Row};

impl Left<'_> {
    /// Is each register among the inputs of `i`, which is `row`, one of the bank that the row reads?
    pub(super) fn banks(&self, i: &MInst, row: &Row) -> Found {
        let inputs = (0..row.operands.len()).filter(|&n| !matches!(row.operands[n], Operand::Def(..)));
        for (n, arg) in inputs.zip(&i.args) {
            let given = match arg {
                Arg::Reg(Reg::Val(v)) => self.types.var(v.name).map(Bank::of),
                Arg::Rmi(r) => self.types.var(r.name).map(Bank::of),
                Arg::Reg(Reg::Inst(inner)) => Some(result(inner, self.rows)?),
                _ => None,
            };
            if given.is_some_and(|b| b != row.bank(n)) {
                return Err(format!("{}: operand {n} is in the other bank of registers", row.name));
            }
        }
        Ok(())
    }

    /// Do the results of a rule come in the banks that their types live in?
    pub(super) fn result_banks(&self, r: &Rule) -> Found {
        let types: Vec<Type> = r.lhs.op.row().results.iter().filter_map(|o| o.ty.of(r.ty)).collect();
        let given = match &r.rhs {
            Rhs::Inst(i) => vec![result(i, self.rows)?],
            Rhs::Same(v) => self.types.var(v.name).map(Bank::of).into_iter().collect(),
            Rhs::Seq(seq) => {
                let bank = |r: &Reg| match r {
                    Reg::Tmp(t) => seq.steps.iter().find(|s| s.defs.contains(t)).map(|s| result(&s.inst, self.rows)),
                    Reg::Val(v) => self.types.var(v.name).map(|t| Ok(Bank::of(t))),
                    Reg::Inst(_) => None,
                };
                seq.results.iter().filter_map(bank).collect::<Result<_, _>>()?
            }
        };
        let wrong = given.iter().zip(&types).any(|(b, &t)| *b != Bank::of(t));
        if wrong { Err("the result is in the other bank of registers".into()) } else { Ok(()) }
    }
}

/// The bank of an instruction's first result; that of one without results is of no consequence.
fn result(i: &MInst, rows: &[Row]) -> Result<Bank, String> {
    let row = &rows[resolve(i, rows)?.register];
    let def = row.operands.iter().position(|o| matches!(o, Operand::Def(..)));
    Ok(def.map_or(Bank::General, |n| row.bank(n)))
}
