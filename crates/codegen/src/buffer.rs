//! Code of one function in the making: straight-line bytes, labels, and the branches between them, whose size is chosen
//! at the end. Branches start short and grow until all reach; then one copy assembles the code and moves everything
//! that is bound to an offset. Needs [`crate::sink`]; knows of a target only the sizes of its branches.

use crate::sink::Sink;

/// A place in the code that branches go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(pub u32);

/// A kind of branch, with its sizes in bytes. A short one reaches a signed byte from its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BranchKind {
    /// Size of the short form.
    pub short: u8,
    /// Size of the long form.
    pub long: u8,
    /// What the target's writer knows it by.
    pub tag: u8,
}

#[derive(Clone, Copy, Debug)]
struct Site {
    /// Straight-line offset it stands at.
    at: u32,
    kind: BranchKind,
    target: Label,
    is_long: bool,
}

/// A place in the straight-line bytes: the offset, and how many branches stand before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Mark {
    at: u32,
    branches: u32,
}

const UNBOUND: Mark = Mark { at: u32::MAX, branches: u32::MAX };

/// After so many rounds what is still short becomes long, so that no input makes relaxation quadratic.
const ROUNDS: usize = 8;

/// The buffer.
#[derive(Default)]
pub struct Buffer {
    /// The bytes between branches.
    pub sink: Sink,
    sites: Vec<Site>,
    labels: Vec<Mark>,
    /// Labels that are another's name: blocks that only jump.
    renamed: Vec<Option<Label>>,
    /// Fields that hold the distance between two labels.
    distances: Vec<(Mark, Label, Label)>,
}

impl Buffer {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.sink.clear();
        self.sites.clear();
        self.labels.clear();
        self.renamed.clear();
        self.distances.clear();
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
    }
    /// Where a label is.
    pub fn place(&self, l: Label) -> Mark {
        self.labels[l.0 as usize]
    }
    /// Makes `l` another name of `to`: whoever goes there goes to `to`.
    pub fn rename(&mut self, l: Label, to: Label) {
        self.renamed[l.0 as usize] = Some(to);
    }
    /// The label that each stands for in the end. A circle of empty blocks stands for one of them.
    pub fn ends(&self) -> Vec<Label> {
        let mut ends: Vec<Option<Label>> = vec![None; self.renamed.len()];
        let mut on_way = vec![false; self.renamed.len()];
        let mut way = vec![];
        for l in 0..self.renamed.len() {
            let mut at = Label(l as u32);
            let end = loop {
                match (ends[at.0 as usize], self.renamed[at.0 as usize]) {
                    (Some(end), _) => break end,
                    (None, Some(next)) if !on_way[at.0 as usize] => {
                        on_way[at.0 as usize] = true;
                        way.push(at);
                        at = next;
                    }
                    _ => break at,
                }
            };
            ends[at.0 as usize] = Some(end);
            way.drain(..).for_each(|w| ends[w.0 as usize] = Some(end));
        }
        ends.into_iter().enumerate().map(|(l, end)| end.unwrap_or(Label(l as u32))).collect()
    }
    /// This place.
    pub fn mark(&self) -> Mark {
        Mark { at: self.sink.len() as u32, branches: self.sites.len() as u32 }
    }
    /// A branch to `target`, here.
    pub fn branch(&mut self, kind: BranchKind, target: Label) {
        self.sites.push(Site { at: self.sink.len() as u32, kind, target, is_long: false });
    }

    /// The four bytes at `field`, which no branch follows yet, will hold the distance from `base` to `target`.
    pub fn distance(&mut self, field: usize, base: Label, target: Label) {
        let at = Mark { at: field as u32, branches: self.sites.len() as u32 };
        self.distances.push((at, base, target));
    }

    /// Chooses the branches' sizes and assembles the code into `out`; `write` makes a branch with a displacement from
    /// its end. Gives what turns marks into offsets.
    pub fn finish(&mut self, out: &mut Vec<u8>, write: impl Fn(&mut Vec<u8>, u8, bool, i32)) -> Offsets {
        let ends = self.ends();
        let start = out.len();
        for site in &mut self.sites {
            site.target = ends[site.target.0 as usize];
        }
        let offsets = self.relax();
        let bytes = self.sink.as_slice();
        out.reserve(bytes.len() + self.sites.len() * 6);
        let mut from = 0;
        for (i, s) in self.sites.iter().enumerate() {
            out.extend_from_slice(&bytes[from..s.at as usize]);
            from = s.at as usize;
            let end = offsets.of(Mark { at: s.at, branches: i as u32 + 1 });
            let target = offsets.of(self.labels[s.target.0 as usize]);
            write(out, s.kind.tag, s.is_long, target.wrapping_sub(end) as i32);
        }
        out.extend_from_slice(&bytes[from..]);
        for &(field, base, target) in &self.distances {
            let place = |l: Label| offsets.of(self.labels[ends[l.0 as usize].0 as usize]);
            let at = start + offsets.of(field) as usize;
            out[at..at + 4].copy_from_slice(&place(target).wrapping_sub(place(base)).to_le_bytes());
        }
        offsets
    }

    fn relax(&mut self) -> Offsets {
        let mut offsets = Offsets { before: vec![0; self.sites.len() + 1] };
        for round in 0.. {
            offsets.sum(&self.sites);
            let mut grown = false;
            for i in 0..self.sites.len() {
                let s = self.sites[i];
                let end = offsets.of(Mark { at: s.at, branches: i as u32 + 1 });
                let distance = offsets.of(self.labels[s.target.0 as usize]) as i64 - end as i64;
                if !s.is_long && (i8::try_from(distance).is_err() || round == ROUNDS) {
                    self.sites[i].is_long = true;
                    grown = true;
                }
            }
            if !grown {
                break;
            }
        }
        offsets
    }
}

/// Turns marks into offsets of the finished code.
pub struct Offsets {
    /// Bytes of all branches before the n-th.
    before: Vec<u32>,
}

impl Offsets {
    fn sum(&mut self, sites: &[Site]) {
        let mut total = 0;
        for (i, s) in sites.iter().enumerate() {
            total += if s.is_long { s.kind.long } else { s.kind.short } as u32;
            self.before[i + 1] = total;
        }
    }
    /// The offset of a mark. (An unbound label, which emission never leaves, would be at the end.)
    pub fn of(&self, m: Mark) -> u32 {
        m.at.wrapping_add(self.before[(m.branches as usize).min(self.before.len() - 1)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JMP: BranchKind = BranchKind { short: 2, long: 5, tag: 0 };

    /// Writes the form and the displacement so that the test can follow it.
    fn write(out: &mut Vec<u8>, _: u8, long: bool, rel: i32) {
        if long {
            out.push(0xe9);
            out.extend(rel.to_le_bytes());
        } else {
            out.extend([0xeb, rel as i8 as u8]);
        }
    }

    /// Each branch goes over the next `n` bytes, forwards and backwards.
    fn around(n: usize) -> usize {
        let mut b = Buffer::default();
        let (top, end) = (b.label(), b.label());
        b.bind(top);
        b.branch(JMP, end);
        b.sink.extend(&vec![0x90; n]);
        b.branch(JMP, top);
        b.bind(end);
        let mut out = vec![];
        b.finish(&mut out, write);
        let long = out[0] == 0xe9;
        let rel = if long { i32::from_le_bytes(out[1..5].try_into().unwrap()) } else { out[1] as i8 as i32 };
        let after = if long { 5 } else { 2 };
        assert_eq!(after + rel, out.len() as i32);
        out.len()
    }

    #[test]
    fn branches_grow_only_where_they_must() {
        assert_eq!(around(10), 14);
        assert_eq!(around(124), 128);
        assert_eq!(around(125), 135);
        assert_eq!(around(126), 136);
        assert_eq!(around(1000), 1010);
    }

    #[test]
    fn circles_of_empty_blocks_resolve() {
        let mut b = Buffer::default();
        let (x, y) = (b.label(), b.label());
        b.bind(x);
        b.bind(y);
        b.rename(x, y);
        b.rename(y, x);
        assert_eq!(b.ends()[0], b.ends()[1]);
        b.branch(JMP, x);
        let mut out = vec![];
        b.finish(&mut out, write);
        assert_eq!(out, [0xeb, 0xfe], "an endless loop stays one");
    }
}
