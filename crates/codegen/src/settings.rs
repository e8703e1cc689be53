//! Settings: what a user may choose about the code that is made, and what a CPU can do.
//!
//! A group of settings is a table ([`shared`], and one module per architecture). A [`Builder`] starts with the defaults
//! of a group and is changed by text, through [`Configurable`]; [`Flags`] has the result, with a method per setting.
//! Knows no code generator; leaves [`configure`] and [`read_target`] to whoever reads `set` and `target` lines.
//!
//! ```
//! use windlass_codegen::settings::{self, Configurable, Flags, OptLevel};
//!
//! let mut builder = settings::builder();
//! builder.set("opt_level", "speed").unwrap();
//! builder.enable("is_pic").unwrap();
//! let flags = Flags::new(builder);
//! assert_eq!(flags.opt_level(), OptLevel::Speed);
//! ```

use std::fmt;
use std::hash::{Hash, Hasher};

pub mod aarch64;
pub mod detail;
pub mod riscv64;
pub mod s390x;
pub mod shared;
mod target;
pub mod x64;

use self::detail::{Descriptor, Detail, Preset, Template};
pub use self::shared::{
    Flags, LibcallCallConv, OptLevel, ProbestackStrategy, RegallocAlgorithm, StackSwitchModel, TlsModel,
};
pub use self::target::{Target, TargetError, configure, isa_template, read_target};

/// A builder of the shared settings, all at their defaults.
pub fn builder() -> Builder {
    Builder::new(&shared::TEMPLATE)
}

/// Something whose settings can be changed by name.
pub trait Configurable {
    /// Gives a setting the value that a text stands for.
    fn set(&mut self, name: &str, value: &str) -> SetResult<()>;

    /// Switches a Boolean setting on, or all those of a preset.
    fn enable(&mut self, name: &str) -> SetResult<()>;
}

/// Why a setting could not be changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SetError {
    /// No setting has this name.
    #[error("there is no setting '{0}'")]
    BadName(String),
    /// The setting cannot be switched on: it is no Boolean.
    #[error("the setting takes a value")]
    BadType,
    /// The value is not one the setting can have; what it can have instead.
    #[error("the value of the setting must be {0}")]
    BadValue(String),
}

/// What comes of changing a setting.
pub type SetResult<T> = Result<T, SetError>;

/// The kinds of settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingKind {
    /// One of several names.
    Enum,
    /// A number from 0 to 255.
    Num,
    /// Yes or no.
    Bool,
    /// A name for several Boolean settings that are on together.
    Preset,
}

/// A setting or preset that a builder knows.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Its kind.
    pub kind: SettingKind,
    /// The values of one of the kind [`SettingKind::Enum`].
    pub values: Option<&'static [&'static str]>,
}

impl From<&'static Descriptor> for Setting {
    fn from(row: &'static Descriptor) -> Setting {
        let (kind, values) = match row.detail {
            Detail::Bool => (SettingKind::Bool, None),
            Detail::Num => (SettingKind::Num, None),
            Detail::Enum(names) => (SettingKind::Enum, Some(names)),
        };
        Setting { name: row.name, description: row.description, kind, values }
    }
}

impl From<&'static Preset> for Setting {
    fn from(row: &'static Preset) -> Setting {
        Setting { name: row.name, description: row.description, kind: SettingKind::Preset, values: None }
    }
}

/// Values of a group of settings in the making.
#[derive(Clone)]
pub struct Builder {
    template: &'static Template,
    values: Box<[u8]>,
}

impl Builder {
    /// All settings of a group, at their defaults.
    pub fn new(template: &'static Template) -> Builder {
        Builder { template, values: template.settings.iter().map(|s| s.default).collect() }
    }

    /// The values of all settings, if the group is the one named.
    ///
    /// # Panics
    /// If it is another.
    pub fn state_for(&self, group: &str) -> &[u8] {
        assert_eq!(self.template.name, group, "a builder of another group of settings");
        &self.values
    }

    /// The settings and presets that can be set or enabled.
    pub fn iter(&self) -> impl Iterator<Item = Setting> + use<> {
        let template = self.template;
        template.settings.iter().map(Setting::from).chain(template.presets.iter().map(Setting::from))
    }

    /// The values as they are now.
    pub fn values(&self) -> impl Iterator<Item = Value> + use<> {
        values(self.template, self.values.clone())
    }

    /// Switches on what a preset stands for. That presets imply only presets above them makes this end.
    fn apply(&mut self, preset: &'static Preset) {
        let mut todo = vec![preset];
        while let Some(preset) = todo.pop() {
            for name in preset.implies {
                match self.template.index_of(name) {
                    Some(n) => self.values[n] = 1,
                    None => todo.extend(self.template.preset(name)),
                }
            }
        }
    }
}

impl Configurable for Builder {
    fn set(&mut self, name: &str, value: &str) -> SetResult<()> {
        let n = self.template.index_of(name).ok_or_else(|| SetError::BadName(name.to_owned()))?;
        self.values[n] = parse_value(self.template.settings[n].detail, value)?;
        Ok(())
    }

    fn enable(&mut self, name: &str) -> SetResult<()> {
        if let Some(n) = self.template.index_of(name) {
            if self.template.settings[n].detail != Detail::Bool {
                return Err(SetError::BadType);
            }
            self.values[n] = 1;
        } else {
            let preset = self.template.preset(name).ok_or_else(|| SetError::BadName(name.to_owned()))?;
            self.apply(preset);
        }
        Ok(())
    }
}

impl PartialEq for Builder {
    fn eq(&self, other: &Builder) -> bool {
        std::ptr::eq(self.template, other.template) && self.values == other.values
    }
}

impl Eq for Builder {}

impl Hash for Builder {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.template.name.hash(state);
        self.values.hash(state);
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.template.name)?;
        f.debug_list().entries(self.values()).finish()
    }
}

/// The byte that a text stands for.
fn parse_value(detail: Detail, text: &str) -> SetResult<u8> {
    let (value, expected) = match detail {
        Detail::Bool => (parse_bool(text).map(u8::from), "true or false".to_owned()),
        Detail::Num => (text.parse().ok(), "a number from 0 to 255".to_owned()),
        Detail::Enum(names) => {
            let place = names.iter().position(|&n| n == text);
            (place.and_then(|n| u8::try_from(n).ok()), format!("one of {}", names.join(", ")))
        }
    };
    value.ok_or(SetError::BadValue(expected))
}

fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "on" | "yes" | "1" => Some(true),
        "false" | "off" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// A setting and what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Value {
    /// The name of the setting.
    pub name: &'static str,
    detail: Detail,
    value: u8,
}

impl Value {
    /// The kind of the setting.
    pub fn kind(&self) -> SettingKind {
        match self.detail {
            Detail::Bool => SettingKind::Bool,
            Detail::Num => SettingKind::Num,
            Detail::Enum(_) => SettingKind::Enum,
        }
    }

    /// The name it holds, if it holds one.
    pub fn as_enum(&self) -> Option<&'static str> {
        match self.detail {
            Detail::Enum(names) => Some(names[usize::from(self.value)]),
            _ => None,
        }
    }

    /// The number it holds, if it holds one.
    pub fn as_num(&self) -> Option<u8> {
        (self.detail == Detail::Num).then_some(self.value)
    }

    /// What it holds, if that is yes or no.
    pub fn as_bool(&self) -> Option<bool> {
        (self.detail == Detail::Bool).then_some(self.value != 0)
    }

    /// The text that [`Configurable::set`] makes this value of.
    pub fn value_string(&self) -> String {
        match self.detail {
            Detail::Bool => (self.value != 0).to_string(),
            Detail::Num => self.value.to_string(),
            Detail::Enum(names) => names[usize::from(self.value)].to_owned(),
        }
    }
}

/// As in a `set` line: `name=value`, with 1 and 0 for yes and no.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_enum() {
            Some(name) => write!(f, "{}={name}", self.name),
            None => write!(f, "{}={}", self.name, self.value),
        }
    }
}

/// The settings of a group with values.
fn values<T: AsRef<[u8]>>(template: &'static Template, values: T) -> impl Iterator<Item = Value> {
    (0..template.settings.len()).map(move |n| {
        let Descriptor { name, detail, .. } = template.settings[n];
        Value { name, detail, value: values.as_ref()[n] }
    })
}

/// Values of a group as a TOML table.
fn fmt_toml(template: &Template, values: impl Iterator<Item = Value>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "[{}]", template.name)?;
    for value in values {
        match value.as_enum() {
            Some(name) => writeln!(f, "{} = \"{name}\"", value.name)?,
            None => writeln!(f, "{} = {}", value.name, value.value_string())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
