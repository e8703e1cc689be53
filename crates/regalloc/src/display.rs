//! Prints a [`Code`], before or after allocation, with its edits. Needs the rows; leaves text, one line per
//! instruction or edit, for debugging and golden tests.

use crate::code::*;
use std::fmt::{Display, Formatter, Result};

/// Prints `code`; with `alloc`, pool entries are locations and edits stand where they are executed.
pub struct Listing<'a> {
    /// The code.
    pub code: &'a Code,
    /// Rows of its instructions.
    pub rows: &'a [RowSpec],
    /// Its allocation, if it has one.
    pub alloc: Option<&'a Allocation>,
}

impl Listing<'_> {
    fn entry(&self, entry: u32) -> String {
        match self.alloc {
            _ if entry == NONE => "-".to_owned(),
            Some(_) => format!("{:?}", Loc(entry)),
            None => format!("v{entry}"),
        }
    }

    fn span(&self, (from, to): (u32, u32)) -> String {
        let entries = self.code.pool[from as usize..to as usize].iter();
        entries.map(|&entry| self.entry(entry)).collect::<Vec<_>>().join(", ")
    }

    fn edits(&self, f: &mut Formatter<'_>, place: Place) -> Result {
        let Some(alloc) = self.alloc else { return Ok(()) };
        let key = |place: Place| match place {
            Place::Before(i) => (i, false),
            Place::After(i) => (i, true),
        };
        let from = alloc.edits.partition_point(|&(at, _)| key(at) < key(place));
        for (_, edit) in alloc.edits[from..].iter().take_while(|&&(at, _)| at == place) {
            writeln!(f, "        {}", show(edit))?;
        }
        Ok(())
    }

    fn inst(&self, f: &mut Formatter<'_>, i: u32) -> Result {
        let inst = &self.code.insts[i as usize];
        let operands = self.code.operands(self.rows, inst);
        write!(f, "    {i}: row{}", inst.row)?;
        for (k, op) in operands.iter().enumerate() {
            let role = match op.role {
                Role::Use => "use",
                Role::Def => "def",
                Role::EarlyDef => "early",
                Role::Temp => "temp",
            };
            write!(f, " {role}")?;
            match op.constraint {
                Constraint::Reg => {}
                Constraint::Fixed(r) => write!(f, ".{r:?}")?,
                Constraint::Tied(u) => write!(f, ".tied{u}")?,
                Constraint::Any => write!(f, ".any")?,
                Constraint::Incoming(n) => write!(f, ".in+{n}")?,
                Constraint::Outgoing(n) => write!(f, ".out+{n}")?,
            }
            write!(f, " {}", self.entry(self.code.pool[inst.ops as usize + k]))?;
        }
        let clobbers = self.code.clobbers(self.rows, inst);
        if !clobbers.is_empty() {
            write!(f, " clobbers")?;
            clobbers.lost.iter().try_for_each(|r| write!(f, " {r:?}"))?;
            let kept = |r: PReg| clobbers.kept[r.class() as usize];
            clobbers.narrowed.iter().try_for_each(|r| write!(f, " {r:?}>{}", kept(r)))?;
        }
        writeln!(f)
    }

    fn edge(&self, f: &mut Formatter<'_>, e: u32) -> Result {
        let edge = &self.code.edges[e as usize];
        writeln!(f, "    -> block{}({})", edge.to, self.span(edge.args))?;
        for &(edge, (from, to)) in self.alloc.iter().flat_map(|alloc| &alloc.edge_blocks) {
            if edge == e {
                let edits = self.alloc.map_or(&[][..], |alloc| &alloc.edge_edits[from as usize..to as usize]);
                edits.iter().try_for_each(|edit| writeln!(f, "        {}", show(edit)))?;
            }
        }
        Ok(())
    }
}

fn show(edit: &Edit) -> String {
    match edit {
        Edit::Move { from, to, width, .. } => format!("{to:?} = {from:?} ({width} bytes)"),
        Edit::Exchange { a, b, .. } => format!("{a:?} <-> {b:?}"),
        Edit::Remat { inst, to } => format!("{to:?} = repeat {inst}"),
    }
}

impl Display for Listing<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (b, block) in self.code.blocks.iter().enumerate() {
            write!(f, "block{b}({}):", self.span(block.params))?;
            writeln!(f, " depth {}{}", block.loop_depth, if block.cold { ", cold" } else { "" })?;
            for i in block.insts.0..block.insts.1 {
                self.edits(f, Place::Before(i))?;
                self.inst(f, i)?;
                self.edits(f, Place::After(i))?;
            }
            (block.succs.0..block.succs.1).try_for_each(|e| self.edge(f, e))?;
        }
        if let Some(alloc) = self.alloc {
            write!(f, "spill {} bytes, saved", alloc.spill_size)?;
            alloc.saved.iter().try_for_each(|r| write!(f, " {r:?}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}
