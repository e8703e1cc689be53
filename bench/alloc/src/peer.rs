//! Our machine code as regalloc2 sees it, through its published `Function` trait. Needs [`Code`] before allocation;
//! leaves a [`Peer`]. What differs:
//!
//! - Critical edges are split beforehand, as the peer demands: each gets a block with a jump. So do edges with
//!   arguments from a branch with operands.
//! - A temporary is an early def of a vreg that nobody reads.
//! - Outgoing stack arguments are uses without constraint, incoming ones defs without: their stores and loads are
//!   counted with the result, not seen by the peer.
//! - A register of which a call keeps a part is kept.
//! - Repeating a definition instead of reloading does not exist; commuting neither.

use regalloc2::{Block, Inst, InstRange, OperandConstraint, OperandKind, OperandPos, PReg, PRegSet, RegClass, VReg};
use windlass_regalloc::{self as ours, Class, Code, Constraint, Machine, NONE, RegSet, Role};

/// Classes in the peer's order. It has only three: masks, which no input has, go with its vectors.
pub fn class(class: Class) -> RegClass {
    match class {
        Class::Int => RegClass::Int,
        Class::Vec => RegClass::Float,
        Class::Float | Class::Mask => RegClass::Vector,
    }
}

fn preg(r: ours::PReg) -> PReg {
    PReg::new(r.hw() as usize, class(r.class()))
}

fn set(regs: RegSet) -> PRegSet {
    regs.iter().fold(PRegSet::empty(), |set, r| set.with(preg(r)))
}

/// The registers: those that need no saving are preferred.
pub fn environment(machine: &Machine) -> regalloc2::MachineEnv {
    let pick = |saved: bool| {
        let mut sets = [PRegSet::empty(); 3];
        for &r in machine.classes.iter().flat_map(|class| class.order) {
            if machine.callee_saved.contains(r) == saved {
                sets[class(r.class()) as usize].add(preg(r));
            }
        }
        sets
    };
    regalloc2::MachineEnv {
        preferred_regs_by_class: pick(false),
        non_preferred_regs_by_class: pick(true),
        scratch_by_class: [None; 3],
        fixed_stack_slots: vec![],
    }
}

struct BlockData {
    insts: (u32, u32),
    succs: (u32, u32),
    preds: (u32, u32),
    params: (u32, u32),
    /// First entry of `args` per successor.
    args: (u32, u32),
}

/// A function for the peer.
#[derive(Default)]
pub struct Peer {
    blocks: Vec<BlockData>,
    succs: Vec<Block>,
    preds: Vec<Block>,
    /// Block parameters and arguments.
    vregs: Vec<VReg>,
    args: Vec<(u32, u32)>,
    operands: Vec<regalloc2::Operand>,
    /// Span of `operands` per instruction.
    spans: Vec<(u32, u32)>,
    clobbers: Vec<PRegSet>,
    /// Per instruction: 1 for a branch, 2 for a return.
    ends: Vec<u8>,
    /// Loop depth of each instruction's block.
    pub depths: Vec<u32>,
    /// Our instruction for each, [`NONE`] for jumps of split edges.
    pub origins: Vec<u32>,
    count: usize,
}

/// Numbers of blocks for the peer: ours, and those of split edges behind the edge's source.
struct Layout {
    blocks: Vec<u32>,
    /// Per edge, [`NONE`] where it is not split.
    edges: Vec<u32>,
}

impl Layout {
    fn new(code: &Code, machine: &Machine) -> Layout {
        let split = |e: u32| {
            let edge = &code.edges[e as usize];
            let (from, to) = (&code.blocks[edge.from as usize], &code.blocks[edge.to as usize]);
            let last = &code.insts[from.insts.1 as usize - 1];
            // The peer takes no arguments from a branch with operands.
            let loaded = edge.args.0 < edge.args.1 && !code.operands(machine.rows, last).is_empty();
            loaded || from.succs.1 - from.succs.0 > 1 && to.preds.1 - to.preds.0 > 1
        };
        let mut layout = Layout { blocks: vec![], edges: vec![NONE; code.edges.len()] };
        let mut next = 0;
        for block in &code.blocks {
            layout.blocks.push(next);
            next += 1;
            for e in (block.succs.0..block.succs.1).filter(|&e| split(e)) {
                layout.edges[e as usize] = next;
                next += 1;
            }
        }
        layout
    }

    /// The block that edge `e` enters its target from.
    fn source(&self, code: &Code, e: u32) -> Block {
        let n = match self.edges[e as usize] {
            NONE => self.blocks[code.edges[e as usize].from as usize],
            via => via,
        };
        Block::new(n as usize)
    }
}

impl Peer {
    /// Translates `code`.
    pub fn new(code: &Code, machine: &Machine) -> Peer {
        let mut peer = Peer { count: code.vregs.len(), ..Peer::default() };
        let layout = Layout::new(code, machine);
        let vreg = |v: u32| VReg::new(v as usize, class(code.vregs[v as usize].class));
        for block in &code.blocks {
            let start = peer.spans.len() as u32;
            for i in block.insts.0..block.insts.1 {
                peer.inst(code, machine, i, block.loop_depth);
            }
            let last = peer.ends.len() - 1;
            peer.ends[last] = if block.succs.0 == block.succs.1 { 2 } else { 1 };
            let insts = (start, peer.spans.len() as u32);
            let params = peer.list(&code.pool[span(block.params)], vreg);
            let first = peer.preds.len() as u32;
            peer.preds.extend(code.preds[span(block.preds)].iter().map(|&e| layout.source(code, e)));
            let preds = (first, peer.preds.len() as u32);
            let first = (peer.succs.len() as u32, peer.args.len() as u32);
            for e in block.succs.0..block.succs.1 {
                let edge = &code.edges[e as usize];
                let (to, args): (u32, &[u32]) = match layout.edges[e as usize] {
                    NONE => (layout.blocks[edge.to as usize], &code.pool[span(edge.args)]),
                    via => (via, &[]),
                };
                peer.succs.push(Block::new(to as usize));
                let args = peer.list(args, vreg);
                peer.args.push(args);
            }
            let succs = (first.0, peer.succs.len() as u32);
            let args = (first.1, peer.args.len() as u32);
            peer.blocks.push(BlockData { insts, succs, preds, params, args });
            for e in (block.succs.0..block.succs.1).filter(|&e| layout.edges[e as usize] != NONE) {
                let edge = code.edges[e as usize];
                let args = peer.list(&code.pool[span(edge.args)], vreg);
                let depth = block.loop_depth.min(code.blocks[edge.to as usize].loop_depth);
                peer.edge_block(layout.blocks[edge.from as usize], layout.blocks[edge.to as usize], args, depth);
            }
        }
        peer
    }

    fn edge_block(&mut self, from: u32, to: u32, args: (u32, u32), depth: u32) {
        let n = |len: usize| (len as u32, len as u32 + 1);
        self.blocks.push(BlockData {
            insts: n(self.spans.len()),
            succs: n(self.succs.len()),
            preds: n(self.preds.len()),
            params: (0, 0),
            args: n(self.args.len()),
        });
        let none = self.operands.len() as u32;
        self.spans.push((none, none));
        self.clobbers.push(PRegSet::empty());
        self.ends.push(1);
        self.depths.push(depth);
        self.origins.push(NONE);
        self.succs.push(Block::new(to as usize));
        self.preds.push(Block::new(from as usize));
        self.args.push(args);
    }

    fn list(&mut self, list: &[u32], vreg: impl Fn(u32) -> VReg) -> (u32, u32) {
        let from = self.vregs.len() as u32;
        self.vregs.extend(list.iter().map(|&v| vreg(v)));
        (from, self.vregs.len() as u32)
    }

    fn inst(&mut self, code: &Code, machine: &Machine, i: u32, depth: u32) {
        let inst = &code.insts[i as usize];
        let operands = code.operands(machine.rows, inst);
        let entry = |k: usize| code.pool[inst.ops as usize + k];
        let from = self.operands.len() as u32;
        let mut clobbers = code.clobbers(machine.rows, inst).lost;
        for (k, op) in operands.iter().enumerate().filter(|&(k, _)| entry(k) != NONE) {
            let constraint = match op.constraint {
                Constraint::Reg => OperandConstraint::Reg,
                Constraint::Fixed(r) => OperandConstraint::FixedReg(preg(r)),
                Constraint::Tied(u) => match operands[u as usize].constraint {
                    // The peer has no reuse of a fixed operand.
                    Constraint::Fixed(r) => OperandConstraint::FixedReg(preg(r)),
                    _ => {
                        let absent = (0..u as usize).filter(|&k| entry(k) == NONE).count();
                        OperandConstraint::Reuse(u as usize - absent)
                    }
                },
                Constraint::Any | Constraint::Incoming(_) | Constraint::Outgoing(_) => OperandConstraint::Any,
            };
            let (kind, pos) = match op.role {
                Role::Use => (OperandKind::Use, OperandPos::Early),
                Role::Def => (OperandKind::Def, OperandPos::Late),
                Role::EarlyDef | Role::Temp => (OperandKind::Def, OperandPos::Early),
            };
            // A register is either a def or a clobber.
            if let (OperandKind::Def, Constraint::Fixed(r)) = (kind, op.constraint) {
                clobbers = clobbers.without(r);
            }
            let v = VReg::new(entry(k) as usize, class(op.class));
            self.operands.push(regalloc2::Operand::new(v, constraint, kind, pos));
        }
        self.spans.push((from, self.operands.len() as u32));
        self.clobbers.push(set(clobbers));
        self.ends.push(0);
        self.depths.push(depth);
        self.origins.push(i);
    }
}

fn span((from, to): (u32, u32)) -> std::ops::Range<usize> {
    from as usize..to as usize
}

impl regalloc2::Function for Peer {
    fn num_insts(&self) -> usize {
        self.spans.len()
    }
    fn num_blocks(&self) -> usize {
        self.blocks.len()
    }
    fn entry_block(&self) -> Block {
        Block::new(0)
    }
    fn block_insns(&self, block: Block) -> InstRange {
        let (from, to) = self.blocks[block.index()].insts;
        InstRange::new(Inst::new(from as usize), Inst::new(to as usize))
    }
    fn block_succs(&self, block: Block) -> &[Block] {
        &self.succs[span(self.blocks[block.index()].succs)]
    }
    fn block_preds(&self, block: Block) -> &[Block] {
        &self.preds[span(self.blocks[block.index()].preds)]
    }
    fn block_params(&self, block: Block) -> &[VReg] {
        &self.vregs[span(self.blocks[block.index()].params)]
    }
    fn is_ret(&self, insn: Inst) -> bool {
        self.ends[insn.index()] == 2
    }
    fn is_branch(&self, insn: Inst) -> bool {
        self.ends[insn.index()] == 1
    }
    fn branch_blockparams(&self, block: Block, _: Inst, succ: usize) -> &[VReg] {
        let args = &self.args[span(self.blocks[block.index()].args)];
        &self.vregs[span(args[succ])]
    }
    fn inst_operands(&self, insn: Inst) -> &[regalloc2::Operand] {
        &self.operands[span(self.spans[insn.index()])]
    }
    fn inst_clobbers(&self, insn: Inst) -> PRegSet {
        self.clobbers[insn.index()]
    }
    fn num_vregs(&self) -> usize {
        self.count
    }
    fn spillslot_size(&self, class: RegClass) -> usize {
        if class == RegClass::Int { 1 } else { 2 }
    }
}
