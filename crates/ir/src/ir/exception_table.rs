//! The handlers of a `try_call`: where it goes when the callee returns, and where for which exception.

use super::instructions::{BlockCall, ValueListPool};
use super::{ExceptionTable, ExceptionTag, SigRef, Value};
use std::fmt;
use windlass_entity::PrimaryMap;

/// All exception tables of a function.
pub type ExceptionTables = PrimaryMap<ExceptionTable, ExceptionTableData>;

/// An entry of an exception table. Entries are tried in order.
#[derive(Clone, Debug)]
pub enum ExceptionTableItem {
    /// Handles exceptions with this tag.
    Tag(ExceptionTag, BlockCall),
    /// Handles all exceptions.
    Default(BlockCall),
    /// Tags of the following entries are meant in the context of this value.
    Context(Value),
}

/// An entry without its target, which stands in the list of targets at the same place among those that have one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
enum Item {
    Tag(ExceptionTag),
    Default,
    Context(Value),
}

/// Where a `try_call` goes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Raw"))]
pub struct ExceptionTableData {
    /// The handlers, in order, then the normal return.
    targets: Vec<BlockCall>,
    items: Vec<Item>,
    sig: SigRef,
}

/// A table as it was read.
#[cfg(feature = "enable-serde")]
#[derive(serde::Deserialize)]
struct Raw {
    targets: Vec<BlockCall>,
    items: Vec<Item>,
    sig: SigRef,
}

#[cfg(feature = "enable-serde")]
impl TryFrom<Raw> for ExceptionTableData {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, &'static str> {
        let Raw { targets, items, sig } = raw;
        let handlers = items.iter().filter(|item| !matches!(item, Item::Context(_))).count();
        if targets.len() != handlers + 1 {
            return Err("an exception table has a target for each handler and the normal return");
        }
        Ok(ExceptionTableData { targets, items, sig })
    }
}

impl ExceptionTableData {
    /// A table for a callee of this signature: where it goes on normally, and its entries.
    pub fn new(sig: SigRef, normal_return: BlockCall, items: impl IntoIterator<Item = ExceptionTableItem>) -> Self {
        let mut table = ExceptionTableData { targets: Vec::new(), items: Vec::new(), sig };
        for item in items {
            table.items.push(match item {
                ExceptionTableItem::Tag(tag, target) => {
                    table.targets.push(target);
                    Item::Tag(tag)
                }
                ExceptionTableItem::Default(target) => {
                    table.targets.push(target);
                    Item::Default
                }
                ExceptionTableItem::Context(v) => Item::Context(v),
            });
        }
        table.targets.push(normal_return);
        table
    }
    /// The callee's signature.
    pub fn signature(&self) -> SigRef {
        self.sig
    }
    /// The callee's signature, to be changed.
    pub fn signature_mut(&mut self) -> &mut SigRef {
        &mut self.sig
    }
    /// The entries.
    pub fn items(&self) -> impl Iterator<Item = ExceptionTableItem> + '_ {
        let mut targets = self.targets.iter().copied();
        self.items.iter().filter_map(move |item| {
            Some(match item {
                Item::Tag(tag) => ExceptionTableItem::Tag(*tag, targets.next()?),
                Item::Default => ExceptionTableItem::Default(targets.next()?),
                Item::Context(v) => ExceptionTableItem::Context(*v),
            })
        })
    }
    /// Where it goes when the callee returns.
    pub fn normal_return(&self) -> &BlockCall {
        self.targets.last().expect("a normal return is always there")
    }
    /// Where it goes when the callee returns, to be changed.
    pub fn normal_return_mut(&mut self) -> &mut BlockCall {
        self.targets.last_mut().expect("a normal return is always there")
    }
    /// The handlers in order, then the normal return.
    pub fn all_branches(&self) -> &[BlockCall] {
        &self.targets
    }
    /// The handlers in order, then the normal return, to be changed.
    pub fn all_branches_mut(&mut self) -> &mut [BlockCall] {
        &mut self.targets
    }
    /// The values that are contexts of tags.
    pub fn contexts(&self) -> impl DoubleEndedIterator<Item = Value> + '_ {
        self.items.iter().filter_map(|item| if let Item::Context(v) = item { Some(*v) } else { None })
    }
    /// The values that are contexts of tags, to be changed.
    pub fn contexts_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Value> + '_ {
        self.items.iter_mut().filter_map(|item| if let Item::Context(v) = item { Some(v) } else { None })
    }
    /// Removes all entries; the normal return stays.
    pub fn clear(&mut self) {
        self.items.clear();
        self.targets.drain(..self.targets.len() - 1);
    }
    /// The same table with lists of its own.
    #[must_use]
    pub fn deep_clone(&self, pool: &mut ValueListPool) -> Self {
        let targets = self.targets.iter().map(|t| t.deep_clone(pool)).collect();
        ExceptionTableData { targets, ..self.clone() }
    }
    /// The table as in CLIF.
    pub fn display<'a>(&'a self, pool: &'a ValueListPool) -> DisplayExceptionTable<'a> {
        DisplayExceptionTable { table: self, pool }
    }
}

/// See [`ExceptionTableData::display`].
pub struct DisplayExceptionTable<'a> {
    table: &'a ExceptionTableData,
    pool: &'a ValueListPool,
}

impl fmt::Display for DisplayExceptionTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, [", self.table.sig, self.table.normal_return().display(self.pool))?;
        let mut separator = " ";
        for item in self.table.items() {
            f.write_str(separator)?;
            separator = ", ";
            match item {
                ExceptionTableItem::Tag(tag, target) => write!(f, "{tag}: {}", target.display(self.pool)),
                ExceptionTableItem::Default(target) => write!(f, "default: {}", target.display(self.pool)),
                ExceptionTableItem::Context(v) => write!(f, "context {v}"),
            }?;
        }
        f.write_str(if separator == " " { "]" } else { " ]" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Block, BlockArg};

    #[test]
    fn entries_keep_their_order() {
        let mut pool = ValueListPool::new();
        let mut to = |n| BlockCall::new(Block::from_u32(n), [BlockArg::TryCallExn(n)], &mut pool);
        let (context, tag) = (Value::from_u32(9), ExceptionTag::from_u32(1));
        let items = [
            ExceptionTableItem::Context(context),
            ExceptionTableItem::Tag(tag, to(2)),
            ExceptionTableItem::Default(to(3)),
        ];
        let mut table = ExceptionTableData::new(SigRef::from_u32(0), to(1), items);
        let text = "sig0, block1(exn1), [ context v9, tag1: block2(exn2), default: block3(exn3) ]";
        assert_eq!(table.display(&pool).to_string(), text);
        let copy = table.deep_clone(&mut pool);
        table.contexts_mut().for_each(|v| *v = Value::from_u32(8));
        assert_eq!((table.contexts().count(), table.all_branches().len()), (1, 3));
        table.clear();
        assert_eq!(table.display(&pool).to_string(), "sig0, block1(exn1), []");
        assert_eq!(copy.display(&pool).to_string(), text);
    }
}
