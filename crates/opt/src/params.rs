//! Removes block parameters that always get the same value, directly or once others are known to (the trivial phis of
//! Braun et al., "Simple and Efficient Construction of Static Single Assignment Form", 2013, section 3.1).
//!
//! Needs reachable blocks only, and no aliases; leaves it so. Parameters known to be equal are one class. A parameter
//! with two different arguments waits for their classes to become one: it stands on the lists of both, and when classes
//! are joined, the shorter list is looked through. So the time is that of all arguments and n log n for n parameters.

use crate::incoming::{Incoming, remove_params};
use rustc_hash::{FxHashMap, FxHashSet};
use windlass_ir::ir::{Block, Function, Value};

/// Replaces parameters by the one value that they get.
pub(crate) fn run(func: &mut Function) {
    let entry = func.layout.entry_block();
    let blocks: Vec<Block> = func.layout.blocks().filter(|b| Some(*b) != entry).collect();
    let mut params: Vec<(Value, Block, usize)> = vec![];
    for block in blocks {
        params.extend(func.dfg.block_params(block).iter().enumerate().map(|(n, p)| (*p, block, n)));
    }
    if params.is_empty() {
        return;
    }
    let incoming = Incoming::of(func);
    let index = params.iter().enumerate().map(|(n, p)| (p.0, n)).collect();
    let states = vec![State::default(); params.len()];
    let mut t = Trivial { func, incoming, params, index, states, waiting: FxHashMap::default(), todo: vec![] };
    for n in 0..t.params.len() {
        t.todo.push(n);
        while let Some(n) = t.todo.pop() {
            t.check(n);
        }
    }
    t.finish();
}

/// What is known of a parameter.
#[derive(Clone, Default)]
struct State {
    /// What it always is, if that was found.
    is: Option<Value>,
    /// Arguments before this are the parameter itself or `first`.
    seen: usize,
    /// The first argument that is not the parameter itself.
    first: Option<Value>,
    /// Another one, which it waits for.
    other: Option<Value>,
}

struct Trivial<'f> {
    func: &'f mut Function,
    incoming: Incoming,
    /// Parameters with their blocks and places.
    params: Vec<(Value, Block, usize)>,
    index: FxHashMap<Value, usize>,
    states: Vec<State>,
    /// By class, the parameters that wait for it to become another.
    waiting: FxHashMap<Value, Vec<usize>>,
    todo: Vec<usize>,
}

impl Trivial<'_> {
    /// The class of a value: what it always is. Shortens the way there.
    fn class(&mut self, v: Value) -> Value {
        let mut end = v;
        while let Some(next) = self.replacement(end) {
            end = next;
        }
        let mut at = v;
        while let Some(next) = self.replacement(at) {
            self.states[self.index[&at]].is = Some(end);
            at = next;
        }
        end
    }

    fn replacement(&self, v: Value) -> Option<Value> {
        self.index.get(&v).and_then(|n| self.states[*n].is)
    }

    /// Goes on through the arguments of a parameter, to a second one that differs or to the end.
    fn check(&mut self, n: usize) {
        let (param, block, place) = self.params[n];
        if self.states[n].is.is_some() {
            return;
        }
        let first = self.states[n].first;
        let mut first = first.map(|v| self.class(v)).filter(|v| *v != param);
        while let Some(call) = self.incoming.to(block).get(self.states[n].seen) {
            // what a call gives or throws is no value yet
            let Some(arg) = call.arg(place, &self.func.dfg.value_lists).and_then(|a| a.as_value()) else { return };
            let arg = self.class(arg);
            if arg != param && *first.get_or_insert(arg) != arg {
                self.states[n].first = first;
                self.states[n].other = Some(arg);
                for class in first.into_iter().chain([arg]) {
                    self.waiting.entry(class).or_default().push(n);
                }
                return;
            }
            self.states[n].seen += 1;
        }
        self.states[n].first = first;
        if let Some(value) = first {
            self.states[n].is = Some(value);
            self.join(param, value);
        }
    }

    /// The class of `gone` is now that of `value`: those go on whose two arguments are one thereby.
    fn join(&mut self, gone: Value, value: Value) {
        let mut short = self.waiting.remove(&gone).unwrap_or_default();
        let mut long = self.waiting.remove(&value).unwrap_or_default();
        if short.len() > long.len() {
            std::mem::swap(&mut short, &mut long);
        }
        for n in short {
            let (first, other) = (self.states[n].first, self.states[n].other);
            let classes = [first, other].map(|v| v.map(|v| self.class(v)));
            let own = Some(self.params[n].0);
            if classes[0] == classes[1] || classes.contains(&own) {
                self.todo.push(n);
            } else {
                long.push(n);
            }
        }
        self.waiting.insert(value, long);
        // a parameter may have waited for what is itself now
        self.todo.extend(self.index.get(&value));
    }

    fn finish(mut self) {
        let gone: Vec<Value> = self.params.iter().map(|p| p.0).filter(|p| self.replacement(*p).is_some()).collect();
        if gone.is_empty() {
            return;
        }
        let classes: Vec<Value> = gone.iter().map(|p| self.class(*p)).collect();
        remove_params(self.func, &gone.iter().copied().collect::<FxHashSet<Value>>());
        for (param, value) in gone.iter().zip(classes) {
            self.func.dfg.change_to_alias(*param, value);
        }
        self.func.dfg.resolve_all_aliases();
    }
}
