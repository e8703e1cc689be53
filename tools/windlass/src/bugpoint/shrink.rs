//! Shrinking to a fixpoint: tries edits, large ones first, and keeps those after which the text is lighter and still
//! fails. Needs a predicate on texts; leaves the smallest text it found.

use super::case::Case;
use super::edit::{self, End};
use std::collections::HashSet;
use std::fmt;
use std::io::Result;
use std::ops::Range;
use windlass_ir::data_value::DataValue;
use windlass_ir::ir::Block;

/// How far shrinking is.
pub struct State<'a> {
    /// How many texts were tried and how many of them kept.
    pub tried: usize,
    /// See above.
    pub kept: usize,
    /// The smallest text so far.
    pub text: &'a str,
    /// Is it new?
    pub adopted: bool,
}

impl fmt::Display for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.text.lines().count();
        write!(f, "{} tried, {} kept, {lines} lines left", self.tried, self.kept)
    }
}

/// Who is told how far it is.
pub type Listener<'a> = dyn FnMut(&State<'_>) -> Result<()> + 'a;

/// A case being shrunk.
pub struct Shrink<P> {
    case: Case,
    text: String,
    fails: P,
    /// Texts that were tried.
    seen: HashSet<String>,
    tried: usize,
    kept: usize,
}

impl<P: FnMut(&str) -> Result<bool>> Shrink<P> {
    /// Starts with a case that fails.
    pub fn new(case: Case, fails: P) -> Self {
        let text = case.text();
        Shrink { case, text, fails, seen: HashSet::new(), tried: 0, kept: 0 }
    }

    /// The smallest text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Shrinks until no edit helps.
    pub fn run(&mut self, on: &mut Listener<'_>) -> Result<()> {
        let tidied = self.case.clone().tidied();
        self.offer(tidied, true, on)?;
        loop {
            let before = self.kept;
            self.calls_and_functions(on)?;
            for func in (0..self.case.funcs.len()).rev() {
                self.control_flow(func, on)?;
                self.computations(func, on)?;
                self.interface(func, on)?;
            }
            self.header(on)?;
            if self.kept == before {
                return Ok(());
            }
        }
    }

    /// Keeps a candidate if it is lighter, or at least another text where that is enough, and still fails.
    fn offer(&mut self, candidate: Case, any: bool, on: &mut Listener<'_>) -> Result<bool> {
        if !any && candidate.weight() >= self.case.weight() || !candidate.verifies() {
            return Ok(false);
        }
        let candidate = candidate.tidied();
        let text = candidate.text();
        if text == self.text || !self.seen.insert(text.clone()) {
            return Ok(false);
        }
        self.tried += 1;
        let fails = (self.fails)(&text)?;
        if fails {
            (self.case, self.text) = (candidate, text);
            self.kept += 1;
        }
        on(&State { tried: self.tried, kept: self.kept, text: &self.text, adopted: fails })?;
        Ok(fails)
    }

    /// Applies an edit to a copy and offers that.
    fn attempt(&mut self, on: &mut Listener<'_>, edit: impl FnOnce(&mut Case) -> bool) -> Result<bool> {
        let mut candidate = self.case.clone();
        Ok(edit(&mut candidate) && self.offer(candidate, false, on)?)
    }

    /// Tries to take away ranges of what there are `count` of: all, halves, and so on to single ones.
    fn ranges(
        &mut self,
        on: &mut Listener<'_>,
        count: impl Fn(&Case) -> usize,
        edit: impl Fn(&mut Case, Range<usize>) -> bool,
    ) -> Result<()> {
        let mut size = count(&self.case);
        while size > 0 {
            // from behind, where what is used least stands
            let mut end = count(&self.case);
            while end > 0 {
                let start = end.saturating_sub(size);
                self.attempt(on, |case| edit(case, start..end))?;
                end = start.min(count(&self.case));
            }
            size /= 2;
        }
        Ok(())
    }

    fn calls_and_functions(&mut self, on: &mut Listener<'_>) -> Result<()> {
        self.ranges(on, |case| case.calls.len(), |case, range| !case.calls.drain(range).as_slice().is_empty())?;
        self.ranges(
            on,
            |case| case.funcs.len(),
            |case, range| {
                case.calls.retain(|call| !range.contains(&call.func));
                let behind = |func: usize| func >= range.end;
                case.calls.iter_mut().filter(|call| behind(call.func)).for_each(|call| call.func -= range.len());
                case.funcs.drain(range);
                !case.funcs.is_empty()
            },
        )
    }

    fn control_flow(&mut self, func: usize, on: &mut Listener<'_>) -> Result<()> {
        let blocks = move |case: &Case| -> Vec<Block> { case.funcs[func].layout.blocks().collect() };
        let mut n = 0;
        while let Some(&block) = blocks(&self.case).get(n) {
            for how in [End::Return, End::Trap, End::Jump(0), End::Jump(1), End::Jump(2)] {
                if self.attempt(on, |case| edit::end(&mut case.funcs[func], block, how))? {
                    break;
                }
            }
            // numbers of blocks change with each edit that is kept
            for k in 0..2 {
                let Some(&block) = blocks(&self.case).get(n) else { break };
                self.attempt(on, |case| edit::unify(&mut case.funcs[func], block, k))?;
            }
            let Some(&block) = blocks(&self.case).get(n) else { break };
            while self.attempt(on, |case| edit::merge(&mut case.funcs[func], block))? {}
            let Some(&block) = blocks(&self.case).get(n) else { break };
            let entries = move |case: &Case| {
                let last = case.funcs[func].layout.last_inst(block);
                let tables = &case.funcs[func].dfg.jump_tables;
                last.map_or(0, |inst| match case.funcs[func].dfg.insts[inst] {
                    windlass_ir::ir::InstructionData::BranchTable { table, .. } => tables[table].as_slice().len(),
                    _ => 0,
                })
            };
            self.ranges(on, entries, |case, range| {
                let f = &mut case.funcs[func];
                let last = f.layout.last_inst(block);
                last.is_some_and(|inst| edit::drop_entries(f, inst, |n| !range.contains(&n)))
            })?;
            n += 1;
        }
        for n in (0..blocks(&self.case).len()).rev() {
            let params = |case: &Case| {
                let f = &case.funcs[func];
                f.layout.blocks().nth(n).map_or(0, |block| f.dfg.num_block_params(block))
            };
            self.ranges(on, params, |case, range| {
                let f = &mut case.funcs[func];
                let Some(block) = f.layout.blocks().nth(n) else { return false };
                range.rev().all(|k| edit::drop_param(f, block, k))
            })?;
        }
        Ok(())
    }

    fn computations(&mut self, func: usize, on: &mut Listener<'_>) -> Result<()> {
        let count = |case: &Case| edit::instructions(&case.funcs[func]).len();
        self.ranges(on, count, |case, range| {
            let f = &mut case.funcs[func];
            let all = edit::instructions(f);
            let dropped = range.rev().filter(|n| all.get(*n).is_some_and(|inst| edit::drop_inst(f, *inst, None)));
            dropped.count() > 0
        })?;
        let mut n = 0;
        while n < count(&self.case) {
            let inst = edit::instructions(&self.case.funcs[func])[n];
            let mut kept = false;
            for like in 0..3 {
                kept = kept || self.attempt(on, |case| edit::drop_inst(&mut case.funcs[func], inst, Some(like)))?;
            }
            if !kept {
                self.attempt(on, |case| edit::set_constant(&mut case.funcs[func], inst, 0))?;
                n += 1;
            }
        }
        let mut without_places = self.case.clone();
        if edit::drop_places(&mut without_places.funcs[func]) {
            self.offer(without_places, true, on)?;
        }
        Ok(())
    }

    /// Parameters and results of a function that no other one calls.
    fn interface(&mut self, func: usize, on: &mut Listener<'_>) -> Result<()> {
        let name = self.case.funcs[func].name.to_string();
        let word = |text: &str| {
            let ends =
                |at: usize| !text[at + name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            text.match_indices(&name).any(|(at, _)| ends(at))
        };
        let others = |(n, f): (usize, &windlass_ir::ir::Function)| {
            let text = f.display().to_string();
            let body = if n == func { text.split_once('{').map_or("", |(_, body)| body) } else { &text };
            word(body)
        };
        if self.case.funcs.iter().enumerate().any(others) {
            return Ok(());
        }
        for n in (0..self.case.funcs[func].signature.params.len()).rev() {
            let ty = self.case.funcs[func].signature.params[n].value_type;
            let given =
                self.case.calls.iter().find(|call| call.func == func).and_then(|call| call.args.get(n).cloned());
            let zero = DataValue::from_bits(0, ty);
            for value in [zero, given].into_iter().flatten() {
                let drop = |case: &mut Case| {
                    case.calls.iter_mut().filter(|call| call.func == func).for_each(|call| _ = call.args.remove(n));
                    edit::drop_argument(&mut case.funcs[func], n, &value)
                };
                // a constant is not lighter than a parameter, but what uses it may go next
                let mut candidate = self.case.clone();
                if drop(&mut candidate) && self.offer(candidate, true, on)? {
                    break;
                }
            }
        }
        for n in (0..self.case.funcs[func].signature.returns.len()).rev() {
            self.attempt(on, |case| edit::drop_result(&mut case.funcs[func], n))?;
        }
        Ok(())
    }

    fn header(&mut self, on: &mut Listener<'_>) -> Result<()> {
        self.ranges(
            on,
            |case| case.header.len(),
            |case, range| {
                case.header.drain(range);
                true
            },
        )?;
        for line in 0..self.case.header.len() {
            let words = move |case: &Case| case.header[line].split_whitespace().count();
            self.ranges(on, words, |case, range| {
                let kept = case.header[line].split_whitespace().enumerate().filter(|(n, _)| !range.contains(n));
                case.header[line] = kept.map(|(_, word)| word).collect::<Vec<_>>().join(" ");
                range.start >= 2
            })?;
        }
        Ok(())
    }
}
