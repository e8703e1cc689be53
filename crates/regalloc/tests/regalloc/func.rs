//! Builds [`Code`] from blocks in reverse post-order: lays out spans, computes predecessors, dominators and loops.

use windlass_regalloc::*;

/// A block under construction.
#[derive(Default)]
pub struct Blk {
    pub params: Vec<u32>,
    /// Row, operands, payload.
    pub insts: Vec<(u16, Vec<u32>, u64)>,
    /// Targets with arguments.
    pub succs: Vec<(usize, Vec<u32>)>,
    pub cold: bool,
}

/// A function under construction.
#[derive(Default)]
pub struct Func {
    pub blocks: Vec<Blk>,
    pub code: Code,
}

impl Func {
    pub fn new(blocks: usize) -> Self {
        let mut func = Func::default();
        func.blocks.resize_with(blocks, Blk::default);
        func
    }

    pub fn vreg(&mut self, class: Class, width: u8) -> u32 {
        self.code.vregs.push(VRegInfo { class, width });
        self.code.vregs.len() as u32 - 1
    }

    pub fn int(&mut self) -> u32 {
        self.vreg(Class::Int, 8)
    }

    pub fn param(&mut self, b: usize, class: Class, width: u8) -> u32 {
        let v = self.vreg(class, width);
        self.blocks[b].params.push(v);
        v
    }

    pub fn inst(&mut self, b: usize, row: u16, operands: &[u32]) {
        let payload = self.blocks.iter().map(|b| b.insts.len() as u64).sum::<u64>() * (1 << 32);
        self.blocks[b].insts.push((row, operands.to_vec(), payload));
    }

    /// A listed instruction.
    pub fn listed(&mut self, b: usize, row: u16, operands: &[(Operand, u32)], clobbers: impl Into<Clobbers>) {
        let from = self.code.list_operands.len() as u32;
        self.code.list_operands.extend(operands.iter().map(|&(op, _)| op));
        let to = self.code.list_operands.len() as u32;
        self.code.lists.push(List { operands: (from, to), clobbers: clobbers.into() });
        let entries = operands.iter().map(|&(_, v)| v).collect();
        self.blocks[b].insts.push((row, entries, self.code.lists.len() as u64 - 1));
    }

    pub fn jump(&mut self, from: usize, to: usize, args: &[u32]) {
        self.blocks[from].succs.push((to, args.to_vec()));
    }

    pub fn finish(mut self) -> Code {
        let mut code = std::mem::take(&mut self.code);
        let span = |pool: &mut Vec<u32>, list: &[u32]| {
            let from = pool.len() as u32;
            pool.extend(list);
            (from, pool.len() as u32)
        };
        let mut preds = vec![Vec::new(); self.blocks.len()];
        for (b, blk) in self.blocks.iter().enumerate() {
            let params = span(&mut code.pool, &blk.params);
            let first = code.insts.len() as u32;
            for (row, operands, payload) in &blk.insts {
                let ops = span(&mut code.pool, operands).0;
                code.insts.push(Inst { row: *row, flags: 0, ops, payload: *payload });
            }
            let from = code.edges.len() as u32;
            for (to, args) in &blk.succs {
                preds[*to].push(code.edges.len() as u32);
                let args = span(&mut code.pool, args);
                code.edges.push(Edge { from: b as u32, to: *to as u32, args });
            }
            code.blocks.push(Block {
                insts: (first, code.insts.len() as u32),
                params,
                succs: (from, code.edges.len() as u32),
                cold: blk.cold,
                loop_header: NONE,
                ..Block::default()
            });
        }
        for (b, list) in preds.iter().enumerate() {
            code.blocks[b].preds = span(&mut code.preds, list);
        }
        let idoms = dominators(self.blocks.len(), |b| preds[b].iter().map(|&e| code.edges[e as usize].from as usize));
        for (block, idom) in code.blocks.iter_mut().zip(&idoms) {
            block.idom = *idom as u32;
        }
        loops(&mut code, &preds, &idoms);
        code
    }
}

/// Immediate dominators of blocks in reverse post-order.
pub fn dominators<I: Iterator<Item = usize>>(n: usize, preds: impl Fn(usize) -> I) -> Vec<usize> {
    let mut idom = vec![usize::MAX; n];
    idom[0] = 0;
    let mut changed = true;
    while changed {
        changed = false;
        for b in 1..n {
            let mut new = usize::MAX;
            for p in preds(b).filter(|&p| idom[p] != usize::MAX).collect::<Vec<_>>() {
                let (mut x, mut y) = (p, if new == usize::MAX { p } else { new });
                while x != y {
                    if x > y { x = idom[x] } else { y = idom[y] }
                }
                new = x;
            }
            changed |= idom[b] != new;
            idom[b] = new;
        }
    }
    idom
}

/// Natural loops: depth and innermost header of each block.
fn loops(code: &mut Code, preds: &[Vec<u32>], idoms: &[usize]) {
    let n = code.blocks.len();
    let dominates = |a: usize, mut b: usize| {
        while b > a {
            b = idoms[b];
        }
        a == b
    };
    let mut member = vec![usize::MAX; n];
    for header in 0..n {
        let mut work: Vec<usize> = preds[header].iter().map(|&e| code.edges[e as usize].from as usize).collect();
        work.retain(|&p| p >= header && dominates(header, p));
        if work.is_empty() {
            continue;
        }
        member[header] = header;
        let mut body = vec![header];
        while let Some(b) = work.pop() {
            if member[b] != header {
                member[b] = header;
                body.push(b);
                work.extend(preds[b].iter().map(|&e| code.edges[e as usize].from as usize));
            }
        }
        for b in body {
            code.blocks[b].loop_depth += 1;
            code.blocks[b].loop_header = header as u32;
        }
    }
}
