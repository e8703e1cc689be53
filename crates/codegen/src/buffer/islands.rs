//! Islands: constants and veneers between a function's instructions, for branches and loads that do not reach what they
//! refer to. Needs a buffer whose sites have their forms; leaves where everything is.
//!
//! One walk over the sites, in order. A reference whose last form may not reach waits for an island, unless its target
//! is behind it and near. The walk remembers the last place where an island would have served all that waits: one that
//! control does not pass, if there is one, else one that needs a jump around. When a reference is about to get out of
//! reach, the island is made there and the walk goes on from there. So every stretch of code is walked a bounded number
//! of times, and with exact offsets.
//!
//! An island serves all that waits, also branches whose target might have been near enough: targets whose branches
//! have long forms never wait, and those that have none are rare.

use super::{Buffer, IslandFacts, Label, MAX_CODE, Mark, Offsets, To};
use crate::error::{CodegenError, CodegenResult};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

const NONE: u32 = u32::MAX;

/// What an island holds.
#[derive(Clone, Copy)]
enum Item {
    Constant(u32),
    Veneer(Label),
}

struct Island {
    /// The site it stands at; behind all sites their number.
    site: usize,
    /// The form of the jump around it.
    jump: Option<usize>,
    /// The offset behind the jump and the padding, and the one behind all.
    start: u32,
    end: u32,
    items: Range<usize>,
}

/// The islands of a function.
pub(super) struct Islands {
    islands: Vec<Island>,
    /// With their offsets.
    items: Vec<(Item, u32)>,
    /// Per site which item serves it.
    serving: Vec<u32>,
    /// Per constant whether it is behind the code.
    at_end: Vec<bool>,
    /// The offset behind code and islands.
    pub(super) end: u32,
    /// Steps of the walk, for tests.
    #[cfg(test)]
    pub(super) steps: usize,
}

impl Islands {
    /// Places islands, and says in `offsets` where everything is then.
    pub(super) fn new(buffer: &Buffer, facts: IslandFacts, offsets: &mut Offsets) -> CodegenResult<Islands> {
        let mut walk = Walk::new(buffer, facts, offsets);
        walk.run()?;
        Ok(walk.made)
    }

    /// Is the constant behind the code?
    pub(super) fn is_at_end(&self, constant: u32) -> bool {
        self.at_end[constant as usize]
    }

    /// The offset of the constant or veneer that serves a site, if one in an island does.
    pub(super) fn serves(&self, site: usize) -> Option<u32> {
        self.items.get(self.serving[site] as usize).map(|item| item.1)
    }

    /// Writes the island of a site, if there is one.
    pub(super) fn write(&self, site: usize, buffer: &Buffer, offsets: &Offsets, out: &mut Vec<u8>) {
        let Ok(n) = self.islands.binary_search_by_key(&site, |island| island.site) else { return };
        let (island, Some(facts)) = (&self.islands[n], buffer.facts.islands) else { return };
        if let Some(form) = island.jump {
            buffer.write(out, facts.jump, form, island.end.into());
        }
        out.resize(island.start as usize, 0);
        for (item, at) in &self.items[island.items.clone()] {
            debug_assert_eq!(out.len(), *at as usize);
            match *item {
                Item::Constant(n) => buffer.pool.write(n, buffer.facts.order, out),
                Item::Veneer(l) => {
                    let target = offsets.of(buffer.labels[l.0 as usize]);
                    buffer.write(out, facts.jump, last_form(buffer, facts), target.into());
                }
            }
        }
        out.resize(island.end as usize, 0);
    }
}

/// The form of veneers.
fn last_form(buffer: &Buffer, facts: IslandFacts) -> usize {
    buffer.facts.kinds[facts.jump.kind as usize].forms.len() - 1
}

/// A place where an island would serve all that waits.
#[derive(Clone, Copy)]
struct Place {
    site: usize,
    passes: bool,
    /// How many references wait, and how many labels stand before.
    waiting: usize,
    bound: usize,
}

struct Walk<'a> {
    buffer: &'a Buffer,
    facts: IslandFacts,
    offsets: &'a mut Offsets,
    made: Islands,
    /// Per constant and label the item that was made last for it.
    constants: Vec<u32>,
    veneers: Vec<u32>,

    /// The number of the stretch since the last island.
    stretch: u32,
    /// The sites that wait for an island.
    waiting: Vec<u32>,
    /// The same by deadlines, the last offset that each reaches; those that wait no more are taken out late.
    deadlines: BinaryHeap<Reverse<(i64, u32)>>,
    /// In which stretch a constant was last waited for, and a label, with the earliest deadline.
    wanted: Vec<u32>,
    wanted_labels: Vec<(u32, i64)>,
    /// Of what waits: bytes and greatest size of constants, number of labels.
    bytes: u64,
    align: u64,
    labels: u64,
    /// How many of the bound labels stand before.
    bound: usize,
    /// Where control does not pass, and where it does.
    best: Option<Place>,
    last: Option<Place>,
}

impl<'a> Walk<'a> {
    fn new(buffer: &'a Buffer, facts: IslandFacts, offsets: &'a mut Offsets) -> Walk<'a> {
        let (constants, labels) = (buffer.pool.len(), buffer.labels.len());
        let serving = vec![NONE; buffer.sites.len()];
        let made = Islands {
            islands: vec![],
            items: vec![],
            serving,
            at_end: vec![false; constants],
            end: 0,
            #[cfg(test)]
            steps: 0,
        };
        Walk {
            buffer,
            facts,
            offsets,
            made,
            constants: vec![NONE; constants],
            veneers: vec![NONE; labels],
            stretch: 1,
            waiting: vec![],
            deadlines: BinaryHeap::new(),
            wanted: vec![0; constants],
            wanted_labels: vec![(0, 0); labels],
            bytes: 0,
            align: 1,
            labels: 0,
            bound: 0,
            best: None,
            last: None,
        }
    }

    fn run(&mut self) -> CodegenResult<()> {
        let sites = self.buffer.sites.len();
        let mut i = 0;
        loop {
            #[cfg(test)]
            {
                self.made.steps += 1;
            }
            let here = match self.buffer.sites.get(i) {
                Some(site) => Mark { at: site.at, sites: i as u32 },
                None => self.buffer.mark(),
            };
            let at = u64::from(here.at) + u64::from(self.offsets.before[i]);
            if at > MAX_CODE {
                return Err(CodegenError::CodeTooLarge);
            }
            let in_time = self.pass_labels(i);
            let to = self.buffer.sites.get(i).map(|site| site.to);
            let in_time = in_time
                && match to {
                    Some(To::Island { passes }) => self.consider(i, at, passes),
                    Some(_) => true,
                    None => self.consider(i, at, false),
                };
            match to {
                _ if !in_time => {
                    // References wait, and the place to serve them was some time ago.
                    let place = self.best.or(self.last).ok_or_else(unreachable_reference)?;
                    self.place(place);
                    i = place.site;
                }
                Some(To::Island { .. }) => self.offsets.before[i + 1] = self.offsets.before[i],
                Some(_) => {
                    let size = u32::from(self.buffer.facts.form(&self.buffer.sites[i]).size);
                    self.offsets.before[i + 1] = self.offsets.before[i] + size;
                    self.refer(i, at as i64);
                }
                None => {
                    self.made.end = at as u32;
                    if self.is_waiting() {
                        self.place(Place {
                            site: sites,
                            passes: false,
                            waiting: self.waiting.len(),
                            bound: self.bound,
                        });
                    }
                    return Ok(());
                }
            }
            i += 1;
        }
    }

    /// Takes note of the labels before a site. False if one is behind a deadline.
    fn pass_labels(&mut self, site: usize) -> bool {
        while let Some(l) = self.buffer.bound.get(self.bound) {
            let mark = self.buffer.labels[l.0 as usize];
            if mark.sites as usize > site {
                break;
            }
            let (stretch, deadline) = self.wanted_labels[l.0 as usize];
            if stretch == self.stretch {
                if i64::from(self.offsets.of(mark)) > deadline {
                    return false;
                }
                self.wanted_labels[l.0 as usize].0 = 0;
                self.labels -= 1;
            }
            self.bound += 1;
        }
        true
    }

    fn is_waiting(&self) -> bool {
        self.bytes > 0 || self.labels > 0
    }

    /// Is the reference of a site to a label that stands behind the site and before the n-th? Then it does not wait.
    fn is_passed(&self, site: u32, n: usize) -> bool {
        let To::Label(l) = self.buffer.sites[site as usize].to else { return false };
        let mark = self.buffer.labels[l.0 as usize];
        mark.sites > site && mark.sites as usize <= n
    }

    /// Remembers a place if an island there serves all that waits. False if it does not.
    fn consider(&mut self, site: usize, at: u64, passes: bool) -> bool {
        while let Some(Reverse((_, first))) = self.deadlines.peek()
            && self.is_passed(*first, site)
        {
            self.deadlines.pop();
        }
        let Some(Reverse((deadline, _))) = self.deadlines.peek() else { return true };
        let Some((_, _, end)) = self.extent(at, passes) else { return false };
        if end as i64 > *deadline {
            return false;
        }
        let place = Some(Place { site, passes, waiting: self.waiting.len(), bound: self.bound });
        if passes {
            self.last = place;
        } else {
            self.best = place;
        }
        true
    }

    /// An island for all that waits: the form of the jump around it, where its contents start and end.
    fn extent(&self, at: u64, passes: bool) -> Option<(Option<usize>, u64, u64)> {
        let kind = self.buffer.facts.kinds[self.facts.jump.kind as usize];
        let veneer = u64::from(kind.forms[kind.forms.len() - 1].size);
        let (align, labels) = (u64::from(self.facts.align), self.labels * veneer);
        let contents = |start: u64| {
            let start = start.next_multiple_of(self.align.max(align));
            (start, (start + self.bytes).next_multiple_of(align) + labels)
        };
        if !passes {
            let (start, end) = contents(at);
            return Some((None, start, end));
        }
        kind.forms.iter().enumerate().find_map(|(n, form)| {
            let (start, end) = contents(at + u64::from(form.size));
            let distance = end as i64 - (at as i64 + i64::from(form.origin));
            form.reaches(distance).then_some((Some(n), start, end))
        })
    }

    /// Makes the island at a place, and forgets what came after it.
    fn place(&mut self, place: Place) {
        self.waiting.truncate(place.waiting);
        self.stretch += 1;
        (self.bytes, self.align, self.labels) = (0, 1, 0);
        let (mut constants, mut labels) = (vec![], vec![]);
        let waiting = std::mem::take(&mut self.waiting);
        let served: Vec<u32> = waiting.into_iter().filter(|&w| !self.is_passed(w, place.site)).collect();
        for &site in &served {
            match self.buffer.sites[site as usize].to {
                To::Constant(n) if self.want(n) => constants.push(n),
                To::Label(l) if self.want_label(l, 0) => labels.push(l),
                _ => {}
            }
        }
        constants.sort_by_key(|&n| Reverse(self.buffer.pool.size_of(n)));
        let at = match self.buffer.sites.get(place.site) {
            Some(site) => site.at,
            None => self.buffer.sink.len() as u32,
        };
        let at = u64::from(at + self.offsets.before[place.site]);
        // With fewer references than when the place was considered it is no larger.
        let Some((jump, start, end)) = self.extent(at, place.passes) else { return };
        let (start, end) = (start as u32, end as u32);
        let items = self.add_items(&constants, &labels, start);
        for site in served {
            self.made.serving[site as usize] = match self.buffer.sites[site as usize].to {
                To::Constant(n) => self.constants[n as usize],
                To::Label(l) => self.veneers[l.0 as usize],
                To::Island { .. } => NONE,
            };
        }
        self.made.islands.push(Island { site: place.site, jump, start, end, items });
        let before = self.offsets.before[place.site] + (end - at as u32);
        match self.offsets.before.get_mut(place.site + 1) {
            Some(after) => *after = before,
            None => self.made.end = end,
        }
        self.start_stretch(place.bound);
    }

    /// Says where the contents of an island are.
    fn add_items(&mut self, constants: &[u32], labels: &[Label], start: u32) -> Range<usize> {
        let (first, mut at) = (self.made.items.len(), start);
        for &n in constants {
            self.constants[n as usize] = self.made.items.len() as u32;
            self.made.items.push((Item::Constant(n), at));
            at += u32::from(self.buffer.pool.size_of(n));
        }
        at = at.next_multiple_of(self.facts.align);
        let form = last_form(self.buffer, self.facts);
        for &l in labels {
            self.veneers[l.0 as usize] = self.made.items.len() as u32;
            self.made.items.push((Item::Veneer(l), at));
            at += u32::from(self.buffer.facts.kinds[self.facts.jump.kind as usize].forms[form].size);
        }
        first..self.made.items.len()
    }

    /// Nothing waits.
    fn start_stretch(&mut self, bound: usize) {
        self.stretch += 1;
        self.waiting.clear();
        self.deadlines.clear();
        (self.bytes, self.align, self.labels) = (0, 1, 0);
        self.bound = bound;
        (self.best, self.last) = (None, None);
    }

    /// What a site refers to waits for an island, unless the site reaches it.
    fn refer(&mut self, i: usize, at: i64) {
        let site = &self.buffer.sites[i];
        let form = self.buffer.facts.form(site);
        let origin = at + i64::from(form.origin);
        let deadline = origin + form.limit() - (1 << form.scale);
        self.made.serving[i] = NONE;
        if form.is_far() || self.buffer.facts.can_grow(site) {
            if let To::Constant(n) = site.to {
                self.made.at_end[n as usize] = true;
            }
            return;
        }
        let made = match site.to {
            To::Constant(n) => self.constants[n as usize],
            To::Label(l) => {
                let mark = self.buffer.labels[l.0 as usize];
                let is_behind = mark.sites as usize <= i;
                if is_behind && form.reaches(i64::from(self.offsets.of(mark)) - origin) {
                    return;
                }
                if is_behind { self.veneers[l.0 as usize] } else { NONE }
            }
            To::Island { .. } => return,
        };
        if let Some((_, place)) = self.made.items.get(made as usize)
            && form.reaches(i64::from(*place) - origin)
        {
            self.made.serving[i] = made;
            return;
        }
        match site.to {
            To::Constant(n) => _ = self.want(n),
            To::Label(l) => _ = self.want_label(l, deadline),
            To::Island { .. } => {}
        }
        self.waiting.push(i as u32);
        self.deadlines.push(Reverse((deadline, i as u32)));
    }

    /// A constant is waited for; not yet in this stretch?
    fn want(&mut self, n: u32) -> bool {
        let is_new = self.wanted[n as usize] != self.stretch;
        if is_new {
            self.wanted[n as usize] = self.stretch;
            let size = u64::from(self.buffer.pool.size_of(n));
            self.bytes += size;
            self.align = self.align.max(size);
        }
        is_new
    }

    /// A veneer to a label is waited for; not yet in this stretch?
    fn want_label(&mut self, l: Label, deadline: i64) -> bool {
        let wanted = &mut self.wanted_labels[l.0 as usize];
        let is_new = wanted.0 != self.stretch;
        if is_new {
            *wanted = (self.stretch, deadline);
            self.labels += 1;
        } else {
            wanted.1 = wanted.1.min(deadline);
        }
        is_new
    }
}

fn unreachable_reference() -> CodegenError {
    CodegenError::internal("a branch or load is too far from every place where an island may be")
}
