//! Changes of rows: what stands above their results, what they do to memory, which immediates they take, whether their
//! operands may be exchanged. A row with operands of another width is none that a meaning can run on; that
//! the widths are the CPU's, a test on the CPU shows, with changed rows too.

use super::{Change, change};
use windlass_desc::machine::{Above, At, Imm, MemMode, Operand, Row};
use windlass_rules::machine::Machine;

/// All changes of a row.
pub fn changes(m: &Machine, r: &Row) -> Vec<Change<Row>> {
    let mut out = vec![];
    let defs = r.operands.iter().any(|o| matches!(o, Operand::Def(..)));
    let partial = |n: usize| match r.operands[n] {
        Operand::Def(w, _) => u32::from(w) < m.banks[r.bank(n).0 as usize].bits,
        _ => false,
    };
    let partial = (0..r.operands.len()).any(partial);
    // what is kept is that of a tied operand
    let tied = r.operands.iter().any(|o| matches!(o, Operand::Def(_, At::Tied(_))));
    for above in [Above::Zero, Above::Sign, Above::Kept, Above::Any] {
        if !partial || above == r.above || above == Above::Kept && !tied {
            continue;
        }
        out.push(change(
            "above",
            format!("{above:?} above its results, not {:?}", r.above),
            Row { above, ..r.clone() },
        ));
    }
    // where the meaning still has all that it takes
    let modes: &[MemMode] = match r.mem {
        MemMode::Modify => &[MemMode::Load],
        MemMode::Store => &[MemMode::Modify],
        MemMode::Load if defs && r.operands.iter().all(|o| o.width() == r.width) => match r.width {
            64 => &[MemMode::Modify, MemMode::Address],
            _ => &[MemMode::Modify],
        },
        _ => &[],
    };
    for &mem in modes {
        out.push(change("memory", format!("{mem:?} instead of {:?}", r.mem), Row { mem, ..r.clone() }));
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
    if !r.copy && uses == 1 && defs {
        out.push(change("copy", "copies its operand".into(), Row { copy: true, ..r.clone() }));
    }
    out
}
