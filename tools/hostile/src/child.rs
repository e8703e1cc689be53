//! Work in a child process, on a thread with little stack. Needs a process with one thread; leaves how the child ended
//! and what it wrote to memory that both see.

use crate::stages::STAGES;
use std::io::{Error, Result};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How much stack the work has.
pub const STACK: usize = 256 << 10;
/// How often the parent looks.
const TICK: Duration = Duration::from_millis(2);

/// What parent and child share. All zero at first.
#[derive(Default)]
#[repr(C)]
pub struct Shared {
    /// The number of the input that is worked on, and how far the work is: the parent takes changes as signs of life.
    pub case: AtomicU64,
    /// The stage that runs, counted from 1.
    pub stage: AtomicU64,
    /// How many inputs went through each stage.
    pub passed: [AtomicU64; STAGES],
    /// The CPU time of each stage in nanoseconds, and its memory in bytes, of the last input.
    pub time: [AtomicU64; STAGES],
    /// See above.
    pub memory: [AtomicU64; STAGES],
}

/// How a child ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The work is done.
    Done,
    /// It gave no sign of life for too long, and was ended.
    Silent,
    /// It died with this wait status.
    Died(i32),
}

/// Memory that children share with this process.
pub struct Page(*mut Shared);

impl Page {
    /// Maps it.
    pub fn new() -> Result<Page> {
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        let size = size_of::<Shared>();
        // SAFETY: a new anonymous mapping touches no existing memory.
        let memory = unsafe { libc::mmap(null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if memory == libc::MAP_FAILED { Err(Error::last_os_error()) } else { Ok(Page(memory.cast())) }
    }

    /// What is in it.
    pub fn shared(&self) -> &Shared {
        // SAFETY: the mapping is never undone, zero bytes are valid, and all fields are atomic.
        unsafe { &*self.0 }
    }

    /// Runs `work` in a child, on a thread of its own. `alive` is called from time to time.
    pub fn run(
        &self,
        silence: Duration,
        work: impl FnOnce(&Shared) + Send,
        mut alive: impl FnMut(&Shared),
    ) -> Result<End> {
        let shared = self.shared();
        // SAFETY: this process has one thread, so that the child finds no lock taken.
        let child = match unsafe { libc::fork() } {
            -1 => return Err(Error::last_os_error()),
            0 => in_child(shared, work),
            child => child,
        };
        let state = || (shared.case.load(Relaxed), shared.stage.load(Relaxed));
        let (mut last, mut heard, mut status) = (state(), Instant::now(), 0);
        loop {
            // SAFETY: the child is ours, and `status` outlives the call.
            match unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } {
                -1 => return Err(Error::last_os_error()),
                0 => {}
                _ if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 => return Ok(End::Done),
                _ => return Ok(End::Died(status)),
            }
            alive(shared);
            if state() != last {
                (last, heard) = (state(), Instant::now());
            }
            if heard.elapsed() > silence {
                // SAFETY: the child is ours and has not been waited for.
                unsafe {
                    libc::kill(child, libc::SIGKILL);
                    libc::waitpid(child, &mut status, 0);
                }
                return Ok(End::Silent);
            }
            std::thread::sleep(TICK);
        }
    }
}

fn in_child(shared: &Shared, work: impl FnOnce(&Shared) + Send) -> ! {
    let done = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || work(shared));
        thread.is_ok_and(|thread| thread.join().is_ok())
    });
    // SAFETY: a plain system call, which leaves buffered output to the parent.
    unsafe { libc::_exit(if done { 0 } else { 1 }) }
}

/// A wait status in words.
pub fn describe(end: End) -> String {
    match end {
        End::Done => "ended well".into(),
        End::Silent => "hangs".into(),
        End::Died(status) if libc::WIFSIGNALED(status) => match libc::WTERMSIG(status) {
            libc::SIGABRT => "aborts: a panic, too little stack, or too much memory".into(),
            signal => format!("dies of signal {signal}"),
        },
        End::Died(_) => "panics".into(),
    }
}
