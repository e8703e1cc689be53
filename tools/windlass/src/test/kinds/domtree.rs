//! `test domtree`: the comment `dominates: blockA blockB` at a branch says that its block is the immediate dominator of
//! those blocks; blocks in no such comment, the entry apart, must be unreachable. File check directives see the
//! post-order of the flow graph and the pre-order of the tree.

use super::cat::filecheck;
use crate::source::Source;
use crate::test::verdict::{Failure, Verdict};
use std::collections::BTreeMap;
use std::fmt::Write;
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::entities::AnyEntity;
use windlass_ir::ir::{Block, Function};
use windlass_ir::testfile::{Details, TestCommand, TestFile};

/// Runs the case.
pub fn run(_: &Source, file: &TestFile<'_>, _: &TestCommand<'_>) -> Verdict {
    let check = |(func, details): &(Function, Details<'_>)| {
        check(file, func, details).err().map(|text| Failure::of(&func.name, text))
    };
    Verdict::of(file.functions.iter().filter_map(check).collect())
}

fn check(file: &TestFile<'_>, func: &Function, details: &Details<'_>) -> Result<(), String> {
    let tree = DominatorTree::with_function(func, &ControlFlowGraph::with_function(func));
    let expected = expected(func, details)?;
    for block in func.layout.blocks() {
        let (found, expected) = (tree.idom(block), expected.get(&block).copied());
        if found != expected {
            let name = |b: Option<Block>| b.map_or("none".to_owned(), |b| b.to_string());
            return Err(format!(
                "the immediate dominator of {block}: expected {}, found {}",
                name(expected),
                name(found)
            ));
        }
    }
    filecheck(file, details, &text(func, &tree))
}

/// The immediate dominators that the comments give.
fn expected(func: &Function, details: &Details<'_>) -> Result<BTreeMap<Block, Block>, String> {
    let mut idoms = BTreeMap::new();
    for comment in &details.comments {
        let Some(names) = comment.directive("dominates:") else { continue };
        let AnyEntity::Inst(inst) = comment.entity else {
            return Err(format!("`{}` belongs to {}, expected an instruction", comment.text, comment.entity));
        };
        let dominator = func.layout.inst_block(inst).ok_or_else(|| format!("{inst} is in no block"))?;
        for name in names.split_whitespace() {
            match details.map.lookup_str(name) {
                Some(AnyEntity::Block(block)) => _ = idoms.insert(block, dominator),
                _ => return Err(format!("`{}`: expected the names of blocks, found `{name}`", comment.text)),
            }
        }
    }
    Ok(idoms)
}

fn text(func: &Function, tree: &DominatorTree) -> String {
    let mut text = String::from("cfg_postorder:");
    let mut write = |part: std::fmt::Arguments<'_>| text.write_fmt(part).unwrap_or_default();
    for block in tree.cfg_postorder() {
        write(format_args!(" {block}"));
    }
    write(format_args!("\ndomtree_preorder {{\n"));
    let mut todo: Vec<Block> = func.layout.entry_block().into_iter().collect();
    while let Some(block) = todo.pop() {
        write(format_args!("    {block}:"));
        let children: Vec<Block> = tree.children(block).collect();
        for child in &children {
            write(format_args!(" {child}"));
        }
        write(format_args!("\n"));
        todo.extend(children.into_iter().rev());
    }
    write(format_args!("}}\n"));
    text
}
