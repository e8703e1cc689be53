//! Functions that are large in one respect, as texts: for everything from the reader to emission.

use super::{Row, join, lines};
use crate::stages::Input;

macro_rules! rows {
    ($($name:literal: $make:expr),* $(,)?) => {
        &[$(Row { name: $name, make: |n| Input::Text(($make as fn(usize) -> String)(n)), compile: true }),*]
    };
}

/// The reader takes at most 100,000 blocks, and 65,535 parameters of each.
const BLOCKS: usize = 11;
const PARAMS: usize = 17;

pub(super) const ROWS: &[Row] = rows! {
    "instructions": |n| body(lines(n, |i| format!("v{} = iadd v{i}, v{i}", i + 2)) + &format!("return v{}", n + 1)),
    "unused instructions": |n| body(lines(n, |i| format!("v{} = iadd v{i}, v{i}", i + 2)) + "return v0"),
    "unused instructions of one value": |n| body(lines(n, |i| format!("v{} = imul v0, v1", i + 2)) + "return v0"),
    "uses of one value": |n| body(lines(n, |i| format!("v{} = bxor v{}, v0", i + 2, i + 1)) + &format!("return v{}", n + 1)),
    "wide constants": |n| body(lines(n, |i| format!("store v0, v0+8\nv{} = iconst.i64 {}\nstore v{}, v0", i + 2, i << 33, i + 2)) + "return v0"),
    "loads": |n| body(lines(n, |i| format!("v{} = load.i64 v0+{}", i + 2, 8 * i)) + "return v0"),
    "loads that are added": |n| body("v2 = iconst.i64 0\n".to_string()
        + &lines(n, |i| format!("v{} = load.i64 v0+{}\nv{} = iadd v{}, v{}", 2 * i + 3, 8 * i, 2 * i + 4, 2 * i + 2, 2 * i + 3))
        + &format!("return v{}", 2 * n + 2)),
    "stores": |n| body(lines(n, |i| format!("store v1, v0+{}", 8 * i)) + "return v0"),
    "divisions": |n| body(lines(n, |i| format!("v{} = udiv v{}, v1", i + 2, if i == 0 { 0 } else { i + 1 })) + &format!("return v{}", n + 1)),
    "traps": |n| body(lines(n, |i| format!("trapz v{}, user{}", i % 2, i % 200 + 1)) + "return v0"),
    "shifts": |n| body(lines(n, |i| format!("v{} = ishl v{}, v1", i + 2, if i == 0 { 0 } else { i + 1 })) + &format!("return v{}", n + 1)),
    "comparisons": |n| body(lines(n, |i| format!("v{} = icmp slt v0, v1\nv{} = select v{}, v0, v1\nstore v{}, v0",
        2 * i + 2, 2 * i + 3, 2 * i + 2, 2 * i + 3)) + "return v0"),
    "one comparison, many uses": |n| body("v2 = icmp slt v0, v1\n".to_string()
        + &lines(n, |i| format!("v{} = select v2, v0, v1\nstore v{}, v0", i + 3, i + 3)) + "return v0"),
    "addresses": |n| body(lines(n, |i| format!("v{} = ishl v1, v1\nv{} = iadd v0, v{}\nv{} = load.i64 v{}+8\nstore v{}, v0",
        4 * i + 2, 4 * i + 3, 4 * i + 2, 4 * i + 4, 4 * i + 3, 4 * i + 4)) + "return v0"),
    "long live ranges": |n| body(lines(n, |i| format!("v{} = load.i64 v0+{}", i + 2, 8 * i))
        + &lines(n, |i| format!("store v{}, v1+{}", i + 2, 8 * i)) + "return v0"),
    "long live ranges, reversed": |n| body(lines(n, |i| format!("v{} = load.i64 v0+{}", i + 2, 8 * i))
        + &lines(n, |i| format!("store v{}, v1+{}", n + 1 - i, 8 * i)) + "return v0"),
    "long live ranges over a call": |n| called("(i64) -> i64", lines(n, |i| format!("v{} = load.i64 v0+{}", i + 3, 8 * i))
        + "v2 = call fn0(v0)\n" + &lines(n, |i| format!("store v{}, v1+{}", i + 3, 8 * i)) + "return v2"),
    "calls": |n| called("(i64) -> i64", lines(n, |i| format!("v{} = call fn0(v{})", i + 2, if i == 0 { 0 } else { i + 1 })) + "return v0"),
    "values over calls": |n| called("(i64) -> i64", lines(n, |i| format!("v{} = load.i64 v0\nv{} = call fn0(v1)\nstore v{}, v0",
        2 * i + 2, 2 * i + 3, 2 * i + 2)) + "return v0"),
    "arguments of a call": |n| called(&format!("({}) -> i64", join(n, ", ", |_| "i64".into())),
        lines(n, |i| format!("v{} = load.i64 v0+{}", i + 3, 8 * i))
        + &format!("v2 = call fn0({})\nreturn v2", join(n, ", ", |i| format!("v{}", i + 3)))),
    "one value as all arguments": |n| called(&format!("({}) -> i64", join(n, ", ", |_| "i64".into())),
        format!("v2 = call fn0({})\nreturn v2", join(n, ", ", |_| "v0".into()))),
    "constant arguments": |n| called(&format!("({}) -> i64", join(n, ", ", |_| "i64".into())),
        lines(n, |i| format!("v{} = iconst.i64 {i}", i + 3))
        + &format!("v2 = call fn0({})\nreturn v2", join(n, ", ", |i| format!("v{}", i + 3)))),
    "calls of many arguments": |n| called(&format!("({}) -> i64", join(64, ", ", |_| "i64".into())),
        lines(n / 64, |i| format!("v{} = call fn0({})", i + 2, join(64, ", ", |k| format!("v{}", k % 2)))) + "return v0"),
    "parameters that are used": |n| format!("function %f({}) -> i64 system_v {{\nblock0({}):\n{}    return v{}\n}}\n",
        join(n, ", ", |_| "i64".into()), join(n, ", ", |i| format!("v{i}: i64")),
        lines(n - 1, |i| format!("    v{} = iadd v{}, v{}", n + i, if i == 0 { 0 } else { n + i - 1 }, i + 1)), 2 * n - 2),
    "functions that call": |n| lines(n / 4, |i| format!("function %f{i}(i64) -> i64 system_v {{\n    fn0 = %f{}(i64) -> i64 system_v\nblock0(v0: i64):\n    v1 = call fn0(v0)\n    return v1\n}}",
        (i + 1) % (n / 4).max(1))),
    "blocks": |n| body_blocks("", n / BLOCKS, |i| format!("jump block{}", i + 1)),
    "blocks that return": |n| body_blocks("", n / BLOCKS, |i| format!("brif v0, block{}, block{}", i + 1, i + 1)),
    "unreachable blocks": |n| body("return v0\n".to_string() + &lines(n / BLOCKS, |i| format!("block{}: return v0", i + 1))),
    "values over blocks": |n| body_blocks("v2 = imul v0, v1\n", n / BLOCKS, |i| match i % 64 {
        0 => format!("store v2, v1\njump block{}", i + 1),
        _ => format!("brif v0, block{}, block{}", i + 1, i + 1),
    }),
    "defined early, used late": |n| {
        let blocks = n / BLOCKS;
        let define = |i: usize| format!("block{}:\nv{} = load.i64 v0+{i}\njump block{}", i + 1, i + 2, i + 2);
        let using = |i: usize| format!("block{}:\nstore v{}, v0+{i}\njump block{}", blocks / 2 + i + 1, i + 2, blocks / 2 + i + 2);
        body(format!("jump block1\n{}{}block{}:\nreturn v0", lines(blocks / 2, define), lines(blocks / 2, using), blocks / 2 * 2 + 1))
    },
    "wide block": |n| {
        let k = n / PARAMS;
        body(format!("{}jump block1({})\nblock1({}):\n{}return v0", lines(k, |i| format!("v{} = load.i64 v0+{i}", i + 2)),
            join(k, ", ", |i| format!("v{}", i + 2)), join(k, ", ", |i| format!("v{}: i64", k + i + 2)),
            lines(k, |i| format!("store v{}, v0", k + i + 2))))
    },
    "wide loop": |n| {
        let k = n / PARAMS;
        body(format!("{}jump block1({})\nblock1({}):\nbrif v0, block1({}), block2\nblock2:\n{}return v0",
            lines(k, |i| format!("v{} = load.i64 v0+{i}", i + 2)), join(k, ", ", |i| format!("v{}", i + 2)),
            join(k, ", ", |i| format!("v{}: i64", k + i + 2)), join(k, ", ", |i| format!("v{}", k + (i + 1) % k + 2)),
            lines(k, |i| format!("store v{}, v0", k + i + 2))))
    },
    "many wide blocks": |n| {
        let k = n / 16;
        let block = |b: usize| format!("block{}({}):\n{}", b + 1, join(16, ", ", |i| format!("v{}: i64", 16 * b + i + 2)),
            if b + 1 == k / BLOCKS { "return v0".into() } else { format!("jump block{}({})", b + 2, join(16, ", ", |i| format!("v{}", 16 * b + (i + 1) % 16 + 2))) });
        body(format!("jump block1({})\n{}", join(16, ", ", |_| "v0".into()), lines(k / BLOCKS, block)))
    },
    "one value passed often": |n| body(format!("jump block1({})\nblock1({}):\nreturn v2", join(n / PARAMS, ", ", |_| "v0".into()),
        join(n / PARAMS, ", ", |i| format!("v{}: i64", i + 2)))),
    "many edges to a wide block": |n| body_blocks("", n / BLOCKS / 16, |i| format!("brif v0, block{}, block{}({})", i + 1,
        n / BLOCKS / 16 + 1, join(16, ", ", |k| format!("v{}", k % 2)))) .trim_end().trim_end_matches('}').to_string()
        + &format!("block{}({}):\nreturn v2\n}}\n", n / BLOCKS / 16 + 1, join(16, ", ", |k| format!("v{}: i64", k + 2))),
    "jump table": |n| format!("function %f(i32) system_v {{\nblock0(v0: i32):\n    br_table v0, block1, [{}]\nblock1:\n    return\nblock2:\n    return\n}}\n",
        join(n, ", ", |i| format!("block{}", i % 2 + 1))),
    "jump table to many blocks": |n| format!("function %f(i32) system_v {{\nblock0(v0: i32):\n    br_table v0, block1, [{}]\n{}}}\n",
        join(n / BLOCKS, ", ", |i| format!("block{}", i + 1)), lines(n / BLOCKS, |i| format!("block{}:\n    return", i + 1))),
    "jump table with arguments": |n| format!("function %f(i32) system_v {{\nblock0(v0: i32):\n    br_table v0, block1(v0), [{}]\nblock1(v1: i32):\n    return\n}}\n",
        join(n, ", ", |_| "block1(v0)".into())),
    "jump tables": |n| body_blocks("v2 = ireduce.i32 v0\n", n / BLOCKS, |i| format!("br_table v2, block{}, [block{}, block{}]", i + 1, i + 1, i + 1)),
    "exception handlers": |n| format!("function %f() system_v {{\n    fn0 = %g() system_v\n    sig0 = () system_v\nblock0:\n    try_call fn0(), sig0, block1, [{}]\nblock1:\n    return\n}}\n",
        join(n, ", ", |i| format!("tag{i}: block1"))),
    "floats": |n| format!("function %f(f64, f64) -> f64 system_v {{\nblock0(v0: f64, v1: f64):\n{}    return v{}\n}}\n",
        lines(n, |i| format!("    v{} = fadd v{}, v1", i + 2, if i == 0 { 0 } else { i + 1 })), n + 1),
    "wide integers": |n| format!("function %f(i128, i128) -> i128 system_v {{\nblock0(v0: i128, v1: i128):\n{}    return v{}\n}}\n",
        lines(n, |i| format!("    v{} = iadd v{}, v1", i + 2, if i == 0 { 0 } else { i + 1 })), n + 1),
    "vector constants": |n| format!("function %f() {{\nblock0:\n{}    return\n}}\n", lines(n, |i| format!("    v{i} = vconst.i8x16 0x{i:032x}"))),
    "shuffles": |n| format!("function %f(i8x16) {{\nblock0(v0: i8x16):\n{}    return\n}}\n",
        lines(n, |i| format!("    v{} = shuffle v{i}, v0, 0x{i:032x}", i + 1))),
    "addresses of slots": |n| format!("function %f() {{\n{}block0:\n{}    return\n}}\n", lines(n, |i| format!("    ss{i} = explicit_slot 16")),
        lines(n, |i| format!("    v{} = stack_addr.i64 ss{i}\n    store v{}, v{}", i, i, i))),
    "addresses of functions": |n| format!("function %f(i64) system_v {{\n{}block0(v0: i64):\n{}    return\n}}\n",
        lines(n, |i| format!("    fn{i} = %g{i}()")), lines(n, |i| format!("    v{} = func_addr.i64 fn{i}\n    store v{}, v0", i + 1, i + 1))),
};

/// A function of two integers with these instructions, the last of which ends its block.
fn body(text: String) -> String {
    format!("function %f(i64, i64) -> i64 system_v {{\nblock0(v0: i64, v1: i64):\n{text}\n}}\n")
}

/// The same, that may call `fn0`.
fn called(signature: &str, text: String) -> String {
    let head = format!("function %f(i64, i64) -> i64 system_v {{\n    fn0 = %g{signature} system_v\nblock0");
    body(text).replacen("function %f(i64, i64) -> i64 system_v {\nblock0", &head, 1)
}

/// A function of `n` blocks behind its first, which follow each other; the last returns.
fn body_blocks(first: &str, n: usize, end: impl Fn(usize) -> String) -> String {
    let block = |i: usize| format!("block{}:\n{}", i + 1, if i + 1 == n { "return v0".into() } else { end(i + 1) });
    body(format!("{first}jump block1\n{}", lines(n, block)))
}
