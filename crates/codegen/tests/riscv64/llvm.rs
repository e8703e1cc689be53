//! Bytes and text against llvm-mc: LLVM must read the bytes of each instruction as exactly the text we print. Where it has
//! a shorter name for a special immediate, its name is not ours.

use crate::cases::{self, Rng};
use crate::common;
use crate::listings::{self, target};
use windlass_codegen::riscv64::asm;
use windlass_codegen::riscv64::branch::{BRANCHES, JUMP_BRANCH, branch_if};
use windlass_codegen::riscv64::rows::{LEA64_RM, NAMES};
use windlass_desc::machine::Imm;
use windlass_desc::riscv64::cond::{Cc, NAMES as CONDITIONS};
use windlass_desc::riscv64::{Format, regs, rows};
use windlass_ir::isa::CallConv;

const CASES_PER_ROW: usize = 200;
const RISCV: [&str; 2] = ["--triple=riscv64", "-mattr=+m,+a,+f,+d,+c"];

/// Has LLVM another name for the row with this immediate?
fn has_alias(name: &str, imm: i32) -> bool {
    matches!((name, imm), ("add64_ri" | "add32_ri", 0) | ("xor64_ri", -1) | ("sltu64_ri", 1) | ("and64_ri", 255))
}

#[test]
fn llvm_reads_what_we_print() {
    let (rows, mut rng) = (rows(), Rng(1));
    let mut list = vec![];
    for (n, row) in rows.iter().enumerate().filter(|(_, r)| !matches!(r.enc.format, Format::Special | Format::Pair)) {
        let count = if row.operands.is_empty() && !row.listed { 1 } else { CASES_PER_ROW };
        for _ in 0..count {
            // the zero register makes other names of some instructions, and registers 1 and 5 of jumps
            let case = cases::random(&mut rng, n, row, 6);
            let imm = (case.inst.payload >> 32) as i32;
            let none = n as u16 == LEA64_RM && case.inst.payload as i32 + case.frame.slots == 0;
            if row.imm == Imm::None && !none || row.imm != Imm::None && !has_alias(NAMES[n], imm) {
                list.push((case.encode(), asm::print(&case.inst, &case.ops, &case.frame, None)));
            }
        }
    }
    common::check(&RISCV, &list);
    println!("riscv64 rows {}, checked {} encodings against llvm-mc", rows.len(), list.len());
    assert!(list.len() > 50 * CASES_PER_ROW);
}

#[test]
fn llvm_reads_branches() {
    let mut list = vec![];
    let written = |branch, form, distance| {
        let mut bytes = vec![];
        (BRANCHES.write)(&mut bytes, branch, form, distance);
        bytes
    };
    for distance in [-4096i64, -2, 4, 0x554, 4094] {
        list.push((written(JUMP_BRANCH, 0, distance), format!("j {distance}")));
        for n in [0, 1, 4, 5, 6, 7, 12, 13, 14, 15] {
            let cc = Cc::from_number(n);
            let [a, b] = if n < 8 { [10u32, 11] } else { [11, 10] };
            let (name, registers) = (CONDITIONS[(n & 7) as usize], [a, b].map(|r| regs::name(r as u8)).join(", "));
            list.push((written(branch_if(cc, 10, 11), 0, distance), format!("b{name} {registers}, {distance}")));
            let inverted = CONDITIONS[(n & 7 ^ 1) as usize];
            let far = written(branch_if(cc, 10, 11), 1, distance);
            list.push((far[..4].to_vec(), format!("b{inverted} {registers}, 8")));
            list.push((far[4..].to_vec(), format!("j {distance}")));
        }
    }
    for distance in [-0x10_0000i64, 0xf_fffe, 0x5_5554] {
        list.push((written(JUMP_BRANCH, 0, distance), format!("j {distance}")));
    }
    for (distance, high, low) in [(0x1234_5678i64, 0x12345, 0x678), (0x1800, 2, -2048), (-2, 0, -2)] {
        let far = written(branch_if(Cc::Eq, 10, 11), 2, distance);
        list.push((far[..4].to_vec(), "bne a0, a1, 12".into()));
        list.push((far[4..8].to_vec(), format!("auipc t6, {high}")));
        list.push((far[8..].to_vec(), format!("jr {low}(t6)")));
    }
    common::check(&RISCV, &list);
}

#[test]
fn listings_are_what_llvm_assembles_to_the_same_bytes() {
    let more = ["is_pic=true", "preserve_frame_pointers=true", "enable_probestack=true", "probestack_strategy=inline"];
    let more = [&more[..], &["enable_pinned_reg=true", "enable_multi_ret_implicit_sret=true"]].concat();
    listings::check(&RISCV, &[target("riscv64gc", &[]), target("riscv64gc", &more)]);
}

#[test]
fn conventions_are_those_of_the_target() {
    let isa = target("riscv64gc", &[]);
    for (conv, known) in [(CallConv::SystemV, true), (CallConv::Tail, true), (CallConv::WindowsFastcall, false)] {
        assert_eq!(isa.backend().convention(conv).is_ok(), known, "{conv}");
    }
}
