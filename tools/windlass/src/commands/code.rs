//! `windlass compile` and `windlass explain`: machine code as text or bytes. Needs the compiler with its listing.

use crate::args::{Compile, Emit, Explain, Target};
use crate::panics;
use crate::source::{Error, Result, Source, find};
use crate::style;
use crate::target::{self, Build};
use std::fmt::Write as _;
use std::io::Write as _;
use windlass_codegen::compiled::CompiledCode;
use windlass_ir::ir::{Function, Inst};
use windlass_link::functions::Functions;

/// How many bytes of hexadecimal digits stand on a line.
const BYTES_PER_LINE: usize = 16;

/// Writes the machine code of the functions of a file.
pub(super) fn compile(args: &Compile) -> Result<bool> {
    let source = Source::open(&args.input.file)?;
    let file = source.verified()?;
    let build = build(&args.target)?;
    let mut functions = Functions::new();
    let mut out = vec![];
    for (func, _) in &file.functions {
        let code = code(&mut functions, &source, func, &build, &args.target)?;
        match (args.emit, &args.output) {
            (Emit::Bytes, Some(_)) => out.extend(&code.code),
            (Emit::Bytes, None) => out.extend(format!("{}:\n{}\n", func.name, hex(&code.code)).bytes()),
            (Emit::Asm, _) => out.extend(format!("{}:\n{}\n", func.name, listing(&code)).bytes()),
        }
    }
    match &args.output {
        Some(path) => std::fs::write(path, out)
            .map_err(|e| Error::new(format_args!("{}: cannot be written: {e}", path.display())))?,
        None => write_out(&out)?,
    }
    Ok(true)
}

/// Writes machine code with what each instruction comes from.
pub(super) fn explain(args: &Explain) -> Result<bool> {
    let source = Source::open(&args.input.file)?;
    let file = source.verified()?;
    let build = build(&args.target)?;
    let mut functions = Functions::new();
    let all = file.functions.iter().map(|(f, _)| f);
    let wanted: Vec<&Function> = match &args.function {
        Some(name) => vec![find(&file, Some(name))?],
        None => all.collect(),
    };
    for func in wanted {
        let code = code(&mut functions, &source, func, &build, &args.target)?;
        let text = explained(func, &code);
        anstream::print!(
            "{}{}{:#}: {} bytes, {} of stack\n{text}",
            style::NAME,
            func.name,
            style::NAME,
            code.code.len(),
            code.frame_size
        );
    }
    Ok(true)
}

fn build(args: &Target) -> Result<Build> {
    let made = match &args.target {
        Some(text) => target::of_text(text, args.set.iter().cloned()),
        None => target::host().and_then(|host| {
            let asked = target::of_text(&host.triple.to_string(), args.set.iter().cloned())?;
            let features = host.options.features;
            Ok(Build { options: windlass_codegen::compile::Options { features, ..asked.options }, ..asked })
        }),
    };
    Ok(made?)
}

fn code(
    functions: &mut Functions,
    source: &Source,
    func: &Function,
    build: &Build,
    args: &Target,
) -> Result<CompiledCode> {
    let options = windlass_codegen::compile::Options { listing: true, ..build.options };
    let level = build.level.unwrap_or(args.level.into());
    let made = panics::caught(|| functions.compile(func, level, &options).map_err(|e| e.to_string()));
    let object = made.and_then(|made| made);
    object
        .map(|object| object.code)
        .map_err(|e| Error::new(format_args!("{}: {}: {e}", source.path.display(), func.name)))
}

fn write_out(bytes: &[u8]) -> Result<()> {
    std::io::stdout().write_all(bytes).map_err(|e| Error::new(format_args!("the standard output: {e}")))
}

fn hex(code: &[u8]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|b| format!(" {b:02x}")).collect::<String>();
    let lines = code.chunks(BYTES_PER_LINE).enumerate();
    lines.map(|(n, bytes)| format!("{:6x}: {}\n", n * BYTES_PER_LINE, line(bytes))).collect()
}

fn listing(code: &CompiledCode) -> String {
    let mut text = String::new();
    for line in &code.lines {
        // a string takes all that is written to it
        let _ = writeln!(text, "{:6x}: {}", line.offset, line.text);
    }
    text
}

/// The listing with the IR instruction that each stands for, and who chose it.
fn explained(func: &Function, code: &CompiledCode) -> String {
    let width = code.lines.iter().map(|line| line.text.len()).max().unwrap_or(0).min(48);
    let mut text = String::new();
    for line in &code.lines {
        let inst = line.inst.map(|n| func.dfg.display_inst(Inst::from_u32(n)).to_string()).unwrap_or_default();
        let _ = writeln!(
            text,
            "{:6x}: {:width$}  {}{:24}{:#}  {inst}",
            line.offset,
            line.text,
            style::DIM,
            line.source,
            style::DIM
        );
    }
    text
}
