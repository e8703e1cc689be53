//! Meanings against the CPU: every row that can run alone, on random registers, flags, memory and immediates. What a
//! meaning draws from `choose` is compared only where all zeros and all ones lead to the same. Rows with a column changed
//! must be refuted by the same runs.

use crate::cases::{self, Case, Rng};
use crate::trampoline::{State, Trampolines};
use std::collections::HashSet;
use windlass_codegen::x64::encode::{BASE, SCALE};
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::{Access, Choice, Env, TrapCode};
use windlass_desc::x64::flags::{Cc, of_logic};
use windlass_desc::x64::{
    Above, At, FAMILIES, Family, Feature, Flow, GENERAL, Input, Link, MemMode, Operand, Output, Row, Told, VECTOR,
    rows, simulate,
};
use windlass_regalloc::NONE;

const CASES_PER_ROW: usize = 300;
const BUFFER: usize = 1024;
/// Carry, parity, zero, sign, overflow: where the flags of a meaning stand in rflags.
const FLAG_BITS: [u32; 5] = [0, 2, 6, 7, 11];

/// Memory and choices of a simulated run.
struct Simulated {
    memory: [u8; BUFFER],
    start: u64,
    chosen: u128,
    trapped: bool,
}

impl Simulated {
    fn span(&mut self, addr: &Num, w: u32) -> &mut [u8] {
        let at = (addr.get() as u64).wrapping_sub(self.start) as usize;
        &mut self.memory[at..at + w as usize / 8]
    }
}

impl Env for Simulated {
    type B = Num;
    fn choose(&mut self, _: Choice, w: u32) -> Num {
        Num::lit(w, self.chosen)
    }
    fn trap_if(&mut self, cond: &Num, _: TrapCode) {
        self.trapped |= cond.is_true();
    }
    fn load(&mut self, addr: &Num, w: u32, _: Access) -> Num {
        let v = self.span(addr, w).iter().rev().fold(0, |v, &b| v << 8 | b as u128);
        Num::lit(w, v)
    }
    fn store(&mut self, addr: &Num, value: &Num, _: Access) {
        let bytes = value.get().to_le_bytes();
        let span = self.span(addr, value.w());
        span.copy_from_slice(&bytes[..span.len()]);
    }
    fn branch(&mut self, _: &Num) {
        panic!("rows that branch do not run here");
    }
}

/// An instruction, the state it starts from, and the address of its memory operand.
struct Run {
    case: Case,
    input: State,
    addr: Option<u64>,
}

/// The address that the memory operand at `place` has by the definition of its fields.
fn address(case: &Case, regs: &[u64; 16], place: usize) -> u64 {
    let value = |r: u32| if r == NONE { 0 } else { regs[r as usize] };
    let base = match case.inst.flags >> BASE & 7 {
        0 => value(case.ops[place]),
        1 => regs[4].wrapping_add(case.frame.slots as u64),
        2 => regs[4].wrapping_add(case.frame.incoming as u64),
        3 => regs[4].wrapping_add(case.frame.outgoing as u64),
        _ => regs[4].wrapping_add(case.frame.returns as u64),
    };
    let index = value(case.ops[place + 1]) << (case.inst.flags >> SCALE & 3);
    base.wrapping_add(index).wrapping_add(case.inst.payload as i32 as u64)
}

/// Changes a register so that the memory operand lies in the buffer; None if no register can do it.
fn aim(case: &mut Case, regs: &mut [u64; 16], place: usize, rng: &mut Rng, start: u64) -> Option<()> {
    let base = if case.inst.flags >> BASE & 7 == 0 { case.ops[place] } else { 4 };
    let index = case.ops[place + 1];
    let mut target = start + 8 + rng.below(BUFFER as u64 - 32);
    if base != NONE && base != index {
        let off = target.wrapping_sub(address(case, regs, place));
        regs[base as usize] = regs[base as usize].wrapping_add(off);
    } else if base == NONE && index != NONE {
        // The index is multiplied: aim at a multiple.
        case.inst.payload &= !7;
        target &= !7;
        let scaled = target.wrapping_sub(case.inst.payload as i32 as u64);
        regs[index as usize] = scaled >> (case.inst.flags >> SCALE & 3);
    } else {
        return None;
    }
    assert_eq!(address(case, regs, place), target);
    Some(())
}

/// A random run of row number `n` that accesses nothing but the buffer.
fn random_run(rng: &mut Rng, n: usize, row: &Row, start: u64) -> Run {
    loop {
        let mut case = cases::random(rng, n, row);
        let mut regs: [u64; 16] = std::array::from_fn(|_| rng.edgy());
        let vectors: [u128; 16] = std::array::from_fn(|_| rng.floats());
        let (div, idiv) = (Family::Div.into(), Family::Idiv.into());
        if (row.family == div || row.family == idiv) && rng.below(8) != 0 {
            // few quotients of a random double-width number fit
            let sign = ((regs[0] << (64 - row.width)) as i64 >> 63) as u64;
            regs[2] = if row.family == div { regs[2] % 16 } else { sign };
        }
        // Bit 1 is always set, bit 9 lets interrupts through; of the others only those that rows know.
        let flags = FLAG_BITS.iter().fold(0x202, |f, b| f | rng.below(2) << b);
        let place = row.operands.iter().position(|o| matches!(o, Operand::Mem(_))).map(|i| row.place(i) as usize);
        let mut addr = None;
        if let Some(place) = place {
            if row.mem != MemMode::Address && aim(&mut case, &mut regs, place, rng, start).is_none() {
                continue;
            }
            addr = Some(address(&case, &regs, place));
        }
        return Run { case, input: State { vectors, regs, flags }, addr };
    }
}

/// What the row's meaning makes of the run.
fn simulated(row: &Row, run: &Run, env: &mut Simulated) -> Output<Num> {
    let word = |v: u64| Num::lit(64, v as u128);
    let uses = row.operands.iter().enumerate().filter(|(_, o)| matches!(o, Operand::Use(..)));
    let uses = uses.map(|(i, _)| match run.case.ops[row.place(i) as usize] as usize {
        r @ 32.. => Num::lit(128, run.input.vectors[r - 32]),
        r => word(run.input.regs[r]),
    });
    let uses = uses.collect();
    let payload = run.case.inst.payload;
    let imm = if row.whole_payload { payload } else { (payload >> 32) as i32 as u64 };
    let flags = FLAG_BITS.iter().enumerate().fold(0, |f, (i, b)| f | (run.input.flags >> b & 1) << i);
    let input = Input {
        uses,
        addr: run.addr.map(word),
        imm: word(imm),
        flags: Some(Num::lit(5, flags as u128)),
        cc: Cc::from_number((run.case.inst.flags >> 8) as u8).into(),
        holds: None,
        code: TrapCode::unwrap_user(1),
        access: Access::PLAIN,
    };
    simulate(row, env, &input)
}

/// The state after the run by two simulations with opposite choices: values, and which of their bits are certain.
fn expected(row: &Row, run: &Run, [a, b]: [&Output<Num>; 2]) -> (State, State) {
    let mut values = run.input;
    let mut certain = State { vectors: [u128::MAX; 16], regs: [u64::MAX; 16], flags: 0 };
    let defs = row.operands.iter().enumerate().filter(|(_, o)| matches!(o, Operand::Def(..)));
    for ((i, _), (a, b)) in defs.zip(a.defs.iter().zip(&b.defs)) {
        let (a, b) = (a.get(), b.get());
        match run.case.ops[row.place(i) as usize] as usize {
            r @ 32.. => (values.vectors[r - 32], certain.vectors[r - 32]) = (a, !(a ^ b)),
            r => (values.regs[r], certain.regs[r]) = (a as u64, !(a ^ b) as u64),
        }
    }
    for (i, bit) in FLAG_BITS.iter().enumerate() {
        let Some((a, b)) = a.flags.as_ref().zip(b.flags.as_ref()) else {
            certain.flags |= 1 << bit;
            continue;
        };
        let (a, b) = (a.get() as u64 >> i & 1, b.get() as u64 >> i & 1);
        values.flags = values.flags & !(1 << bit) | a << bit;
        certain.flags |= (!(a ^ b) & 1) << bit;
    }
    (values, certain)
}

/// The flags that a row's column says to be of the result and that are not, in the state after a run.
fn mistold(row: &Row, run: &Run, state: &State) -> u64 {
    let bits = match row.told {
        Told::Nothing => 0,
        Told::Result => 0b01110,
        Told::All => 0b11111,
    };
    let Some(&to) = run.case.ops.first().filter(|_| bits != 0) else { return 0 };
    let result = Num::lit(64, state.regs[to as usize] as u128).extract(0, row.width as u32);
    let told = of_logic(&result).get() as u64;
    let found = FLAG_BITS.iter().enumerate().fold(0, |f, (i, b)| f | (state.flags >> b & 1) << i);
    (told ^ found) & bits
}

/// Only what is certain of a state.
fn masked(s: &State, certain: &State) -> State {
    State {
        vectors: std::array::from_fn(|i| s.vectors[i] & certain.vectors[i]),
        regs: std::array::from_fn(|i| s.regs[i] & certain.regs[i]),
        flags: s.flags & certain.flags,
    }
}

/// What the CPU made of a run: its state, and the buffer before and after.
struct Happened {
    state: State,
    before: [u8; BUFFER],
    after: [u8; BUFFER],
}

/// How the row's meaning differs from what happened; none if it does not.
fn differs(row: &Row, run: &Run, start: u64, h: &Happened) -> Option<&'static str> {
    let mut envs = [0, u128::MAX].map(|chosen| Simulated { memory: h.before, start, chosen, trapped: false });
    let [a, b] = [0, 1].map(|k| simulated(row, run, &mut envs[k]));
    let (values, certain) = expected(row, run, [&a, &b]);
    if masked(&h.state, &certain) != masked(&values, &certain) {
        return Some("registers or flags");
    }
    if envs.iter().any(|e| e.memory != h.after) {
        return Some("memory");
    }
    (mistold(row, run, &h.state) != 0).then_some("flags of the result")
}

/// The row with one column changed: what is above its results, the width of an operand, what it does to memory.
fn changed(row: &Row) -> Vec<(String, Row)> {
    let mut out = vec![];
    let partial = |n: usize| match row.operands[n] {
        Operand::Def(w, _) => w < if row.bank(n) == GENERAL { 64 } else { 128 },
        _ => false,
    };
    let partial = (0..row.operands.len()).any(partial);
    // what is kept is that of a tied operand
    let tied = row.operands.iter().any(|o| matches!(o, Operand::Def(_, At::Tied(_))));
    for above in [Above::Zero, Above::Sign, Above::Kept] {
        if !partial || above == row.above || above == Above::Kept && !tied {
            continue;
        }
        out.push((format!("{}: {above:?} above, not {:?}", row.name, row.above), Row { above, ..row.clone() }));
    }
    let defs = row.operands.iter().any(|o| matches!(o, Operand::Def(..)));
    let modes: &[MemMode] = match row.mem {
        MemMode::Modify => &[MemMode::Load],
        MemMode::Store => &[MemMode::Modify],
        MemMode::Load if defs && row.operands.iter().all(|o| o.width() == row.width) => &[MemMode::Modify],
        _ => &[],
    };
    for &mem in modes {
        out.push((format!("{}: {mem:?}, not {:?}", row.name, row.mem), Row { mem, ..row.clone() }));
    }
    // narrower operands of extensions, whose meanings still run
    let extends = ["movzx", "movsx"].iter().any(|n| row.name.starts_with(n));
    for (n, o) in row.operands.iter().enumerate() {
        let can = extends && !matches!(o, Operand::Def(..));
        for w in [8, 16, 32, 64].into_iter().filter(|&w| can && w < o.width()) {
            let mut to = row.clone();
            to.operands[n] = match *o {
                Operand::Def(_, at) => Operand::Def(w, at),
                Operand::Use(_, at) => Operand::Use(w, at),
                Operand::Mem(_) => Operand::Mem(w),
            };
            out.push((format!("{}: operand {n} of {w} bits, not {}", row.name, o.width()), to));
        }
    }
    out
}

/// Does the CPU do what a changed row says of the bits above its results? Rows promise no more than proofs need.
fn is_true_too(row: &Row) -> bool {
    let among = |names: &[&str]| names.contains(&FAMILIES[row.family.0 as usize].name);
    match row.above {
        // two-operand forms of floats write the low lane alone
        Above::Kept => row.bank(0) == VECTOR,
        // none of these is negative
        Above::Sign => among(&["movzx8_", "movzx16_", "lzcnt", "tzcnt", "popcnt"]),
        // loads, and moves from general registers, clear the rest
        Above::Zero => among(&["movf", "tovec"]),
        Above::Any => false,
    }
}

#[test]
fn the_cpu_does_what_rows_mean() {
    let buffer = Box::into_raw(Box::new([0u8; BUFFER]));
    let start = buffer.expose_provenance() as u64;
    let mut rng = Rng::new(2);
    let rows = rows();
    // constants and symbols would have to be in reach
    let alone = |r: &Row| {
        !r.enc.special
            && r.enc.link == Link::None
            && r.flow == Flow::Next
            && FAMILIES[r.family.0 as usize].no_meaning.is_none()
    };
    let (mut run_rows, mut runs) = (0, vec![]);
    for (n, row) in rows.iter().enumerate().filter(|(_, r)| alone(r)) {
        if let Some(f) = row.feature.map(|f| &Feature::ALL[f.0 as usize]).filter(|f| !(f.detected)()) {
            println!("skipped {}: this CPU lacks {}", row.name, f.llvm);
            continue;
        }
        run_rows += 1;
        runs.extend((0..CASES_PER_ROW).map(|_| random_run(&mut rng, n, row, start)));
    }
    let code: Vec<_> = runs.iter().map(|r| r.case.encode()).collect();
    let mut trampolines = Trampolines::new(&code);
    let mut wrong: Vec<_> = rows.iter().map(changed).collect();
    for (i, run) in runs.iter().enumerate() {
        let row = &rows[run.case.inst.row as usize];
        let memory: [u8; BUFFER] = std::array::from_fn(|_| rng.next() as u8);
        let mut env = Simulated { memory, start, chosen: 0, trapped: false };
        simulated(row, run, &mut env);
        if env.trapped {
            continue;
        }
        // SAFETY: `buffer` came from a box and no reference to it exists; `aim` keeps all accesses inside it, and
        // instructions without a memory operand make none.
        let (state, after) = unsafe {
            *buffer = memory;
            (trampolines.run(i, &run.input), *buffer)
        };
        let happened = Happened { state, before: memory, after };
        if let Some(what) = differs(row, run, start, &happened) {
            let from = &run.input;
            panic!("{} ({what}): {:02x?} {:?}\nfrom {from:x?}\nto {state:x?}", row.name, code[i], run.case.inst);
        }
        wrong[run.case.inst.row as usize].retain(|(_, row)| differs(row, run, start, &happened).is_none());
    }
    // SAFETY: from `Box::into_raw` above; the trampolines run no more.
    drop(unsafe { Box::from_raw(buffer) });
    let without = rows.iter().filter(|r| FAMILIES[r.family.0 as usize].no_meaning.is_some()).count();
    println!("x64 rows {:>5}, without meaning {without}", rows.len());
    println!("on CPU   {run_rows:>5} rows, {} runs", runs.len());
    let was_run: HashSet<u16> = runs.iter().map(|r| r.case.inst.row).collect();
    let left = was_run.iter().flat_map(|&n| &wrong[n as usize]).filter(|(_, row)| !is_true_too(row));
    let left: Vec<&String> = left.map(|w| &w.0).collect();
    assert!(left.is_empty(), "the CPU does not refute these changed rows: {left:#?}");
}
