//! What to make code for: `target` and `set` lines, turned into options of the compiler. Needs the tables of settings and
//! what is known of this machine; leaves a [`Build`], or why there can be none here.

use crate::source::Error;
use target_lexicon::Triple;
use windlass_codegen::isa::{self, OwnedTargetIsa, TargetIsa};
use windlass_codegen::options::Options;
use windlass_codegen::settings::{self, Configurable, Flags, Target, configure, read_target};
use windlass_codegen::verifier::target_facts;
use windlass_ir::isa::TargetFacts;
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
        match unfit {
            Unfit::Bad(why) | Unfit::Elsewhere(why) => Error::new(why),
        }
    }
}

/// What is wrong with the settings and targets in a test file's header, and where: the first thing that is.
pub fn misuse(file: &TestFile<'_>) -> Option<(Location, String)> {
    let mut shared = settings::builder();
    let setting = |set: &SettingsLine<'_>| {
        let wrong = |o: &TestOption<'_>| Some(format!("set {o}: {}", configure(&o.to_string(), &mut shared).err()?));
        Some((set.location, set.options.iter().find_map(wrong)?))
    };
    let target = |line: &TargetLine<'_>| Some((line.location, read_target(&text(line)).err()?.to_string()));
    file.settings.iter().find_map(setting).or_else(|| file.targets.iter().find_map(target))
}

/// What the verifier needs to know for a test file's last `target` line, if there is one: of any platform, whether code is
/// made for it or not.
pub fn facts(file: &TestFile<'_>) -> Result<Option<TargetFacts>, Unfit> {
    let Some(line) = file.targets.last() else { return Ok(None) };
    let target = read_target(&text(line)).map_err(|e| Unfit::Bad(e.to_string()))?;
    let mut shared = settings::builder();
    for word in file.settings.iter().take(line.settings).flat_map(|set| &set.options) {
        configure(&word.to_string(), &mut shared).map_err(|e| Unfit::Bad(format!("set {word}: {e}")))?;
    }
    Ok(Some(target_facts(&target.triple, &Flags::new(shared))))
}

/// A `target` line without its first word.
fn text(line: &TargetLine<'_>) -> String {
    let words = line.options.iter().map(|o| format!(" {o}")).collect::<String>();
    format!("{}{words}", line.triple)
}

/// The target of a test file's `target` line under the `set` lines before it, with all checks on.
pub fn of_line(line: &TargetLine<'_>, sets: &[SettingsLine<'_>]) -> Result<Build, Unfit> {
    let sets = sets.iter().take(line.settings).flat_map(|set| &set.options).map(|o| o.to_string());
    of_text(&text(line), sets).map(Build::checked)
}

/// The target of a text like `x86_64 has_bmi2`, under settings like `opt_level=speed`.
pub fn of_text(target: &str, sets: impl IntoIterator<Item = String>) -> Result<Build, Unfit> {
    let target = read_target(target).map_err(|e| Unfit::Bad(format!("target {target}: {e}")))?;
    let elsewhere = |_| Unfit::Elsewhere(format!("no code is made for {} yet", target.triple.architecture));
    let builder = target.isa_builder().map_err(elsewhere)?;
    under(builder, sets)
}

/// A target under settings.
fn under(builder: isa::Builder, sets: impl IntoIterator<Item = String>) -> Result<Build, Unfit> {
    let mut shared = settings::builder();
    let mut leveled = false;
    for word in sets {
        configure(&word, &mut shared).map_err(|e| Unfit::Bad(format!("set {word}: {e}")))?;
        leveled |= word.starts_with("opt_level");
    }
    let flags = Flags::new(shared);
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

/// Can this machine run what is made for the target? If not, why.
pub fn check_host(line: &TargetLine<'_>) -> Result<(), Unfit> {
    let target = read_target(&text(line)).map_err(|e| Unfit::Bad(e.to_string()))?;
    let host = Triple::host().architecture;
    if target.triple.architecture != host {
        let of = target.triple.architecture;
        return Err(Unfit::Elsewhere(format!("it is for {of}, and this machine is {host}")));
    }
    let mut native = Target { triple: Triple::host(), flags: settings::Builder::new(template(&target)?) };
    isa::native::infer_native_flags(&mut native.flags).map_err(|e| Unfit::Bad(e.to_owned()))?;
    let has = enabled(&native);
    match enabled(&target).into_iter().find(|name| !has.contains(name)) {
        Some(missing) => Err(Unfit::Elsewhere(format!("this CPU lacks {missing}"))),
        None => Ok(()),
    }
}

fn template(target: &Target) -> Result<&'static settings::detail::Template, Unfit> {
    let known = settings::isa_template(target.triple.architecture);
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
