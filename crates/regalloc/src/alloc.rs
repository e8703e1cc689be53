//! The allocator's pipeline, its reusable memory and its errors. Needs SSA code as the contract describes it; leaves
//! locations in the pool and the inserted edits in the [`Allocation`].

use crate::code::*;
use crate::color::{Pass, State};
use crate::edges::Edges;
use crate::finish;
use crate::liveness::Liveness;
use crate::loops::Loops;
use crate::next_use::NextUses;
use crate::parmove::Mover;
use crate::plain::Rows;
use crate::scan::Facts;
use crate::slots::Slots;
use crate::webs::Known;

/// Why a function cannot be allocated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// A vreg is used where no definition precedes it in the block order.
    #[error("v{vreg} is used in block {block} before any definition")]
    Undefined {
        /// The vreg.
        vreg: u32,
        /// The block of the use.
        block: u32,
    },
    /// A vreg has two definitions.
    #[error("v{0} is defined twice")]
    Redefined(u32),
    /// The constraints of one instruction contradict each other, or need more registers than there are.
    #[error("instruction {inst}: {why}")]
    Constraint {
        /// The instruction.
        inst: u32,
        /// What is wrong.
        why: &'static str,
    },
    /// Arguments do not fit the parameters of the target block.
    #[error("edge {0}: arguments do not fit the parameters")]
    Arguments(u32),
    /// A value must be moved between slots but its class has no register.
    #[error("no register to move a value of class {0:?} through")]
    NoRegister(Class),
    /// More than 2^24 instructions or vregs, or 2^30 bytes of slots.
    #[error("the function is too large")]
    TooLarge,
}

/// The allocator's memory, reused from function to function.
#[derive(Default)]
pub struct Context {
    pub(crate) rows: Rows,
    pub(crate) facts: Facts,
    pub(crate) live: Liveness,
    pub(crate) uses: NextUses,
    pub(crate) loops: Loops,
    pub(crate) state: State,
    pub(crate) mover: Mover,
    pub(crate) slots: Slots,
    pub(crate) edges: Edges,
}

/// The machine's registers as bit masks: bit `r.0` for register `r`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Masks {
    /// Allocatable registers per class.
    pub alloc: [u64; CLASSES],
    /// Callee-saved ones among all.
    pub callee: u64,
}

/// A register set as one word.
pub(crate) fn mask(set: RegSet) -> u64 {
    set.0[0] as u64 | (set.0[1] as u64) << 32
}

/// A word as a register set.
pub(crate) fn regset(mask: u64) -> RegSet {
    RegSet([mask as u32, (mask >> 32) as u32])
}

/// The set bits of a mask, lowest first.
pub(crate) fn bits(mut mask: u64) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros();
        (mask != 0).then(|| {
            mask &= mask - 1;
            bit as u8
        })
    })
}

impl Masks {
    fn of(machine: &Machine) -> Masks {
        let alloc = machine.order.map(|order| order.iter().fold(0, |m, r| m | 1u64 << r.0));
        Masks { alloc, callee: mask(machine.callee_saved) & (alloc[0] | alloc[1]) }
    }
}

/// Allocates registers for `code`: rewrites every instruction operand in the pool to a [`Loc`] and leaves inserted
/// edits, edge blocks and the spill area's size in `out`. Parameter entries get the location in the block's entry
/// state, edge arguments the one in the predecessor's exit state; both become [`NONE`] where there is none (dead
/// parameters, arguments that are rematerialised on the edge). On an error, `code` is unusable.
pub fn allocate(code: &mut Code, machine: &Machine, ctx: &mut Context, out: &mut Allocation) -> Result<(), Error> {
    let masks = Masks::of(machine);
    ctx.rows.update(machine.rows);
    ctx.facts.scan(code, machine)?;
    ctx.live.compute(code, &ctx.facts);
    ctx.uses.sweep(code, machine, &masks, &ctx.rows, &mut ctx.facts, &ctx.live);
    ctx.loops.compute(code, &ctx.uses);
    ctx.state.reset(code);
    out.edits.clear();
    Pass { code, machine, masks, ctx, edits: &mut out.edits, block: 0 }.run()?;
    ctx.edges.evictions(code, &ctx.facts, &ctx.live, &mut ctx.state);
    let Context { facts, live, uses, state, slots, .. } = ctx;
    slots.assign(Known { code, facts, live, uses, state, edits: &out.edits });
    ctx.edges.resolve(code, machine, &masks, &ctx.facts, &ctx.state, &ctx.slots, &mut ctx.mover)?;
    finish::finish(code, &masks, ctx, out);
    if ctx.slots.size < 1 << 30 { Ok(()) } else { Err(Error::TooLarge) }
}
