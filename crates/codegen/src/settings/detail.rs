//! How settings are described: a group is a table of rows, and everything else reads the table. Needs nothing; leaves
//! the types of a table and the two macros that write one: `setting_enum!` for the values of a setting, and
//! `settings_group!`, where each setting's name, type, default and description stand once.

/// What a setting can hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Detail {
    /// Yes or no.
    Bool,
    /// A number from 0 to 255.
    Num,
    /// One of these names.
    Enum(&'static [&'static str]),
}

/// One setting.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Descriptor {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What it can hold.
    pub detail: Detail,
    /// What it holds unless it is set: 0 or 1, the number, or the place of the name among the names.
    pub default: u8,
}

/// A name for several settings that are on together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it stands for.
    pub description: &'static str,
    /// The Boolean settings it switches on, and the presets, all above it in the table, that it includes.
    pub implies: &'static [&'static str],
}

/// A group of settings. The value of each is one byte, in the order of the rows.
#[derive(PartialEq, Eq, Hash, Debug)]
pub struct Template {
    /// The name of the group.
    pub name: &'static str,
    /// Its settings.
    pub settings: &'static [Descriptor],
    /// Its presets.
    pub presets: &'static [Preset],
}

impl Template {
    /// The place of a setting.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.settings.iter().position(|s| s.name == name)
    }

    /// The preset of a name.
    pub fn preset(&self, name: &str) -> Option<&'static Preset> {
        self.presets.iter().find(|p| p.name == name)
    }
}

/// A Rust type that a setting's byte stands for.
pub(super) trait Field {
    /// What a setting of this type can hold.
    const DETAIL: Detail;
    /// The value of a byte that a builder has checked.
    fn from_byte(byte: u8) -> Self;
}

impl Field for bool {
    const DETAIL: Detail = Detail::Bool;
    fn from_byte(byte: u8) -> bool {
        byte != 0
    }
}

impl Field for u8 {
    const DETAIL: Detail = Detail::Num;
    fn from_byte(byte: u8) -> u8 {
        byte
    }
}

/// An enum whose variants have names in text, usable as the type of a setting.
macro_rules! setting_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All values, in the order of their numbers.
            pub fn all() -> &'static [$name] {
                &[$($name::$variant),*]
            }
        }

        impl $crate::settings::detail::Field for $name {
            const DETAIL: $crate::settings::detail::Detail = $crate::settings::detail::Detail::Enum(&[$($text),*]);
            fn from_byte(byte: u8) -> $name {
                $name::all()[usize::from(byte)]
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str([$($text),*][*self as usize])
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<$name, ()> {
                match text {
                    $($text => Ok($name::$variant),)*
                    _ => Err(()),
                }
            }
        }
    };
}

/// A group of settings: its `TEMPLATE`, and the struct `Flags` of its values with a method for each.
macro_rules! settings_group {
    (
        $(#[$doc:meta])*
        $group:literal
        settings { $($name:ident: $ty:ty = $default:expr, $description:literal;)* }
        presets { $($preset:literal = [$($implied:literal),*], $preset_description:literal;)* }
    ) => {
        /// The rows of this group.
        pub static TEMPLATE: $crate::settings::detail::Template = $crate::settings::detail::Template {
            name: $group,
            settings: &[$($crate::settings::detail::Descriptor {
                name: stringify!($name),
                description: $description,
                detail: <$ty as $crate::settings::detail::Field>::DETAIL,
                default: {
                    const DEFAULT: $ty = $default;
                    DEFAULT as u8
                },
            }),*],
            presets: &[$($crate::settings::detail::Preset {
                name: $preset,
                description: $preset_description,
                implies: &[$($implied),*],
            }),*],
        };

        const COUNT: usize = [$(stringify!($name)),*].len();

        #[allow(non_camel_case_types)]
        enum Index {
            $($name),*
        }

        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct Flags {
            values: [u8; COUNT],
        }

        impl Flags {
            /// The values that a builder of this group has arrived at.
            ///
            /// # Panics
            /// If the builder is one of another group.
            pub fn new(builder: $crate::settings::Builder) -> Flags {
                let mut values = [0; COUNT];
                values.copy_from_slice(builder.state_for($group));
                Flags { values }
            }

            /// The values as bytes: equal if and only if all settings of the group are.
            pub fn hash_key(&self) -> &[u8] {
                &self.values
            }

            /// All settings with their values, in the order of the table.
            pub fn iter(&self) -> impl Iterator<Item = $crate::settings::Value> + use<> {
                $crate::settings::values(&TEMPLATE, self.values)
            }

            $(
                #[doc = $description]
                pub fn $name(&self) -> $ty {
                    <$ty as $crate::settings::detail::Field>::from_byte(self.values[Index::$name as usize])
                }
            )*
        }

        /// As a TOML table.
        impl std::fmt::Display for Flags {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::settings::fmt_toml(&TEMPLATE, self.iter(), f)
            }
        }
    };
}

pub(super) use {setting_enum, settings_group};
