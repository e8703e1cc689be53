//! Worker processes: each runs the cases of one file, so that whatever happens there, a crash of the compiler included,
//! costs no more than that file. Needs a process with one thread; hands on what the workers tell.

use super::verdict::{Event, Failure, Verdict};
use super::{Engine, file};
use crate::target::Given;
use std::fs::File;
use std::io::{Error, Read, Result, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a worker may be silent.
const SILENCE: Duration = Duration::from_secs(120);
/// How often silence is looked for.
const TICK: i32 = 500;

struct Worker {
    file: usize,
    child: libc::pid_t,
    pipe: File,
    /// What was read of a line that is not complete.
    rest: Vec<u8>,
    /// The case that runs.
    case: Option<String>,
    heard: Instant,
}

/// Runs the cases of files in `jobs` processes, and tells each event with the number of its file. Events of one file come
/// in order.
pub fn run(
    files: &[PathBuf],
    given: &Given,
    engine: Engine,
    jobs: usize,
    on: &mut dyn FnMut(usize, Event),
) -> Result<()> {
    let mut next = 0;
    let mut workers: Vec<Worker> = vec![];
    while next < files.len() || !workers.is_empty() {
        while workers.len() < jobs && next < files.len() {
            workers.push(start(files, given, engine, next)?);
            next += 1;
        }
        for n in ready(&workers)?.into_iter().rev() {
            if !workers[n].listen(on)? {
                let worker = workers.swap_remove(n);
                worker.ended(on)?;
            }
        }
        for worker in &mut workers {
            if worker.heard.elapsed() > SILENCE {
                // SAFETY: the child is ours and has not been waited for.
                unsafe { libc::kill(worker.child, libc::SIGKILL) };
                worker.heard = Instant::now();
            }
        }
    }
    Ok(())
}

/// Forks the worker of a file.
fn start(files: &[PathBuf], given: &Given, engine: Engine, file: usize) -> Result<Worker> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for both ends.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } == -1 {
        return Err(Error::last_os_error());
    }
    // SAFETY: both ends are open and belong to nobody else.
    let (read, write) = unsafe { (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) };
    // SAFETY: this process has one thread, so that the child finds no lock taken.
    match unsafe { libc::fork() } {
        -1 => Err(Error::last_os_error()),
        0 => {
            drop(read);
            let mut write = write;
            file::run(&files[file], given, engine, &mut |event| {
                // without a reader there is nobody to tell, nor anything left to do
                if write.write_all(event.encode().as_bytes()).is_err() {
                    leave(1);
                }
            });
            leave(0)
        }
        child => Ok(Worker { file, child, pipe: read, rest: vec![], case: None, heard: Instant::now() }),
    }
}

fn leave(status: i32) -> ! {
    // SAFETY: a plain system call, which leaves buffered output to the parent.
    unsafe { libc::_exit(status) }
}

/// The numbers of the workers that have something to tell, or have ended, within a tick.
fn ready(workers: &[Worker]) -> Result<Vec<usize>> {
    let poll = |w: &Worker| libc::pollfd { fd: w.pipe.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let mut fds: Vec<_> = workers.iter().map(poll).collect();
    // SAFETY: the array outlives the call.
    if unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, TICK) } == -1 {
        let error = Error::last_os_error();
        return if error.kind() == std::io::ErrorKind::Interrupted { Ok(vec![]) } else { Err(error) };
    }
    Ok((0..fds.len()).filter(|&n| fds[n].revents != 0).collect())
}

impl Worker {
    /// Hands on what the worker told. Returns whether it may tell more.
    fn listen(&mut self, on: &mut dyn FnMut(usize, Event)) -> Result<bool> {
        let mut buffer = [0; 1 << 16];
        let count = self.pipe.read(&mut buffer)?;
        self.heard = Instant::now();
        self.rest.extend_from_slice(&buffer[..count]);
        while let Some(end) = self.rest.iter().position(|&b| b == b'\n') {
            let line = String::from_utf8_lossy(&self.rest[..end]).into_owned();
            self.rest.drain(..=end);
            if let Some(event) = Event::decode(&line) {
                match &event {
                    Event::Begin(case) => self.case = Some(case.clone()),
                    Event::End(_) => self.case = None,
                    Event::Alive | Event::Note(_) => {}
                }
                on(self.file, event);
            }
        }
        Ok(count > 0)
    }

    /// Sees to it that the case that ran has a verdict.
    fn ended(self, on: &mut dyn FnMut(usize, Event)) -> Result<()> {
        let mut status = 0;
        // SAFETY: the child is ours, and `status` outlives the call.
        if unsafe { libc::waitpid(self.child, &mut status, 0) } == -1 {
            return Err(Error::last_os_error());
        }
        if status == 0 && self.case.is_none() {
            return Ok(());
        }
        let why = match libc::WIFSIGNALED(status) {
            true if libc::WTERMSIG(status) == libc::SIGKILL => {
                format!("the compiler was killed: no sign of life for {} s, or too little memory", SILENCE.as_secs())
            }
            true => format!("the compiler crashed: signal {}", libc::WTERMSIG(status)),
            false => format!("the compiler ended with status {}", libc::WEXITSTATUS(status)),
        };
        if self.case.is_none() {
            on(self.file, Event::Begin("all".to_owned()));
        }
        on(self.file, Event::End(Verdict::Failed(vec![Failure::whole(why)])));
        Ok(())
    }
}
