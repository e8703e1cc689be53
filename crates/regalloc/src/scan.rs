//! The forward scan: where each vreg is defined, which uses are exposed to a block's start, what can be
//! rematerialised. Needs blocks in reverse post-order; leaves [`Facts`]. It is also what rejects code that is not SSA.

use crate::alloc::Error;
use crate::code::*;

/// The vreg is the def of a row that can be repeated.
pub(crate) const REMAT: u8 = 1;
/// The vreg is used somewhere.
pub(crate) const USED: u8 = 2;
/// The vreg is live across a call.
pub(crate) const CROSSES: u8 = 4;

/// A block into which a vreg is live because the block, or an edge that leaves it, uses it.
#[derive(Clone, Copy)]
pub(crate) struct Exposure {
    pub block: u32,
    /// First operand use, counted from the block's start; [`NONE`] if only an edge uses it.
    pub pos: u32,
    /// Next exposure of the same vreg.
    pub next: u32,
}

/// What the scan finds; dense over vregs.
#[derive(Default)]
pub(crate) struct Facts {
    pub def_block: Vec<u32>,
    /// Defining instruction, [`NONE`] for a parameter.
    pub def_inst: Vec<u32>,
    /// Pool entry of the def.
    pub def_op: Vec<u32>,
    pub flags: Vec<u8>,
    /// First operand use in the block of the definition, counted from the block's start; [`NONE`] if none.
    pub first_use: Vec<u32>,
    pub exposures: Vec<Exposure>,
    /// Head of the vreg's list of exposures: those by edges, then those by operands. A block can be in both.
    pub head: Vec<u32>,
    /// Deepest loop depth of the vreg's exposures.
    pub depth: Vec<u8>,
    /// Width of the widest vreg of each class, 0 without vregs.
    pub widest: [u8; CLASSES],
    last_exposed: Vec<u32>,
    work: Vec<u32>,
}

impl Facts {
    pub fn has(&self, v: u32, flag: u8) -> bool {
        self.flags[v as usize] & flag != 0
    }

    fn reset(&mut self, code: &Code) {
        let n = code.vregs.len();
        for list in [
            &mut self.def_block,
            &mut self.def_inst,
            &mut self.def_op,
            &mut self.first_use,
            &mut self.head,
            &mut self.last_exposed,
        ] {
            list.clear();
            list.resize(n, NONE);
        }
        for list in [&mut self.flags, &mut self.depth] {
            list.clear();
            list.resize(n, 0);
        }
        self.exposures.clear();
    }

    /// Finds the widest vreg of each class.
    fn widths(&mut self, code: &Code, machine: &Machine) -> Result<(), Error> {
        self.widest = [0; CLASSES];
        let widths = machine.classes.map(|class| class.widths & 127);
        let fits = |v: &VRegInfo| v.width & v.width.wrapping_sub(1) == 0 && widths[v.class as usize] & v.width != 0;
        let mut all = true;
        for v in &code.vregs {
            all &= fits(v);
            let widest = &mut self.widest[v.class as usize];
            *widest = (*widest).max(v.width);
        }
        match code.vregs.iter().position(|v| !all && !fits(v)) {
            Some(at) => {
                let VRegInfo { class, width } = code.vregs[at];
                Err(Error::Width { vreg: at as u32, width, class })
            }
            None => Ok(()),
        }
    }

    pub fn scan(&mut self, code: &Code, machine: &Machine) -> Result<(), Error> {
        if code.insts.len() >= 1 << 24 || code.vregs.len() >= 1 << 24 {
            return Err(Error::TooLarge);
        }
        self.reset(code);
        self.widths(code, machine)?;
        for (b, block) in code.blocks.iter().enumerate() {
            let b = b as u32;
            for op in block.params.0..block.params.1 {
                self.define(code, code.pool[op as usize], b, NONE, op)?;
            }
            for i in block.insts.0..block.insts.1 {
                self.inst(code, machine, b, i)?;
            }
            for e in block.succs.0..block.succs.1 {
                let edge = &code.edges[e as usize];
                let params = code.blocks[edge.to as usize].params;
                if edge.args.1 - edge.args.0 != params.1 - params.0 {
                    return Err(Error::Arguments(e));
                }
                for k in 0..edge.args.1 - edge.args.0 {
                    let arg = code.pool[(edge.args.0 + k) as usize];
                    let param = code.pool[(params.0 + k) as usize];
                    if self.def_block.get(arg as usize).is_none_or(|&b| b == NONE) {
                        return Err(Error::Undefined { vreg: arg, block: b });
                    }
                    let class = |v: u32| code.vregs.get(v as usize).map(|info| info.class);
                    if class(arg) != class(param) {
                        return Err(Error::Arguments(e));
                    }
                }
            }
        }
        self.propagate(code);
        self.edge_exposures(code);
        Ok(())
    }

    /// An argument is used if its parameter is.
    fn propagate(&mut self, code: &Code) {
        let is_param = |facts: &Facts, v: u32| facts.def_inst[v as usize] == NONE;
        let mut work = std::mem::take(&mut self.work);
        work.extend((0..code.vregs.len() as u32).filter(|&v| self.has(v, USED) && is_param(self, v)));
        while let Some(param) = work.pop() {
            let block = &code.blocks[self.def_block[param as usize] as usize];
            let k = self.def_op[param as usize] - block.params.0;
            for &e in &code.preds[block.preds.0 as usize..block.preds.1 as usize] {
                let arg = code.pool[(code.edges[e as usize].args.0 + k) as usize];
                if !self.has(arg, USED) {
                    self.flags[arg as usize] |= USED;
                    if is_param(self, arg) {
                        work.push(arg);
                    }
                }
            }
        }
        self.work = work;
    }

    fn edge_exposures(&mut self, code: &Code) {
        self.last_exposed.fill(NONE);
        for edge in &code.edges {
            let params = code.blocks[edge.to as usize].params;
            for (param, arg) in (params.0..params.1).zip(edge.args.0..edge.args.1) {
                let arg = code.pool[arg as usize];
                if self.has(code.pool[param as usize], USED) && self.def_block[arg as usize] != edge.from {
                    self.expose(code, arg, edge.from, NONE);
                }
            }
        }
    }

    /// Records the first exposure of `v` in block `b` in the current sweep.
    fn expose(&mut self, code: &Code, v: u32, b: u32, pos: u32) {
        let at = v as usize;
        if self.last_exposed[at] == b {
            return;
        }
        self.last_exposed[at] = b;
        self.exposures.push(Exposure { block: b, pos, next: self.head[at] });
        self.head[at] = self.exposures.len() as u32 - 1;
        let depth = code.blocks[b as usize].loop_depth.min(15) as u8;
        self.depth[at] = self.depth[at].max(depth);
    }

    fn inst(&mut self, code: &Code, machine: &Machine, b: u32, i: u32) -> Result<(), Error> {
        let block = &code.blocks[b as usize];
        let inst = &code.insts[i as usize];
        let row = &machine.rows[inst.row as usize];
        let operands = if row.listed { code.operands(machine.rows, inst) } else { row.operands };
        let entries = &code.pool[inst.ops as usize..inst.ops as usize + operands.len()];
        let mut defs = 0;
        for (op, &v) in operands.iter().zip(entries).filter(|&(_, &v)| v != NONE) {
            if op.role == Role::Use {
                self.used(code, v, b, i - block.insts.0)?;
            } else {
                defs += 1;
            }
        }
        if defs == 0 {
            return Ok(());
        }
        for ((op, &v), at) in operands.iter().zip(entries).zip(inst.ops..) {
            if op.role == Role::Use || v == NONE {
                continue;
            }
            if i + 1 == block.insts.1 && op.role != Role::Temp {
                return Err(Error::Constraint { inst: i, why: "a terminator defines a vreg" });
            }
            self.define(code, v, b, i, at)?;
        }
        if row.remat && repeatable(row) && operands[0].class == code.vregs[entries[0] as usize].class {
            self.flags[entries[0] as usize] |= REMAT;
        }
        Ok(())
    }

    fn define(&mut self, code: &Code, v: u32, b: u32, i: u32, op: u32) -> Result<(), Error> {
        let at = v as usize;
        if at >= code.vregs.len() {
            return Err(Error::Undefined { vreg: v, block: b });
        }
        if self.def_block[at] != NONE {
            return Err(Error::Redefined(v));
        }
        self.def_block[at] = b;
        self.def_inst[at] = i;
        self.def_op[at] = op;
        Ok(())
    }

    /// `pos` is counted from the block's start.
    fn used(&mut self, code: &Code, v: u32, b: u32, pos: u32) -> Result<(), Error> {
        let at = v as usize;
        if at >= code.vregs.len() || self.def_block[at] == NONE {
            return Err(Error::Undefined { vreg: v, block: b });
        }
        self.flags[at] |= USED;
        if self.def_block[at] == b {
            if self.first_use[at] == NONE {
                self.first_use[at] = pos;
            }
        } else {
            self.expose(code, v, b, pos);
        }
        Ok(())
    }
}

/// Can the row be repeated with its only operand, a def, in any register?
fn repeatable(row: &RowSpec) -> bool {
    let one_def = matches!(row.operands, [Operand { role: Role::Def, constraint: Constraint::Reg, .. }]);
    !row.listed && one_def && !row.reads_flags && !row.writes_flags && row.clobbers == RegSet::EMPTY
}
