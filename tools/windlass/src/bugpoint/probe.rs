//! Does a text fail, and how? Each text is tried in a child process with a time limit, so that nothing it does is more
//! than an answer. Needs a process with one thread.

use super::case::{Case, FUEL};
use crate::native::{self, Engine, Outcome};
use crate::panics;
use crate::source::Source;
use crate::target::{self, Unfit};
use std::fs::File;
use std::io::{Error, Read, Result, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter};
use windlass_ir::ir::Function;

/// How often a child is looked at.
const TICK: Duration = Duration::from_millis(1);

/// How something fails.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symptom {
    /// What is the same for each text that fails in the same way.
    pub kind: String,
    /// What else there is to say.
    pub detail: String,
}

impl Symptom {
    fn new(kind: impl Into<String>, detail: impl Into<String>) -> Symptom {
        Symptom { kind: kind.into(), detail: detail.into() }
    }
}

/// How to make machine code.
#[derive(Clone, Copy, Default)]
pub struct Native {
    /// What is done to each function before it is compiled: tests plant faults with it.
    pub plant: Option<fn(&mut Function)>,
}

/// Compiles and runs a text as its header says, and tells how it fails, if it does.
pub fn native(text: &str, how: Native, timeout: Duration) -> Result<Option<Symptom>> {
    in_child(timeout, || attempt(text, how))
}

/// Runs something in a child process. Its panic, its death, and its silence are symptoms too.
pub fn in_child(timeout: Duration, work: impl FnOnce() -> Option<Symptom>) -> Result<Option<Symptom>> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for both ends.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } == -1 {
        return Err(Error::last_os_error());
    }
    // SAFETY: both ends are open and belong to nobody else.
    let (mut read, mut write) = unsafe { (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) };
    // SAFETY: this process has one thread, so that the child finds no lock taken.
    let child = match unsafe { libc::fork() } {
        -1 => return Err(Error::last_os_error()),
        0 => {
            drop(read);
            quiet();
            let panicked = |text: String| Some(of_failure(&text).unwrap_or_else(|| Symptom::new(text, "")));
            let told = match panics::caught(work).unwrap_or_else(panicked) {
                Some(symptom) => format!("{}\0{}", symptom.kind, symptom.detail),
                None => String::new(),
            };
            let done = write.write_all(told.as_bytes()).is_ok();
            // SAFETY: a plain system call, which leaves buffered output to the parent.
            unsafe { libc::_exit(if done { 0 } else { 1 }) }
        }
        child => child,
    };
    drop(write);
    let (told, in_time) = listen(&mut read, timeout)?;
    let mut status = 0;
    // SAFETY: the child is ours and has not been waited for; `status` outlives the call.
    unsafe {
        if !in_time {
            libc::kill(child, libc::SIGKILL);
        }
        libc::waitpid(child, &mut status, 0);
    }
    Ok(match told.split_once('\0') {
        _ if !in_time => Some(Symptom::new("the compiler hangs", format!("nothing within {} s", timeout.as_secs()))),
        Some((kind, detail)) => Some(Symptom::new(kind, detail)),
        None if libc::WIFSIGNALED(status) => {
            Some(Symptom::new(format!("the compiler dies of signal {}", libc::WTERMSIG(status)), ""))
        }
        None => None,
    })
}

/// What comes through a pipe until its other end is closed, and whether that was in time.
fn listen(pipe: &mut File, timeout: Duration) -> Result<(String, bool)> {
    let (start, mut told) = (Instant::now(), vec![]);
    loop {
        let left = timeout.saturating_sub(start.elapsed());
        let mut poll = libc::pollfd { fd: pipe.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let wait = left.as_millis().min(i32::MAX as u128) as libc::c_int;
        // SAFETY: the structure outlives the call.
        let ready = unsafe { libc::poll(&mut poll, 1, wait) };
        if ready == 0 {
            return Ok((String::new(), false));
        }
        let mut buffer = [0; 4096];
        match pipe.read(&mut buffer)? {
            0 => return Ok((String::from_utf8_lossy(&told).into_owned(), true)),
            count => told.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Sends what the child says on its way down to nobody.
fn quiet() {
    if let Ok(null) = File::options().write(true).open("/dev/null") {
        // SAFETY: both descriptors are open.
        unsafe { libc::dup2(null.as_raw_fd(), libc::STDERR_FILENO) };
    }
}

fn attempt(text: &str, how: Native) -> Option<Symptom> {
    let source = Source::of_text("case", text);
    let file = source.try_parse().ok()?;
    let case = Case::of(&source).ok()?;
    // what cannot run here is compiled nevertheless
    let run = target::runnable(&file, false).map(|(build, engine)| (build, Some(engine)));
    let (build, engine) = run.or_else(|_| Ok::<_, Unfit>((target::of_file(&file, &[])?, None))).ok()?;
    let build = build.checked();
    let sound: Vec<&Function> =
        case.funcs.iter().filter(|f| windlass_ir::verifier::verify_function(f, None).is_ok()).collect();
    if sound.len() < case.funcs.len() {
        return None;
    }
    let mut planted = case.funcs.clone();
    if let Some(plant) = how.plant {
        planted.iter_mut().for_each(plant);
    }
    let planted: Vec<&Function> = planted.iter().collect();
    let expected = interpreted(&case);
    for level in build.levels() {
        let native = native::Native::compile(engine.as_ref().unwrap_or(&Engine::Host), &build, &planted, level);
        if let Some(symptom) = planted.iter().find_map(|func| of_failure(native.failure(func)?)) {
            return Some(symptom);
        }
        if engine.is_none() {
            continue;
        }
        let calls: Vec<(&Function, &[DataValue], &Outcome)> = case
            .calls
            .iter()
            .zip(&expected)
            .filter_map(|(call, outcome)| Some((planted[call.func], &call.args[..], outcome.as_ref()?)))
            .filter(|(func, ..)| native.failure(func).is_none())
            .collect();
        let pairs: Vec<(&Function, &[DataValue])> = calls.iter().map(|(func, args, _)| (*func, *args)).collect();
        let found = native.call_all(&pairs).ok()?;
        let wrong = calls.iter().zip(found).find(|((.., expected), found)| !found.same(expected));
        if let Some(((func, args, expected), found)) = wrong {
            let args: Vec<String> = args.iter().map(DataValue::to_string).collect();
            let call = format!("{}({}) at {}", func.name, args.join(", "), level.name());
            let detail = format!("{call}: the interpreter: {expected}, machine code: {found}");
            return Some(Symptom::new(kind(expected, &found), detail));
        }
    }
    None
}

/// What the interpreter makes of each call; `None` if it cannot say.
fn interpreted(case: &Case) -> Vec<Option<Outcome>> {
    let mut interpreter = Interpreter::new(FunctionStore::of(&case.funcs)).with_fuel(Some(FUEL));
    let mut outcome = |name: &str, args: &[DataValue]| match interpreter.call_by_name(name, args) {
        Ok(ControlFlow::Return(values)) => Some(Outcome::Returned(values)),
        Ok(ControlFlow::Trap(code)) => Some(Outcome::Trapped(code)),
        Err(_) => None,
    };
    case.calls.iter().map(|call| outcome(&case.funcs[call.func].name.to_string(), &call.args)).collect()
}

/// In what way an outcome is wrong.
fn kind(expected: &Outcome, found: &Outcome) -> String {
    match (expected, found) {
        (_, Outcome::Broken(why)) => match why.split_whitespace().next() {
            Some(signal) if signal.starts_with("SIG") => format!("machine code raises {signal}"),
            _ if why.starts_with("it did not return") => "machine code hangs".to_owned(),
            _ => "machine code breaks off".to_owned(),
        },
        (Outcome::Returned(_), Outcome::Returned(_)) => "wrong result".to_owned(),
        _ => "wrong trap".to_owned(),
    }
}

/// The symptom that an error of the compiler is; what is not supported is none.
fn of_failure(why: &str) -> Option<Symptom> {
    if why.starts_with("the compiler panicked") {
        let (kind, detail) = why.split_once(": ").unwrap_or((why, ""));
        return Some(Symptom::new(kind, detail));
    }
    let internal = why.starts_with("internal error");
    let pass = why.starts_with("the pass `").then(|| why.split(" that").next().unwrap_or(why));
    if internal { Some(Symptom::new("internal error", why)) } else { Some(Symptom::new(pass?, why)) }
}

/// Runs the user's command on a text: does it find the failure? If it takes too long it does not.
pub fn command(command: &str, text: &str, timeout: Duration) -> Result<bool> {
    let path = std::env::temp_dir().join(format!("bugpoint-{}.clif", std::process::id()));
    std::fs::write(&path, text)?;
    let name = format!("'{}'", path.display());
    let filled = if command.contains("{}") { command.replace("{}", &name) } else { format!("{command} {name}") };
    let mut sh = Command::new("sh");
    sh.arg("-c").arg(filled).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = sh.spawn()?;
    let start = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if start.elapsed() > timeout => {
                // SAFETY: the group is the child's own, and the child has not been waited for.
                unsafe { libc::kill(-(child.id() as libc::pid_t), libc::SIGKILL) };
                child.wait()?;
                break None;
            }
            None => std::thread::sleep(TICK),
        }
    };
    std::fs::remove_file(&path)?;
    Ok(status.is_some_and(|status| status.success()))
}
