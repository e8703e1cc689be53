//! Code of one function in the making: straight-line bytes, labels, constants, and the instructions between the bytes
//! whose size or distance is known only at the end: branches, and loads of constants. These start in their shortest form
//! and grow until all of them reach; then one copy assembles the code and moves everything that is bound to an offset.
//!
//! A target describes its branches as data ([`BranchFacts`]). Where even the longest form may not reach, constants and
//! veneers go into islands between the instructions (`islands.rs`). Needs [`crate::sink`] and [`crate::pool`].

use crate::error::{CodegenError, CodegenResult};
use crate::pool::Pool;
use crate::sink::{Sink, put};
use islands::Islands;
use windlass_ir::ir::Endianness;

mod islands;
#[cfg(test)]
mod paper;
#[cfg(test)]
mod tests;

/// The largest function, in bytes. It is below 2 GiB by a page, since pairs of instructions that add a signed 12-bit
/// distance to a rounded one do not reach the last 2 KiB.
pub const MAX_CODE: u64 = i32::MAX as u64 - 0xfff;

/// A place in the code that branches go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(pub u32);

/// One form of a branch or load, and how it says its distance: as a signed field of `bits` bits, in units of
/// `1 << scale` bytes, counted from `origin` bytes after the form's start. The field belongs to the instruction that goes
/// the distance; in a form of several instructions it may be any of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Form {
    /// Bytes of the whole form.
    pub size: u8,
    /// Where the distance counts from, in bytes after the start.
    pub origin: u8,
    /// Bits of the distance, with its sign.
    pub bits: u8,
    /// Binary logarithm of the distance's unit.
    pub scale: u8,
}

impl Form {
    /// Bytes that the distance stays below in either direction; backwards it may be so many.
    const fn limit(&self) -> i64 {
        1 << (self.bits + self.scale - 1)
    }
    /// Does the form reach a place so many bytes after its origin?
    pub const fn reaches(&self, distance: i64) -> bool {
        -self.limit() <= distance && distance < self.limit()
    }
    /// Does it reach everything in a function?
    const fn is_far(&self) -> bool {
        self.limit() > MAX_CODE as i64
    }
}

/// A kind of branch or load: its forms, from the shortest to the one that reaches farthest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kind {
    /// The forms; there is at least one.
    pub forms: &'static [Form],
}

/// A branch or load as its target's writer knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Branch {
    /// Index of its kind in [`BranchFacts::kinds`].
    pub kind: u8,
    /// What the writer needs besides the distance: condition, registers, the number of a bit.
    pub payload: u64,
}

/// How islands are made, for targets whose branches or loads of constants may not reach to the end of a function.
#[derive(Clone, Copy, Debug)]
pub struct IslandFacts {
    /// The unconditional jump: a veneer is one, and control goes around an island by one. Its longest form reaches
    /// everything.
    pub jump: Branch,
    /// At most so many bytes of code lie between two places where an island may be, if emission offers them.
    pub apart: u32,
    /// Alignment of instructions.
    pub align: u32,
}

/// What the buffer knows of a target.
#[derive(Debug)]
pub struct BranchFacts {
    /// The kinds of branches and loads.
    pub kinds: &'static [Kind],
    /// Order of the bytes of constants and of distances in data.
    pub order: Endianness,
    /// For targets that need islands.
    pub islands: Option<IslandFacts>,
    /// Writes a form of a branch with its distance in bytes, which the form reaches.
    pub write: fn(&mut Vec<u8>, Branch, form: usize, distance: i64),
}

impl BranchFacts {
    #[inline]
    fn form(&self, site: &Site) -> &'static Form {
        &self.kinds[site.branch.kind as usize].forms[site.form as usize]
    }
    /// Has the site a longer form?
    #[inline]
    fn can_grow(&self, site: &Site) -> bool {
        (site.form as usize) + 1 < self.kinds[site.branch.kind as usize].forms.len()
    }
}

/// The facts of code without branches.
static STRAIGHT: BranchFacts =
    BranchFacts { kinds: &[], order: Endianness::Little, islands: None, write: |_, _, _, _| {} };

/// What a site refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum To {
    Label(Label),
    /// A constant of the pool.
    Constant(u32),
    /// Nothing: it is a place for an island, where control passes or does not.
    Island {
        passes: bool,
    },
}

/// Something between the straight-line bytes whose size is chosen at the end.
#[derive(Clone, Copy, Debug)]
struct Site {
    branch: Branch,
    /// Straight-line offset it stands at.
    at: u32,
    to: To,
    form: u8,
}

/// A place in the straight-line bytes: the offset, and how many sites stand before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Mark {
    at: u32,
    sites: u32,
}

const UNBOUND: Mark = Mark { at: u32::MAX, sites: u32::MAX };

/// After so many rounds what could still grow takes its longest form, so that no input makes relaxation quadratic.
const ROUNDS: usize = 8;

/// The buffer.
pub struct Buffer {
    /// The bytes between branches.
    pub sink: Sink,
    /// The constants.
    pub pool: Pool,
    facts: &'static BranchFacts,
    sites: Vec<Site>,
    labels: Vec<Mark>,
    /// Labels in the order in which they were bound.
    bound: Vec<Label>,
    /// Labels that are another's name: blocks that only jump.
    renamed: Vec<Option<Label>>,
    /// Fields that hold the distance between two labels.
    distances: Vec<(Mark, Label, Label)>,
    /// Fields that hold the distance from their end to a constant.
    constants: Vec<(Mark, u32)>,
    /// The last place for an island.
    island: Mark,
    /// Bytes of the largest form.
    largest: u64,
    /// Does any site load a constant?
    loads: bool,
}

impl Default for Buffer {
    fn default() -> Buffer {
        Buffer {
            sink: Sink::new(),
            pool: Pool::default(),
            facts: &STRAIGHT,
            sites: vec![],
            labels: vec![],
            bound: vec![],
            renamed: vec![],
            distances: vec![],
            constants: vec![],
            island: Mark { at: 0, sites: 0 },
            largest: 0,
            loads: false,
        }
    }
}

impl Buffer {
    /// Empties it for code of a target, and keeps its memory.
    pub fn start(&mut self, facts: &'static BranchFacts) {
        self.facts = facts;
        self.sink.clear();
        self.pool.clear();
        self.sites.clear();
        self.labels.clear();
        self.bound.clear();
        self.renamed.clear();
        self.distances.clear();
        self.constants.clear();
        self.island = self.mark();
        self.largest = facts.kinds.iter().flat_map(|kind| kind.forms).map(|form| form.size.into()).max().unwrap_or(0);
        self.loads = false;
    }
    /// A new label.
    pub fn label(&mut self) -> Label {
        self.labels.push(UNBOUND);
        self.renamed.push(None);
        Label(self.labels.len() as u32 - 1)
    }
    /// Puts a label here.
    pub fn bind(&mut self, l: Label) {
        self.labels[l.0 as usize] = self.mark();
        if self.facts.islands.is_some() {
            self.bound.push(l);
        }
    }
    /// Where a label is.
    pub fn place(&self, l: Label) -> Mark {
        self.labels[l.0 as usize]
    }
    /// Makes `l` another name of `to`: whoever goes there goes to `to`.
    pub fn rename(&mut self, l: Label, to: Label) {
        self.renamed[l.0 as usize] = Some(to);
    }
    /// This place.
    pub fn mark(&self) -> Mark {
        Mark { at: self.sink.len() as u32, sites: self.sites.len() as u32 }
    }
    /// A branch to `target`, here; or another instruction that takes a label's address.
    pub fn branch(&mut self, branch: Branch, target: Label) {
        self.site(branch, To::Label(target));
    }
    /// A load of a constant of the pool, here; or an instruction that takes its address.
    pub fn load(&mut self, branch: Branch, constant: u32) {
        self.site(branch, To::Constant(constant));
        self.loads = true;
    }
    fn site(&mut self, branch: Branch, to: To) {
        self.sites.push(Site { branch, at: self.sink.len() as u32, to, form: 0 });
    }

    /// Here an island may be; control `passes` by, or it does not. `ahead` says how many bytes of code follow before
    /// the next such place. Targets without islands need not call this.
    pub fn may_be_island(&mut self, passes: bool, ahead: u32) {
        let Some(islands) = &self.facts.islands else { return };
        let sites = self.sites.len() as u64 - u64::from(self.island.sites);
        let since = self.sink.len() as u64 - u64::from(self.island.at) + sites * self.largest;
        if !passes || since + u64::from(ahead) >= islands.apart.into() {
            self.site(islands.jump, To::Island { passes });
            self.island = self.mark();
        }
    }

    /// The four bytes at `field`, which no branch follows yet, will hold the distance from `base` to `target`.
    pub fn distance(&mut self, field: usize, base: Label, target: Label) {
        let at = Mark { at: field as u32, sites: self.sites.len() as u32 };
        self.distances.push((at, base, target));
    }

    /// The four bytes before this place will hold the distance from here to a constant of so many bits. Only targets
    /// whose loads reach all constants that way use it; for others there is [`Buffer::load`].
    pub fn constant_before(&mut self, bits: u128, size: u8) {
        let n = self.pool.number(bits, size);
        self.constants.push((self.mark(), n));
    }

    /// Chooses the branches' forms and assembles the code into `out`, which is empty. Gives what turns marks into
    /// offsets.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> CodegenResult<Offsets> {
        let ends = self.ends();
        for site in &mut self.sites {
            if let To::Label(l) = &mut site.to {
                *l = ends[l.0 as usize];
            }
        }
        let layout = self.relax()?;
        self.assemble(out, &layout);
        let (order, offsets) = (self.facts.order, layout.offsets);
        let pool = self.pool.place(order, out, |n| layout.islands.as_ref().is_none_or(|islands| islands.is_at_end(n)));
        for &(end, n) in &self.constants {
            let end = offsets.of(end) as usize;
            put(order, (pool[n as usize] - end) as u128, &mut out[end - 4..end]);
        }
        for &(field, base, target) in &self.distances {
            let place = |l: Label| offsets.of(self.labels[ends[l.0 as usize].0 as usize]);
            let at = offsets.of(field) as usize;
            put(order, place(target).wrapping_sub(place(base)).into(), &mut out[at..at + 4]);
        }
        Ok(offsets)
    }

    /// The label that each stands for in the end. A cycle of empty blocks stands for one of them.
    pub fn ends(&self) -> Vec<Label> {
        let mut ends: Vec<Option<Label>> = vec![None; self.renamed.len()];
        let mut on_path = vec![false; self.renamed.len()];
        let mut path = vec![];
        for l in 0..self.renamed.len() {
            let mut at = Label(l as u32);
            let end = loop {
                match (ends[at.0 as usize], self.renamed[at.0 as usize]) {
                    (Some(end), _) => break end,
                    (None, Some(next)) if !on_path[at.0 as usize] => {
                        on_path[at.0 as usize] = true;
                        path.push(at);
                        at = next;
                    }
                    _ => break at,
                }
            };
            ends[at.0 as usize] = Some(end);
            path.drain(..).for_each(|w| ends[w.0 as usize] = Some(end));
        }
        ends.into_iter().enumerate().map(|(l, end)| end.unwrap_or(Label(l as u32))).collect()
    }

    /// Chooses forms: the shortest that reach. Growing a branch may put others out of reach, so it is done in rounds.
    fn relax(&mut self) -> CodegenResult<Layout> {
        let mut round = 0;
        let mut offsets = Offsets { before: vec![0; self.sites.len() + 1] };
        loop {
            let mut layout = Layout { offsets, islands: None, constants: vec![] };
            match self.facts.islands {
                Some(facts) => layout.islands = Some(Islands::new(self, facts, &mut layout.offsets)?),
                None => self.sum(&mut layout.offsets)?,
            }
            let code = layout.islands.as_ref().map_or(layout.offsets.of(self.mark()), |islands| islands.end);
            if u64::from(code) + self.pool.size() > MAX_CODE {
                return Err(CodegenError::CodeTooLarge);
            }
            if self.loads {
                let at_end = |n| layout.islands.as_ref().is_none_or(|islands| islands.is_at_end(n));
                layout.constants = self.pool.offsets(code as usize, at_end);
            }
            if !self.grow(&layout, round == ROUNDS) {
                return Ok(layout);
            }
            round += 1;
            offsets = layout.offsets;
        }
    }

    /// Where everything is, without islands.
    fn sum(&self, offsets: &mut Offsets) -> CodegenResult<()> {
        let mut total = 0u64;
        for (i, site) in self.sites.iter().enumerate() {
            total += u64::from(self.facts.form(site).size);
            offsets.before[i + 1] = total as u32;
        }
        if total + self.sink.len() as u64 > MAX_CODE { Err(CodegenError::CodeTooLarge) } else { Ok(()) }
    }

    /// Gives longer forms to sites that do not reach, or to all; is there one?
    fn grow(&mut self, layout: &Layout, all: bool) -> bool {
        let mut grown = false;
        for i in 0..self.sites.len() {
            let mut site = self.sites[i];
            if !self.facts.can_grow(&site) {
                continue;
            }
            let target = layout.target(self, i);
            let start = i64::from(layout.offsets.of(Mark { at: site.at, sites: i as u32 }));
            let reaches = |form: &Form| form.reaches(target - start - i64::from(form.origin));
            while self.facts.can_grow(&site) && (all || !reaches(self.facts.form(&site))) {
                site.form += 1;
            }
            grown |= self.sites[i].form != site.form;
            self.sites[i].form = site.form;
        }
        grown
    }

    fn assemble(&self, out: &mut Vec<u8>, layout: &Layout) {
        let bytes = self.sink.as_slice();
        out.reserve(layout.offsets.of(self.mark()) as usize + self.pool.size() as usize);
        let mut from = 0;
        for (i, site) in self.sites.iter().enumerate() {
            out.extend_from_slice(&bytes[from..site.at as usize]);
            from = site.at as usize;
            match (site.to, &layout.islands) {
                (To::Island { .. }, Some(islands)) => islands.write(i, self, &layout.offsets, out),
                _ => self.write(out, site.branch, site.form.into(), layout.target(self, i)),
            }
        }
        out.extend_from_slice(&bytes[from..]);
        if let Some(islands) = &layout.islands {
            islands.write(self.sites.len(), self, &layout.offsets, out);
        }
    }

    /// Writes a form that goes to a place.
    fn write(&self, out: &mut Vec<u8>, branch: Branch, form: usize, target: i64) {
        let facts = &self.facts.kinds[branch.kind as usize].forms[form];
        let (start, distance) = (out.len(), target - (out.len() as i64 + i64::from(facts.origin)));
        debug_assert!(facts.reaches(distance), "a branch out of reach");
        (self.facts.write)(out, branch, form, distance);
        debug_assert_eq!(out.len() - start, facts.size.into(), "a branch of another size than its form says");
    }
}

/// Where everything is.
struct Layout {
    offsets: Offsets,
    islands: Option<Islands>,
    /// Offsets of the constants behind the code, if anything loads them.
    constants: Vec<usize>,
}

impl Layout {
    /// The offset of what a site refers to.
    fn target(&self, buffer: &Buffer, site: usize) -> i64 {
        if let Some(at) = self.islands.as_ref().and_then(|islands| islands.serves(site)) {
            return at.into();
        }
        match buffer.sites[site].to {
            To::Label(l) => self.offsets.of(buffer.labels[l.0 as usize]).into(),
            To::Constant(n) => self.constants[n as usize] as i64,
            To::Island { .. } => 0,
        }
    }
}

/// Turns marks into offsets of the finished code.
pub struct Offsets {
    /// Bytes of all sites before the n-th.
    before: Vec<u32>,
}

impl Offsets {
    /// The offset of a mark. (An unbound label, which emission never leaves, would be at the end.)
    pub fn of(&self, m: Mark) -> u32 {
        m.at.wrapping_add(self.before[(m.sites as usize).min(self.before.len() - 1)])
    }
}
