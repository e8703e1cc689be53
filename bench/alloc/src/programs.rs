//! Random functions as input: the generators that the allocator is tested with, taken from its tests by path. Needs
//! nothing; leaves [`Unit`]s over the tests' invented machine.

#![allow(dead_code, unused_imports)]

#[path = "../../../crates/regalloc/tests/regalloc/execute.rs"]
mod execute;
#[path = "../../../crates/regalloc/tests/regalloc/func.rs"]
mod func;
#[path = "../../../crates/regalloc/tests/regalloc/generate.rs"]
mod generate;
#[path = "../../../crates/regalloc/tests/regalloc/random.rs"]
mod random;
#[path = "../../../crates/regalloc/tests/regalloc/rows.rs"]
mod rows;
#[path = "../../../crates/regalloc/tests/regalloc/structured.rs"]
mod structured;

use crate::input::{Input, Unit};
use windlass_regalloc::Code;

/// Gives a reserved register's place to any register: the peer has no such constraint on values.
fn without_reserved(mut code: Code) -> Code {
    for inst in &mut code.insts {
        if inst.row == rows::RESERVED {
            inst.row = rows::ADD3;
        }
    }
    code
}

/// `count` structured functions and `count` with arbitrary control flow.
pub fn inputs(count: u64) -> Vec<Input> {
    let machine = rows::usual();
    let unit = |name: String, code: Code| Unit { name, code: without_reserved(code) };
    let structured = (0..count).map(|seed| {
        let (size, vars) = (20 + (seed * 37 % 600) as usize, 4 + (seed % 24) as usize);
        unit(format!("s{seed}"), structured::structured(seed, size, vars, seed % 3 > 0, &machine))
    });
    let dense = (0..count).map(|seed| {
        let blocks = 5 + (seed * 13 % 120) as usize;
        let shape = generate::Shape { blocks, insts: 30, window: 8 + (seed % 20) as usize, calls: true };
        unit(format!("d{seed}"), generate::function(seed, shape, &machine))
    });
    let input = |name: &str, units: Vec<Unit>| Input {
        name: name.to_string(),
        units,
        skipped: Default::default(),
        machine: machine.clone(),
    };
    vec![input("random structured", structured.collect()), input("random dense", dense.collect())]
}
