//! Numbers that grow along a list, kept up under insertion anywhere.
//!
//! A new item gets a number between its neighbours'. If there is none, the numbers of a range around it are spread out
//! evenly: the smallest aligned range of numbers that is not too full, where the larger a range is the less full it must
//! be. That costs O(log n) steps per insertion, amortised: Bender, Cole, Demaine, Farach-Colton and Zito, "Two simplified
//! algorithms for maintaining order in a list", ESA 2002. Needs nothing.

/// A doubly linked list whose items have numbers above 0.
pub(super) trait Sequence {
    /// What is in the list.
    type Item: Copy;
    /// The item before.
    fn prev(&self, item: Self::Item) -> Option<Self::Item>;
    /// The item after.
    fn next(&self, item: Self::Item) -> Option<Self::Item>;
    /// The item's number.
    fn number(&self, item: Self::Item) -> u32;
    /// Changes the item's number.
    fn set_number(&mut self, item: Self::Item, number: u32);
}

/// How far apart appended items' numbers are, so that some can come between without moving any.
const STRIDE: u32 = 16;

/// How full a range of `1 << bits` numbers may be to be spread out: full ranges are small ones.
fn capacity(bits: u32) -> u64 {
    // two to the power of `bits`, times (3/4) to the power of `bits / 2`
    let mut size = 1u64 << bits;
    for _ in 0..bits / 2 {
        size -= size / 4;
    }
    size
}

/// Numbers an item that was just linked into the list.
pub(super) fn number<S: Sequence>(list: &mut S, item: S::Item) {
    let low = list.prev(item).map_or(0, |p| list.number(p));
    let wanted = match list.next(item) {
        Some(next) => low + (list.number(next).saturating_sub(low)) / 2,
        None => low.checked_add(STRIDE).unwrap_or(low),
    };
    if wanted > low {
        list.set_number(item, wanted);
    } else {
        list.set_number(item, low);
        spread(list, item, low);
    }
}

/// Makes the numbers around an item, which has its predecessor's number `at`, distinct.
fn spread<S: Sequence>(list: &mut S, item: S::Item, at: u32) {
    let (mut first, mut last, mut count) = (item, item, 1u64);
    for bits in 1..=32 {
        let base = (u64::from(at) >> bits << bits).max(1);
        let end = (u64::from(at) >> bits << bits) + (1 << bits);
        while let Some(prev) = list.prev(first).filter(|p| u64::from(list.number(*p)) >= base) {
            (first, count) = (prev, count + 1);
        }
        while let Some(next) = list.next(last).filter(|n| u64::from(list.number(*n)) < end) {
            (last, count) = (next, count + 1);
        }
        if count <= capacity(bits) && count < end - base || bits == 32 {
            let mut current = Some(first);
            for i in 0..count {
                let Some(c) = current else { return };
                // rounded down, at least 1 apart because the range has more numbers than items
                list.set_number(c, (base + (end - base) * i / count) as u32);
                current = list.next(c);
            }
            return;
        }
    }
}
