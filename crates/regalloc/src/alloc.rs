//! The allocator's pipeline, its reusable memory and its errors. Needs SSA code as the contract describes it; leaves
//! locations in the pool and the inserted edits in the [`Allocation`].

use crate::chaos::Chaos;
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
    /// A vreg has a width that its class cannot move, store and reload.
    #[error("v{vreg} is {width} bytes wide, which registers of class {class:?} cannot be spilled with")]
    Width {
        /// The vreg.
        vreg: u32,
        /// Its width.
        width: u8,
        /// Its class.
        class: Class,
    },
    /// The description of the machine contradicts itself.
    #[error("the machine: {0}")]
    Machine(&'static str),
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

/// The machine's registers as sets.
#[derive(Clone, Copy, Default)]
pub(crate) struct Masks {
    /// Allocatable registers.
    pub alloc: RegSet,
    /// Reserved registers for moves.
    pub scratch: RegSet,
    /// Callee-saved ones of both.
    pub callee: RegSet,
    /// Allocatable registers that are not callee-saved.
    pub call: RegSet,
    /// Bytes of a callee-saved register that a callee preserves.
    pub kept: [u8; CLASSES],
}

/// The set bits of the word of `class` in a [`RegSet`], as register numbers, lowest first.
pub(crate) fn bits(class: Class, mut word: u32) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros() as u8;
        (word != 0).then(|| {
            word &= word - 1;
            (class as u8) << 5 | bit
        })
    })
}

/// Does the word of the register's class have its bit?
pub(crate) fn has(word: u32, r: u8) -> bool {
    word >> (r & 31) & 1 != 0
}

/// The register's bit in the word of its class.
pub(crate) fn bit(r: u8) -> u32 {
    1 << (r & 31)
}

impl Masks {
    pub fn of(machine: &Machine) -> Result<Masks, Error> {
        let mut masks = Masks::default();
        for (class, spec) in Class::ALL.into_iter().zip(&machine.classes) {
            let c = class as usize;
            let of_class = |r: &PReg| r.0 >> 5 == class as u8;
            if !spec.order.iter().all(of_class) || !spec.scratch.iter().all(of_class) {
                return Err(Error::Machine("a register stands in another class"));
            }
            let word = |regs: &[PReg]| regs.iter().fold(0, |word, r| word | bit(r.0));
            masks.alloc.0[c] = word(spec.order);
            masks.scratch.0[c] = word(spec.scratch);
            masks.kept[c] = spec.kept;
            if masks.alloc.0[c] & masks.scratch.0[c] != 0 {
                return Err(Error::Machine("a scratch register may be given out"));
            }
        }
        masks.callee = machine.callee_saved.intersection(masks.alloc.union(masks.scratch));
        masks.call = masks.alloc.minus(masks.callee);
        Ok(masks)
    }
}

/// Allocates registers for `code`: rewrites every instruction operand in the pool to a [`Loc`] and leaves inserted
/// edits, edge blocks and the spill area's size in `out`. Parameter entries get the location in the block's entry
/// state, edge arguments the one in the predecessor's exit state; both become [`NONE`] where there is none (dead
/// parameters, arguments that are rematerialised on the edge). On an error, `code` is unusable.
pub fn allocate(code: &mut Code, machine: &Machine, ctx: &mut Context, out: &mut Allocation) -> Result<(), Error> {
    run(code, machine, ctx, out, Chaos::default())
}

/// As [`allocate`], but where several choices are right, `choices` makes them.
#[cfg(feature = "chaos")]
pub fn allocate_with(
    code: &mut Code,
    machine: &Machine,
    ctx: &mut Context,
    out: &mut Allocation,
    choices: &mut dyn crate::chaos::Choices,
) -> Result<(), Error> {
    let choices = std::cell::RefCell::new(choices);
    run(code, machine, ctx, out, Chaos::from(&|count| choices.borrow_mut().pick(count)))
}

fn run(code: &mut Code, machine: &Machine, ctx: &mut Context, out: &mut Allocation, chaos: Chaos) -> Result<(), Error> {
    let masks = Masks::of(machine)?;
    ctx.rows.update(machine.rows);
    ctx.facts.scan(code, machine)?;
    ctx.live.compute(code, &ctx.facts);
    ctx.uses.sweep(code, machine, &masks, &ctx.rows, &mut ctx.facts, &ctx.live);
    ctx.loops.compute(code, &ctx.uses);
    ctx.state.reset(code);
    out.edits.clear();
    Pass { code, machine, masks, ctx, edits: &mut out.edits, block: 0, chaos }.run()?;
    ctx.edges.evictions(code, &ctx.facts, &ctx.live, &mut ctx.state);
    let Context { facts, live, uses, state, slots, .. } = ctx;
    slots.assign(Known { code, facts, live, uses, state, edits: &out.edits, chaos });
    ctx.edges.resolve(code, machine, &masks, &ctx.facts, &ctx.state, &ctx.slots, &mut ctx.mover, chaos)?;
    finish::finish(code, &masks, ctx, out);
    if ctx.slots.size < 1 << 30 { Ok(()) } else { Err(Error::TooLarge) }
}
