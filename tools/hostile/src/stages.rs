//! Everything that can be done with a text, stage by stage. Needs the library; leaves time and memory of each stage in
//! shared memory. What must hold is asserted: a panic is a failure.

use crate::child::Shared;
use crate::memory;
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::atomic::Ordering::Relaxed;
use windlass_codegen::error::CodegenError;
use windlass_codegen::isa;
use windlass_codegen::options::Options;
use windlass_codegen::settings::{self, Flags, configure, read_target};
use windlass_ir::data_value::DataValue;
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::interpreter::{FunctionStore, Interpreter};
use windlass_ir::ir::Function;
use windlass_ir::loop_analysis::LoopAnalysis;
use windlass_ir::post_dominator_tree::PostDominatorTree;
use windlass_ir::reader::{ParseOptions, RunCommand, TestFile, parse_functions, parse_test};
use windlass_ir::testfile::expect::{bless_lines, check_errors, check_lines};
use windlass_ir::testfile::filecheck::Checker;
use windlass_ir::testfile::parse_run_command_of;
use windlass_ir::verifier::{VerifierErrors, verify_all, verify_function};
use windlass_link::functions::{CompileError, Functions};
use windlass_opt::Level;

/// How many stages there are.
pub const STAGES: usize = NAMES.len();
/// Their names, in order.
pub const NAMES: [&str; 10] = [
    "build",
    "read",
    "print",
    "reread",
    "verify",
    "graphs",
    "directives",
    "interpret",
    "compile none",
    "compile speed",
];

/// The stages by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Build,
    Read,
    Print,
    Reread,
    Verify,
    Graphs,
    Directives,
    Interpret,
    CompileNone,
    CompileSpeed,
}

/// The reader takes no more blocks, parameters of a block, and bytes of a constant without a type, than this; functions
/// can have more, and are printed all the same.
const READER_BLOCKS: usize = 100_000;
const READER_PARAMS: usize = 65_535;
const READER_CONSTANT: usize = 16;
/// How many instructions a call may run, besides as many as the functions have; and if it is not among the first calls.
const FUEL: u64 = 20_000;
const LITTLE_FUEL: u64 = 100;
/// How many calls are the first.
const LONG_CALLS: usize = 16;

/// Where an input comes from.
pub enum Input {
    /// A text.
    Text(String),
    /// What builds a function.
    Builder(Box<dyn FnOnce() -> Function + Send>),
}

/// How thorough the work is.
#[derive(Clone, Copy)]
pub struct Care {
    /// Check each stage's result, which may take longer than the stage.
    pub check: bool,
    /// Compile as well.
    pub compile: bool,
}

/// Does everything with an input.
pub fn run(input: Input, care: Care, shared: &Shared) {
    let work = Work { care, shared };
    match input {
        Input::Text(text) => {
            let file = work.at(Stage::Read, || parse_test(&text, ParseOptions::default()));
            if let Ok(file) = file {
                work.file(&text, &file);
            }
        }
        Input::Builder(build) => {
            let func = work.at(Stage::Build, build);
            work.functions(&[&func], |func| zeros(func).into_iter().collect());
        }
    }
}

struct Work<'s> {
    care: Care,
    shared: &'s Shared,
}

impl Work<'_> {
    /// Runs a stage and notes what it costs.
    fn at<T>(&self, stage: Stage, run: impl FnOnce() -> T) -> T {
        let n = stage as usize;
        self.shared.stage.store(n as u64 + 1, Relaxed);
        memory::take_peak();
        let start = cpu_time();
        let made = run();
        let spent = cpu_time() - start;
        self.shared.time[n].store(spent, Relaxed);
        self.shared.memory[n].store(memory::take_peak() as u64, Relaxed);
        self.shared.passed[n].fetch_add(1, Relaxed);
        made
    }

    fn file(&self, text: &str, file: &TestFile<'_>) {
        let funcs: Vec<&Function> = file.functions.iter().map(|f| &f.0).collect();
        let calls = self.at(Stage::Directives, || directives(text, file));
        self.functions(&funcs, |func| {
            let own = calls.get(&func.name.to_string()).cloned().unwrap_or_default();
            own.into_iter().chain(zeros(func)).collect()
        });
    }

    /// Everything behind the reader or the builder.
    fn functions(&self, funcs: &[&Function], calls: impl Fn(&Function) -> Vec<Vec<DataValue>>) {
        let errors: Vec<_> = self.at(Stage::Verify, || funcs.iter().map(|f| verify_all(f, None).err()).collect());
        let texts: Vec<String> = self.at(Stage::Print, || funcs.iter().map(|f| f.display().to_string()).collect());
        self.at(Stage::Reread, || {
            for ((func, text), errors) in funcs.iter().zip(&texts).zip(&errors) {
                reread(func, text, errors.as_ref());
            }
        });
        let sound: Vec<&Function> = funcs.iter().zip(&errors).filter(|(_, e)| e.is_none()).map(|(f, _)| *f).collect();
        // the graphs are those of any function, sound or not
        self.at(Stage::Graphs, || funcs.iter().for_each(|func| graphs(func)));
        if sound.is_empty() {
            return;
        }
        self.at(Stage::Interpret, || interpret(&sound, &calls));
        if self.care.compile {
            self.at(Stage::CompileNone, || compile(&sound, Level::None, self.care.check));
            self.at(Stage::CompileSpeed, || compile(&sound, Level::Speed, self.care.check));
        }
    }
}

/// CPU time of this thread in nanoseconds.
fn cpu_time() -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// What is printed must read back as the same.
fn reread(func: &Function, text: &str, errors: Option<&VerifierErrors>) {
    let wide = |block| func.dfg.num_block_params(block) > READER_PARAMS;
    let long = func.dfg.constants.iter().any(|(_, data)| data.len() > READER_CONSTANT);
    if func.dfg.num_blocks() > READER_BLOCKS || long || func.layout.blocks().any(wide) {
        return;
    }
    match parse_functions(text) {
        Ok(again) => {
            assert!(again.len() == 1 && again[0].to_string() == text, "a function prints differently when read back")
        }
        // a wrong type is printed as it is, even where no such type can be read
        Err(e) => assert!(errors.is_some(), "a printed function cannot be read: {e}"),
    }
}

fn graphs(func: &Function) {
    let cfg = ControlFlowGraph::with_function(func);
    let domtree = DominatorTree::with_function(func, &cfg);
    let post = PostDominatorTree::with_cfg(&cfg);
    let mut loops = LoopAnalysis::new();
    loops.compute(func, &cfg, &domtree);
    let Some(entry) = func.layout.entry_block() else { return };
    for block in func.layout.blocks() {
        assert!(!domtree.is_reachable(block) || domtree.block_dominates(entry, block));
        black_box((post.block_post_dominates(block, entry), loops.loop_level(block)));
    }
}

/// Reads the header's targets and settings and all that stands in comments, and checks expectations. Returns the calls
/// that run directives ask for.
fn directives(text: &str, file: &TestFile<'_>) -> HashMap<String, Vec<Vec<DataValue>>> {
    let mut shared = settings::builder();
    for option in file.settings.iter().flat_map(|line| &line.options) {
        // a setting that is not known is an error, and that is all
        let _ = configure(&option.to_string(), &mut shared);
    }
    for line in &file.targets {
        black_box(read_target(line.triple).is_ok());
    }
    let mut calls: HashMap<String, Vec<Vec<DataValue>>> = HashMap::new();
    let mut outputs = vec![];
    for (func, details) in &file.functions {
        for comment in &details.comments {
            if let Ok(Some(RunCommand::Run(call, ..) | RunCommand::Print(call))) =
                parse_run_command_of(comment.text, func)
            {
                calls.entry(call.function()).or_default().push(call.args);
            }
        }
        let printed = func.display().to_string();
        let comments = file.preamble_comments.iter().chain(&details.comments);
        if let Ok(checker) = Checker::parse(comments.map(|c| c.text)) {
            black_box(checker.check(&printed).is_ok());
        }
        let errors = verify_function(func, None).err().unwrap_or_default();
        black_box((check_errors(details, &errors).is_ok(), check_lines(details, &printed).is_ok()));
        outputs.push((details, printed));
    }
    let outputs: Vec<_> = outputs.iter().map(|(details, text)| (*details, text.as_str())).collect();
    black_box(bless_lines(text, &outputs));
    calls
}

/// A call with zeros, if there are such values.
fn zeros(func: &Function) -> Option<Vec<DataValue>> {
    func.signature.params.iter().map(|p| DataValue::from_bits(0, p.value_type)).collect()
}

/// Runs calls: some with much fuel, the others with little, so that all of them take time in proportion to the input.
fn interpret(funcs: &[&Function], calls: &impl Fn(&Function) -> Vec<Vec<DataValue>>) {
    let size: usize = funcs.iter().map(|f| f.dfg.num_insts()).sum();
    let with_fuel = |fuel| Interpreter::new(FunctionStore::of(funcs.iter().copied())).with_fuel(Some(fuel));
    let [mut long, mut short] = [FUEL + size as u64, LITTLE_FUEL].map(with_fuel);
    let all = funcs.iter().flat_map(|func| calls(func).into_iter().map(move |args| (func, args)));
    for (n, (func, args)) in all.enumerate() {
        let interpreter = if n < LONG_CALLS { &mut long } else { &mut short };
        black_box(interpreter.call_by_name(&func.name.to_string(), &args).is_ok());
    }
}

fn compile(funcs: &[&Function], level: Level, check: bool) {
    let features = isa::native::builder()
        .ok()
        .and_then(|native| native.finish(Flags::new(settings::builder())).ok())
        .map_or(0, |isa| isa.options().features);
    let options = Options { check, features, ..Options::default() };
    let mut functions = Functions::new();
    for func in funcs {
        match functions.compile(func, level, &options) {
            Err(CompileError::Optimise(broken)) => panic!("{}: {broken}", func.name),
            Err(CompileError::Codegen(error @ (CodegenError::Internal(_) | CodegenError::Verifier(_)))) => {
                panic!("{}: {error}", func.name)
            }
            result => drop(black_box(result)),
        }
    }
}
