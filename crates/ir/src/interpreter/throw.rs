//! Throwing: finds the handler of an exception, and drops the frames within. Needs the machine.
//!
//! What throws names the frames that are searched, as an unwinder on a machine is told: the innermost by its frame pointer
//! and the address at which it is left, the outermost by its frame pointer. Handlers of a call are tried in order; one with
//! the tag or the default one takes the exception, whatever contexts stand before it.

use super::InterpreterError;
use super::machine::{Frame, Machine, Next};
use super::step::edge;
use crate::ir::{BlockCall, ExceptionTableItem};

/// The handler of the call that a frame waits for.
fn handler(frame: &Frame<'_>, tag: u32) -> Option<BlockCall> {
    let dfg = &frame.func.dfg;
    let table = dfg.insts[frame.inst?].exception_table()?;
    dfg.exception_tables[table].items().find_map(|item| match item {
        ExceptionTableItem::Tag(t, call) if t.as_u32() == tag => Some(call),
        ExceptionTableItem::Default(call) => Some(call),
        _ => None,
    })
}

impl Machine<'_, '_> {
    /// Goes on in the first handler, from the innermost frame outwards.
    pub(super) fn throw(&mut self, args: &[u128]) -> Result<Next, InterpreterError> {
        let [outermost, innermost, address, tag, payload @ ..] = args else {
            return Err(InterpreterError::BadArguments(super::address::THROW_NAME.to_owned()));
        };
        let at = |fp: u128| {
            let found = self.frames.iter().rposition(|f| u128::from(f.place.fp) == fp);
            found.ok_or(InterpreterError::BadFrame(fp as u64))
        };
        let (first, last) = (at(*outermost)?, at(*innermost)?);
        // The address is one in the innermost frame, or the one to which that frame returns.
        let left = u128::from(self.frames[last].return_address) == *address;
        let searched = first..if left { last } else { last + 1 };
        let tag = *tag as u32;
        let found = searched.rev().find_map(|n| Some((n, handler(&self.frames[n], tag)?)));
        let (frame, call) = found.ok_or(InterpreterError::Uncaught(tag))?;
        while self.frames.len() > frame + 1 {
            self.leave();
        }
        Ok(edge(self, &call, &[], payload))
    }
}
