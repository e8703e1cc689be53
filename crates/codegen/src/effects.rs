//! Checks that lowering kept the order of effects. In every block: if two instructions may not be exchanged
//! (`conflicts`), all that the first became stands before all that the second became; and each instruction with an
//! effect became something, once unless it may become several. Needs the IR and a [`VCode`]; shares nothing with lowering
//! but the question what an effect is.

use crate::lower::has_effect;
use crate::order::BlockOrder;
use crate::vcode::VCode;
use windlass_desc::ops::Effects;
use windlass_ir::entity::EntityRef;
use windlass_ir::ir::{Function, Inst};

/// What an instruction does that others could notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// It only loads and cannot trap, so it may vanish.
    Free,
    /// It only loads, and may trap.
    Load,
    /// Anything else.
    Barrier,
}

impl Kind {
    /// The kind of an instruction, if it does anything.
    fn of(func: &Function, inst: Inst) -> Option<Kind> {
        let effects = func.dfg.insts[inst].opcode().row().effects;
        let loads = effects.has(Effects::LOAD);
        let only_loads = loads && Effects(effects.0 & !Effects::LOAD.0).is_pure();
        match (has_effect(func, inst), only_loads) {
            (true, true) => Some(Kind::Load),
            (true, false) => Some(Kind::Barrier),
            (false, _) => loads.then_some(Kind::Free),
        }
    }

    /// May instructions of these kinds not be exchanged? Two loads may, unless both can trap.
    #[cfg(test)]
    fn conflicts(self, other: Kind) -> bool {
        !matches!((self, other), (Kind::Free, Kind::Free | Kind::Load) | (Kind::Load, Kind::Free))
    }
}

/// May an instruction become several that have its effect? What traps and does nothing else, and accesses of more than 64
/// bits.
fn may_repeat(func: &Function, inst: Inst) -> bool {
    let effects = func.dfg.insts[inst].opcode().row().effects;
    let access = effects.has(Effects::LOAD.or(Effects::STORE)) && !effects.has(Effects::CALL.or(Effects::OTHER));
    if access && func.dfg.ctrl_typevar(inst).bits() > 64 {
        return true;
    }
    effects.has(Effects::TRAP) && !effects.has(Effects::LOAD.or(Effects::STORE).or(Effects::CALL).or(Effects::OTHER))
}

/// The place of an instruction in its block's order.
#[derive(Clone, Copy)]
struct Place {
    kind: Kind,
    /// Effects before it, [`Kind::Free`] loads not being any.
    effects: u32,
    /// Barriers before it.
    barriers: u32,
    repeats: bool,
    /// It became something.
    seen: bool,
}

/// Where a walk over a block is.
#[derive(Clone, Copy, Default)]
struct Cursor {
    effects: u32,
    barriers: u32,
    /// A [`Kind::Free`] load stood behind the last barrier.
    loaded: bool,
}

impl Cursor {
    /// Steps over an instruction of the IR, which gets the next place.
    fn place(&mut self, kind: Kind, repeats: bool) -> Place {
        let place = Place { kind, effects: self.effects, barriers: self.barriers, repeats, seen: false };
        self.effects += (kind != Kind::Free) as u32;
        self.barriers += (kind == Kind::Barrier) as u32;
        place
    }

    /// Steps over what an instruction became. Is its place here? Effects conflict with each other, so they are in order
    /// where each is the next one, or the last one again; free loads conflict with barriers alone, so they are in order
    /// where as many of these came before.
    fn meets(&mut self, place: &mut Place) -> bool {
        let again = std::mem::replace(&mut place.seen, true);
        if again && !place.repeats {
            return false;
        }
        match place.kind {
            Kind::Free => {
                self.loaded = true;
                place.barriers == self.barriers
            }
            kind if again => place.effects + 1 == self.effects && !(kind == Kind::Barrier && self.loaded),
            kind => {
                let next = place.effects == self.effects;
                self.effects += 1;
                self.barriers += (kind == Kind::Barrier) as u32;
                self.loaded &= kind != Kind::Barrier;
                next
            }
        }
    }
}

/// The first difference, in words.
pub fn check(func: &Function, order: &BlockOrder, vcode: &VCode) -> Result<(), String> {
    // of what stands in the block at hand
    let mut places: Vec<Option<Place>> = vec![None; func.dfg.num_insts()];
    let mut rest = &vcode.effects[..];
    for (n, &block) in order.blocks.iter().enumerate() {
        let mut cursor = Cursor::default();
        for inst in func.layout.block_insts(block) {
            let kind = Kind::of(func, inst);
            places[inst.index()] = kind.map(|kind| cursor.place(kind, may_repeat(func, inst)));
        }
        let (_, end) = vcode.code.blocks[n].insts;
        let (here, later) = rest.split_at(rest.iter().take_while(|e| e.0 < end).count());
        rest = later;
        let mut cursor = Cursor::default();
        for inst in here.iter().map(|e| Inst::from_u32(e.1)) {
            if !places[inst.index()].as_mut().is_some_and(|place| cursor.meets(place)) {
                return Err(format!("{inst} of {block} is not in its place among the effects of the machine code"));
            }
        }
        for inst in func.layout.block_insts(block) {
            if places[inst.index()].take().is_some_and(|place| !place.seen && place.kind != Kind::Free) {
                return Err(format!("the machine code of {block} lacks the effect of {inst}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number below `n`, the next of a sequence.
    fn below(seed: &mut u64, n: usize) -> usize {
        *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*seed >> 33) as usize % n
    }

    /// The rule as it is stated, pair by pair.
    fn by_pairs(kinds: &[(Kind, bool)], became: &[usize]) -> bool {
        let count = |i| became.iter().filter(|&&x| x == i).count();
        let once = |i: usize| {
            let (kind, repeats) = kinds[i];
            (count(i) > 0 || kind == Kind::Free) && (count(i) <= 1 || repeats)
        };
        let last = |i| became.iter().rposition(|&x| x == i);
        let first = |i| became.iter().position(|&x| x == i);
        let ordered = |a: usize, b: usize| {
            !kinds[a].0.conflicts(kinds[b].0) || last(a).zip(first(b)).is_none_or(|(last, first)| last < first)
        };
        let pairs = (0..kinds.len()).flat_map(|a| (a + 1..kinds.len()).map(move |b| (a, b)));
        (0..kinds.len()).all(once) && pairs.into_iter().all(|(a, b)| ordered(a, b))
    }

    fn by_cursors(kinds: &[(Kind, bool)], became: &[usize]) -> bool {
        let mut cursor = Cursor::default();
        let mut places: Vec<_> = kinds.iter().map(|&(kind, repeats)| cursor.place(kind, repeats)).collect();
        let mut cursor = Cursor::default();
        became.iter().all(|&i| cursor.meets(&mut places[i])) && places.iter().all(|p| p.seen || p.kind == Kind::Free)
    }

    #[test]
    fn cursors_find_what_pairs_do() {
        let (mut seed, mut kept) = (1, 0);
        for _ in 0..20_000 {
            let kind = |seed: &mut u64| [Kind::Free, Kind::Load, Kind::Barrier][below(seed, 3)];
            let kinds: Vec<_> = (0..5).map(|_| (kind(&mut seed), below(&mut seed, 3) == 0)).collect();
            let mut became: Vec<usize> = (0..5).filter(|_| below(&mut seed, 8) != 0).collect();
            // neighbours exchanged, or one of them said again
            for _ in 0..below(&mut seed, 3) {
                let at = below(&mut seed, became.len().max(2) - 1);
                match became.get(at..at + 2) {
                    Some(&[a, b]) if below(&mut seed, 2) == 0 => became[at..at + 2].copy_from_slice(&[b, a]),
                    Some(&[a, _]) => became.insert(at + below(&mut seed, 3), a),
                    _ => {}
                }
            }
            let right = by_pairs(&kinds, &became);
            assert_eq!(by_cursors(&kinds, &became), right, "{kinds:?} became {became:?}");
            kept += right as u32;
        }
        assert!((1000..19_000).contains(&kept), "{kept} of 20000 keep the order");
    }
}
