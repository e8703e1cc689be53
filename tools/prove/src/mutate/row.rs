//! Changes of rows: what stands above their results, the widths of their operands, what they do to memory, which
//! immediates they take, whether their operands may be exchanged, what they need.

use super::{Change, change};
use windlass_desc::machine::{Above, At, Imm, MemMode, Operand, Row};

/// All changes of a row.
pub fn changes(r: &Row) -> Vec<Change<Row>> {
    let mut out = vec![];
    let defs = r.operands.iter().any(|o| matches!(o, Operand::Def(..)));
    for above in [Above::Zero, Above::Sign, Above::Kept, Above::Any].into_iter().filter(|&a| defs && a != r.above) {
        out.push(change(
            "above",
            format!("{above:?} above its results, not {:?}", r.above),
            Row { above, ..r.clone() },
        ));
    }
    for (n, o) in r.operands.iter().enumerate() {
        for w in [8, 16, 32, 64, 128].into_iter().filter(|&w| w != o.width()) {
            let mut to = r.clone();
            to.operands[n] = match *o {
                Operand::Def(_, at) => Operand::Def(w, at),
                Operand::Use(_, at) => Operand::Use(w, at),
                Operand::Mem(_) => Operand::Mem(w),
            };
            out.push(change("width", format!("operand {n} has {w} bits, not {}", o.width()), to));
        }
        if let Operand::Def(w, At::Tied(_)) = *o {
            let mut to = r.clone();
            to.operands[n] = Operand::Def(w, At::In(r.bank(n)));
            out.push(change("operand", format!("operand {n} may be any register"), to));
        }
    }
    if r.mem != MemMode::None {
        let modes = [MemMode::Load, MemMode::Store, MemMode::Modify, MemMode::Address];
        for mem in modes.into_iter().filter(|&m| m != r.mem) {
            out.push(change("memory", format!("{mem:?} instead of {:?}", r.mem), Row { mem, ..r.clone() }));
        }
    }
    let imms = match r.imm {
        Imm::None => vec![],
        Imm::Signed(n) => vec![Imm::Unsigned(n), Imm::Signed(2 * n)],
        Imm::Unsigned(n) => vec![Imm::Signed(n), Imm::Unsigned(2 * n)],
        Imm::Shifted(n, by) => vec![Imm::Shifted(n, by - 1), Imm::Signed(n + by)],
    };
    for imm in imms {
        out.push(change("immediate", format!("takes {imm:?}, not {:?}", r.imm), Row { imm, ..r.clone() }));
    }
    let uses = r.operands.iter().filter(|o| matches!(o, Operand::Use(..))).count();
    if uses == 2 && !r.commutes {
        out.push(change("commutes", "its operands may be exchanged".into(), Row { commutes: true, ..r.clone() }));
    }
    if r.feature.is_some() {
        out.push(change("feature", "needs no feature".into(), Row { feature: None, ..r.clone() }));
    }
    if !r.copy && uses == 1 && defs {
        out.push(change("copy", "copies its operand".into(), Row { copy: true, ..r.clone() }));
    }
    out
}
