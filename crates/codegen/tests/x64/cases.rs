//! Random instructions of a row: awkward and ordinary registers, scales, displacements and immediates.

use windlass_codegen::frame::FrameOffsets;
use windlass_codegen::sink::Sink;
use windlass_codegen::x64::encode::{BASE, CC, SCALE, encode};
use windlass_codegen::x64::rows::SPECS;
use windlass_desc::x64::{At, Field, Imm, Link, MemMode, Operand, Row, VECTOR};
use windlass_regalloc::{Class, Inst, Loc, NONE, PReg};

/// xorshift64*: small, seeded, the same everywhere.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    pub fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 33) % n
    }
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
    /// The bits of a vector register: floats of both widths, special ones often, in the low half.
    pub fn floats(&mut self) -> u128 {
        const SPECIAL: [f64; 12] = [
            0.0,
            1.0,
            0.5,
            2147483648.0,
            4294967296.0,
            9223372036854775808.0,
            18446744073709551616.0,
            1e300,
            f64::INFINITY,
            f64::NAN,
            f64::MIN_POSITIVE,
            5e-324,
        ];
        let sign = self.below(2);
        let near = self.below(3).wrapping_sub(1);
        let low = match self.below(6) {
            0 | 1 => self.pick(&SPECIAL).to_bits().wrapping_add(near) | sign << 63,
            2 | 3 => {
                let single = (self.pick(&SPECIAL) as f32).to_bits().wrapping_add(near as u32) | (sign << 31) as u32;
                self.next() << 32 | single as u64
            }
            4 => ((self.edgy() as i64) as f64 * 0.5).to_bits(),
            _ => self.edgy(),
        };
        (self.edgy() as u128) << 64 | low as u128
    }
    /// A number near a power of two, or any.
    pub fn edgy(&mut self) -> u64 {
        let near = 1u64 << self.below(64);
        match self.below(8) {
            0 => self.below(4),
            1 => near.wrapping_sub(1),
            2 => near,
            3 => near.wrapping_neg(),
            4 => near.wrapping_neg().wrapping_sub(1),
            _ => self.next() >> self.below(64),
        }
    }
}

/// An instruction with its operands and frame.
pub struct Case {
    pub inst: Inst,
    pub ops: Vec<u32>,
    pub frame: FrameOffsets,
}

impl Case {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Sink::new();
        let result = encode(&SPECS[self.inst.row as usize], &self.inst, &self.ops, &self.frame, &mut out);
        assert_eq!(result, Ok(()), "{:?} {:?}", self.inst, self.ops);
        out.as_slice().to_vec()
    }
}

const EDGES: [i32; 20] =
    [0, 1, 2, 31, 32, 63, 64, -1, 127, 128, -128, -129, 255, 256, 0x7fff, 0x8000, 0xff80, 0xffff, i32::MIN, i32::MAX];

/// Random operands for row number `n`.
pub fn random(rng: &mut Rng, n: usize, row: &Row) -> Case {
    let mut ops = vec![];
    for (i, o) in row.operands.iter().enumerate() {
        match *o {
            Operand::Def(_, At::Fixed(_, r)) | Operand::Use(_, At::Fixed(_, r)) => ops.push(r as u32),
            Operand::Def(..) | Operand::Use(..) => {
                let class = if row.bank(i) == VECTOR { Class::Vec } else { Class::Int };
                ops.push(Loc::reg(PReg::new(class, rng.below(16) as u8)).0);
            }
            Operand::Mem(_) => ops.extend([NONE; 2]),
        }
    }
    if row.listed && row.enc.rm != Field::None {
        ops.push(rng.below(16) as u32);
    }
    let mut case =
        Case { inst: Inst { row: n as u16, flags: 0, ops: 0, payload: 0 }, ops, frame: FrameOffsets::default() };
    for (i, o) in row.operands.iter().enumerate() {
        match *o {
            Operand::Def(_, At::Tied(to)) => case.ops[row.place(i) as usize] = case.ops[to as usize],
            Operand::Mem(_) => memory(rng, &mut case, row.place(i) as usize),
            _ => {}
        }
    }
    case.inst.flags |= (rng.below(16) as u16) << CC;
    let imm = if rng.below(2) == 0 { rng.pick(&EDGES) } else { rng.edgy() as i32 };
    match row.enc.imm {
        // the field is emission's
        _ if row.enc.link != Link::None => {}
        Imm::U32 => case.inst.payload = imm as u32 as u64,
        Imm::I64 => case.inst.payload = rng.edgy(),
        Imm::None | Imm::Fixed(_) if row.mem == MemMode::None => {}
        _ => case.inst.payload |= (imm as u32 as u64) << 32,
    }
    case
}

/// A random address. rsp cannot be an index.
fn memory(rng: &mut Rng, case: &mut Case, place: usize) {
    let mut disp = if rng.below(2) == 0 { rng.pick(&EDGES) } else { rng.edgy() as i32 };
    let kind = if rng.below(4) == 0 { 1 + rng.below(4) } else { 0 };
    if kind == 0 {
        case.ops[place] = if rng.below(5) == 0 { NONE } else { rng.below(16) as u32 };
    } else {
        let offset = |rng: &mut Rng| rng.edgy() as i32 >> 1 & !7;
        case.frame =
            FrameOffsets { slots: offset(rng), incoming: offset(rng), outgoing: offset(rng), returns: offset(rng) };
        disp >>= 1;
    }
    if rng.below(2) == 0 {
        case.ops[place + 1] = rng.pick(&[0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    }
    case.inst.flags |= (kind as u16) << BASE | (rng.below(4) as u16) << SCALE;
    case.inst.payload |= disp as u32 as u64;
}
