//! Bytes and text against llvm-mc: LLVM must read the bytes of each instruction as exactly the text we print, and must
//! not find shorter bytes for that text.

use crate::cases::{self, Case, Rng};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use windlass_codegen::sink::Sink;
use windlass_codegen::x64::{asm, insts};
use windlass_desc::x64::flags::{CCS, Cc};
use windlass_desc::x64::{Feature, Field, Row, regs, rows};
use windlass_regalloc::{Class, PReg};

const CASES_PER_ROW: usize = 300;

/// What llvm-mc, run with `args`, makes of `input`.
fn llvm_mc(args: &[&str], input: String) -> String {
    let features: BTreeSet<_> =
        rows().iter().filter_map(|row| row.feature).map(|f| Feature::ALL[f.0 as usize].llvm).collect();
    let features = features.into_iter().map(|name| format!("+{name}")).collect::<Vec<_>>().join(",");
    let mut command = Command::new("llvm-mc");
    command.args(["--triple=x86_64", "--output-asm-variant=1", &format!("-mattr={features}")]).args(args);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.unwrap_or_else(|e| {
        panic!("cannot run llvm-mc ({e}): it checks our encodings; ./test-all.sh installs what the tests need")
    });
    let mut stdin = child.stdin.take().expect("piped");
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("llvm-mc ends");
    feeder.join().expect("no panic").expect("llvm-mc reads its input");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "llvm-mc: {}", &errors[..errors.len().min(2000)]);
    String::from_utf8(output.stdout).expect("text")
}

/// The instructions in a disassembly, white space normalised, directives and comments dropped.
fn instructions(text: &str) -> Vec<String> {
    let code = text.lines().map(|l| l.split('#').next().unwrap_or("").trim());
    code.filter(|l| !l.is_empty() && !l.starts_with('.'))
        .map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Requires that LLVM reads each byte string as one instruction with the text that stands beside it. Brackets make
/// each line a unit of its own, so that a wrong length cannot be made good by the next line.
fn check(list: &[(Vec<u8>, String)]) {
    let mut input = String::new();
    for (bytes, _) in list {
        let bytes: Vec<_> = bytes.iter().map(|b| format!("{b:#04x}")).collect();
        input.push_str(&format!("[{}]\n", bytes.join(",")));
    }
    let theirs = instructions(&llvm_mc(&["--disassemble"], input));
    let pairs = list.iter().zip(&theirs).filter(|((_, ours), theirs)| ours != *theirs);
    let wrong: Vec<_> = pairs.map(|((b, ours), theirs)| format!("{b:02x?}: {ours}; LLVM says {theirs}")).collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert_eq!(list.len(), theirs.len(), "one line per instruction");
}

fn all_cases() -> Vec<(usize, Case)> {
    let mut rng = Rng::new(1);
    let mut out = vec![];
    for (n, row) in rows().iter().enumerate().filter(|(_, r)| !r.enc.special) {
        let count = if row.operands.is_empty() { 1 } else { CASES_PER_ROW };
        out.extend((0..count).map(|_| (n, cases::random(&mut rng, n, row))));
    }
    out
}

/// What we print of a case, and of a constant the place that it has before emission.
fn text(row: &Row, c: &Case) -> String {
    let text = asm::print(&c.inst, &c.ops, &c.frame);
    match text.rsplit_once(' ') {
        Some((start, _)) if row.enc.rm == Field::Pool => {
            format!("{start} {} ptr [rip]", if row.width == 64 { "qword" } else { "dword" })
        }
        _ => text,
    }
}

#[test]
fn llvm_reads_what_we_print() {
    let (rows, cases) = (rows(), all_cases());
    let list: Vec<_> = cases.iter().map(|(n, c)| (c.encode(), text(&rows[*n], c))).collect();
    check(&list);
    let special = rows.iter().filter(|r| r.enc.special).count();
    println!("x64 rows {:>5}\nencoded  {:>5}\nspecial  {special:>5}", rows.len(), rows.len() - special);
    println!("checked  {:>5} encodings against llvm-mc", list.len());
}

#[test]
fn llvm_finds_nothing_shorter() {
    let rows = rows();
    // xchg as a row has one form; what the allocator asks for is made by `insts::xchg`.
    let cases: Vec<_> = all_cases().into_iter().filter(|(n, _)| rows[*n].name != "xchg64_rr").collect();
    let texts: Vec<_> = cases.iter().map(|(n, c)| text(&rows[*n], c)).collect();
    let input = format!(".intel_syntax noprefix\n{}\n", texts.join("\n"));
    let listing = llvm_mc(&["--show-encoding"], input);
    let theirs = listing.lines().filter_map(|l| l.split_once("encoding: ["));
    let theirs: Vec<usize> = theirs.map(|(_, bytes)| bytes.split(',').count()).collect();
    assert_eq!(theirs.len(), texts.len());
    for (((n, c), text), theirs) in cases.iter().zip(&texts).zip(theirs) {
        let ours = c.encode();
        assert!(ours.len() <= theirs, "{}: {text}: {ours:02x?}, but LLVM needs only {theirs}", rows[*n].name);
    }
}

/// Instructions made without rows, with their texts.
fn helpers() -> Vec<(Vec<u8>, String)> {
    let mut list: Vec<(Vec<u8>, String)> = vec![];
    let mut add = |text: String, make: &dyn Fn(&mut Sink)| {
        let mut out = Sink::new();
        make(&mut out);
        list.push((out.as_slice().to_vec(), text));
    };
    for rel in [-128, -2, 0, 127i8] {
        add(format!("jmp {rel}"), &|o| insts::jmp8(o, rel));
        for (n, (_, cc)) in CCS.iter().enumerate() {
            add(format!("j{cc} {rel}"), &|o| insts::jcc8(o, Cc::from_number(n as u8), rel));
        }
    }
    for rel in [i32::MIN, -129, 0, 128, i32::MAX] {
        add(format!("jmp {rel}"), &|o| assert_eq!(insts::jmp32(o, rel), 1));
        add(format!("call {rel}"), &|o| assert_eq!(insts::call32(o, rel), 1));
        for (n, (_, cc)) in CCS.iter().enumerate() {
            add(format!("j{cc} {rel}"), &|o| assert_eq!(insts::jcc32(o, Cc::from_number(n as u8), rel), 2));
        }
    }
    for a in 0..16 {
        let name = |width| regs::name(a, width);
        add(format!("call {}", name(64)), &|o| insts::call_reg(o, a));
        add(format!("jmp {}", name(64)), &|o| insts::jmp_reg(o, a));
        add(format!("push {}", name(64)), &|o| insts::push(o, a));
        add(format!("pop {}", name(64)), &|o| insts::pop(o, a));
        add(format!("lea {}, [rip + 77]", name(64)), &|o| assert_eq!(insts::lea_rip(o, a, 77), 3));
        add(format!("movabs {}, -2", name(64)), &|o| assert_eq!(insts::movabs(o, a, -2i64 as u64), 2));
        for b in 0..16 {
            // LLVM puts rax first; `xchg rax, rax` is a nop to it.
            let (first, second) = if b == 0 { (b, a) } else { (a, b) };
            if (a, b) != (0, 0) {
                let text = format!("xchg {}, {}", regs::name(first, 64), regs::name(second, 64));
                add(text, &|o| insts::xchg(o, a, b));
            }
            for (width, bits) in [(4, 32), (8, 64)] {
                let (to, from) = (PReg::new(Class::Int, a), PReg::new(Class::Int, b));
                add(format!("mov {}, {}", name(bits), regs::name(b, bits)), &|o| insts::move_reg(o, to, from, width));
            }
            let (to, from) = (PReg::new(Class::Vec, a), PReg::new(Class::Vec, b));
            add(format!("movaps xmm{a}, xmm{b}"), &|o| insts::move_reg(o, to, from, 16));
        }
        for offset in [0, 8, 120, 128, -128, -136, 4096] {
            let sign = if offset < 0 { '-' } else { '+' };
            let at = if offset == 0 { "[rsp]".into() } else { format!("[rsp {sign} {}]", i32::abs(offset)) };
            let vec = format!("xmm{a}");
            let kinds = [
                (Class::Int, 4, "mov", "dword", name(32)),
                (Class::Int, 8, "mov", "qword", name(64)),
                (Class::Vec, 4, "movss", "dword", vec.clone()),
                (Class::Vec, 8, "movsd", "qword", vec.clone()),
                (Class::Vec, 16, "movups", "xmmword", vec),
            ];
            for (class, width, mnemonic, size, r) in kinds {
                let reg = PReg::new(class, a);
                add(format!("{mnemonic} {r}, {size} ptr {at}"), &|o| insts::load(o, reg, offset, width));
                add(format!("{mnemonic} {size} ptr {at}, {r}"), &|o| insts::store(o, offset, reg, width));
            }
        }
    }
    for offset in [8, 4096] {
        add(format!("push qword ptr [rsp + {offset}]"), &|o| insts::push_stack(o, offset));
        add(format!("pop qword ptr [rsp + {offset}]"), &|o| insts::pop_stack(o, offset));
    }
    for n in [8, 120, 127, -128, 136, i32::MIN] {
        add(format!("add rsp, {n}"), &|o| insts::adjust_rsp(o, n));
    }
    for n in [1, 8, 127, -128, 129, i32::MAX] {
        add(format!("sub rsp, {n}"), &|o| insts::adjust_rsp(o, -n));
    }
    add("ud2".into(), &insts::ud2);
    for pops in [0, 16, 32752] {
        add(if pops == 0 { "ret".into() } else { format!("ret {pops}") }, &|o| insts::ret(o, pops));
    }
    list
}

#[test]
fn llvm_reads_the_instructions_without_rows() {
    check(&helpers());
    for n in 0..40 {
        let mut out = Sink::new();
        insts::nop(&mut out, n);
        assert_eq!(out.len(), n);
        let bytes: Vec<_> = out.as_slice().iter().map(|b| format!("{b:#04x}")).collect();
        let texts = instructions(&llvm_mc(&["--disassemble"], bytes.join(" ")));
        assert!(texts.iter().all(|t| t.starts_with("nop")) && texts.len() == n.div_ceil(9), "{n}: {texts:?}");
    }
}
