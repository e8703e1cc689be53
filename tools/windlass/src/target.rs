//! What to make code for: `target` and `set` lines, and what the command line says instead of them, turned into options
//! of the compiler. Needs the tables of settings and what is known of this machine; leaves a [`Build`], or why there can be
//! none here.

use crate::args;
use crate::native::Engine;
use crate::qemu::Emulator;
use crate::source::Error;
use target_lexicon::Triple;
use windlass_codegen::isa::{self, OwnedTargetIsa, TargetIsa};
use windlass_codegen::options::Options;
use windlass_codegen::settings::{
    self, Configurable, Flags, SetError, Target, TargetError, configure, isa_template, read_target,
};
use windlass_codegen::verifier::target_facts;
use windlass_ir::isa::TargetFacts;
use windlass_ir::near::did_you_mean;
use windlass_ir::reader::Location;
use windlass_ir::testfile::{SettingsLine, TargetLine, TestFile, TestOption};
use windlass_opt::Level;

/// How functions are compiled.
#[derive(Clone, Debug)]
pub struct Build {
    /// For which platform.
    pub triple: Triple,
    /// The target with its settings.
    pub isa: OwnedTargetIsa,
    /// What code generation is asked for.
    pub options: Options,
    /// The optimisation level, if one was asked for.
    pub level: Option<Level>,
}

impl Build {
    /// What the verifier needs to know.
    pub fn facts(&self) -> TargetFacts {
        target_facts(&self.triple, self.isa.flags())
    }
    /// The same, with each stage checked.
    pub fn checked(self) -> Build {
        Build { options: Options { check: true, ..self.options }, ..self }
    }
    /// The level to compile at: the one that was asked for, or none.
    pub fn level(&self) -> Level {
        self.level.unwrap_or(Level::None)
    }
    /// The levels to try: the one that was asked for, or all.
    pub fn levels(&self) -> Vec<Level> {
        self.level.map_or_else(|| Level::ALL.to_vec(), |level| vec![level])
    }
}

/// Why code for a target cannot be run here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// What is asked for is not understood.
    Bad(String),
    /// It is, but this machine or this build cannot do it.
    Elsewhere(String),
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Error {
        Error::new(unfit)
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Unfit::Bad(why) | Unfit::Elsewhere(why)) = self;
        f.write_str(why)
    }
}

/// What the command line says of target and settings: its target replaces those of a file, its settings come after those
/// of the file.
#[derive(Clone, Default, Debug)]
pub struct Given {
    target: Option<String>,
    settings: Vec<String>,
    /// Code runs under an emulator, even if it is for this machine.
    pub emulate: bool,
}

impl Given {
    /// What these options say, if all of it is known.
    pub fn of(args: &args::Target) -> Result<Given, Error> {
        let level = args.level.map(|level| format!("opt_level={}", Level::from(level).name()));
        let words = args.set.iter().flat_map(|words| words.split_whitespace()).map(str::to_owned);
        let given = Given { target: args.target.clone(), settings: words.chain(level).collect(), emulate: false };
        let misuse = |why: Unfit| Error::misuse(format_args!("--{why}"));
        shared(given.settings.iter().cloned()).map_err(misuse)?;
        given.target.as_deref().map(read).transpose().map_err(misuse)?;
        Ok(given)
    }

    /// The same, and code runs under an emulator if that is asked for.
    pub fn emulated(self, emulate: bool) -> Given {
        Given { emulate, ..self }
    }

    /// The target.
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// Adds the settings to the header of a file: behind its own, and before each target.
    pub fn add_settings<'a>(&'a self, file: &mut TestFile<'a>) {
        if self.settings.is_empty() {
            return;
        }
        let options = self.settings.iter().map(|word| TestOption::new(word)).collect();
        let line = SettingsLine { options, location: Location::default() };
        let (mut own, mut taken) = (std::mem::take(&mut file.settings).into_iter(), 0);
        for target in &mut file.targets {
            file.settings.extend(own.by_ref().take(target.settings - taken));
            taken = target.settings;
            file.settings.push(line.clone());
            target.settings = file.settings.len();
        }
        file.settings.extend(own);
        if file.targets.is_empty() {
            file.settings.push(line);
        }
    }
}

/// The architectures whose settings are known, as targets name them.
const ARCHITECTURES: [&str; 4] = ["x86_64", "aarch64", "riscv64", "s390x"];

/// The names of the settings of a target's architecture.
fn target_settings(target: &str) -> Vec<&'static str> {
    let triple = target.split_whitespace().next().and_then(|name| name.parse::<Triple>().ok());
    let template = triple.and_then(|triple| isa_template(triple.architecture));
    template.map_or(vec![], |template| settings::Builder::new(template).iter().map(|setting| setting.name).collect())
}

/// The shared settings that words of `set` lines make.
fn shared(words: impl IntoIterator<Item = String>) -> Result<settings::Builder, Unfit> {
    let mut shared = settings::builder();
    words.into_iter().try_for_each(|word| set(&word, &mut shared))?;
    Ok(shared)
}

/// Does what a word of a `set` line says.
fn set(word: &str, shared: &mut settings::Builder) -> Result<(), Unfit> {
    let advice = |error: &SetError| {
        let SetError::BadName(name) = error else { return String::new() };
        match ARCHITECTURES.iter().find(|target| target_settings(target).contains(&name.as_str())) {
            Some(target) => format!("; it is one of a target: `target {target} {word}`"),
            None => did_you_mean(name, settings::builder().iter().map(|setting| setting.name)),
        }
    };
    configure(word, shared).map_err(|e| Unfit::Bad(format!("set {word}: {e}{}", advice(&e))))
}

/// Reads the text of a `target` line.
fn read(text: &str) -> Result<Target, Unfit> {
    let advice = |error: &TargetError| match error {
        TargetError::BadFlag { word, error: SetError::BadName(name) } => {
            match settings::builder().iter().any(|setting| setting.name == name) {
                true => format!("; it holds for all targets: `set {word}`"),
                false => did_you_mean(name, target_settings(text)),
            }
        }
        TargetError::BadTriple(name) | TargetError::Unknown(name) => did_you_mean(name, ARCHITECTURES),
        _ => String::new(),
    };
    read_target(text).map_err(|e| Unfit::Bad(format!("target {text}: {e}{}", advice(&e))))
}

/// What is wrong with the settings and targets in a test file's header, and where: the first thing that is.
pub fn misuse(file: &TestFile<'_>) -> Option<(Location, String)> {
    let mut shared = settings::builder();
    let setting = |line: &SettingsLine<'_>| {
        let wrong = |o: &TestOption<'_>| set(&o.to_string(), &mut shared).err();
        Some((line.location, line.options.iter().find_map(wrong)?.to_string()))
    };
    let target = |line: &TargetLine<'_>| Some((line.location, read(&text(line)).err()?.to_string()));
    file.settings.iter().find_map(setting).or_else(|| file.targets.iter().find_map(target))
}

/// What the verifier needs to know for a test file's last `target` line, if there is one: of any platform, whether code is
/// made for it or not.
pub fn facts(file: &TestFile<'_>) -> Result<Option<TargetFacts>, Unfit> {
    let Some(line) = file.targets.last() else { return Ok(None) };
    let (target, shared) = (read(&text(line))?, shared(settings_before(file, line.settings))?);
    Ok(Some(target_facts(&target.triple, &Flags::new(shared))))
}

/// The words of the first `set` lines.
fn settings_before<'f>(file: &'f TestFile<'_>, lines: usize) -> impl Iterator<Item = String> + 'f {
    file.settings.iter().take(lines).flat_map(|set| &set.options).map(|o| o.to_string())
}

/// What to compile a file for: its last target that code can be made for, or this machine if it names none. Settings of
/// the file come after `defaults`.
pub fn of_file(file: &TestFile<'_>, defaults: &[&str]) -> Result<Build, Unfit> {
    let words = |lines| defaults.iter().map(|&word| word.to_owned()).chain(settings_before(file, lines));
    let build = |line: &TargetLine<'_>| of_text(&text(line), words(line.settings));
    last(file, build).unwrap_or_else(|| host_with(words(usize::MAX)))
}

/// The same for code that is to be run here, and what runs it.
pub fn runnable(file: &TestFile<'_>, emulate: bool) -> Result<(Build, Engine), Unfit> {
    let build = |line: &TargetLine<'_>| {
        let engine = engine(&read(&text(line))?, emulate)?;
        Ok((of_text(&text(line), settings_before(file, line.settings))?, engine))
    };
    if let Some(last) = last(file, build) {
        return last;
    }
    let words = settings_before(file, usize::MAX);
    if emulate {
        let host = Triple::host().architecture.to_string();
        return Ok((of_text(&host, words)?, engine(&read(&host)?, emulate)?));
    }
    Ok((host_with(words)?, Engine::Host))
}

/// What comes of the last `target` line of which something comes, or why nothing comes of the last.
fn last<T>(file: &TestFile<'_>, make: impl Fn(&TargetLine<'_>) -> Result<T, Unfit>) -> Option<Result<T, Unfit>> {
    let mut lines = file.targets.iter().rev();
    let last = make(lines.next()?);
    Some(last.or_else(|why| lines.find_map(|line| make(line).ok()).ok_or(why)))
}

/// A `target` line without its first word.
fn text(line: &TargetLine<'_>) -> String {
    let words = line.options.iter().map(|o| format!(" {o}")).collect::<String>();
    format!("{}{words}", line.triple)
}

/// The target of a test file's `target` line under the `set` lines before it, with all checks on.
pub fn of_line(file: &TestFile<'_>, line: &TargetLine<'_>) -> Result<Build, Unfit> {
    of_text(&text(line), settings_before(file, line.settings)).map(Build::checked)
}

/// The target of a text like `x86_64 has_bmi2`, under settings like `opt_level=speed`.
pub fn of_text(target: &str, sets: impl IntoIterator<Item = String>) -> Result<Build, Unfit> {
    let target = read(target)?;
    let elsewhere = |_| Unfit::Elsewhere(format!("no code is made for {} yet", target.triple.architecture));
    let builder = target.isa_builder().map_err(elsewhere)?;
    under(builder, sets)
}

/// A target under settings.
fn under(builder: isa::Builder, sets: impl IntoIterator<Item = String>) -> Result<Build, Unfit> {
    let mut leveled = false;
    let flags = Flags::new(shared(sets.into_iter().inspect(|word| leveled |= word.starts_with("opt_level")))?);
    let isa = builder.finish(flags.clone()).map_err(|e| Unfit::Bad(e.to_string()))?;
    let options = *isa.options();
    let level = leveled.then(|| flags.opt_level().into());
    Ok(Build { triple: isa.triple().clone(), isa, options, level })
}

/// The same target with an optimisation level.
pub fn at_level(isa: &dyn TargetIsa, level: Level) -> Result<OwnedTargetIsa, Unfit> {
    let mut shared = settings::builder();
    let values = isa.flags().iter().map(|value| (value.name, value.value_string()));
    for (name, value) in values.chain([("opt_level", level.name().to_owned())]) {
        shared.set(name, &value).map_err(|e| Unfit::Bad(e.to_string()))?;
    }
    isa::Builder::from_target_isa(isa).finish(Flags::new(shared)).map_err(|e| Unfit::Bad(e.to_string()))
}

/// What a test file's `target` line is for, and what runs it here.
pub fn runnable_line(file: &TestFile<'_>, line: &TargetLine<'_>, emulate: bool) -> Result<(Build, Engine), Unfit> {
    let engine = engine(&read(&text(line))?, emulate)?;
    Ok((of_line(file, line)?, engine))
}

/// What runs code for a target here: this machine, or an emulator if that is asked for or the machine is another. If
/// nothing can, why.
fn engine(target: &Target, emulate: bool) -> Result<Engine, Unfit> {
    let arch = target.triple.architecture;
    if arch == Triple::host().architecture && !emulate {
        return check_host(target).map(|()| Engine::Host);
    }
    let emulator = Emulator::find(&target.triple, &enabled(target));
    emulator.map(Engine::Qemu).map_err(|why| Unfit::Elsewhere(format!("code for {arch} cannot run here: {why}")))
}

/// Has this CPU what is made for a target of its architecture? If not, what it lacks.
fn check_host(target: &Target) -> Result<(), Unfit> {
    let mut native = Target { triple: Triple::host(), flags: settings::Builder::new(template(target)?) };
    isa::native::infer_native_flags(&mut native.flags).map_err(|e| Unfit::Bad(e.to_owned()))?;
    let has = enabled(&native);
    match enabled(target).into_iter().find(|name| !has.contains(name)) {
        Some(missing) => Err(Unfit::Elsewhere(format!("this CPU lacks {missing}"))),
        None => Ok(()),
    }
}

fn template(target: &Target) -> Result<&'static settings::detail::Template, Unfit> {
    let known = isa_template(target.triple.architecture);
    known.ok_or_else(|| Unfit::Bad(format!("nothing is known of {}", target.triple.architecture)))
}

/// The names of the settings of a target that are switched on.
fn enabled(target: &Target) -> Vec<&'static str> {
    target.flags.values().filter(|v| v.as_bool() == Some(true)).map(|v| v.name).collect()
}

/// This machine with all its CPU has.
pub fn host() -> Result<Build, Unfit> {
    host_with([])
}

/// The same under settings.
pub fn host_with(sets: impl IntoIterator<Item = String>) -> Result<Build, Unfit> {
    under(isa::native::builder().map_err(|e| Unfit::Elsewhere(e.to_owned()))?, sets)
}
