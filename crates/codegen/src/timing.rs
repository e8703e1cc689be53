//! How long each stage of compiling takes. A stage asks for a token when it begins and drops it when it ends; who makes
//! the tokens is up to the thread's [`Profiler`]. The one that is there at first keeps sums ([`take_current`]).
//! Needs a clock; leaves nothing in the code.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::time::{Duration, Instant};

macro_rules! passes { ($( $name:ident $description:literal; )*) => {
    /// A stage. Some are run by the reference implementation only: they are there so that its users find them.
    #[allow(non_camel_case_types)]
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[repr(u8)]
    pub enum Pass {
        $( #[doc = $description] $name, )*
        /// Outside of all stages.
        None,
    }

    const DESCRIPTIONS: [&str; NUM_PASSES] = [$($description),*];

    /// How many stages there are.
    pub const NUM_PASSES: usize = Pass::None as usize;

    $( #[doc = concat!("Begins: ", $description, ".")]
    pub fn $name() -> Box<dyn Any> {
        start_pass(Pass::$name)
    } )*
} }

passes! {
    process_file "Work on a test file";
    parse_text "Reading text";
    wasm_translate_module "Translation of a WebAssembly module";
    wasm_translate_function "Translation of a WebAssembly function";
    verifier "Verification of the IR";
    compile "Compilation, all stages";
    try_incremental_cache "Search in the incremental cache";
    store_incremental_cache "Store into the incremental cache";
    flowgraph "Control-flow graph";
    domtree "Dominator tree";
    loop_analysis "Loops";
    preopt "Simplification before the mid-end";
    egraph "Mid-end";
    gvn "Global value numbering";
    licm "Loop-invariant code motion";
    unreachable_code "Removal of unreachable code";
    remove_constant_phis "Removal of needless block parameters";
    vcode_lower "Lowering";
    vcode_emit "Emission";
    vcode_emit_finish "Branch relaxation and assembly";
    regalloc "Register allocation";
    regalloc_checker "Check of the register allocation";
    layout_renumber "Renumbering of the layout";
    canonicalize_nans "Canonical NaNs";
}

impl Pass {
    fn index(self) -> usize {
        self as usize
    }

    /// What is done in it.
    pub fn description(self) -> &'static str {
        DESCRIPTIONS.get(self.index()).copied().unwrap_or("<no pass>")
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

/// Told when a stage begins; what it gives is dropped when the stage ends.
pub trait Profiler {
    /// `pass` begins.
    fn start_pass(&self, pass: Pass) -> Box<dyn Any>;
}

thread_local! {
    static PROFILER: RefCell<Box<dyn Profiler>> = RefCell::new(Box::new(DefaultProfiler));
    static CURRENT: Cell<Pass> = const { Cell::new(Pass::None) };
    static TIMES: RefCell<PassTimes> = const { RefCell::new(PassTimes { passes: [PassTime::ZERO; NUM_PASSES] }) };
}

/// Sets this thread's profiler and gives the one before.
pub fn set_thread_profiler(new_profiler: Box<dyn Profiler>) -> Box<dyn Profiler> {
    PROFILER.with(|p| p.replace(new_profiler))
}

/// Begins a stage, as this thread's profiler wants it.
pub fn start_pass(pass: Pass) -> Box<dyn Any> {
    PROFILER.with(|p| p.borrow().start_pass(pass))
}

/// The sums of this thread since the last call.
pub fn take_current() -> PassTimes {
    TIMES.with(RefCell::take)
}

#[derive(Clone, Copy, Debug)]
struct PassTime {
    total: Duration,
    /// Of it in stages within.
    within: Duration,
}

impl PassTime {
    const ZERO: PassTime = PassTime { total: Duration::ZERO, within: Duration::ZERO };
}

/// Time by stage.
#[derive(Clone, Debug)]
pub struct PassTimes {
    passes: [PassTime; NUM_PASSES],
}

impl Default for PassTimes {
    fn default() -> PassTimes {
        PassTimes { passes: [PassTime::ZERO; NUM_PASSES] }
    }
}

impl PassTimes {
    /// Adds the times of `other`.
    pub fn add(&mut self, other: &PassTimes) {
        for (a, b) in self.passes.iter_mut().zip(&other.passes) {
            a.total += b.total;
            a.within += b.within;
        }
    }

    /// Time in all stages; a stage within another counts once.
    pub fn total(&self) -> Duration {
        self.passes.iter().map(|p| p.total - p.within).sum()
    }
}

impl fmt::Display for PassTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  total ms    self ms  pass")?;
        for (time, description) in self.passes.iter().zip(DESCRIPTIONS).filter(|(time, _)| !time.total.is_zero()) {
            let ms = |d: Duration| d.as_secs_f64() * 1e3;
            writeln!(f, "{:>10.3} {:>10.3}  {description}", ms(time.total), ms(time.total - time.within))?;
        }
        writeln!(f, "{:>10.3} {:>10}  all", self.total().as_secs_f64() * 1e3, "")
    }
}

/// The profiler that a thread has at first: sums for [`take_current`].
pub struct DefaultProfiler;

/// A stage that runs.
struct Running {
    pass: Pass,
    outer: Pass,
    since: Instant,
}

impl Profiler for DefaultProfiler {
    fn start_pass(&self, pass: Pass) -> Box<dyn Any> {
        Box::new(Running { pass, outer: CURRENT.replace(pass), since: Instant::now() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let time = self.since.elapsed();
        CURRENT.set(self.outer);
        TIMES.with(|times| {
            let passes = &mut times.borrow_mut().passes;
            if let Some(p) = passes.get_mut(self.pass.index()) {
                p.total += time;
            }
            if let Some(p) = passes.get_mut(self.outer.index()) {
                p.within += time;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_within_another_counts_once() {
        take_current();
        let begin = Instant::now();
        {
            let _all = compile();
            let _part = regalloc();
            std::thread::sleep(Duration::from_millis(2));
        }
        let (all, times) = (begin.elapsed(), take_current());
        assert!(times.total() >= Duration::from_millis(2) && times.total() <= all);
        let text = times.to_string();
        assert!(text.contains(Pass::compile.description()) && text.contains(Pass::regalloc.description()), "{text}");
        assert!(!text.contains(Pass::verifier.description()), "{text}");
        assert!(take_current().total().is_zero());
    }

    #[test]
    fn another_profiler_hears_of_each_stage() {
        struct Names(std::sync::Arc<std::sync::Mutex<Vec<Pass>>>);
        impl Profiler for Names {
            fn start_pass(&self, pass: Pass) -> Box<dyn Any> {
                self.0.lock().expect("not poisoned").push(pass);
                Box::new(())
            }
        }
        let heard = std::sync::Arc::default();
        let before = set_thread_profiler(Box::new(Names(std::sync::Arc::clone(&heard))));
        drop((flowgraph(), domtree()));
        set_thread_profiler(before);
        assert_eq!(*heard.lock().expect("not poisoned"), [Pass::flowgraph, Pass::domtree]);
    }
}
