//! Branch targets: a block and the arguments it is given, in four bytes.

use super::{ValueList, ValueListPool};
use crate::ir::{Block, Value};
use std::fmt;

/// An argument of a branch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BlockArg {
    /// A value.
    Value(Value),
    /// A result of the call whose normal return the branch is.
    TryCallRet(u32),
    /// A value that comes with the exception which the branch handles.
    TryCallExn(u32),
}

// A list element has 32 bits: values have the highest clear; the rest have 30 bits for a number.
const NOT_A_VALUE: u32 = 1 << 31;
const EXCEPTION: u32 = 1 << 30;
const NUMBER: u32 = EXCEPTION - 1;

impl BlockArg {
    /// As an element of a list. Numbers above any that a signature can have become one such number.
    fn encode(self) -> Value {
        Value::from_bits(match self {
            BlockArg::Value(v) => v.as_bits() & !NOT_A_VALUE,
            BlockArg::TryCallRet(n) => n.min(NUMBER) | NOT_A_VALUE,
            BlockArg::TryCallExn(n) => n.min(NUMBER) | NOT_A_VALUE | EXCEPTION,
        })
    }
    fn decode(element: Value) -> Self {
        let bits = element.as_bits();
        match (bits & NOT_A_VALUE, bits & EXCEPTION) {
            (0, _) => BlockArg::Value(element),
            (_, 0) => BlockArg::TryCallRet(bits & NUMBER),
            _ => BlockArg::TryCallExn(bits & NUMBER),
        }
    }
    /// The value, if it is one.
    pub fn as_value(&self) -> Option<Value> {
        match *self {
            BlockArg::Value(v) => Some(v),
            BlockArg::TryCallRet(_) | BlockArg::TryCallExn(_) => None,
        }
    }
    /// The argument with its value mapped, if it is one.
    #[must_use]
    pub fn map_value<F: FnMut(Value) -> Value>(&self, mut f: F) -> Self {
        self.as_value().map_or(*self, |v| BlockArg::Value(f(v)))
    }
}

impl From<Value> for BlockArg {
    fn from(v: Value) -> BlockArg {
        BlockArg::Value(v)
    }
}

impl fmt::Display for BlockArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlockArg::Value(v) => v.fmt(f),
            BlockArg::TryCallRet(n) => write!(f, "ret{n}"),
            BlockArg::TryCallExn(n) => write!(f, "exn{n}"),
        }
    }
}

/// A block and the arguments it is given, in a [`ValueListPool`], which each operation needs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BlockCall {
    /// The block's bits and then the encoded arguments; never empty.
    values: ValueList,
}

impl BlockCall {
    /// A branch to `block` with these arguments.
    pub fn new(block: Block, args: impl IntoIterator<Item = BlockArg>, pool: &mut ValueListPool) -> Self {
        let mut values = ValueList::default();
        values.push(Value::from_bits(block.as_bits()), pool);
        values.extend(args.into_iter().map(BlockArg::encode), pool);
        BlockCall { values }
    }
    pub(super) fn list(&self) -> ValueList {
        self.values
    }
    /// The block.
    pub fn block(&self, pool: &ValueListPool) -> Block {
        Block::from_bits(self.values.first(pool).map_or(u32::MAX, Value::as_bits))
    }
    /// Goes to another block.
    pub fn set_block(&mut self, block: Block, pool: &mut ValueListPool) {
        if let Some(first) = self.values.get_mut(0, pool) {
            *first = Value::from_bits(block.as_bits());
        }
    }
    fn elements<'a>(&self, pool: &'a ValueListPool) -> &'a [Value] {
        self.values.as_slice(pool).get(1..).unwrap_or(&[])
    }
    /// The arguments.
    pub fn args<'a>(
        &self,
        pool: &'a ValueListPool,
    ) -> impl ExactSizeIterator<Item = BlockArg> + DoubleEndedIterator<Item = BlockArg> + use<'a> {
        self.elements(pool).iter().map(|element| BlockArg::decode(*element))
    }
    /// The argument at `ix`, found at once: [`Self::args`] would go through all before it.
    pub fn arg(&self, ix: usize, pool: &ValueListPool) -> Option<BlockArg> {
        self.elements(pool).get(ix).map(|element| BlockArg::decode(*element))
    }
    /// How many arguments there are.
    pub fn len(&self, pool: &ValueListPool) -> usize {
        self.elements(pool).len()
    }
    /// Are there no arguments?
    pub fn is_empty(&self, pool: &ValueListPool) -> bool {
        self.len(pool) == 0
    }
    /// Adds an argument.
    pub fn append_argument(&mut self, arg: impl Into<BlockArg>, pool: &mut ValueListPool) {
        self.values.push(arg.into().encode(), pool);
    }
    /// Adds arguments.
    pub fn extend<I, T>(&mut self, args: I, pool: &mut ValueListPool)
    where
        I: IntoIterator<Item = T>,
        T: Into<BlockArg>,
    {
        self.values.extend(args.into_iter().map(|a| a.into().encode()), pool);
    }
    /// Removes the argument at `ix`.
    pub fn remove(&mut self, ix: usize, pool: &mut ValueListPool) {
        self.values.remove(1 + ix, pool);
    }
    /// Removes all arguments.
    pub fn clear(&mut self, pool: &mut ValueListPool) {
        self.values.truncate(1, pool);
    }
    /// Changes each argument.
    pub fn update_args<F: FnMut(BlockArg) -> BlockArg>(&mut self, pool: &mut ValueListPool, mut f: F) {
        for element in self.values.as_mut_slice(pool).iter_mut().skip(1) {
            *element = f(BlockArg::decode(*element)).encode();
        }
    }
    /// The same target and arguments in a list of their own.
    #[must_use]
    pub fn deep_clone(&self, pool: &mut ValueListPool) -> Self {
        BlockCall { values: self.values.deep_clone(pool) }
    }
    /// The target as in CLIF.
    pub fn display<'a>(&self, pool: &'a ValueListPool) -> DisplayBlockCall<'a> {
        DisplayBlockCall { call: *self, pool }
    }
}

/// See [`BlockCall::display`].
pub struct DisplayBlockCall<'a> {
    call: BlockCall,
    pool: &'a ValueListPool,
}

impl fmt::Display for DisplayBlockCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.block(self.pool).fmt(f)?;
        let mut args = self.call.args(self.pool);
        let Some(first) = args.next() else { return Ok(()) };
        write!(f, "({first}")?;
        args.try_for_each(|a| write!(f, ", {a}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_all_kinds() {
        let mut pool = ValueListPool::new();
        let v = Value::with_number(0x7fff_fffe).unwrap();
        let args = [BlockArg::from(v), BlockArg::TryCallRet(1), BlockArg::TryCallExn(NUMBER)];
        let mut call = BlockCall::new(Block::from_u32(3), args, &mut pool);
        assert_eq!(call.args(&pool).collect::<Vec<_>>(), args);
        let other = call.deep_clone(&mut pool);
        call.update_args(&mut pool, |a| a.map_value(|_| Value::from_u32(4)));
        call.set_block(Block::from_u32(5), &mut pool);
        call.remove(2, &mut pool);
        assert_eq!(call.display(&pool).to_string(), "block5(v4, ret1)");
        assert_eq!(other.display(&pool).to_string(), format!("block3(v2147483646, ret1, exn{NUMBER})"));
        call.clear(&mut pool);
        call.append_argument(BlockArg::TryCallRet(u32::MAX), &mut pool);
        assert_eq!((call.len(&pool), call.block(&pool).as_u32()), (1, 5));
        call.remove(0, &mut pool);
        assert_eq!(call.display(&pool).to_string(), "block5");
    }
}
