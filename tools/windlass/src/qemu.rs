//! Running code of other machines under qemu's emulation of user programs. Does: makes a static program of linked code, a
//! stub and a list of calls, and runs it in a child process with limits of time and output. Needs: `qemu-riscv64` and the
//! like in the search path, Linux. Leaves: how each call ended, as [`crate::sandbox`] does for code of this machine.

mod elf;
mod machine;
mod routines;
mod script;

use crate::sandbox::{Call, End};
use elf::Segment;
pub use machine::Machine;
pub use routines::missing as missing_routines;
use std::fs::File;
use std::io::{Error, Read, Result, Seek, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use target_lexicon::Triple;
use windlass_link::image::Image;
use windlass_link::memory::Kind;

/// Where linked code lies.
pub const IMAGE: usize = 0x3000_0000;
/// How much longer than its call the program may be silent.
const GRACE: u32 = 5;
/// How much of what qemu complains about is kept.
const COMPLAINT: u64 = 4096;

/// A machine that can be emulated here.
#[derive(Clone, Debug)]
pub struct Emulator {
    /// Which.
    pub machine: &'static Machine,
    program: PathBuf,
    cpu: String,
}

impl Emulator {
    /// The emulator for a target with these features, or why there is none.
    pub fn find(triple: &Triple, enabled: &[&'static str]) -> std::result::Result<Emulator, String> {
        let arch = triple.architecture;
        let machine = Machine::of(arch).ok_or_else(|| format!("no emulator of {arch} is known"))?;
        let name = machine.program;
        let missing = |feature| format!("{name} cannot be asked for {feature}");
        let cpu = machine.cpu(enabled).map_err(missing)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let programs = std::env::split_paths(&path).map(|folder| folder.join(name));
        let program = programs.into_iter().find(|program| program.is_file());
        let program = program.ok_or_else(|| format!("{name} is not installed (Debian: qemu-user)"))?;
        let emulator = Emulator { machine, program, cpu };
        if emulator.cpu.contains(',') {
            // older versions do not know all properties
            emulator.call_all(&Image::new(IMAGE), &[], 1).map_err(|e| e.to_string())?;
        }
        Ok(emulator)
    }

    /// Makes calls of an image's code, each for at most `seconds`, and tells how each ended. The addresses of [`Call`] are
    /// those of the image.
    pub fn call_all(&self, image: &Image, calls: &[Call], seconds: u32) -> Result<Vec<End>> {
        let mut ends = vec![];
        loop {
            let left = &calls[ends.len()..];
            let program = self.program(image, left, seconds);
            let run =
                Run::new(self, &program, script::output_bytes(left), Duration::from_secs((seconds + GRACE).into()))?;
            let told = script::ends(self.machine, left, &run.output);
            ends.extend(
                told.ok_or_else(|| Error::other(format!("{} does not run: {}", self.machine.program, run.complaint)))?,
            );
            if ends.len() == calls.len() {
                return Ok(ends);
            }
            ends.push(if run.silent { End::TimedOut } else { End::Died(run.status.into_raw()) });
            if ends.len() == calls.len() {
                return Ok(ends);
            }
        }
    }

    fn program(&self, image: &Image, calls: &[Call], seconds: u32) -> Vec<u8> {
        let stub = machine::bytes(self.machine.stub);
        let data = script::data(self.machine, calls, seconds);
        let segment = |address, is_code, bytes, zeros| Segment { address, is_code, bytes, zeros };
        let own = [
            segment(script::STUB, true, &stub[..], 0),
            segment(machine::HEADER, false, &data[..], script::HANDLER_STACK),
        ];
        let linked =
            image.segments().map(|(kind, address, bytes)| segment(address as u64, kind == Kind::Code, bytes, 0));
        elf::program(self.machine, script::entry(self.machine), &own.into_iter().chain(linked).collect::<Vec<_>>())
    }
}

/// What a program did.
struct Run {
    output: Vec<u8>,
    /// It was ended because it was silent for too long.
    silent: bool,
    status: ExitStatus,
    /// What the emulator itself said.
    complaint: String,
}

impl Run {
    /// Runs a program until it ends, is silent for too long, or writes more than it may.
    fn new(emulator: &Emulator, program: &[u8], most: usize, silence: Duration) -> Result<Run> {
        let mut file = in_memory()?;
        file.write_all(program)?;
        let mut errors = in_memory()?;
        let mut command = Command::new(&emulator.program);
        command.args(["-cpu", &emulator.cpu]).arg(format!("/proc/self/fd/{}", file.as_raw_fd())).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors.try_clone()?);
        // SAFETY: the child makes nothing but system calls before it becomes another program.
        unsafe { command.pre_exec(limits) };
        let mut child = command.spawn()?;
        let (mut output, mut silent) = (vec![], false);
        let heard = listen(&mut child, most, silence, &mut output, &mut silent);
        // a child that has ended is not harmed
        child.kill()?;
        let status = child.wait()?;
        heard?;
        let mut complaint = vec![];
        errors.rewind()?;
        errors.take(COMPLAINT).read_to_end(&mut complaint)?;
        let complaint = String::from_utf8_lossy(&complaint).trim().replace('\n', "; ");
        Ok(Run { output, silent, status, complaint })
    }
}

/// Limits what a child may do, and lets it end when this process does.
fn limits() -> Result<()> {
    let limit = |resource, most| {
        let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY: the structure outlives the call.
        unsafe { libc::setrlimit(resource, &limit) }
    };
    // SAFETY: a plain system call.
    let with_parent = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    match limit(libc::RLIMIT_CORE, 0) | limit(libc::RLIMIT_FSIZE, 1 << 20) | with_parent {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}

/// A file without a name, which child processes have too.
fn in_memory() -> Result<File> {
    // SAFETY: the name is a string of C.
    match unsafe { libc::memfd_create(c"windlass".as_ptr(), 0) } {
        -1 => Err(Error::last_os_error()),
        // SAFETY: the descriptor is new and belongs to nobody else.
        file => Ok(unsafe { File::from_raw_fd(file) }),
    }
}

/// Reads what a child writes until it ends.
fn listen(child: &mut Child, most: usize, silence: Duration, output: &mut Vec<u8>, silent: &mut bool) -> Result<()> {
    let Some(pipe) = &mut child.stdout else { return Err(Error::other("the child has no output")) };
    let mut buffer = [0; 1 << 16];
    let mut heard = Instant::now();
    while output.len() <= most {
        let left = silence.saturating_sub(heard.elapsed()).as_millis().min(i32::MAX as u128);
        let mut poll = libc::pollfd { fd: pipe.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: the structure outlives the call.
        match unsafe { libc::poll(&mut poll, 1, left as libc::c_int) } {
            -1 if Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            -1 => return Err(Error::last_os_error()),
            0 => {
                *silent = true;
                return Ok(());
            }
            _ => match pipe.read(&mut buffer)? {
                0 => return Ok(()),
                count => {
                    output.extend_from_slice(&buffer[..count]);
                    heard = Instant::now();
                }
            },
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::machine::tests::assembled;
    use super::*;
    use crate::sandbox::Fault;
    use windlass_link::linker::{Blob, Linker};

    /// In the assembly of each machine: adds two slots, loads from the callee's address, never ends, ends the program,
    /// runs what is no instruction, and fills the stack.
    const PROGRAMS: [(&str, &[&str], [&str; 6]); 2] = [
        (
            "x86_64",
            &["-x86-asm-syntax=intel"],
            [
                "mov rax, [rsi]\n add rax, [rsi + 16]\n mov [rsi], rax\n ret",
                "mov eax, [rdi]\n ret",
                "x: jmp x",
                "mov eax, 231\n mov edi, 7\n syscall",
                "nop\n ud2",
                "x: push rax\n jmp x",
            ],
        ),
        (
            "riscv64",
            &[],
            [
                "ld t0, 0(a1)\n ld t1, 16(a1)\n add t0, t0, t1\n sd t0, 0(a1)\n ret",
                "lw t0, 0(a0)\n ret",
                "x: j x",
                "li a7, 94\n li a0, 7\n ecall",
                "nop\n unimp",
                "x: addi sp, sp, -16\n sd a0, 0(sp)\n j x",
            ],
        ),
    ];

    #[test]
    fn each_call_ends_in_its_own_way() {
        for (target, options, texts) in PROGRAMS {
            let emulator = Emulator::find(&target.parse().unwrap(), &[]).unwrap();
            let mut linker = Linker::for_image(Image::new(IMAGE));
            let blobs = texts.map(|text| Blob {
                name: None,
                kind: Kind::Code,
                bytes: assembled(target, options, text),
                zeros: 0,
                align: 16,
                relocs: vec![],
            });
            let linked = linker.link(&blobs).unwrap();
            let call = |n: usize| Call {
                trampoline: linked.address(n),
                callee: std::ptr::without_provenance(64),
                args: vec![5u128.to_le_bytes(), 6u128.to_le_bytes()],
                results: 1,
            };
            let calls = [0, 1, 0, 2, 0, 3, 0, 4, 5, 0].map(call);
            let ends = emulator.call_all(linker.image().unwrap(), &calls, 1).unwrap();
            for n in [0, 2, 4, 6, 9] {
                assert_eq!(ends[n], End::Returned(vec![11u128.to_le_bytes()]), "{target}: call {n}");
            }
            let fault = |n: usize| match &ends[n] {
                End::Fault(fault) => *fault,
                other => panic!("{target}: call {n}: {other:?}"),
            };
            let start = |n: usize| linked.address(n).addr();
            let Fault { signal, pc, address, .. } = fault(1);
            assert_eq!((signal, pc, address), (libc::SIGSEGV, start(1), 64), "{target}");
            assert_eq!(ends[3], End::TimedOut, "{target}");
            assert!(matches!(ends[5], End::Died(status) if libc::WEXITSTATUS(status) == 7), "{target}: {:?}", ends[5]);
            let Fault { signal, pc, .. } = fault(7);
            assert!(signal == libc::SIGILL && (1..=4).contains(&(pc - start(4))), "{target}: {signal} at {pc:#x}");
            let Fault { signal, sp, address, .. } = fault(8);
            assert!(signal == libc::SIGSEGV && sp.abs_diff(address) <= 16, "{target}: sp {sp:#x}, {address:#x}");
        }
    }
}
