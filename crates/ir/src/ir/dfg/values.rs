//! Values: eight bytes each. A value is a result, a parameter, or an alias of another value. Needs the graph.

use super::DataFlowGraph;
use crate::ir::types::Type;
use crate::ir::{Block, Inst, Value};
use windlass_entity::packed_option::ReservedValue;
use windlass_entity::{EntitySet, Keys};

/// What defines a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueDef {
    /// It is the n-th result of an instruction.
    Result(Inst, usize),
    /// It is the n-th parameter of a block.
    Param(Block, usize),
}

impl ValueDef {
    /// The instruction, if it is a result.
    pub fn inst(&self) -> Option<Inst> {
        match *self {
            ValueDef::Result(inst, _) => Some(inst),
            ValueDef::Param(..) => None,
        }
    }
    /// The instruction; panics if it is a parameter.
    pub fn unwrap_inst(&self) -> Inst {
        self.inst().expect("a result")
    }
    /// The block; panics if it is a result.
    pub fn unwrap_block(&self) -> Block {
        match *self {
            ValueDef::Param(block, _) => block,
            ValueDef::Result(..) => panic!("a block parameter"),
        }
    }
    /// Which result or parameter it is.
    pub fn num(self) -> usize {
        match self {
            ValueDef::Result(_, n) | ValueDef::Param(_, n) => n,
        }
    }
}

/// How a value is stored: the kind in the two highest bits, the type below; which result or parameter; and what defines
/// it. Positions above `u16::MAX` become that: such a value does not count as attached.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct ValueData {
    kind_and_type: u16,
    num: u16,
    of: u32,
}

const RESULT: u16 = 0;
const PARAM: u16 = 1;
const ALIAS: u16 = 2;
const KIND_SHIFT: u32 = 14;

impl ValueData {
    fn new(kind: u16, ty: Type, num: usize, of: u32) -> Self {
        ValueData { kind_and_type: kind << KIND_SHIFT | ty.repr(), num: num.try_into().unwrap_or(u16::MAX), of }
    }
    /// Result `num` of an instruction.
    pub(super) fn result(ty: Type, num: usize, inst: Inst) -> Self {
        Self::new(RESULT, ty, num, inst.as_bits())
    }
    /// Parameter `num` of a block.
    pub(super) fn param(ty: Type, num: usize, block: Block) -> Self {
        Self::new(PARAM, ty, num, block.as_bits())
    }
    /// Another name of a value.
    pub(super) fn alias(ty: Type, original: Value) -> Self {
        Self::new(ALIAS, ty, 0, original.as_bits())
    }
    /// A number that a reader skipped: an alias of nothing.
    pub(super) fn nothing() -> Self {
        Self::alias(crate::ir::types::INVALID, Value::reserved_value())
    }
    pub(super) fn is_nothing(self) -> bool {
        self == Self::nothing()
    }
    fn kind(self) -> u16 {
        self.kind_and_type >> KIND_SHIFT
    }
    pub(super) fn ty(self) -> Type {
        Type::from_repr(self.kind_and_type & ((1 << KIND_SHIFT) - 1))
    }
    /// The value it is an alias of; the reserved one for a number that was skipped.
    pub(super) fn original(self) -> Option<Value> {
        (self.kind() == ALIAS).then(|| Value::from_bits(self.of))
    }
    pub(super) fn def(self) -> Option<ValueDef> {
        match self.kind() {
            RESULT => Some(ValueDef::Result(Inst::from_bits(self.of), self.num.into())),
            PARAM => Some(ValueDef::Param(Block::from_bits(self.of), self.num.into())),
            _ => None,
        }
    }
}

/// All numbers of values, in order.
pub struct Values<'a> {
    graph: &'a DataFlowGraph,
    keys: Keys<Value>,
}

impl Iterator for Values<'_> {
    type Item = Value;
    fn next(&mut self) -> Option<Value> {
        let graph = self.graph;
        self.keys.find(|v| !graph.values[*v].is_nothing())
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = self.keys.clone().filter(|v| !self.graph.values[*v].is_nothing()).count();
        (rest, Some(rest))
    }
}

impl ExactSizeIterator for Values<'_> {}

impl DataFlowGraph {
    pub(super) fn make_value(&mut self, data: ValueData) -> Value {
        self.values.push(data)
    }
    /// How many numbers of values there are, in use or not.
    pub fn num_values(&self) -> usize {
        self.values.len()
    }
    /// How many numbers of values there are, in use or not.
    pub fn len_values(&self) -> usize {
        self.values.len()
    }
    /// All values.
    pub fn values(&self) -> Values<'_> {
        Values { graph: self, keys: self.values.keys() }
    }
    /// All values that are no aliases, and what defines them.
    pub fn values_and_defs(&self) -> impl Iterator<Item = (Value, ValueDef)> + '_ {
        self.values.iter().filter_map(|(v, data)| Some((v, data.def()?)))
    }
    /// Is this a number of a value?
    pub fn value_is_valid(&self, v: Value) -> bool {
        self.values.is_valid(v)
    }
    /// Is it a value that something defines, and no alias?
    pub fn value_is_real(&self, v: Value) -> bool {
        self.values.get(v).is_some_and(|data| data.def().is_some())
    }
    /// Is it an alias?
    pub fn value_is_alias(&self, v: Value) -> bool {
        self.values.get(v).is_some_and(|data| data.original().is_some())
    }
    /// The value's type.
    #[inline]
    pub fn value_type(&self, v: Value) -> Type {
        self.values[v].ty()
    }
    /// What defines the value or what it is an alias of. For a number that a reader skipped, and for an alias of itself,
    /// that is a parameter of no block.
    pub fn value_def(&self, v: Value) -> ValueDef {
        let data = self.values[v];
        let data = if data.original().is_some() { self.values[self.resolve_aliases(v)] } else { data };
        data.def().unwrap_or(ValueDef::Param(Block::reserved_value(), 0))
    }
    /// Is the value one of the results or parameters of what defines it?
    pub fn value_is_attached(&self, v: Value) -> bool {
        match self.values.get(v).and_then(|data| data.def()) {
            Some(ValueDef::Result(inst, n)) => self.inst_results(inst).get(n) == Some(&v),
            Some(ValueDef::Param(block, n)) => {
                self.block_is_valid(block) && self.block_params(block).get(n) == Some(&v)
            }
            None => false,
        }
    }
    /// The value that `v` is an alias of, directly.
    pub(super) fn alias_of(&self, v: Value) -> Option<Value> {
        self.values[v].original().filter(|o| *o != v && self.values.is_valid(*o))
    }
    /// The value that `v` is an alias of, in the end. In a circle of aliases it is some member of it.
    pub fn resolve_aliases(&self, v: Value) -> Value {
        let mut at = v;
        for _ in 0..=self.values.len() {
            match self.alias_of(at) {
                Some(original) => at = original,
                None => break,
            }
        }
        at
    }
    /// Makes every operand the value it is an alias of, in linear time. Aliases stay, each of the final value directly.
    pub fn resolve_all_aliases(&mut self) {
        let (mut seen, mut done, mut path) = (EntitySet::new(), EntitySet::new(), Vec::new());
        let mut any = false;
        for v in self.values.keys() {
            if self.values[v].original().is_none() {
                continue;
            }
            any = true;
            let mut last = v;
            while seen.insert(last) {
                path.push(last);
                last = self.alias_of(last).unwrap_or(last);
            }
            // either the end of the aliases, or one that ends there directly, or a member of a circle on this path
            if done.contains(last) {
                last = self.alias_of(last).unwrap_or(last);
            }
            for alias in path.drain(..) {
                done.insert(alias);
                if self.values[alias].original().is_some() {
                    self.values[alias] = ValueData::alias(self.values[alias].ty(), last);
                }
            }
        }
        if !any {
            return;
        }
        for inst in self.insts.0.keys() {
            let values = &self.values;
            self.insts.0[inst].map_values(
                &mut self.value_lists,
                &mut self.jump_tables,
                &mut self.exception_tables,
                |v| values.get(v).and_then(|data| data.original()).filter(|o| values.is_valid(*o)).unwrap_or(v),
            );
        }
    }
    /// Makes `dest` an alias of `src`, which must not be an alias of `dest`. `dest` must be detached.
    pub fn change_to_alias(&mut self, dest: Value, src: Value) {
        debug_assert!(!self.value_is_attached(dest), "{dest} is still defined by something");
        let original = self.resolve_aliases(src);
        debug_assert_ne!(dest, original, "{src} is an alias of {dest}");
        let ty = self.value_type(original);
        debug_assert_eq!(self.value_type(dest), ty, "aliasing {dest} to {src} would change its type");
        self.values[dest] = ValueData::alias(ty, original);
    }
    /// Makes each result of `dest` an alias of `src`'s result at the same place. `dest` then has no results.
    pub fn replace_with_aliases(&mut self, dest: Inst, src: Inst) {
        debug_assert_ne!(dest, src);
        debug_assert_eq!(self.inst_results(dest).len(), self.inst_results(src).len());
        let old = std::mem::take(&mut self.results[dest]);
        let pairs: Vec<_> =
            old.as_slice(&self.value_lists).iter().copied().zip(self.inst_results(src).to_vec()).collect();
        for (from, to) in pairs {
            self.change_to_alias(from, to);
        }
        let mut old = old;
        old.clear(&mut self.value_lists);
    }
    /// Sets what a value is.
    pub(super) fn set_value(&mut self, v: Value, data: ValueData) {
        self.values[v] = data;
    }
    /// What a value is.
    pub(super) fn value_data(&self, v: Value) -> ValueData {
        self.values[v]
    }
}

const _: () = assert!(size_of::<ValueData>() == 8);
