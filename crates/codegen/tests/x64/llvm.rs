//! Bytes and text against llvm-mc: LLVM must read the bytes of each instruction as exactly the text we print, and must
//! not find shorter bytes for that text.

use crate::cases::{self, Case, Rng};
use crate::common;
use std::collections::BTreeSet;
use windlass_codegen::x64::asm;
use windlass_codegen::x64::branch::{BRANCHES, JMP_KIND, jcc_kind};
use windlass_codegen::x64::rows::{XCHG64_R, XCHG64_RR};
use windlass_desc::x64::flags::CCS;
use windlass_desc::x64::{Feature, Link, regs, rows};

const CASES_PER_ROW: usize = 300;

/// What llvm-mc must be told.
fn features() -> String {
    let features: BTreeSet<_> =
        rows().iter().filter_map(|row| row.feature).map(|f| Feature::ALL[f.0 as usize].llvm).collect();
    let features = features.into_iter().map(|name| format!("+{name}")).collect::<Vec<_>>().join(",");
    format!("-mattr={features}")
}

const X86: [&str; 2] = ["--triple=x86_64", "--output-asm-variant=1"];

fn check(list: &[(Vec<u8>, String)]) {
    common::check(&[&X86[..], &[&features()]].concat(), list);
}

fn all_cases() -> Vec<(usize, Case)> {
    let mut rng = Rng::new(1);
    let mut out = vec![];
    for (n, row) in rows().iter().enumerate().filter(|(_, r)| !r.enc.special) {
        let count = if row.operands.is_empty() { 1 } else { CASES_PER_ROW };
        out.extend((0..count).map(|_| (n, cases::random(&mut rng, n, row))));
    }
    // of rax with itself it is the bytes of a NOP to LLVM
    out.retain(|(n, c)| *n as u16 != XCHG64_R || c.ops[1] != regs::RAX as u32);
    out
}

fn text(c: &Case) -> String {
    asm::print(&c.inst, &c.ops, &c.frame, None)
}

#[test]
fn llvm_reads_what_we_print() {
    let (rows, cases) = (rows(), all_cases());
    let list: Vec<_> = cases.iter().map(|(_, c)| (c.encode(), text(c))).collect();
    check(&list);
    let special = rows.iter().filter(|r| r.enc.special).count();
    println!("x64 rows {:>5}\nencoded  {:>5}\nspecial  {special:>5}", rows.len(), rows.len() - special);
    println!("checked  {:>5} encodings against llvm-mc", list.len());
}

#[test]
fn llvm_finds_nothing_shorter() {
    let rows = rows();
    // rax among the operands of an exchange has a row of its own, which emission takes
    // LLVM takes no number as what is called
    let taken = |n: usize| n as u16 != XCHG64_RR && rows[n].enc.link != Link::Call;
    let cases: Vec<_> = all_cases().into_iter().filter(|(n, _)| taken(*n)).collect();
    let texts: Vec<_> = cases.iter().map(|(_, c)| text(c)).collect();
    let input = format!(".intel_syntax noprefix\n{}\n", texts.join("\n"));
    let listing = common::llvm_mc(&[&X86[..], &[&features(), "--show-encoding"]].concat(), input);
    let theirs = listing.lines().filter_map(|l| l.split_once("encoding: ["));
    let theirs: Vec<usize> = theirs.map(|(_, bytes)| bytes.split(',').count()).collect();
    assert_eq!(theirs.len(), texts.len());
    for (((n, c), text), theirs) in cases.iter().zip(&texts).zip(theirs) {
        let ours = c.encode();
        assert!(ours.len() <= theirs, "{}: {text}: {ours:02x?}, but LLVM needs only {theirs}", rows[*n].name);
    }
}

#[test]
fn llvm_reads_branches() {
    let mut list = vec![];
    for (rel, form) in [(-128, 0), (-2, 0), (0, 0), (127, 0), (-129, 1), (0, 1), (i32::MAX as i64, 1)] {
        let mut add = |mnemonic: &str, branch| {
            let mut bytes = vec![];
            (BRANCHES.write)(&mut bytes, branch, form, rel);
            list.push((bytes, format!("{mnemonic} {rel}")));
        };
        add("jmp", JMP_KIND);
        CCS.iter().for_each(|(cc, name)| add(&format!("j{name}"), jcc_kind(*cc)));
    }
    check(&list);
}
