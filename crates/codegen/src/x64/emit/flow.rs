//! Where control goes at the end of a block: branches to what does not follow anyway, jumps through tables, blocks on
//! edges, and trap sites out of line. Needs the emitter of the block; leaves branches for the buffer to relax.

use super::*;
use crate::x64::branch::{JMP_KIND, jcc_kind};

/// No label.
const NOWHERE: Label = Label(u32::MAX);

impl Emitter<'_> {
    /// Goes to `yes` if the condition holds; else on, or to `no`. Either is where the code goes on.
    pub(super) fn branch_if(&mut self, cc: Cc, yes: Label, no: Label) {
        let buffer = &mut self.s.buffer;
        match cc {
            Cc::Une => {
                buffer.branch(jcc_kind(Cc::Ne), yes);
                buffer.branch(jcc_kind(Cc::P), yes);
            }
            Cc::Oe => {
                buffer.branch(jcc_kind(Cc::P), no);
                buffer.branch(jcc_kind(Cc::E), yes);
            }
            cc => buffer.branch(jcc_kind(cc), yes),
        }
    }

    /// The label of an edge: its own block, or its target.
    pub(super) fn edge_label(&self, edge: u32) -> Label {
        match self.s.edge_block[edge as usize] {
            NONE => self.s.blocks[self.machine.code.edges[edge as usize].to as usize],
            n => self.s.edge_labels[n as usize],
        }
    }

    pub(super) fn terminator(&mut self, b: usize, i: u32, inst: &Inst, start: Mark) -> Result<(), CodegenError> {
        let (first, _) = self.machine.code.blocks[b].succs;
        match inst.row {
            LEAVE => self.epilogue(),
            TAIL_CALL | TAIL_CALL_REG => {
                let code = &self.machine.code;
                self.tail_call(i, inst, &code.pool[inst.ops as usize..])?;
            }
            BR_TABLE => self.jump_through_table(b, i, inst)?,
            UD2 => {
                self.list(i, inst, &[]);
                let code = self.trap_code(i)?;
                self.trap_here(code);
                insts::ud2(&mut self.s.buffer.sink);
            }
            JUMP => {
                let to = self.edge_label(first);
                if self.s.buffer.mark() == start {
                    let here = self.s.blocks[b];
                    self.s.buffer.rename(here, to);
                }
                self.go(b, to, i);
            }
            BRANCH => self.branch(b, i, inst)?,
            _ => return Err(CodegenError::internal("a terminator that is none")),
        }
        Ok(())
    }

    /// A branch. The block of one of its edges follows it at once, unless that edge alone goes where the code is cold: the
    /// other way to go is then a short jump, and there is no jump to the block.
    fn branch(&mut self, b: usize, i: u32, inst: &Inst) -> Result<(), CodegenError> {
        let code = &self.machine.code;
        let (first, _) = code.blocks[b].succs;
        let cold = |edge: u32| code.blocks[code.edges[edge as usize].to as usize].cold;
        let follows = |edge: u32, other: u32| self.s.edge_block[edge as usize] != NONE && (cold(other) || !cold(edge));
        let target = |edge: u32| self.s.blocks[code.edges[edge as usize].to as usize];
        let (mut cc, mut yes, mut no) = (condition(inst), first, first + 1);
        let swap = match (follows(yes, no), follows(no, yes)) {
            (true, true) => target(yes) == self.next(b),
            (true, false) => true,
            (false, true) => false,
            (false, false) => self.edge_label(yes) == self.next(b),
        };
        if swap {
            (cc, yes, no) = (cc.complement(), no, yes);
        }
        let inline = follows(no, yes);
        let (to, other) = (self.edge_label(yes), self.edge_label(no));
        if to != other {
            let (source, origin) = (self.source(i), self.machine.origin(i));
            self.line(|| format!("j{} L{}", cc.name(), to.0), source, origin);
            self.branch_if(cc, to, other);
        }
        match self.s.edge_block[no as usize] {
            n if inline => self.edge_block(n as usize, self.next(b)),
            _ => {
                self.go(b, other, i);
                Ok(())
            }
        }
    }

    /// The label of the block that follows.
    fn next(&self, b: usize) -> Label {
        self.s.blocks.get(b + 1).copied().unwrap_or(NOWHERE)
    }

    /// Goes to a label, by falling through if it follows.
    fn go(&mut self, b: usize, to: Label, i: u32) {
        if to != self.next(b) {
            let (source, origin) = (self.source(i), self.machine.origin(i));
            self.line(|| format!("jmp L{}", to.0), source, origin);
            self.s.buffer.branch(JMP_KIND, to);
        }
    }

    /// The blocks of edges that did not follow their branches.
    pub(super) fn edge_blocks(&mut self) -> Result<(), CodegenError> {
        for n in 0..self.alloc.edge_blocks.len() {
            if !self.s.edge_placed[n] {
                self.edge_block(n, NOWHERE)?;
            }
        }
        Ok(())
    }

    /// The block of an edge, and a jump to its target unless that follows.
    fn edge_block(&mut self, n: usize, follows: Label) -> Result<(), CodegenError> {
        self.flags = FlagsAhead::default();
        self.stands_for(None);
        self.s.edge_placed[n] = true;
        let (edge, (first, end)) = self.alloc.edge_blocks[n];
        self.s.buffer.bind(self.s.edge_labels[n]);
        for &edit in &self.alloc.edge_edits[first as usize..end as usize] {
            self.edit(edit)?;
        }
        let to = self.s.blocks[self.machine.code.edges[edge as usize].to as usize];
        if to != follows {
            self.line(|| format!("jmp L{}", to.0), "register allocation", None);
            self.s.buffer.branch(JMP_KIND, to);
        }
        Ok(())
    }

    pub(super) fn trap_sites(&mut self) {
        for (label, code, i) in std::mem::take(&mut self.s.deferred) {
            self.s.buffer.bind(label);
            let (source, origin) = (self.source(i), self.machine.origin(i));
            self.stands_for(origin);
            self.line(|| "ud2".into(), source, origin);
            self.trap_here(code);
            insts::ud2(&mut self.s.buffer.sink);
        }
    }

    /// Goes to the edge that the table has at an index, or to the first if it has none there. With the Spectre guard the
    /// index is clamped without a branch, to an entry for the first edge behind the others.
    fn jump_through_table(&mut self, b: usize, i: u32, inst: &Inst) -> Result<(), CodegenError> {
        let code = &self.machine.code;
        let (first, end) = code.blocks[b].succs;
        let &[index, at, table, ..] = &code.pool[inst.ops as usize..] else {
            return Err(CodegenError::internal("a table jump without registers"));
        };
        let (entries, source) = ((end - first - 1) as u64, self.source(i));
        let guard = self.options.table_guard;
        if guard {
            self.emit_row(MOV32_RW, 0, entries, &[at], source)?;
            self.emit_row(CMP32_RR, 0, 0, &[index, at], source)?;
            self.emit_row(CMOV32_RR, (Cc::B as u16) << CC, 0, &[at, at, index], source)?;
        } else {
            let default = self.edge_label(first);
            self.emit_row(CMP32_RI, 0, entries << 32, &[index], source)?;
            self.line(|| format!("jae L{}", default.0), source, None);
            self.s.buffer.branch(jcc_kind(Cc::Ae), default);
            self.emit_row(MOV32_RR, 0, 0, &[at, index], source)?;
        }
        let (entry, after) = (self.s.buffer.label(), self.s.buffer.label());
        let (at_reg, table_reg) = (self.reg(at)?, self.reg(table)?);
        self.line(|| format!("lea {}, [rip + L{}]", name(PReg(table_reg)), entry.0), source, None);
        let field = insts::lea_rip(&mut self.s.buffer.sink, table_reg, 0);
        self.s.buffer.bind(after);
        self.s.buffer.distance(field, after, entry);
        self.emit_row(MOVSX32_64_RM, 2 << SCALE, 0, &[at, table, at], source)?;
        self.emit_row(ADD64_RR, 0, 0, &[at, at, table], source)?;
        self.line(|| format!("jmp {}", name(PReg(at_reg))), source, self.machine.origin(i));
        insts::jmp_reg(&mut self.s.buffer.sink, at_reg);
        self.s.tables.push((entry, first, end, guard));
        Ok(())
    }

    /// The tables of [`Self::jump_through_table`]: distances from the table.
    pub(super) fn tables(&mut self) {
        for (table, first, end, guard) in std::mem::take(&mut self.s.tables) {
            self.s.buffer.bind(table);
            for edge in (first + 1..end).chain(guard.then_some(first)) {
                let to = self.edge_label(edge);
                self.line(|| format!(".long L{} - L{}", to.0, table.0), "table", None);
                let field = self.s.buffer.sink.len();
                self.s.buffer.sink.extend(&[0; 4]);
                self.s.buffer.distance(field, table, to);
            }
        }
    }
}
