//! Functions are the same after they were written and read, and damaged ones are refused or fail verification.
#![cfg(feature = "enable-serde")]

use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use windlass_ir::ir::Function;
use windlass_ir::reader::{ParseOptions, parse_functions, parse_test};
use windlass_ir::verifier::verify_function;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false if path.extension().is_some_and(|e| e == "clif") => found.push(path),
            false => {}
        }
    }
}

/// The functions of all test files that can be read.
fn functions() -> Vec<Function> {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clif"), &mut found);
    found.sort();
    let texts = found.iter().map(|path| std::fs::read_to_string(path).unwrap());
    let read = |text: String| match parse_test(&text, ParseOptions::default()) {
        Ok(file) => file.functions.into_iter().map(|f| f.0).collect(),
        Err(_) => vec![],
    };
    texts.flat_map(read).collect()
}

#[test]
fn functions_read_back() {
    let functions = functions();
    assert!(functions.len() > 300, "{} functions", functions.len());
    for func in functions {
        let json = serde_json::to_string(&func).unwrap();
        let same: Function = serde_json::from_str(&json).unwrap();
        assert!(same == func && same.to_string() == func.to_string(), "{func}");
        let bytes = postcard::to_allocvec(&func).unwrap();
        let same: Function = postcard::from_bytes(&bytes).unwrap();
        assert!(same == func && same.to_string() == func.to_string(), "{func}");
    }
}

#[test]
fn changed_functions_read_back() {
    let text = "function %f(i64) -> i64 {\nblock0(v0: i64): v1 = iadd v0, v0 jump block1(v1, v0)
        block1(v2: i64, v3: i64) cold: v4 = iadd v2, v3 return v4 }";
    let mut func = parse_functions(text).unwrap().remove(0);
    let entry = func.layout.entry_block().unwrap();
    let add = func.layout.first_inst(entry).unwrap();
    let jump = func.layout.last_inst(entry).unwrap();
    func.dfg.detach_inst_results(add);
    func.layout.remove_inst(add);
    func.layout.remove_inst(jump);
    let block = func.dfg.make_block();
    func.dfg.append_block_param(block, windlass_ir::ir::types::I8);
    let json = serde_json::to_string(&func).unwrap();
    assert!(serde_json::from_str::<Function>(&json).unwrap() == func);
}

/// A source of numbers: the same each time.
fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state as usize
}

/// Whatever could be read can be verified, and printed if it is sound.
fn look_at(func: &Function) -> bool {
    let sound = verify_function(func, None).is_ok();
    assert!(!sound || !func.to_string().is_empty());
    sound
}

#[test]
fn damaged_bytes_are_refused() {
    let (mut state, mut read, mut sound) = (0x9e37_79b9_7f4a_7c15, 0, 0);
    for func in functions().iter().filter(|f| f.dfg.num_insts() < 60) {
        let bytes = postcard::to_allocvec(func).unwrap();
        for _ in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..=random(&mut state) % 3 {
                let at = random(&mut state) % damaged.len();
                damaged[at] = match random(&mut state) % 3 {
                    0 => damaged[at] ^ 1 << (random(&mut state) % 8),
                    1 => [0, 1, 0x7f, 0x80, 0xff][random(&mut state) % 5],
                    _ => damaged[random(&mut state) % damaged.len()],
                };
            }
            if let Ok(func) = postcard::from_bytes::<Function>(&damaged) {
                read += 1;
                sound += usize::from(look_at(&func));
            }
        }
    }
    assert!(read > 1000 && sound > 100 && sound < read, "{sound} of {read} are sound");
}

/// The numbers in a tree.
fn numbers<'a>(json: &'a mut Json, found: &mut Vec<&'a mut Json>) {
    match json {
        Json::Number(_) => found.push(json),
        Json::Array(items) => items.iter_mut().for_each(|item| numbers(item, found)),
        Json::Object(items) => items.values_mut().for_each(|item| numbers(item, found)),
        _ => {}
    }
}

#[test]
fn damaged_numbers_are_refused() {
    let (mut state, mut read, mut sound) = (0x1234_5678_9abc_def1, 0, 0);
    for func in functions().iter().filter(|f| f.dfg.num_insts() < 30) {
        let json = serde_json::to_value(func).unwrap();
        for _ in 0..30 {
            let mut damaged = json.clone();
            let mut found = Vec::new();
            numbers(&mut damaged, &mut found);
            let at = random(&mut state) % found.len();
            let old = found[at].as_i64().unwrap_or(0);
            let new = [
                old.wrapping_add(1),
                old.wrapping_sub(1),
                0,
                1,
                old.wrapping_add(7),
                255,
                65535,
                i64::from(u32::MAX),
                i64::from(u32::MAX) - 1,
                -1,
            ];
            *found[at] = new[random(&mut state) % new.len()].into();
            if let Ok(func) = serde_json::from_value::<Function>(damaged) {
                read += 1;
                sound += usize::from(look_at(&func));
            }
        }
    }
    assert!(read > 1000 && sound > 100 && sound < read, "{sound} of {read} are sound");
}
