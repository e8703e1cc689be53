//! The stubs and veneers of each machine, as LLVM's disassembler reads them.

use std::io::Write;
use std::process::{Command, Stdio};
use windlass_codegen::linkage::Linkage;

/// What `llvm-mc` reads bytes as, one instruction after the other.
fn disassembled(triple: &str, bytes: &[u8]) -> String {
    let mut command = Command::new("llvm-mc");
    let command = command.args(["--disassemble", "--triple", triple]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| {
        panic!("cannot run llvm-mc ({e}): it checks our encodings; ./test-all.sh installs what the tests need")
    });
    let text: String = bytes.iter().map(|b| format!("{b:#04x} ")).collect();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty() && line != ".text").collect::<Vec<_>>().join("; ")
}

#[test]
fn far_jumps_are_what_their_comments_say() {
    for (triple, stub, cell, veneer) in [
        ("x86_64", "jmpq *2(%rip); int3; int3", "jmpq *(%rip)", ""),
        ("riscv64", "auipc t3, 0; ld t3, 16(t3); jr t3; nop", "auipc t3, 0; ld t3, 0(t3); jr t3", ""),
        (
            "aarch64",
            "ldr x16, #8; br x16",
            "adrp x16, #0; add x16, x16, #0; ldr x16, [x16]; br x16",
            "ldrsw x16, #16; adr x17, #12; add x16, x16, x17; br x16",
        ),
        ("s390x", "lgrl %r1, 0x8; br %r1", "larl %r1, 0x0; lg %r1, 0(%r1); br %r1", ""),
    ] {
        let machine = Linkage::of(triple.parse::<target_lexicon::Triple>().unwrap().architecture);
        assert_eq!(disassembled(triple, machine.stub.as_ref().unwrap().code), stub);
        assert_eq!(disassembled(triple, machine.cell_jump.as_ref().unwrap().code), cell);
        let code = machine.veneer.as_ref().map_or(&[][..], |veneer| &veneer.code[..veneer.distance as usize]);
        assert_eq!(disassembled(triple, code), veneer);
    }
}
