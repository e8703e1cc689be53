//! Random functions run by the interpreter and as machine code at each level and for each kind of CPU, with random and
//! extreme arguments, must give the same results and traps, bit for bit. Needs x86-64; what differs is printed as a test
//! file.
//!
//! `WINDLASS_RANDOM=FIRST..LAST` runs other modules than usual, and tells how many functions are large: of at least 40
//! instructions and 8 blocks.
#![cfg(target_arch = "x86_64")]

mod draw;
mod generate;
mod ops;
mod rng;
mod shape;

use generate::Made;
use ops::Ops;
use rng::Rng;
use std::collections::BTreeSet;
use windlass_ir::data_value::{DataValue, DisplayDataValues};
use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter, InterpreterError};
use windlass_ir::ir::Function;
use windlass_ir::reader::parse_functions;
use windlass_ir::verifier::verify_function;
use windlass_opt::Level;
use windlass_tool::native::{Engine, Native, Outcome};
use windlass_tool::target::{self, Build};

/// Modules of a usual run, functions of a module, calls of a function.
const MODULES: std::ops::Range<u64> = 0..80;
const FUNCTIONS: usize = 13;
const CALLS: usize = 6;
/// How many instructions a call may take; what takes more is left out.
const FUEL: u64 = 1_000_000;

#[test]
fn machine_code_does_what_the_interpreter_does() {
    let asked = std::env::var("WINDLASS_RANDOM").ok();
    let asked = asked.as_deref().and_then(|text| text.split_once(".."));
    let number = |text: &str| text.parse::<u64>().expect("WINDLASS_RANDOM=FIRST..LAST");
    let modules = asked.map_or(MODULES, |(first, last)| number(first)..number(last));
    let ops = Ops::of_rules();
    let builds = builds();
    let (mut calls, mut traps, mut large) = (0, 0, 0);
    for seed in modules.clone() {
        let (c, t, l) = module(seed, &ops, &builds);
        (calls, traps, large) = (calls + c, traps + t, large + l);
    }
    let functions = modules.count() * FUNCTIONS;
    println!("{functions} functions, {large} of them large; {calls} calls, {traps} of them trapped");
    assert!(asked.is_some() || calls > 1000 && traps > 100 && traps < calls / 2, "{calls} calls, {traps} trapped");
}

/// The targets that code is made for, as in a test file: the levels of x86-64 that this machine has.
fn builds() -> Vec<(&'static str, Build)> {
    let host = target::host().expect("there is code for this machine").options.features;
    let build = |text| (text, target::of_text(text, []).expect("a level of x86-64"));
    let levels = ["x86_64", "x86_64 x86-64-v2", "x86_64 x86-64-v3"].map(build);
    levels.into_iter().filter(|(_, build)| build.options.features & !host == 0).collect()
}

/// Makes a module and compares all calls. Returns how many were made, how many trapped, and how many functions are large.
fn module(seed: u64, ops: &Ops, builds: &[(&str, Build)]) -> (usize, usize, usize) {
    let mut rng = Rng::new(seed);
    let mut made: Vec<Made> = vec![];
    for n in 0..FUNCTIONS {
        let function = generate::function(&mut rng, ops, &made, &format!("%f{n}"));
        made.push(function);
    }
    let text: String = made.iter().map(|m| m.text.as_str()).collect();
    let funcs = parse_functions(&text).unwrap_or_else(|e| panic!("module {seed}: {e}\n{text}"));
    for func in &funcs {
        verify_function(func, None).unwrap_or_else(|e| panic!("module {seed}: {}: {e}\n{}", func.name, func.display()));
    }
    let calls: Vec<(&Function, Vec<DataValue>)> =
        funcs.iter().flat_map(|f| (0..CALLS).map(|_| (f, arguments(&mut rng, f))).collect::<Vec<_>>()).collect();
    let mut interpreter = Interpreter::new(FunctionStore::of(&funcs)).with_fuel(Some(FUEL));
    let expected: Vec<Option<Outcome>> = calls.iter().map(|(f, args)| interpret(&mut interpreter, f, args)).collect();
    // what takes too long for the interpreter is not called at all
    let (calls, expected): (Vec<_>, Vec<_>) =
        calls.into_iter().zip(expected).filter_map(|(call, outcome)| Some((call, outcome?))).unzip();
    let all: Vec<&Function> = funcs.iter().collect();
    let with_args: Vec<(&Function, &[DataValue])> = calls.iter().map(|(f, args)| (*f, &args[..])).collect();
    let usual =
        Level::ALL.into_iter().flat_map(|level| builds.iter().map(move |(target, build)| (level, *target, build)));
    let chaotic = with_other_choices(seed, builds);
    let unusual = chaotic.iter().map(|(level, target, build)| (*level, *target, build));
    for (level, target, build) in usual.chain(unusual) {
        let native = Native::compile(&Engine::Host, build, &all, level);
        let outcomes = native.call_all(&with_args).expect("the system lets functions run");
        for (((func, args), expected), found) in with_args.iter().zip(&expected).zip(&outcomes) {
            if !found.same(expected) {
                report(&made, func, args, &format!("module {seed}, at {}", level.name()), target, expected, found);
            }
        }
    }
    let trapped = expected.iter().filter(|outcome| matches!(outcome, Outcome::Trapped(_))).count();
    let large = |f: &&Function| f.layout.blocks().count() >= 8 && f.dfg.num_insts() >= 40;
    (calls.len(), trapped, funcs.iter().filter(large).count())
}

/// Each level once more, with other choices than the usual ones where these make no difference.
#[cfg(feature = "chaos")]
fn with_other_choices<'a>(seed: u64, builds: &'a [(&'a str, Build)]) -> Vec<(Level, &'a str, Build)> {
    let with = |(n, level): (usize, Level)| {
        let (target, build) = &builds[(seed as usize + n) % builds.len()];
        let mut build = build.clone();
        build.options.chaos = seed * Level::ALL.len() as u64 + n as u64 + 1;
        // and the allocator's checker
        build.options.check = true;
        (level, *target, build)
    };
    Level::ALL.into_iter().enumerate().map(with).collect()
}

#[cfg(not(feature = "chaos"))]
fn with_other_choices<'a>(_: u64, _: &'a [(&'a str, Build)]) -> Vec<(Level, &'a str, Build)> {
    vec![]
}

fn arguments(rng: &mut Rng, func: &Function) -> Vec<DataValue> {
    func.signature.params.iter().map(|p| rng.argument(p.value_type)).collect()
}

/// What the interpreter makes of a call; `None` if it takes too long.
fn interpret(interpreter: &mut Interpreter<'_>, func: &Function, args: &[DataValue]) -> Option<Outcome> {
    match interpreter.call_by_name(&func.name.to_string(), args) {
        Ok(ControlFlow::Return(values)) => Some(Outcome::Returned(values)),
        Ok(ControlFlow::Trap(code)) => Some(Outcome::Trapped(code)),
        Err(InterpreterError::FuelExhausted) => None,
        Err(error) => panic!("{}: {error}\n{}", func.name, func.display()),
    }
}

/// Fails with the function and all it calls as a test file.
fn report(
    made: &[Made],
    func: &Function,
    args: &[DataValue],
    place: &str,
    target: &str,
    expected: &Outcome,
    found: &Outcome,
) -> ! {
    let name = func.name.to_string();
    let mut needed = BTreeSet::new();
    let mut todo: Vec<usize> = made.iter().position(|m| m.name == name).into_iter().collect();
    while let Some(n) = todo.pop() {
        if needed.insert(n) {
            todo.extend(&made[n].calls);
        }
    }
    let text: String = needed.into_iter().map(|n| made[n].text.as_str()).collect();
    let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
    let results = match expected {
        Outcome::Returned(values) => DisplayDataValues(values).to_string(),
        other => format!("({other})"),
    };
    panic!(
        "{place}: the interpreter {expected}, machine code {found}\n\
         test interpret\ntest run\ntarget {target}\n\n{text}; run: {name}({}) == {results}\n",
        args.join(", ")
    );
}
