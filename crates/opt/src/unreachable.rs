//! Removes what never runs: blocks that no path from the entry reaches, with their instructions. Values defined there
//! have no uses left, since only such blocks could use them.

use windlass_ir::entity::EntitySet;
use windlass_ir::ir::{Block, Function};

/// Takes unreachable blocks and their instructions out of the layout.
pub(crate) fn remove(func: &mut Function) {
    let mut reached = EntitySet::new();
    let mut todo: Vec<Block> = func.layout.entry_block().into_iter().collect();
    reached.extend(todo.iter().copied());
    while let Some(block) = todo.pop() {
        todo.extend(func.block_successors(block).filter(|next| reached.insert(*next)));
    }
    let mut next = func.layout.entry_block();
    while let Some(block) = next {
        next = func.layout.next_block(block);
        if !reached.contains(block) {
            func.layout.remove_block_and_insts(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Level, run};
    use windlass_ir::ir::Function;
    use windlass_ir::reader::parse_functions;

    fn after(text: &str) -> Function {
        let mut func = parse_functions(text).expect("the test's own text").remove(0);
        run(&mut func, Level::None).expect("still verifies");
        func
    }

    #[test]
    fn unreachable_cycles_go_with_their_uses() {
        let func = after(
            "function %f(i32) -> i32 {
             block0(v0: i32):
                 jump block3(v0)
             block1(v1: i32):
                 v2 = iadd v1, v0
                 jump block2
             block2:
                 brif v2, block1(v2), block3(v2)
             block3(v3: i32):
                 return v3
             }",
        );
        let blocks: Vec<_> = func.layout.blocks().map(|b| b.to_string()).collect();
        assert_eq!(blocks, ["block0", "block3"]);
        let used: Vec<_> = func.layout.blocks().flat_map(|b| func.layout.block_insts(b)).collect();
        assert_eq!(used.len(), 2);
    }

    #[test]
    fn operands_of_every_kind_are_resolved() {
        let func = after(
            "function %f(i64) -> i64 {
             block0(v0: i64):
                 v9 -> v0
                 v8 -> v9
                 v1 = iadd v8, v9
                 store v8, v9
                 brif v8, block1(v8), block1(v1)
             block1(v2: i64):
                 return v8
             }",
        );
        for block in func.layout.blocks() {
            for inst in func.layout.block_insts(block) {
                assert!(func.dfg.inst_values(inst).all(|v| !func.dfg.value_is_alias(v)), "{}", func.display());
            }
        }
    }

    #[test]
    fn long_chains_need_no_stack() {
        const N: usize = 90_000;
        let mut text = String::from("function %f(i32) -> i32 {\nblock0(v0: i32):\n jump block1\n");
        for n in 1..N {
            text += &format!("block{n}:\n v{n} -> v{}\n jump block{}\n", n - 1, n + 1);
        }
        text += &format!("block{N}:\n return v{}\n}}", N - 1);
        let func = after(&text);
        assert_eq!(func.layout.blocks().count(), N + 1);
    }
}
