//! `windlass compile` and `windlass explain`: machine code as text or bytes. Needs the compiler with its listing.

use super::object;
use crate::args::{Compile, Emit, Explain};
use crate::source::{Error, Result, Source, find};
use crate::target::{self, Build, Given};
use crate::{output, panics, style};
use windlass_codegen::compile::Pipeline;
use windlass_codegen::compiled::{CompiledCode, Line};
use windlass_codegen::listing::{assembly, quoted};
use windlass_codegen::options::Options;
use windlass_ir::ir::{Function, Inst};
use windlass_link::functions::Functions;

/// How many bytes of hexadecimal digits stand on a line.
const BYTES_PER_LINE: usize = 16;

/// Writes the machine code of the functions of a file, or what it is made of.
pub(super) fn compile(args: &Compile) -> Result<bool> {
    let source = Source::open(&args.input.file, &Given::of(&args.target)?)?;
    let file = source.parse()?;
    // objects are position-independent unless settings say otherwise
    let defaults: &[&str] = if args.emit == Emit::Obj { &["is_pic=true"] } else { &[] };
    let build = target::of_file(&file, defaults).map_err(|why| source.unfit(why))?;
    source.verify(&file, Some(&build.facts()))?;
    let funcs: Vec<&Function> = file.functions.iter().map(|(func, _)| func).collect();
    let out = match (args.emit, &args.output) {
        (Emit::Obj, None) => return Err(Error::new("say where to write the object: -o OUT")),
        (Emit::Obj, Some(_)) => object::of(&source, &funcs, target::at_level(&*build.isa, build.level())?)?,
        (emit, output) => texts(&source, &funcs, &build, args, |func, code, n| match (emit, output) {
            (Emit::Bytes, Some(_)) => code.code.clone(),
            (Emit::Bytes, None) => format!("{}:\n{}\n", func.name, hex(&code.code)).into(),
            _ => assembly(&name(func), n, &code.lines, |line| format!("{:x}", line.offset)).into(),
        })?,
    };
    match &args.output {
        Some(path) => std::fs::write(path, out)
            .map_err(|e| Error::new(format_args!("{}: cannot be written: {e}", path.display())))?,
        None => output::bytes(&out)?,
    }
    Ok(true)
}

/// What each function becomes, one after the other: its IR, its machine code before registers are allocated, or what
/// `show` makes of its machine code.
fn texts(
    source: &Source,
    funcs: &[&Function],
    build: &Build,
    args: &Compile,
    show: impl Fn(&Function, &CompiledCode, usize) -> Vec<u8>,
) -> Result<Vec<u8>> {
    let mut functions = Functions::for_target(build.isa.backend());
    let mut out = vec![];
    if args.emit == Emit::Asm {
        out.extend(build.isa.backend().syntax().as_bytes());
    }
    for (n, &func) in funcs.iter().enumerate() {
        out.extend(match args.emit {
            Emit::Clif | Emit::Vcode => text(source, func, build, args)?.into_bytes(),
            _ => show(func, &code(&mut functions, source, func, build)?, n),
        });
    }
    Ok(out)
}

/// A function as the mid-end leaves it, or as lowering does.
fn text(source: &Source, func: &Function, build: &Build, args: &Compile) -> Result<String> {
    let made = panics::caught(|| {
        let mut func = func.clone();
        windlass_opt::run(&mut func, build.level()).map_err(|e| e.to_string())?;
        match args.emit {
            Emit::Clif => Ok(format!("{func}\n")),
            _ => {
                let (backend, mut pipeline) = (build.isa.backend(), Pipeline::new());
                let (vcode, _) = pipeline.vcode(&func, backend, &build.options).map_err(|e| e.to_string())?;
                Ok(format!("{}:\n{}\n", func.name, backend.vcode_text(vcode)))
            }
        }
    });
    let made = made.and_then(|made| made);
    made.map_err(|e: String| Error::new(format_args!("{}: {}: {e}", source.path.display(), func.name)))
}

/// Writes machine code with what each instruction comes from.
pub(super) fn explain(args: &Explain) -> Result<bool> {
    let source = Source::open(&args.input.file, &Given::of(&args.target)?)?;
    let file = source.parse()?;
    let build = target::of_file(&file, &[]).map_err(|why| source.unfit(why))?;
    source.verify(&file, Some(&build.facts()))?;
    let mut functions = Functions::for_target(build.isa.backend());
    let all = file.functions.iter().map(|(f, _)| f);
    let wanted: Vec<&Function> = match &args.function {
        Some(name) => vec![find(&file, Some(name))?],
        None => all.collect(),
    };
    output::print(format_args!("{}", build.isa.backend().syntax()))?;
    for (n, func) in wanted.into_iter().enumerate() {
        let code = code(&mut functions, &source, func, &build)?;
        let text = explained(func, n, &code);
        let (bytes, stack) = (code.code.len(), code.frame_size);
        output::print(format_args!(
            "# {}{}{:#}: {bytes} bytes, {stack} of stack\n{text}",
            style::NAME,
            func.name,
            style::NAME
        ))?;
    }
    Ok(true)
}

fn code(functions: &mut Functions, source: &Source, func: &Function, build: &Build) -> Result<CompiledCode> {
    let options = Options { listing: true, ..build.options };
    let made = panics::caught(|| functions.compile(func, build.level(), &options).map_err(|e| e.to_string()));
    let object = made.and_then(|made| made);
    object
        .map(|object| object.code)
        .map_err(|e| Error::new(format_args!("{}: {}: {e}", source.path.display(), func.name)))
}

fn hex(code: &[u8]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|b| format!(" {b:02x}")).collect::<String>();
    let lines = code.chunks(BYTES_PER_LINE).enumerate();
    lines.map(|(n, bytes)| format!("{:6x}: {}\n", n * BYTES_PER_LINE, line(bytes))).collect()
}

fn name(func: &Function) -> String {
    let name = func.name.to_string();
    quoted(name.strip_prefix('%').unwrap_or(&name))
}

/// The listing with the IR instruction that each line stands for, and who chose it, as comments.
fn explained(func: &Function, n: usize, code: &CompiledCode) -> String {
    let comment = |line: &Line| {
        let inst = line.inst.map(|n| func.dfg.display_inst(Inst::from_u32(n)).to_string()).unwrap_or_default();
        format!("{:4x} {}{:24}{:#}  {inst}", line.offset, style::DIM, line.source, style::DIM)
    };
    assembly(&name(func), n, &code.lines, comment)
}
