//! `windlass run` and `windlass interpret`: calls what run lines or the command line say, and prints what comes back.
//! Needs the two engines.

use crate::args::{Call, Run};
use crate::native::{Native, Outcome};
use crate::source::{Error, Result, Source, find};
use crate::target::{self, Given};
use crate::test::kinds::{directives, interpret};
use crate::{output, style};
use windlass_ir::data_value::{DataValue, DisplayDataValues};
use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter};
use windlass_ir::ir::Function;
use windlass_ir::reader::{Invocation, RunCommand, parse_run_command};
use windlass_ir::testfile::TestFile;

/// Calls by machine code.
pub(super) fn native(Run { call, qemu }: &Run) -> Result<bool> {
    let source = Source::open(&call.input.file, &Given::of(&call.target)?)?;
    let file = source.parse()?;
    let (build, engine) = target::runnable(&file, *qemu).map_err(|why| source.unfit(why))?;
    source.verify(&file, Some(&build.facts()))?;
    let funcs: Vec<&Function> = file.functions.iter().map(|(f, _)| f).collect();
    let native = Native::compile(&engine, &build, &funcs, build.level());
    let commands = commands(&source, &file, call)?;
    let calls: Vec<(&Function, &[DataValue])> =
        commands.iter().map(|(func, command)| (*func, &directives::invocation(command).args[..])).collect();
    let outcomes = native.call_all(&calls).map_err(|e| Error::new(format_args!("the system refused: {e}")))?;
    tell(&commands, outcomes)
}

/// Calls by the interpreter.
pub(super) fn interpreted(call: &Call) -> Result<bool> {
    let source = Source::open(&call.input.file, &Given::of(&call.target)?)?;
    let file = source.parse()?;
    source.verify(&file, target::facts(&file)?.as_ref())?;
    let commands = commands(&source, &file, call)?;
    let mut interpreter = Interpreter::new(FunctionStore::of(file.functions.iter().map(|(f, _)| f)));
    interpreter = interpreter.with_fuel(Some(interpret::FUEL));
    let mut outcome = |(func, command): &(&Function, RunCommand)| match interpreter
        .call_by_name(&func.name.to_string(), &directives::invocation(command).args)
    {
        Ok(ControlFlow::Return(values)) => Outcome::Returned(values),
        Ok(ControlFlow::Trap(code)) => Outcome::Trapped(code),
        Err(error) => Outcome::Broken(error.to_string()),
    };
    let outcomes = commands.iter().map(&mut outcome).collect();
    tell(&commands, outcomes)
}

/// What to call: what the command line says, or else the run lines.
fn commands<'a>(source: &Source, file: &'a TestFile<'_>, call: &Call) -> Result<Vec<(&'a Function, RunCommand)>> {
    let Some(words) = &call.function else {
        let (commands, unreadable) = directives::all(file);
        if let Some(failure) = unreadable.first() {
            let text = format!("{}: {}: {}", source.path.display(), failure.function, failure.message);
            return Err(Error::new(text));
        }
        if commands.is_empty() {
            let path = source.path.display();
            return Err(Error::new(format_args!(
                "{path}: there are no run lines: say what to call with --fn NAME ARGS"
            )));
        }
        return Ok(commands.into_iter().map(|(n, command)| (&file.functions[n].0, command)).collect());
    };
    let (name, args) = words.split_first().map_or(("", &[][..]), |(name, args)| (name.as_str(), args));
    let func = find(file, Some(name))?;
    let text = format!("print: {}({})", Invocation::of(&func.name, vec![]).function(), args.join(", "));
    let wrong = |e: &dyn std::fmt::Display| Error::new(format_args!("arguments of {}: {e}", func.display_spec()));
    let command = parse_run_command(&text, &func.signature).map_err(|e| wrong(&e.message))?;
    Ok(vec![(func, command.ok_or_else(|| wrong(&"expected values as in run lines"))?)])
}

/// Prints what came of calls. Returns whether it is what was expected.
fn tell(commands: &[(&Function, RunCommand)], outcomes: Vec<Outcome>) -> Result<bool> {
    let mut good = true;
    for ((_, command), outcome) in commands.iter().zip(outcomes) {
        let wrong = directives::complaint(command, &outcome).is_some();
        good &= !wrong;
        let color = if wrong { style::BAD } else { style::GOOD };
        output::line(format_args!("{} {color}{outcome}{color:#}", directives::invocation(command)))?;
        if let (RunCommand::Run(_, comparison, values), true) = (command, wrong) {
            match values.is_empty() {
                true => output::line("  expected it to return")?,
                false => output::line(format_args!("  expected {comparison} {}", DisplayDataValues(values)))?,
            }
        }
    }
    Ok(good)
}
