//! The targets of a `br_table`.

use super::JumpTable;
use super::instructions::{BlockCall, ValueListPool};
use std::fmt;
use windlass_entity::PrimaryMap;

/// All jump tables of a function.
pub type JumpTables = PrimaryMap<JumpTable, JumpTableData>;

/// Where a `br_table` goes: by its operand's value, or to a default.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "enable-serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Vec<BlockCall>", into = "Vec<BlockCall>")
)]
pub struct JumpTableData {
    /// The default, then the entries.
    table: Vec<BlockCall>,
}

impl From<JumpTableData> for Vec<BlockCall> {
    fn from(table: JumpTableData) -> Self {
        table.table
    }
}

impl TryFrom<Vec<BlockCall>> for JumpTableData {
    type Error = &'static str;

    fn try_from(table: Vec<BlockCall>) -> Result<Self, &'static str> {
        if table.is_empty() { Err("a jump table has a default") } else { Ok(JumpTableData { table }) }
    }
}

impl JumpTableData {
    /// A table with this default and these entries.
    pub fn new(default: BlockCall, entries: &[BlockCall]) -> Self {
        JumpTableData { table: std::iter::once(default).chain(entries.iter().copied()).collect() }
    }
    /// The default.
    pub fn default_block(&self) -> BlockCall {
        self.table[0]
    }
    /// The default, to be changed.
    pub fn default_block_mut(&mut self) -> &mut BlockCall {
        &mut self.table[0]
    }
    /// The default and then the entries.
    pub fn all_branches(&self) -> &[BlockCall] {
        &self.table
    }
    /// The default and then the entries, to be changed.
    pub fn all_branches_mut(&mut self) -> &mut [BlockCall] {
        &mut self.table
    }
    /// The entries.
    pub fn as_slice(&self) -> &[BlockCall] {
        self.table.get(1..).unwrap_or(&[])
    }
    /// The entries, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [BlockCall] {
        self.table.get_mut(1..).unwrap_or(&mut [])
    }
    /// The entries.
    pub fn iter(&self) -> std::slice::Iter<'_, BlockCall> {
        self.as_slice().iter()
    }
    /// The entries, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, BlockCall> {
        self.as_mut_slice().iter_mut()
    }
    /// Removes all entries; the default stays.
    pub fn clear(&mut self) {
        self.table.truncate(1);
    }
    /// The table as in CLIF.
    pub fn display<'a>(&'a self, pool: &'a ValueListPool) -> DisplayJumpTable<'a> {
        DisplayJumpTable { table: self, pool }
    }
}

/// See [`JumpTableData::display`].
pub struct DisplayJumpTable<'a> {
    table: &'a JumpTableData,
    pool: &'a ValueListPool,
}

impl fmt::Display for DisplayJumpTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, [", self.table.default_block().display(self.pool))?;
        for (i, entry) in self.table.iter().enumerate() {
            write!(f, "{}{}", if i > 0 { ", " } else { "" }, entry.display(self.pool))?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Block, Value};

    #[test]
    fn default_and_entries() {
        let mut pool = ValueListPool::new();
        let mut to = |n, args: &[u32]| {
            BlockCall::new(Block::from_u32(n), args.iter().map(|v| Value::from_u32(*v).into()), &mut pool)
        };
        let mut table = JumpTableData::new(to(0, &[7]), &[to(1, &[]), to(2, &[8, 9])]);
        assert_eq!(table.display(&pool).to_string(), "block0(v7), [block1, block2(v8, v9)]");
        assert_eq!((table.all_branches().len(), table.as_slice().len()), (3, 2));
        table.clear();
        assert_eq!(table.display(&pool).to_string(), "block0(v7), []");
    }
}
