//! The table of a machine as a macro: a line per family. It expands in the machine's own room, whose
//! `Row`, `machine` and types of [`super`] they use.

/// Builds `Family`, `FAMILIES`, `families`, `rows` and `meaning` from a line per family: its name here and in row names,
/// the mnemonic, what makes its rows, and its meaning or why it has none.
macro_rules! families { ($( $(#[doc = $doc:literal])* $id:ident $name:literal $mnemonic:literal $rows:expr, $kind:ident $meaning:expr; )*) => {
    /// An operation of the machine.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub enum Family { $( $(#[doc = $doc])* $id ),* }

    /// What the families' rows share, in the order of the table.
    pub const FAMILIES: &[FamilyInfo] = &[$( FamilyInfo {
        name: $name, mnemonic: $mnemonic, doc: concat!($($doc),*), no_meaning: families!(@reason $kind $meaning),
    } ),*];

    impl Family {
        /// What the family's rows share.
        pub fn info(self) -> &'static FamilyInfo {
            &FAMILIES[self as usize]
        }
    }

    impl From<Family> for machine::Family {
        fn from(f: Family) -> machine::Family {
            machine::Family(f as u16)
        }
    }

    /// All families, in the order of the table.
    pub fn families() -> &'static [Family] {
        &[$(Family::$id),*]
    }

    fn rows_of(f: Family) -> Vec<Row> {
        match f { $( Family::$id => { let make: fn(Family) -> Vec<Row> = $rows; make(f) } ),* }
    }

    /// All rows, family after family.
    pub fn rows() -> Vec<Row> {
        families().iter().flat_map(|&f| rows_of(f)).collect()
    }

    /// Runs the family's meaning at `w` bits.
    pub(super) fn meaning<E: Env>(f: Family, e: &mut E, w: u32, input: &Input<E::B>, a: &[E::B]) -> Meant<E::B> {
        match f { $( Family::$id => families!(@run $kind $meaning, e, w, input, a) ),* }
    }
};
    (@reason is $meaning:expr) => { None };
    (@reason no_meaning $why:expr) => { Some($why) };
    (@run is $meaning:expr, $e:ident, $w:ident, $i:ident, $a:ident) => {{
        let f: fn(&mut E, u32, &Input<E::B>, &[E::B]) -> Meant<E::B> = $meaning;
        f($e, $w, $i, $a)
    }};
    (@run no_meaning $why:expr, $e:ident, $w:ident, $i:ident, $a:ident) => {{
        let _ = ($e, $w, $i, $a);
        Meant { results: vec![], flags: None }
    }};
}

pub(crate) use families;
