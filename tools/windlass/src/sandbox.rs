//! Calling machine code that may trap, hang or crash.
//!
//! Does: makes calls one after the other in a forked child, which tells in shared memory how far it came; when a call
//! ends the child, the next child goes on behind it. Needs: a process in which no other thread holds a lock that the
//! child needs; the child makes nothing but system calls of its own. Leaves: how each call ended, with its results.

use std::io::{Error, Result};
use std::ptr::{null_mut, write_volatile};
use std::sync::atomic::{AtomicPtr, Ordering};

/// Arguments and results have this many bytes each, one after the other.
pub const SLOT: usize = 16;

/// What one argument or result holds.
pub type Slot = [u8; SLOT];

/// A call to make.
#[derive(Clone, Debug)]
pub struct Call {
    /// Code of the type `extern "C" fn(callee: *const u8, slots: *mut u8)`.
    pub trampoline: *const u8,
    /// What it is to call.
    pub callee: *const u8,
    /// The arguments.
    pub args: Vec<Slot>,
    /// How many results there are; they replace the arguments.
    pub results: usize,
}

/// A fault that a call raised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C, align(16))]
pub struct Fault {
    /// The signal.
    pub signal: i32,
    /// Where the code was.
    pub pc: usize,
    /// The stack pointer.
    pub sp: usize,
    /// The address that was accessed, of signals that have one.
    pub address: usize,
}

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// It returned, with these results.
    Returned(Vec<Slot>),
    /// It raised a fault.
    Fault(Fault),
    /// It did not return in time.
    TimedOut,
    /// It ended the child in another way, with this wait status.
    Died(i32),
}

const FAULTS: [i32; 5] = [libc::SIGILL, libc::SIGFPE, libc::SIGSEGV, libc::SIGBUS, libc::SIGTRAP];
const ALTERNATE_STACK: usize = 1 << 16;
/// The child's exit status after a fault.
const FAULTED: i32 = 1;

/// What parent and child share, before the slots.
#[repr(C, align(16))]
struct Header {
    fault: Fault,
    /// How many calls have returned.
    returned: usize,
    stack: [u8; ALTERNATE_STACK],
}

/// Where the handler writes; signal handlers get no argument of ours.
static FAULT: AtomicPtr<Fault> = AtomicPtr::new(null_mut());

/// Makes calls, each for at most `seconds`, and tells how each ended.
///
/// # Safety
/// The addresses must be those of code of the types that [`Call`] asks for, and accept as many slots as it says. What
/// the code does beyond that is the child's affair.
pub unsafe fn call_all(calls: &[Call], seconds: u32) -> Result<Vec<End>> {
    let shared = Shared::new(calls)?;
    let mut ends = Vec::with_capacity(calls.len());
    while ends.len() < calls.len() {
        // SAFETY: see above.
        let last = unsafe { shared.child(calls, ends.len(), seconds) }?;
        // SAFETY: the child has ended, so nothing writes the mapping now.
        let returned = unsafe { (*shared.header).returned };
        let from = ends.len();
        let came_back = calls.iter().enumerate().take(returned).skip(from);
        ends.extend(came_back.map(|(n, call)| End::Returned(shared.results(n, call.results))));
        match last {
            Some(end) if ends.len() < calls.len() => ends.push(end),
            Some(_) => return Err(Error::other("the child failed after its last call")),
            None => {}
        }
    }
    Ok(ends)
}

/// A mapping that the child writes and the parent reads.
struct Shared {
    header: *mut Header,
    bytes: usize,
    /// Where the slots of each call start, counted in slots.
    first: Vec<usize>,
}

impl Shared {
    /// Maps room for the calls, and fills in their arguments.
    fn new(calls: &[Call]) -> Result<Shared> {
        let mut first = Vec::with_capacity(calls.len());
        let mut slots = 0;
        for call in calls {
            first.push(slots);
            slots += call.args.len().max(call.results);
        }
        let bytes = size_of::<Header>() + SLOT * slots;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a new anonymous mapping touches no existing memory.
        let memory = unsafe { libc::mmap(null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if memory == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        let shared = Shared { header: memory.cast(), bytes, first };
        for (n, call) in calls.iter().enumerate() {
            for (k, arg) in call.args.iter().enumerate() {
                // SAFETY: the mapping has room for all slots of the call.
                unsafe { shared.slot(n).add(k).write(*arg) };
            }
        }
        Ok(shared)
    }

    /// The first slot of a call.
    fn slot(&self, call: usize) -> *mut Slot {
        // SAFETY: the mapping begins with a header, and the slots follow it.
        unsafe { self.header.add(1).cast::<Slot>().add(self.first[call]) }
    }

    fn results(&self, call: usize, count: usize) -> Vec<Slot> {
        // SAFETY: the mapping has room for all slots of the call, and no child writes it now.
        (0..count).map(|k| unsafe { self.slot(call).add(k).read() }).collect()
    }

    /// Makes calls from one on in a child. Returns how the call ended that ended the child, if one did.
    ///
    /// # Safety
    /// As [`call_all`].
    unsafe fn child(&self, calls: &[Call], from: usize, seconds: u32) -> Result<Option<End>> {
        // SAFETY: no child runs, so nothing else uses the header.
        unsafe { (*self.header).returned = from };
        // SAFETY: the child makes system calls only, so that no lock of another thread matters.
        match unsafe { libc::fork() } {
            -1 => Err(Error::last_os_error()),
            // SAFETY: promised by the caller.
            0 => unsafe { self.call_from(calls, from, seconds) },
            child => self.wait(child),
        }
    }

    /// The child's whole life.
    ///
    /// # Safety
    /// As [`call_all`]; this process is the child.
    unsafe fn call_from(&self, calls: &[Call], from: usize, seconds: u32) -> ! {
        self.catch_faults();
        for (n, call) in calls.iter().enumerate().skip(from) {
            // SAFETY: the caller promises the type; the mapping has the slots, and only this process writes it.
            unsafe {
                libc::alarm(seconds);
                let enter: extern "C" fn(*const u8, *mut Slot) = std::mem::transmute(call.trampoline);
                enter(call.callee, self.slot(n));
                write_volatile(&raw mut (*self.header).returned, n + 1);
            }
        }
        // SAFETY: a plain system call, which leaves buffered output to the parent.
        unsafe { libc::_exit(0) }
    }

    fn wait(&self, child: libc::pid_t) -> Result<Option<End>> {
        let mut status = 0;
        // SAFETY: `child` is a child of this process, and `status` outlives the call.
        while unsafe { libc::waitpid(child, &mut status, 0) } == -1 {
            let error = Error::last_os_error();
            if error.kind() != std::io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        if libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGALRM {
            return Ok(Some(End::TimedOut));
        }
        if !libc::WIFEXITED(status) {
            return Ok(Some(End::Died(status)));
        }
        Ok(match libc::WEXITSTATUS(status) {
            0 => None,
            // SAFETY: the child has ended, so nothing writes the mapping now.
            FAULTED => Some(End::Fault(unsafe { (*self.header).fault })),
            _ => Some(End::Died(status)),
        })
    }

    fn catch_faults(&self) {
        // SAFETY: the mapping lives as long as the child.
        FAULT.store(unsafe { &raw mut (*self.header).fault }, Ordering::Relaxed);
        // SAFETY: all-zero is a valid `sigaction`; the handler has the signature that `SA_SIGINFO` asks for; the stack
        // is used by nothing else.
        unsafe {
            let stack = (&raw mut (*self.header).stack).cast();
            let stack = libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: ALTERNATE_STACK };
            libc::sigaltstack(&stack, null_mut());
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_fault as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            for signal in FAULTS {
                libc::sigaction(signal, &action, null_mut());
            }
            libc::signal(libc::SIGALRM, libc::SIG_DFL);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: this value owns the mapping, of exactly this length.
        unsafe { libc::munmap(self.header.cast(), self.bytes) };
    }
}

extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let fault = FAULT.load(Ordering::Relaxed);
    // SAFETY: `FAULT` was set before this handler; the kernel passes valid pointers; `_exit` may be called here.
    unsafe {
        let (pc, sp) = registers(&*context.cast());
        write_volatile(fault, Fault { signal, pc, sp, address: (*info).si_addr().addr() });
        libc::_exit(FAULTED)
    }
}

/// Program counter and stack pointer.
#[cfg(target_arch = "x86_64")]
fn registers(context: &libc::ucontext_t) -> (usize, usize) {
    let of = |register: i32| context.uc_mcontext.gregs[register as usize] as usize;
    (of(libc::REG_RIP), of(libc::REG_RSP))
}

/// Program counter and stack pointer.
#[cfg(target_arch = "aarch64")]
fn registers(context: &libc::ucontext_t) -> (usize, usize) {
    (context.uc_mcontext.pc as usize, context.uc_mcontext.sp as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    extern "C" fn add(_: *const u8, slots: *mut Slot) {
        // SAFETY: called with two slots.
        unsafe { slots.write(u128::to_le_bytes(u128::from_le_bytes(*slots) + u128::from_le_bytes(*slots.add(1)))) }
    }

    extern "C" fn fault(address: *const u8, _: *mut Slot) {
        // SAFETY: none at all; that is what the sandbox is for.
        unsafe { std::ptr::read_volatile(address) };
    }

    extern "C" fn hang(_: *const u8, _: *mut Slot) {
        loop {
            std::hint::spin_loop();
        }
    }

    extern "C" fn leave(_: *const u8, _: *mut Slot) {
        // SAFETY: a plain system call.
        unsafe { libc::_exit(7) }
    }

    #[test]
    fn each_call_ends_in_its_own_way() {
        let call = |trampoline: extern "C" fn(*const u8, *mut Slot)| Call {
            trampoline: trampoline as *const u8,
            callee: 64 as *const u8,
            args: vec![5u128.to_le_bytes(), 6u128.to_le_bytes()],
            results: 1,
        };
        let sum = End::Returned(vec![11u128.to_le_bytes()]);
        // SAFETY: all have the type of a trampoline.
        let ends = unsafe { call_all(&[add, fault, add, hang, leave, add].map(call), 1) }.unwrap();
        let died = |end: &End| matches!(end, End::Died(status) if libc::WEXITSTATUS(*status) == 7);
        assert!(matches!(ends[1], End::Fault(Fault { signal: libc::SIGSEGV, address: 64, .. })), "{ends:?}");
        assert_eq!((&ends[0], &ends[2], &ends[3], &ends[5]), (&sum, &sum, &End::TimedOut, &sum));
        assert!(died(&ends[4]), "{ends:?}");
        // SAFETY: there is nothing to call.
        assert_eq!(unsafe { call_all(&[], 1) }.unwrap(), []);
    }
}
