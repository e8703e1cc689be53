//! Where control goes at the end of a block: branches to what does not follow anyway, jumps through tables, blocks on
//! edges, and trap sites out of line. Needs the emitter of the block; leaves branches for the buffer to relax.

use super::*;

/// No label.
const NOWHERE: Label = Label(u32::MAX);

impl<T: Target> Emitter<'_, T> {
    /// The label of an edge: its own block, or its target.
    pub(super) fn edge_label(&self, edge: u32) -> Label {
        match self.s.edge_block[edge as usize] {
            NONE => self.s.blocks[self.machine.code.edges[edge as usize].to as usize],
            n => self.s.edge_labels[n as usize],
        }
    }

    /// The label of the block that follows.
    fn next(&self, b: usize) -> Label {
        self.s.blocks.get(b + 1).copied().unwrap_or(NOWHERE)
    }

    /// Goes to a label, by falling through if it follows.
    fn go(&mut self, to: Label, follows: Label) {
        if to != follows {
            let (jump, mnemonic) = T::JUMP;
            self.branch_to(jump, to, &|| format!("{mnemonic} "));
        }
    }

    pub(super) fn jump(&mut self, b: usize, start: Mark) -> Result<(), CodegenError> {
        let to = self.edge_label(self.machine.code.blocks[b].succs.0);
        if self.s.buffer.mark() == start {
            self.s.buffer.rename(self.s.blocks[b], to);
        }
        self.go(to, self.next(b));
        Ok(())
    }

    /// A branch. The block of one of its edges follows it at once, unless that edge alone goes where the code is cold: the
    /// other way to go is then a short jump, and there is no jump to the block.
    pub(super) fn branch(&mut self, b: usize, i: u32, inst: &Inst, ops: &[u32]) -> Result<(), CodegenError> {
        let code = &self.machine.code;
        let (first, _) = code.blocks[b].succs;
        let cold = |edge: u32| code.blocks[code.edges[edge as usize].to as usize].cold;
        let follows = |edge: u32, other: u32| self.s.edge_block[edge as usize] != NONE && (cold(other) || !cold(edge));
        let target = |edge: u32| self.s.blocks[code.edges[edge as usize].to as usize];
        let (mut inst, mut yes, mut no) = (*inst, first, first + 1);
        let swap = match (follows(yes, no), follows(no, yes)) {
            (true, true) => target(yes) == self.next(b),
            (true, false) => true,
            (false, true) => false,
            (false, false) => self.edge_label(yes) == self.next(b),
        };
        if swap {
            (inst, yes, no) = (T::negated(&inst), no, yes);
        }
        let inline = follows(no, yes);
        let (to, other) = (self.edge_label(yes), self.edge_label(no));
        if to != other {
            T::branch(self, &inst, ops, to, other);
        }
        match self.s.edge_block[no as usize] {
            n if inline => self.edge_block(n as usize, self.next(b)),
            _ => {
                self.made_by_inst(i);
                self.go(other, self.next(b));
                Ok(())
            }
        }
    }

    pub(super) fn trap_if(&mut self, i: u32, inst: &Inst, ops: &[u32]) -> Result<(), CodegenError> {
        let code = self.trap_code(i)?;
        let (site, over) = (self.label(), self.label());
        self.s.deferred.push((site, code, Some(i)));
        T::branch(self, inst, ops, site, over);
        self.bind(over);
        Ok(())
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

    /// The block of an edge, and a jump to its target unless that follows. Flags do not live across edges.
    fn edge_block(&mut self, n: usize, follows: Label) -> Result<(), CodegenError> {
        self.asked = 0;
        self.stands_for(None);
        self.s.edge_placed[n] = true;
        let (edge, (first, end)) = self.alloc.edge_blocks[n];
        self.bind(self.s.edge_labels[n]);
        for &edit in &self.alloc.edge_edits[first as usize..end as usize] {
            self.edit(edit)?;
        }
        self.go(self.s.blocks[self.machine.code.edges[edge as usize].to as usize], follows);
        Ok(())
    }

    /// What branches out of line go to in order to trap.
    pub(super) fn trap_sites(&mut self) -> Result<(), CodegenError> {
        for n in 0..self.s.deferred.len() {
            let (label, code, i) = self.s.deferred[n];
            self.bind(label);
            match i {
                Some(i) => self.made_by_inst(i),
                None => self.made_by("stack limit"),
            }
            self.stands_for(i.and_then(|i| self.machine.origin(i)));
            self.note(Meta::Trap(code));
            self.row(T::TRAP, 0, 0, &[])?;
        }
        Ok(())
    }

    /// Goes to the edge that the table has at an index, or to the first if it has none there. With the Spectre guard the
    /// index is clamped without a branch, to an entry for the first edge behind the others.
    pub(super) fn jump_through_table(&mut self, b: usize, ops: &[u32]) -> Result<(), CodegenError> {
        let (first, end) = self.machine.code.blocks[b].succs;
        let guard = self.options.table_guard;
        let default = (!guard).then(|| self.edge_label(first));
        let table = self.label();
        T::table_jump(self, ops, (end - first - 1) as u64, table, default)?;
        self.s.tables.push((table, first, end, guard));
        Ok(())
    }

    /// The tables of [`Self::jump_through_table`]: distances from the table.
    pub(super) fn tables(&mut self) {
        self.made_by("table");
        for n in 0..self.s.tables.len() {
            let (table, first, end, guard) = self.s.tables[n];
            self.bind(table);
            for edge in (first + 1..end).chain(guard.then_some(first)) {
                let to = self.edge_label(edge);
                if self.options.listing {
                    let after = format!(" - L{}", table.0);
                    self.s.listing.add(self.s.buffer.mark(), ".long ".into(), Some(to), &after, self.by);
                }
                let field = self.s.buffer.sink.len();
                self.s.buffer.sink.extend(&[0; 4]);
                self.s.buffer.distance(field, table, to);
            }
        }
    }
}
