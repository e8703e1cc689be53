//! CPU time of this thread, and a clock of stages that both compilers' profilers feed. Needs the system's clock.

use std::cell::RefCell;
use std::time::{Duration, Instant};

/// CPU time of this thread in seconds.
pub fn cpu_seconds() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid place for the result.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    assert_eq!(result, 0, "this thread has a clock");
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

#[derive(Default)]
struct Stages {
    /// By number: name, and time without the stages within.
    times: Vec<(&'static str, Duration)>,
    /// The running ones, the innermost last.
    running: Vec<usize>,
    since: Option<Instant>,
}

thread_local! {
    static STAGES: RefCell<Stages> = RefCell::default();
}

impl Stages {
    /// Books the time since the last event on the innermost running stage.
    fn book(&mut self) {
        let now = Instant::now();
        if let (Some(&n), Some(since)) = (self.running.last(), self.since) {
            self.times[n].1 += now - since;
        }
        self.since = Some(now);
    }
}

/// A running stage; it ends when this is dropped.
pub struct Stage;

impl Stage {
    /// Begins.
    pub fn begin(name: &'static str) -> Stage {
        STAGES.with_borrow_mut(|s| {
            s.book();
            let known = s.times.iter().position(|t| t.0 == name);
            let n = known.unwrap_or_else(|| {
                s.times.push((name, Duration::ZERO));
                s.times.len() - 1
            });
            s.running.push(n);
        });
        Stage
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        STAGES.with_borrow_mut(|s| {
            s.book();
            s.running.pop();
        });
    }
}

/// The times so far; begins anew.
pub fn take() -> Vec<(&'static str, Duration)> {
    STAGES.take().times
}
