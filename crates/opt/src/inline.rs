//! Inlining: puts the bodies of called functions in the place of calls, as an embedder decides call by call. Needs
//! functions that verify. Leaves one that does. What is copied and how is in `inline/body.rs`.
//!
//! All calls of a block are decided before the block is taken apart, from its end, so that many calls in one block cost
//! no more than in many.

use std::borrow::Cow;
use windlass_ir::cursor::{Cursor, FuncCursor};
use windlass_ir::entity::EntitySet;
use windlass_ir::ir::instructions::{BlockArg, InstructionData};
use windlass_ir::ir::{Block, FuncRef, Function, Inst, InstBuilder, Opcode, Value};

mod body;
mod names;

/// What becomes of a call.
#[allow(clippy::large_enum_variant, reason = "the interface is given")]
pub enum InlineCommand<'a> {
    /// It stays.
    KeepCall,
    /// The callee's body takes its place.
    Inline {
        /// The callee.
        callee: Cow<'a, Function>,
        /// Are the calls in the body asked about too? Then the inliner must see to it that this ends.
        visit_callee: bool,
    },
}

/// Decides what is inlined.
pub trait Inline {
    /// What becomes of the call `call_inst` in `caller`, which is a `call`, a `return_call` or a `try_call` of `callee`
    /// with these arguments. In a block, calls are asked about in order. Instructions that speak of the frame
    /// (`get_frame_pointer` and its like) speak of the caller's once they are inlined, and a callee's stack limit is lost.
    fn inline(
        &mut self,
        caller: &Function,
        call_inst: Inst,
        call_opcode: Opcode,
        callee: FuncRef,
        call_args: &[Value],
    ) -> InlineCommand<'_>;
}

impl<T: Inline> Inline for &mut T {
    fn inline(
        &mut self,
        caller: &Function,
        call_inst: Inst,
        call_opcode: Opcode,
        callee: FuncRef,
        call_args: &[Value],
    ) -> InlineCommand<'_> {
        (**self).inline(caller, call_inst, call_opcode, callee, call_args)
    }
}

/// Why a body cannot take the place of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// It takes or gives other values than the call says.
    #[error("the function to be inlined has another signature than its call")]
    Signature,
    /// There is nothing to take the call's place.
    #[error("the function to be inlined has no body")]
    NoBody,
    /// It may write to its copy of a structure, of which the call makes none.
    #[error("the function to be inlined gets a copy of a structure (sarg)")]
    Copies,
    /// A handler of the callee's has a context, in which the caller's tags would be looked up too.
    #[error("the function to be inlined handles exceptions in a context that its caller lacks")]
    Context,
}

/// A call whose callee's body has been copied.
struct Site {
    call: Inst,
    /// Where the body is entered.
    entry: Block,
    /// Where a `call` goes on: a block that waits for the instructions after it.
    rest: Option<Block>,
}

/// Asks about all calls of a function, and inlines. Was anything inlined?
///
/// # Errors
/// If a body cannot take its call's place. The call stays then, and all after it.
pub fn run(func: &mut Function, mut inliner: impl Inline) -> Result<bool, Refused> {
    let mut done: EntitySet<Block> = EntitySet::new();
    let mut inlined = false;
    let mut next = func.layout.entry_block();
    while let Some(block) = next {
        if !done.contains(block) {
            let (sites, refused) = copy_callees(func, block, &mut inliner, &mut done);
            inlined |= !sites.is_empty();
            for site in sites.iter().rev() {
                take_apart(func, block, site);
            }
            refused.map_or(Ok(()), Err)?;
        }
        next = func.layout.next_block(block);
    }
    Ok(inlined)
}

/// Asks about the calls of a block, and copies bodies behind it until one is refused. Blocks that are not to be asked about
/// become `done`.
fn copy_callees(
    func: &mut Function,
    block: Block,
    inliner: &mut impl Inline,
    done: &mut EntitySet<Block>,
) -> (Vec<Site>, Option<Refused>) {
    let (mut sites, mut last) = (vec![], block);
    let mut at = func.layout.first_inst(block);
    while let Some(call) = at {
        at = func.layout.next_inst(call);
        let data = func.dfg.insts[call];
        let (InstructionData::Call { func_ref, .. } | InstructionData::TryCall { func_ref, .. }) = data else {
            continue;
        };
        let args = func.dfg.inst_args(call);
        let command = inliner.inline(func, call, data.opcode(), func_ref, args);
        let InlineCommand::Inline { callee, visit_callee } = command else { continue };
        let rest = (data.opcode() == Opcode::Call).then(|| func.dfg.make_block());
        let copied = match body::copy(func, call, rest, last, &callee) {
            Ok(copied) => copied,
            Err(refused) => return (sites, Some(refused)),
        };
        sites.push(Site { call, entry: copied.blocks[0], rest });
        last = copied.last;
        if !visit_callee {
            done.extend(copied.blocks);
        }
        if let Some(rest) = rest {
            func.layout.insert_block_after(rest, last);
            if func.layout.is_cold(block) {
                func.layout.set_cold(rest);
            }
            done.insert(rest);
            last = rest;
        }
    }
    (sites, None)
}

/// Ends a block at a call, which becomes a jump to the callee's body; what follows the call goes behind that.
fn take_apart(func: &mut Function, block: Block, site: &Site) {
    let srcloc = func.srcloc(site.call);
    if let Some(rest) = site.rest {
        while let Some(after) = func.layout.next_inst(site.call) {
            func.layout.remove_inst(after);
            func.layout.append_inst(after, rest);
        }
        let results = func.dfg.inst_results(site.call).to_vec();
        func.dfg.detach_inst_results(site.call);
        results.into_iter().for_each(|result| func.dfg.attach_block_param(rest, result));
    }
    let args: Vec<BlockArg> = func.dfg.inst_args(site.call).iter().map(|&v| v.into()).collect();
    func.layout.remove_inst(site.call);
    FuncCursor::new(func).at_bottom(block).with_srcloc(srcloc).ins().jump(site.entry, &args);
}
