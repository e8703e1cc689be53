//! The table of passes: what each is, when it runs and why there. Needs the passes; a test holds the table to its word.

use crate::{branches, dead, params, simplify, unreachable};
use windlass_ir::ir::Function;

/// How much is done for the code that comes out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Level {
    /// Only what lowering needs.
    #[default]
    None,
    /// What makes code fast.
    Speed,
    /// The same, and small where that costs no time.
    SpeedAndSize,
}

impl Level {
    /// All levels.
    pub const ALL: [Level; 3] = [Level::None, Level::Speed, Level::SpeedAndSize];

    /// Its name, as the setting `opt_level` has it.
    pub fn name(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Speed => "speed",
            Level::SpeedAndSize => "speed_and_size",
        }
    }

    /// The level of this name.
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Something that is true of a function and that code can count on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// Every block in the layout can be reached from the entry.
    AllReachable,
    /// No operand of an instruction in the layout is an alias.
    NoAliases,
}

/// What lowering counts on, at every level.
pub const LOWERING_NEEDS: &[Fact] = &[Fact::AllReachable, Fact::NoAliases];

/// A pass.
pub struct Pass {
    /// Its name.
    pub name: &'static str,
    /// What it counts on.
    pub needs: &'static [Fact],
    /// What is true after it.
    pub makes: &'static [Fact],
    /// What may be true no longer after it.
    pub breaks: &'static [Fact],
    /// The lowest level it runs at.
    pub from: Level,
    /// Why it runs where it does.
    pub why: &'static str,
    /// Does it.
    pub run: fn(&mut Function),
}

/// What passes from `speed` on count on, and keep.
const BOTH: &[Fact] = &[Fact::AllReachable, Fact::NoAliases];

/// All passes, in the order in which they run.
pub static PASSES: &[Pass] = &[
    Pass {
        name: "remove-unreachable",
        needs: &[],
        makes: &[Fact::AllReachable],
        breaks: &[],
        from: Level::None,
        why: "first: nobody else has to look at, or be careful with, code that never runs",
        run: unreachable::remove,
    },
    Pass {
        name: "resolve-aliases",
        needs: &[],
        makes: &[Fact::NoAliases],
        breaks: &[],
        from: Level::None,
        why: "before all that looks behind values: a chain of aliases may be as long as the function",
        run: |func| func.dfg.resolve_all_aliases(),
    },
    Pass {
        name: "trivial-params",
        needs: BOTH,
        makes: &[],
        breaks: &[],
        from: Level::Speed,
        why: "before simplification: a parameter hides the value that it always is",
        run: params::run,
    },
    Pass {
        name: "simplify",
        needs: BOTH,
        makes: &[],
        breaks: &[],
        from: Level::Speed,
        why: "before branches, which it may decide, and before dead code, which it leaves",
        run: simplify::run,
    },
    Pass {
        name: "branches",
        needs: BOTH,
        makes: &[],
        breaks: &[],
        from: Level::Speed,
        why: "after simplification, which finds constant conditions; before dead code, for conditions may become it",
        run: branches::run,
    },
    Pass {
        name: "dead-code",
        needs: BOTH,
        makes: &[],
        breaks: &[],
        from: Level::Speed,
        why: "last: all others leave what is needed no longer",
        run: dead::run,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pass_has_what_it_needs() {
        for level in Level::ALL {
            let mut facts: Vec<Fact> = vec![];
            for pass in PASSES.iter().filter(|pass| level >= pass.from) {
                assert!(pass.needs.iter().all(|fact| facts.contains(fact)), "{} at {}", pass.name, level.name());
                facts.retain(|fact| !pass.breaks.contains(fact));
                facts.extend(pass.makes);
            }
            assert!(LOWERING_NEEDS.iter().all(|fact| facts.contains(fact)), "lowering at {}", level.name());
        }
    }

    #[test]
    fn names_tell_passes_apart_and_each_has_a_reason() {
        for (n, pass) in PASSES.iter().enumerate() {
            assert!(!pass.why.is_empty() && PASSES[..n].iter().all(|other| other.name != pass.name), "{}", pass.name);
            assert!(pass.makes.iter().all(|fact| !pass.breaks.contains(fact)), "{}", pass.name);
        }
        assert!(Level::ALL.iter().all(|level| Level::from_name(level.name()) == Some(*level)));
    }
}
