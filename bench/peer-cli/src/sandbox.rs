//! Calling machine code that may trap, hang or crash.
//!
//! Does: calls a function in a forked child, catches its faults there, and tells the parent how it ended. Needs: a
//! process whose other threads are asleep. Leaves: the results in memory shared with the child, given by `Slots`.

use std::io::{Error, Result};
use std::ptr::{null_mut, write_volatile};
use std::sync::atomic::{AtomicPtr, Ordering};

/// How the child ended.
pub enum End {
    /// The call returned.
    Returned,
    /// The call raised a fault at this code address.
    Fault { signal: i32, pc: usize },
    /// The call did not return in time.
    TimedOut,
    /// The child ended in another way, with this wait status.
    Died(i32),
}

#[repr(C, align(16))]
struct Fault {
    signal: i32,
    pc: usize,
}

/// Values that parent and child share: 16 bytes for each argument or result.
pub struct Slots {
    fault: *mut Fault,
    bytes: usize,
}

const FAULTS: [i32; 5] = [libc::SIGILL, libc::SIGFPE, libc::SIGSEGV, libc::SIGBUS, libc::SIGTRAP];
const ALTERNATE_STACK: usize = 1 << 16;

/// Where the handler writes; signal handlers get no argument of ours.
static FAULT: AtomicPtr<Fault> = AtomicPtr::new(null_mut());

impl Slots {
    /// Maps room for `count` values.
    pub fn new(count: usize) -> Result<Self> {
        let bytes = size_of::<Fault>() + 16 * count;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a new anonymous mapping touches no existing memory.
        let memory = unsafe { libc::mmap(null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if memory == libc::MAP_FAILED { Err(Error::last_os_error()) } else { Ok(Self { fault: memory.cast(), bytes }) }
    }

    /// The first value's address.
    pub fn values(&self) -> *mut u128 {
        // SAFETY: the mapping begins with a `Fault`, and the values follow it.
        unsafe { self.fault.add(1).cast() }
    }

    /// Calls `call` in a child process, for at most `timeout` seconds.
    pub fn call(&self, timeout: u32, call: impl FnOnce()) -> Result<End> {
        // SAFETY: no other thread runs, so none can hold a lock that the child needs.
        match unsafe { libc::fork() } {
            -1 => Err(Error::last_os_error()),
            0 => {
                self.catch_faults();
                // SAFETY: plain system calls; `_exit` leaves the parent's buffered output to the parent.
                unsafe {
                    libc::alarm(timeout);
                    call();
                    libc::_exit(0)
                }
            }
            child => self.wait(child),
        }
    }

    fn wait(&self, child: libc::pid_t) -> Result<End> {
        let mut status = 0;
        // SAFETY: `child` is a child of this process, and `status` outlives the call.
        if unsafe { libc::waitpid(child, &mut status, 0) } == -1 {
            return Err(Error::last_os_error());
        }
        if libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGALRM {
            return Ok(End::TimedOut);
        }
        if !libc::WIFEXITED(status) {
            return Ok(End::Died(status));
        }
        match libc::WEXITSTATUS(status) {
            0 => Ok(End::Returned),
            // SAFETY: the child has ended, so nothing writes the mapping now.
            1 => Ok(unsafe { End::Fault { signal: (*self.fault).signal, pc: (*self.fault).pc } }),
            _ => Ok(End::Died(status)),
        }
    }

    fn catch_faults(&self) {
        FAULT.store(self.fault, Ordering::Relaxed);
        let stack = Box::leak(vec![0_u8; ALTERNATE_STACK].into_boxed_slice());
        let stack = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: ALTERNATE_STACK };
        // SAFETY: all-zero is a valid `sigaction`; the handler has the signature that `SA_SIGINFO` asks for, and the
        // stack is never freed.
        unsafe {
            libc::sigaltstack(&stack, null_mut());
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_fault as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            for signal in FAULTS {
                libc::sigaction(signal, &action, null_mut());
            }
        }
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        // SAFETY: this value owns the mapping, of exactly this length.
        unsafe { libc::munmap(self.fault.cast(), self.bytes) };
    }
}

extern "C" fn on_fault(signal: i32, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let fault = FAULT.load(Ordering::Relaxed);
    // SAFETY: `FAULT` was set before this handler; the kernel passes a valid context; `_exit` may be called here.
    unsafe {
        let pc = program_counter(&*context.cast());
        write_volatile(fault, Fault { signal, pc });
        libc::_exit(1)
    }
}

#[cfg(target_arch = "x86_64")]
fn program_counter(context: &libc::ucontext_t) -> usize {
    context.uc_mcontext.gregs[libc::REG_RIP as usize] as usize
}

#[cfg(target_arch = "aarch64")]
fn program_counter(context: &libc::ucontext_t) -> usize {
    context.uc_mcontext.pc as usize
}
