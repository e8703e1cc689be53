//! Long inputs of the shapes that tempt a pass to recurse or to look twice, on a small stack. A pass that is not near
//! linear does not come to an end here.

use std::fmt::Write;
use windlass_ir::ir::Function;
use windlass_ir::reader::parse_functions;
use windlass_opt::{Level, run};

const N: usize = 50_000;

/// Optimizes the function of a text, and gives it.
fn optimized(text: String) -> Function {
    let small = std::thread::Builder::new().stack_size(256 << 10);
    let work = move || {
        let mut func = parse_functions(&text).expect("the test's own text").remove(0);
        run(&mut func, Level::Speed).expect("still verifies");
        func
    };
    small.spawn(work).expect("a thread").join().expect("no panic")
}

fn size(func: &Function) -> (usize, usize) {
    let blocks = func.layout.blocks();
    (func.layout.blocks().count(), blocks.map(|b| func.layout.block_insts(b).count()).sum())
}

#[test]
fn chains_of_sums() {
    let mut text = String::from("function %f(i32) -> i32 {\nblock0(v0: i32):\n v1 = iconst.i32 1\n");
    for n in 2..N {
        let _ = writeln!(text, " v{n} = iadd v{}, v1", if n == 2 { 0 } else { n - 1 });
    }
    let _ = writeln!(text, " return v{}\n}}", N - 1);
    assert_eq!(size(&optimized(text)), (1, 3));
}

#[test]
fn chains_of_blocks_in_the_opposite_order() {
    let mut text = String::from("function %f(i32) -> i32 {\nblock0(v0: i32):\n jump block1(v0)\n");
    for n in (1..N).rev() {
        let _ = writeln!(text, "block{n}(v{n}: i32):\n v{} = ineg v{n}", N + n);
        let _ = if n + 1 == N {
            writeln!(text, " return v{}", N + n)
        } else {
            writeln!(text, " jump block{}(v{})", n + 1, N + n)
        };
    }
    text.push('}');
    assert_eq!(size(&optimized(text)).0, 1);
}

#[test]
fn nests_of_loops_around_the_same_value() {
    const DEPTH: usize = 2_000;
    let mut text = String::from("function %f(i32, i32) -> i32 {\nblock0(v0: i32, v1: i32):\n jump block1(v0)\n");
    for n in 1..DEPTH {
        let _ = writeln!(text, "block{n}(v{}: i32):\n jump block{}(v{})", n + 1, n + 1, n + 1);
    }
    let _ = writeln!(text, "block{DEPTH}(v{}: i32):\n jump block{}", DEPTH + 1, DEPTH + 1);
    for n in 1..DEPTH {
        let at = DEPTH + n;
        let _ = writeln!(text, "block{at}:\n brif v1, block{}(v{}), block{}", DEPTH - n, DEPTH + 1, at + 1);
    }
    let _ = writeln!(text, "block{}:\n return v{}\n}}", 2 * DEPTH, DEPTH + 1);
    let func = optimized(text);
    assert!(func.layout.blocks().skip(1).all(|b| func.dfg.num_block_params(b) == 0));
}

#[test]
fn jumps_to_jumps() {
    let mut text = String::from("function %f(i32) -> i32 {\nblock0(v0: i32):\n brif v0, block1, block2\n");
    for n in 1..N {
        let _ = writeln!(text, "block{n}:\n jump block{}", (n + 2).min(N));
    }
    let _ = writeln!(text, "block{N}:\n return v0\n}}");
    assert_eq!(size(&optimized(text)), (1, 1));
}

#[test]
fn many_ways_to_one_block() {
    let mut text = String::from("function %f(i32, i32) -> i32 {\nblock0(v0: i32, v1: i32):\n br_table v0, block1, [");
    let targets: Vec<String> = (1..N).map(|n| format!("block{n}")).collect();
    let _ = writeln!(text, "{}]", targets.join(", "));
    for n in 1..N {
        let _ = writeln!(text, "block{n}:\n jump block{N}(v{})", n % 2);
    }
    let _ = writeln!(text, "block{N}(v2: i32):\n return v2\n}}");
    let func = optimized(text);
    assert_eq!(func.layout.blocks().count(), 2);
}
