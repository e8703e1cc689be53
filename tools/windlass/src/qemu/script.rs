//! What a program under qemu does: a list of steps, each a call of code with arguments. Needs the calls to make; leaves the
//! program's data, and what its output means.
//!
//! For each call there is an *area*: what signal it raised, where, and the slots of arguments and results. The steps of
//! a call start a timer, call, stop the timer, and write the area to the standard output. If a signal comes between,
//! the handler notes it in the area and goes on with the next step, so that every call's area is written.
//!
//! ```text
//! header:  +0 next step  +8 stack pointer | sigaction  stack_t  timers  area of other steps  greeting
//! step:    +0 code  +8 number of a system call  +16..48 arguments  +48 area  +56 nothing
//! area:    +0 signal  +8 address that was accessed  +16 pc  +24 stack pointer  +32 slots
//! ```

use super::machine::{HANDLER, HEADER, Machine, START, SYSTEM};
use crate::sandbox::{Call, End, Fault, SLOT};
use windlass_ir::ir::Endianness;

/// Where the stub lies.
pub const STUB: u64 = 0x1000_0000;
/// Bytes of memory for handlers of signals.
pub const HANDLER_STACK: usize = 1 << 16;
/// What the program writes before anything else.
const GREETING: u64 = 0x6869_2066_726f_6d21;

const STEP: u64 = 64;
/// Bytes of an area before its slots.
const STATUS: u64 = 32;

/// Places in the header.
const ACTION: u64 = HEADER + 16;
const STACK: u64 = HEADER + 48;
const TIMER: u64 = HEADER + 72;
const NO_TIMER: u64 = HEADER + 104;
const SPARE: u64 = HEADER + 136;
const WELCOME: u64 = HEADER + 168;
const STEPS: u64 = HEADER + 176;

/// The numbers of signals, which are the same on all machines of the table, as are the flags.
const SIGNALS: [i32; 6] = [libc::SIGILL, libc::SIGFPE, libc::SIGSEGV, libc::SIGBUS, libc::SIGTRAP, libc::SIGALRM];
const SA_SIGINFO: u64 = 4;
const SA_RESTORER: u64 = 0x0400_0000;
const SA_ONSTACK: u64 = 0x0800_0000;
/// Handlers end with a jump, which leaves the signal as it is, so it must not be blocked.
const SA_NODEFER: u64 = 0x4000_0000;

/// Bytes in the order of a machine.
struct Words {
    order: Endianness,
    bytes: Vec<u8>,
}

impl Words {
    fn push(&mut self, words: &[u64]) {
        let bytes = |word: &u64| match self.order {
            Endianness::Little => word.to_le_bytes(),
            Endianness::Big => word.to_be_bytes(),
        };
        self.bytes.extend(words.iter().flat_map(bytes));
    }
}

fn area_bytes(slots: usize) -> u64 {
    STATUS + (slots * SLOT) as u64
}

/// The data of a program that makes calls, each for at most `seconds`; it begins at [`HEADER`], and room for handlers
/// follows it.
pub fn data(machine: &Machine, calls: &[Call], seconds: u32) -> Vec<u8> {
    let steps = steps(machine, calls);
    let areas = STEPS + STEP * steps.len() as u64;
    let end = areas + calls.iter().map(|call| area_bytes(call.args.len().max(call.results))).sum::<u64>();
    let mut words = Words { order: machine.order, bytes: vec![] };
    let handler = STUB + machine.label(HANDLER);
    let (restorer, flag) = if machine.has_restorer { (handler, SA_RESTORER) } else { (0, 0) };
    words.push(&[STEPS, 0]);
    words.push(&[handler, SA_SIGINFO | SA_ONSTACK | SA_NODEFER | flag, restorer, 0]);
    words.push(&[end, 0, HANDLER_STACK as u64]);
    words.push(&[0, 0, seconds.into(), 0]);
    words.push(&[0; 4]);
    words.push(&[0; 4]);
    words.push(&[GREETING]);
    steps.iter().for_each(|step| words.push(step));
    for call in calls {
        words.push(&[0; 4]);
        words.bytes.extend(call.args.iter().flatten());
        let more = call.results.saturating_sub(call.args.len());
        words.bytes.resize(words.bytes.len() + more * SLOT, 0);
    }
    words.bytes
}

fn steps(machine: &Machine, calls: &[Call]) -> Vec<[u64; 8]> {
    let system = |number: u64, args: [u64; 4], area: u64| {
        [STUB + machine.label(SYSTEM), number, args[0], args[1], args[2], args[3], area, 0]
    };
    let numbers = &machine.system;
    let mut steps = vec![system(numbers.sigaltstack, [STACK, 0, 0, 0], SPARE)];
    steps.extend(SIGNALS.map(|signal| system(numbers.sigaction, [signal as u64, ACTION, 0, 8], SPARE)));
    steps.push(system(numbers.write, [1, WELCOME, 8, 0], SPARE));
    // four steps for each call, and one at the end
    let mut area = STEPS + STEP * (steps.len() + 4 * calls.len() + 1) as u64;
    for call in calls {
        steps.push(system(numbers.setitimer, [0, TIMER, 0, 0], area));
        steps.push([call.trampoline.addr() as u64, 0, call.callee.addr() as u64, area + STATUS, 0, 0, area, 0]);
        steps.push(system(numbers.setitimer, [0, NO_TIMER, 0, 0], area));
        steps.push(system(numbers.write, [1, area, area_bytes(call.results), 0], area));
        area += area_bytes(call.args.len().max(call.results));
    }
    steps.push(system(numbers.exit, [0; 4], SPARE));
    steps
}

/// Where the program starts.
pub fn entry(machine: &Machine) -> u64 {
    STUB + machine.label(START)
}

/// How many bytes a program writes.
pub fn output_bytes(calls: &[Call]) -> usize {
    8 + calls.iter().map(|call| area_bytes(call.results) as usize).sum::<usize>()
}

/// How calls ended, as far as the output of their program says; nothing if the program did not even start.
pub fn ends(machine: &Machine, calls: &[Call], output: &[u8]) -> Option<Vec<End>> {
    let word = |bytes: &[u8; 8]| match machine.order {
        Endianness::Little => u64::from_le_bytes(*bytes),
        Endianness::Big => u64::from_be_bytes(*bytes),
    };
    let (greeting, mut rest) = output.split_first_chunk::<8>()?;
    if word(greeting) != GREETING {
        return None;
    }
    let mut ends = vec![];
    for call in calls {
        let Some((area, others)) = rest.split_at_checked(area_bytes(call.results) as usize) else { break };
        rest = others;
        let (status, slots) = area.split_at(STATUS as usize);
        let word = |n: usize| status[8 * n..].first_chunk().map_or(0, word);
        let fault =
            Fault { signal: word(0) as i32, address: word(1) as usize, pc: word(2) as usize, sp: word(3) as usize };
        ends.push(match fault.signal {
            0 => End::Returned(slots.as_chunks::<SLOT>().0.to_vec()),
            libc::SIGALRM => End::TimedOut,
            _ => End::Fault(fault),
        });
    }
    Some(ends)
}
