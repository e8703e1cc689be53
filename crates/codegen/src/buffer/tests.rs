use super::paper::{IF, IF_BIT, JUMP, LOAD, LOAD_FAR, NO_ISLANDS, PAPER, read};
use super::*;

/// Kinds as real machines have them. What is written is the form's number, as often as it has bytes.
static REAL: BranchFacts = BranchFacts {
    kinds: &[
        // jcc rel8, rel32
        Kind { forms: &[form(2, 2, 8, 0), form(6, 6, 32, 0)] },
        // beq; bne and jal; bne, auipc and jalr
        Kind { forms: &[form(4, 0, 12, 1), form(8, 4, 20, 1), form(12, 4, 32, 0)] },
        // tbz; tbnz and b; tbnz, adrp, add and br
        Kind { forms: &[form(4, 0, 14, 2), form(8, 4, 26, 2), form(16, 4, 33, 0)] },
        // crj; inverse and brcl
        Kind { forms: &[form(6, 0, 16, 1), form(12, 6, 32, 1)] },
        // a distance counted from eight bytes on
        Kind { forms: &[form(4, 8, 24, 2), form(12, 12, 32, 0)] },
    ],
    order: Endianness::Little,
    islands: None,
    write: |out, branch, form, distance| {
        let facts = &REAL.kinds[branch.kind as usize].forms[form];
        out.resize(out.len() + facts.size as usize, form as u8);
        assert!(facts.reaches(distance) && distance % (1 << facts.scale) == 0);
    },
};

const fn form(size: u8, origin: u8, bits: u8, scale: u8) -> Form {
    Form { size, origin, bits, scale }
}

fn started(facts: &'static BranchFacts) -> Buffer {
    let mut b = Buffer::default();
    b.start(facts);
    b
}

fn finish(b: &mut Buffer) -> (Vec<u8>, Offsets) {
    let mut out = vec![];
    let offsets = b.finish(&mut out).unwrap();
    (out, offsets)
}

/// The size of a branch over `n` bytes, forwards or backwards.
fn size_over(kind: u8, n: usize, forwards: bool) -> usize {
    let mut b = started(&REAL);
    let l = b.label();
    if !forwards {
        b.bind(l);
        b.sink.extend(&vec![0xff; n]);
    }
    b.branch(Branch { kind, payload: 0 }, l);
    if forwards {
        b.sink.extend(&vec![0xff; n]);
        b.bind(l);
    }
    finish(&mut b).0.len() - n
}

#[test]
fn forms_change_at_the_edges_of_their_ranges() {
    for (kind, facts) in REAL.kinds.iter().enumerate() {
        for pair in facts.forms.windows(2) {
            let (short, long) = (pair[0], pair[1]);
            let unit = 1 << short.scale;
            let limit = 1usize << (short.bits + short.scale - 1);
            // The distance forwards is what lies between, and what of the form lies behind the origin.
            let last = limit - unit + short.origin as usize - short.size as usize;
            assert_eq!(size_over(kind as u8, last - unit, true), short.size.into(), "{kind} {short:?}");
            assert_eq!(size_over(kind as u8, last, true), short.size.into(), "{kind} {short:?}");
            assert_eq!(size_over(kind as u8, last + unit, true), long.size.into(), "{kind} {short:?}");
            let last = limit - short.origin as usize;
            assert_eq!(size_over(kind as u8, last - unit, false), short.size.into(), "{kind} {short:?}");
            assert_eq!(size_over(kind as u8, last, false), short.size.into(), "{kind} {short:?}");
            assert_eq!(size_over(kind as u8, last + unit, false), long.size.into(), "{kind} {short:?}");
        }
    }
}

#[test]
fn cycles_of_empty_blocks_resolve() {
    let mut b = started(&PAPER);
    let (x, y) = (b.label(), b.label());
    b.bind(x);
    b.bind(y);
    b.rename(x, y);
    b.rename(y, x);
    assert_eq!(b.ends()[0], b.ends()[1]);
    b.branch(Branch { kind: JUMP, payload: 0 }, x);
    assert_eq!(finish(&mut b).0, [JUMP, 0], "an endless loop stays one");
}

#[test]
fn distances_have_the_order_of_the_target() {
    for (facts, bytes) in [(&REAL, [3, 0, 0, 0]), (&PAPER, [0, 0, 0, 3])] {
        let mut b = started(facts);
        let (base, target) = (b.label(), b.label());
        b.sink.extend(&[0xee; 4]);
        b.distance(0, base, target);
        b.bind(base);
        b.sink.extend(&[1, 2, 3]);
        b.bind(target);
        assert_eq!(finish(&mut b).0[..4], bytes);
    }
}

/// Numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// An instruction of a random program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Op {
    /// So many bytes.
    Bytes(u32),
    /// A branch of a kind with a payload.
    Branch(u8, u64, Label),
    /// A load of a kind.
    Load(u8, u32),
    Bind(Label),
}

/// A program of about `n` instructions, of which branches go about `reach` instructions far.
fn program(b: &mut Buffer, random: &mut Random, n: u32, reach: u64, kinds: &[u8]) -> Vec<(Op, Mark)> {
    let labels: Vec<Label> = (0..n).map(|_| b.label()).collect();
    let constants: Vec<u32> = (0..1 + random.below(40))
        .map(|k| b.pool.number(u128::from(k) << 90 | u128::from(k), [4, 8, 16][random.below(3) as usize]))
        .collect();
    let mut ops = vec![];
    for &l in &labels {
        ops.push((Op::Bind(l), b.mark()));
        b.bind(l);
        let op = match kinds[random.below(kinds.len() as u64) as usize] {
            kind @ (LOAD | LOAD_FAR) => Op::Load(kind, constants[random.below(constants.len() as u64) as usize]),
            kind if random.below(3) > 0 => {
                let (back, on) = (random.below(reach + 1) as u32, random.below(reach + 1) as u32);
                let to = (l.0 + on).saturating_sub(back).min(n - 1);
                let payload = if kind == IF_BIT { random.below(256) << 56 | random.below(256) } else { 0 };
                Op::Branch(kind, payload, Label(to))
            }
            _ => {
                let most = if random.below(8) == 0 { 15 } else { 4 };
                Op::Bytes(2 * random.below(most) as u32)
            }
        };
        ops.push((op, b.mark()));
        match op {
            Op::Bytes(n) => b.sink.extend(&vec![0xaa; n as usize]),
            Op::Branch(kind, payload, to) => b.branch(Branch { kind, payload }, to),
            Op::Load(kind, constant) => b.load(Branch { kind, payload: 0 }, constant),
            Op::Bind(_) => {}
        }
        b.may_be_island(!matches!(op, Op::Branch(JUMP, ..)), 30);
    }
    ops
}

/// Reads code back: does every branch go where it should, every load find its constant, and control pass from each
/// instruction to the next?
fn check(b: &Buffer, ops: &[(Op, Mark)], code: &[u8], offsets: &Offsets) {
    let start = |l: Label| offsets.of(b.place(l)) as usize;
    for (i, &(op, mark)) in ops.iter().enumerate() {
        let at = offsets.of(mark) as usize;
        let end = match op {
            Op::Bind(_) => continue,
            Op::Bytes(n) => at + n as usize,
            Op::Branch(kind, payload, to) => {
                let branch = read(code, at);
                assert_eq!((branch.kind, branch.payload), (kind, payload));
                if branch.target != start(to) {
                    let veneer = read(code, branch.target);
                    assert_eq!((veneer.kind, veneer.target), (JUMP, start(to)), "op {i}: {op:?}");
                }
                if kind == JUMP {
                    continue;
                }
                branch.end
            }
            Op::Load(kind, n) => {
                let load = read(code, at);
                assert_eq!(load.kind, kind);
                let mut bytes = vec![];
                b.pool.write(n, Endianness::Big, &mut bytes);
                assert!(load.target.is_multiple_of(bytes.len()), "aligned");
                assert_eq!(code[load.target..][..bytes.len()], bytes, "op {i}: {op:?}");
                load.end
            }
        };
        if let Some(&(_, next)) = ops.get(i + 1)
            && offsets.of(next) as usize != end
        {
            let around = read(code, end);
            assert_eq!((around.kind, around.target), (JUMP, offsets.of(next) as usize), "a jump around an island");
        }
    }
}

#[test]
fn random_programs_find_what_they_refer_to() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..4000 {
        let (n, reach) = (1 + random.below(200) as u32, 1 + random.below(80));
        let kinds: &[u8] = match round % 4 {
            0 => &[JUMP, IF],
            1 => &[LOAD, LOAD_FAR, IF],
            2 => &[IF_BIT, IF],
            _ => &[JUMP, IF, IF_BIT, LOAD, LOAD_FAR],
        };
        let mut b = started(&PAPER);
        let ops = program(&mut b, &mut random, n, reach, kinds);
        let (code, offsets) = finish(&mut b);
        check(&b, &ops, &code, &offsets);
    }
}

/// The forms of branches without islands, found by growing one branch at a time that does not reach, until all do: so no
/// branch is longer than it has to be. (With constants there is no least layout, for their alignment is in the way.)
fn smallest(b: &Buffer) -> Vec<u8> {
    let mut forms = vec![0u8; b.sites.len()];
    let form = |forms: &[u8], i: usize| b.facts.kinds[b.sites[i].branch.kind as usize].forms[forms[i] as usize];
    loop {
        let mut offsets = Offsets { before: vec![0] };
        for i in 0..forms.len() {
            offsets.before.push(offsets.before[i] + u32::from(form(&forms, i).size));
        }
        let reaches = |i: usize| {
            let To::Label(l) = b.sites[i].to else { unreachable!("only branches") };
            let start = offsets.of(Mark { at: b.sites[i].at, sites: i as u32 }) as i64;
            let form = form(&forms, i);
            form.reaches(offsets.of(b.labels[l.0 as usize]) as i64 - start - form.origin as i64)
        };
        match (0..forms.len()).find(|&i| !reaches(i)) {
            Some(i) => forms[i] += 1,
            None => return forms,
        }
    }
}

#[test]
fn branches_are_as_short_as_they_can_be() {
    let mut random = Random(77);
    let mut hurried = 0;
    for _ in 0..1500 {
        let mut b = started(&NO_ISLANDS);
        let (n, reach) = (1 + random.below(120) as u32, 1 + random.below(60));
        let ops = program(&mut b, &mut random, n, reach, &[JUMP, IF]);
        let smallest = smallest(&b);
        let (code, offsets) = finish(&mut b);
        check(&b, &ops, &code, &offsets);
        let forms: Vec<u8> = b.sites.iter().map(|s| s.form).collect();
        if forms != smallest {
            // After the last round all of them are long.
            assert!(forms.iter().all(|&form| form == 1));
            hurried += 1;
        }
    }
    assert!(hurried < 150, "{hurried}");
}

#[test]
fn no_input_takes_more_rounds_than_there_are() {
    // Each branch grows only once the one after it did.
    let mut b = started(&NO_ISLANDS);
    let labels: Vec<Label> = (0..100).map(|_| b.label()).collect();
    let branch = Branch { kind: JUMP, payload: 0 };
    let mut ops = vec![];
    for i in 0..100 {
        ops.push((Op::Branch(JUMP, 0, labels[i]), b.mark()));
        b.branch(branch, labels[i]);
        b.sink.extend(&[0xaa; 30]);
        if i > 0 {
            b.bind(labels[i - 1]);
        }
        b.sink.extend(&[0xaa; 28]);
    }
    b.sink.extend(&[0xaa; 8]);
    b.bind(labels[99]);
    let (code, offsets) = finish(&mut b);
    check(&b, &ops, &code, &offsets);
}

#[test]
fn an_island_is_where_control_does_not_pass() {
    let mut b = started(&PAPER);
    let n = b.pool.number(0x0102_0304, 4);
    let end = b.label();
    b.load(Branch { kind: LOAD, payload: 0 }, n);
    b.branch(Branch { kind: JUMP, payload: 0 }, end);
    b.may_be_island(false, 2);
    for _ in 0..20 {
        b.sink.extend(&[0xaa; 4]);
        b.may_be_island(true, 4);
    }
    b.bind(end);
    let (code, _) = finish(&mut b);
    // the load, a jump that is far, padding, the constant
    assert_eq!(read(&code, 0).target, 12);
    assert_eq!(code[10..20], [0, 0, 1, 2, 3, 4, 0xaa, 0xaa, 0xaa, 0xaa]);
    assert_eq!(read(&code, 4).target, code.len());
}

/// A branch over `n` bytes with a place for an island beside it alone: the size of the code without these, and whether
/// the branch goes to its label directly.
fn near_over(n: usize, forwards: bool) -> (usize, bool) {
    let mut b = started(&PAPER);
    let l = b.label();
    if !forwards {
        b.bind(l);
        b.sink.extend(&vec![0xaa; n]);
    }
    let branch = (Op::Branch(IF_BIT, 3 << 56 | 5, l), b.mark());
    b.branch(Branch { kind: IF_BIT, payload: 3 << 56 | 5 }, l);
    b.may_be_island(true, n as u32);
    let after = (Op::Bytes(0), b.mark());
    if forwards {
        b.sink.extend(&vec![0xaa; n]);
        b.bind(l);
    }
    let (code, offsets) = finish(&mut b);
    check(&b, &[branch, after], &code, &offsets);
    (code.len() - n, read(&code, offsets.of(branch.1) as usize).target == offsets.of(b.place(l)) as usize)
}

#[test]
fn veneers_start_at_the_edges_of_ranges() {
    // The distance counts from the branch's end.
    assert_eq!([60, 62].map(|n| near_over(n, true)), [(4, true); 2]);
    assert_eq!([58, 60].map(|n| near_over(n, false)), [(4, true); 2]);
    // a jump around, and the veneer
    assert_eq!([64, 66, 1000].map(|n| near_over(n, true)), [(12, false); 3]);
    // a veneer behind the code
    assert_eq!([62, 64, 1000].map(|n| near_over(n, false)), [(10, false); 3]);
}

#[test]
fn code_without_places_for_islands_is_refused() {
    let mut b = started(&PAPER);
    let n = b.pool.number(1, 4);
    b.load(Branch { kind: LOAD, payload: 0 }, n);
    b.sink.extend(&[0xaa; 100]);
    assert!(b.finish(&mut vec![]).err().unwrap().to_string().contains("too far"));
}

/// Islands for a million branches take a number of steps that is in proportion.
#[test]
fn islands_are_linear() {
    for kinds in [&[IF_BIT][..], &[JUMP, IF_BIT, LOAD], &[LOAD, IF_BIT, IF]] {
        for n in [50_000, 1_000_000] {
            let mut b = started(&PAPER);
            let ops = program(&mut b, &mut Random(5), n, 2 * u64::from(n), kinds);
            let mut offsets = Offsets { before: vec![0; b.sites.len() + 1] };
            let islands = Islands::new(&b, PAPER.islands.unwrap(), &mut offsets).unwrap();
            assert!(islands.steps < 4 * b.sites.len(), "{} steps for {} sites", islands.steps, b.sites.len());
            let (code, offsets) = finish(&mut b);
            check(&b, &ops, &code, &offsets);
        }
    }
}
