//! The machines that code runs on under qemu, a row each: which program emulates it, what system calls have for numbers
//! there, and the code around that of ours, which runs a list of steps. Needs nothing; `super::script` makes the steps.
//!
//! The code is in assembly because it enters and leaves functions in ways that no function has. It keeps nothing in
//! registers while a step runs, so that whatever a function does to them harms the next step as little as can be.

use target_lexicon::Architecture;
use windlass_ir::ir::Endianness;

/// Where the data that the stub knows begins. It fits into what one instruction of every machine loads.
pub const HEADER: u64 = 0x2000_0000;

/// A machine.
#[derive(Debug)]
pub struct Machine {
    /// Which it is.
    pub is: fn(Architecture) -> bool,
    /// The program that emulates it.
    pub program: &'static str,
    /// The CPU to ask for, of which the program knows at least everything in `features`.
    cpu: &'static str,
    /// Settings of targets that can be switched on, each with the properties that the CPU gets for it, if it lacks them.
    features: &'static [(&'static str, &'static str)],
    /// ELF's number of the machine, and flags of files.
    pub elf: (u16, u32),
    /// Order of bytes.
    pub order: Endianness,
    /// The numbers of system calls.
    pub system: SystemCalls,
    /// Does `sigaction` want the address of a function that returns from handlers?
    pub has_restorer: bool,
    /// The code around that of ours: see [`START`].
    pub stub: &'static [Line],
    /// Routines that the code of this machine alone calls by itself: the symbol, and instructions.
    pub routines: &'static [(&'static str, &'static [Line])],
}

/// Numbers of system calls.
#[derive(Debug)]
pub struct SystemCalls {
    /// Of `write`.
    pub write: u64,
    /// Of `exit_group`.
    pub exit: u64,
    /// Of `rt_sigaction`.
    pub sigaction: u64,
    /// Of `sigaltstack`.
    pub sigaltstack: u64,
    /// Of `setitimer`.
    pub setitimer: u64,
}

/// An instruction and its text; or a label, which has no bytes.
pub type Line = (&'static [u8], &'static str);

/// Labels of a stub. Here the program starts, and goes on with the first step.
pub const START: &str = "start:";
/// Makes the system call whose number and arguments are those of the step.
pub const SYSTEM: &str = "system:";
/// Handles a signal: writes down what happened, and goes on with the next step on an empty stack.
pub const HANDLER: &str = "handler:";

/// The bytes of instructions.
pub fn bytes(lines: &[Line]) -> Vec<u8> {
    lines.iter().flat_map(|(bytes, _)| *bytes).copied().collect()
}

impl Machine {
    /// What is known of an architecture, if it can be emulated.
    pub fn of(arch: Architecture) -> Option<&'static Machine> {
        MACHINES.iter().find(|machine| (machine.is)(arch))
    }

    /// Where a label of the stub is, from its start.
    pub fn label(&self, label: &str) -> u64 {
        let before = self.stub.iter().take_while(|(_, text)| *text != label);
        before.map(|(bytes, _)| bytes.len() as u64).sum()
    }

    /// The value of the option `-cpu` for a CPU that has these features; if there is none, the feature that is missing.
    pub fn cpu(&self, enabled: &[&'static str]) -> Result<String, &'static str> {
        let mut cpu = self.cpu.to_owned();
        for &name in enabled {
            let (_, properties) = self.features.iter().find(|(known, _)| *known == name).ok_or(name)?;
            if !properties.is_empty() {
                cpu += &format!(",{properties}");
            }
        }
        Ok(cpu)
    }
}

/// The machines.
pub static MACHINES: [Machine; 2] = [
    Machine {
        is: |arch| arch == Architecture::X86_64,
        program: "qemu-x86_64",
        cpu: "max",
        features: &[
            ("has_sse3", ""),
            ("has_ssse3", ""),
            ("has_cmpxchg16b", ""),
            ("has_sse41", ""),
            ("has_sse42", ""),
            ("has_avx", ""),
            ("has_avx2", ""),
            ("has_fma", ""),
            ("has_popcnt", ""),
            ("has_bmi1", ""),
            ("has_bmi2", ""),
            ("has_lzcnt", ""),
        ],
        elf: (62, 0),
        order: Endianness::Little,
        system: SystemCalls { write: 1, exit: 231, sigaction: 13, sigaltstack: 131, setitimer: 38 },
        has_restorer: true,
        stub: X64_STUB,
        routines: &[("fma", X64_FMA), ("fmaf", X64_FMAF), ("__cranelift_x86_pshufb", X64_PSHUFB), X64_PROBESTACK],
    },
    Machine {
        is: |arch| matches!(arch, Architecture::Riscv64(_)),
        program: "qemu-riscv64",
        cpu: "rv64",
        features: &[
            ("has_m", ""),
            ("has_a", ""),
            ("has_f", ""),
            ("has_d", ""),
            ("has_zicsr", ""),
            ("has_zifencei", ""),
            ("has_zca", ""),
            ("has_zcd", ""),
            ("has_zcb", "zcb=true"),
            ("has_zfa", "zfa=true"),
            ("has_zfhmin", "zfhmin=true"),
            ("has_zfh", "zfh=true"),
            ("has_zba", "zba=true"),
            ("has_zbb", "zbb=true"),
            ("has_zbc", "zbc=true"),
            ("has_zbs", "zbs=true"),
            ("has_zbkb", "zbkb=true"),
            ("has_zicond", "zicond=true"),
            ("has_v", "v=true,vext_spec=v1.0"),
            ("has_zvfh", "zvfh=true"),
            ("has_zvbb", "zvbb=true"),
            ("has_zvl32b", ""),
            ("has_zvl64b", ""),
            ("has_zvl128b", ""),
            ("has_zvl256b", "vlen=256"),
            ("has_zvl512b", "vlen=512"),
            ("has_zvl1024b", "vlen=1024"),
        ],
        // floats are passed in registers of 64 bits; instructions are not compressed
        elf: (243, 4),
        order: Endianness::Little,
        system: SystemCalls { write: 64, exit: 94, sigaction: 134, sigaltstack: 132, setitimer: 103 },
        has_restorer: false,
        stub: RISCV64_STUB,
        routines: &[],
    },
];

/// In a signal's context (`ucontext_t`) rip is at 168 and rsp at 160; in `siginfo_t` the address of a fault is at 16.
const X64_STUB: &[Line] = &[
    (&[], START),
    (&[0xbb, 0, 0, 0, 0x20], "mov ebx, 0x20000000"), // the header
    (&[0x48, 0x89, 0x63, 8], "mov [rbx + 8], rsp"),  // the stack for all steps
    (&[], "next:"),
    (&[0xbb, 0, 0, 0, 0x20], "mov ebx, 0x20000000"),
    (&[0x48, 0x8b, 0x63, 8], "mov rsp, [rbx + 8]"), // a handler comes here from a stack of its own
    (&[0x48, 0x8b, 0x2b], "mov rbp, [rbx]"),        // this step
    (&[0x48, 0x8d, 0x45, 64], "lea rax, [rbp + 64]"),
    (&[0x48, 0x89, 0x03], "mov [rbx], rax"),        // the step after it
    (&[0x48, 0x8b, 0x45, 8], "mov rax, [rbp + 8]"), // the number of a system call
    (&[0x48, 0x8b, 0x7d, 16], "mov rdi, [rbp + 16]"),
    (&[0x48, 0x8b, 0x75, 24], "mov rsi, [rbp + 24]"),
    (&[0x48, 0x8b, 0x55, 32], "mov rdx, [rbp + 32]"),
    (&[0x4c, 0x8b, 0x55, 40], "mov r10, [rbp + 40]"),
    (&[0xff, 0x55, 0], "call [rbp]"),
    (&[0xeb, 0xd4], "jmp next"),
    (&[], SYSTEM),
    (&[0x0f, 0x05], "syscall"),
    (&[0xc3], "ret"),
    (&[], HANDLER), // rdi is the signal, rsi its `siginfo_t`, rdx its `ucontext_t`
    (&[0xbb, 0, 0, 0, 0x20], "mov ebx, 0x20000000"),
    (&[0x48, 0x8b, 0x1b], "mov rbx, [rbx]"), // the step after the one that was interrupted
    (&[0x48, 0x8b, 0x5b, 0xf0], "mov rbx, [rbx - 16]"), // the area of the latter
    (&[0x48, 0x89, 0x3b], "mov [rbx], rdi"),
    (&[0x48, 0x8b, 0x46, 16], "mov rax, [rsi + 16]"),
    (&[0x48, 0x89, 0x43, 8], "mov [rbx + 8], rax"),
    (&[0x48, 0x8b, 0x82, 168, 0, 0, 0], "mov rax, [rdx + 168]"),
    (&[0x48, 0x89, 0x43, 16], "mov [rbx + 16], rax"),
    (&[0x48, 0x8b, 0x82, 160, 0, 0, 0], "mov rax, [rdx + 160]"),
    (&[0x48, 0x89, 0x43, 24], "mov [rbx + 24], rax"),
    (&[0xeb, 0xa2], "jmp next"),
];

const X64_FMA: &[Line] = &[(&[0xc4, 0xe2, 0xf1, 0xa9, 0xc2], "vfmadd213sd xmm0, xmm1, xmm2"), (&[0xc3], "ret")];
const X64_FMAF: &[Line] = &[(&[0xc4, 0xe2, 0x71, 0xa9, 0xc2], "vfmadd213ss xmm0, xmm1, xmm2"), (&[0xc3], "ret")];
const X64_PSHUFB: &[Line] = &[(&[0x66, 0x0f, 0x38, 0, 0xc1], "pshufb xmm0, xmm1"), (&[0xc3], "ret")];

/// Touches each page of a frame of rax bytes that the caller is about to make, and keeps all registers. The frame begins
/// behind the return address.
const X64_PROBESTACK: (&str, &[Line]) = (
    "__cranelift_probestack",
    &[
        (&[0x50], "push rax"),
        (&[0x51], "push rcx"),
        (&[0x48, 0x8d, 0x4c, 0x24, 24], "lea rcx, [rsp + 24]"), // the stack pointer of the caller
        (&[], "page:"),
        (&[0x48, 0x3d, 0, 0x10, 0, 0], "cmp rax, 4096"),
        (&[0x72, 0x12], "jb rest"),
        (&[0x48, 0x81, 0xe9, 0, 0x10, 0, 0], "sub rcx, 4096"),
        (&[0x83, 0x09, 0], "or dword ptr [rcx], 0"),
        (&[0x48, 0x2d, 0, 0x10, 0, 0], "sub rax, 4096"),
        (&[0xeb, 0xe6], "jmp page"),
        (&[], "rest:"),
        (&[0x48, 0x29, 0xc1], "sub rcx, rax"),
        (&[0x83, 0x09, 0], "or dword ptr [rcx], 0"),
        (&[0x59], "pop rcx"),
        (&[0x58], "pop rax"),
        (&[0xc3], "ret"),
    ],
);

/// In a signal's context (`ucontext_t`) pc is at 176 and sp at 192; in `siginfo_t` the address of a fault is at 16.
const RISCV64_STUB: &[Line] = &[
    (&[], START),
    (&[0x37, 0x04, 0, 0x20], "lui s0, 0x20000"), // the header
    (&[0x23, 0x34, 0x24, 0], "sd sp, 8(s0)"),    // the stack for all steps
    (&[], "next:"),
    (&[0x37, 0x04, 0, 0x20], "lui s0, 0x20000"),
    (&[0x03, 0x31, 0x84, 0], "ld sp, 8(s0)"), // a handler comes here from a stack of its own
    (&[0x83, 0x34, 0x04, 0], "ld s1, 0(s0)"), // this step
    (&[0x93, 0x82, 0x04, 0x04], "addi t0, s1, 64"),
    (&[0x23, 0x30, 0x54, 0], "sd t0, 0(s0)"), // the step after it
    (&[0x83, 0xb2, 0x04, 0], "ld t0, 0(s1)"), // code to call
    (&[0x83, 0xb8, 0x84, 0], "ld a7, 8(s1)"), // the number of a system call
    (&[0x03, 0xb5, 0x04, 1], "ld a0, 16(s1)"),
    (&[0x83, 0xb5, 0x84, 1], "ld a1, 24(s1)"),
    (&[0x03, 0xb6, 0x04, 2], "ld a2, 32(s1)"),
    (&[0x83, 0xb6, 0x84, 2], "ld a3, 40(s1)"),
    (&[0xe7, 0x80, 0x02, 0], "jalr t0"),
    (&[0x6f, 0xf0, 0x1f, 0xfd], "j next"),
    (&[], SYSTEM),
    (&[0x73, 0, 0, 0], "ecall"),
    (&[0x67, 0x80, 0, 0], "ret"),
    (&[], HANDLER), // a0 is the signal, a1 its `siginfo_t`, a2 its `ucontext_t`
    (&[0x37, 0x04, 0, 0x20], "lui s0, 0x20000"),
    (&[0x83, 0x34, 0x04, 0], "ld s1, 0(s0)"), // the step after the one that was interrupted
    (&[0x83, 0xb4, 0x04, 0xff], "ld s1, -16(s1)"), // the area of the latter
    (&[0x23, 0xb0, 0xa4, 0], "sd a0, 0(s1)"),
    (&[0x83, 0xb2, 0x05, 1], "ld t0, 16(a1)"),
    (&[0x23, 0xb4, 0x54, 0], "sd t0, 8(s1)"),
    (&[0x83, 0x32, 0x06, 0x0b], "ld t0, 176(a2)"),
    (&[0x23, 0xb8, 0x54, 0], "sd t0, 16(s1)"),
    (&[0x83, 0x32, 0x06, 0x0c], "ld t0, 192(a2)"),
    (&[0x23, 0xbc, 0x54, 0], "sd t0, 24(s1)"),
    (&[0x6f, 0xf0, 0xdf, 0xf9], "j next"),
];

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use object::{Object, ObjectSection};
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// What an assembler makes of a text.
    pub fn assembled(triple: &str, options: &[&str], text: &str) -> Vec<u8> {
        let mut mc = Command::new("llvm-mc");
        mc.args(["-triple", triple, "-filetype=obj"]).args(options);
        let mut mc = mc.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("llvm-mc is needed (Debian: llvm)");
        mc.stdin.take().unwrap().write_all(format!("{text}\n").as_bytes()).unwrap();
        let out = mc.wait_with_output().unwrap();
        assert!(out.status.success(), "{text}");
        let file = object::File::parse(&*out.stdout).unwrap();
        file.section_by_name(".text").unwrap().data().unwrap().to_vec()
    }

    #[test]
    fn an_assembler_makes_the_same_bytes() {
        for (machine, triple, options) in
            [(&MACHINES[0], "x86_64", &["-x86-asm-syntax=intel"][..]), (&MACHINES[1], "riscv64", &[])]
        {
            let routines = machine.routines.iter().map(|(_, lines)| *lines);
            for lines in routines.chain([machine.stub]) {
                let text: String = lines.iter().map(|(_, text)| format!("{text}\n")).collect();
                assert_eq!(bytes(lines), assembled(triple, options, &text), "{triple}: {text}");
            }
        }
    }

    #[test]
    fn stubs_have_all_labels() {
        for machine in &MACHINES {
            let labels = [START, SYSTEM, HANDLER].map(|label| machine.label(label));
            assert!(labels[0] == 0 && labels.is_sorted() && labels[2] < bytes(machine.stub).len() as u64, "{labels:?}");
        }
    }

    #[test]
    fn a_cpu_has_what_is_asked_for_or_says_what_it_lacks() {
        let cpu = |arch: &str, enabled: &[&'static str]| {
            let triple: target_lexicon::Triple = arch.parse().unwrap();
            Machine::of(triple.architecture).unwrap().cpu(enabled)
        };
        assert_eq!(cpu("riscv64gc", &["has_m", "has_zba", "has_zbb"]), Ok("rv64,zba=true,zbb=true".to_owned()));
        assert_eq!(cpu("x86_64", &["has_avx", "has_avx512f"]), Err("has_avx512f"));
    }
}
