//! Random instructions of a row: awkward and ordinary registers, displacements and immediates.

use windlass_codegen::frame::FrameOffsets;
use windlass_codegen::riscv64::encode::encode;
use windlass_codegen::sink::Sink;
use windlass_codegen::vcode::BASE;
use windlass_desc::machine::{At, Imm, Operand};
use windlass_desc::riscv64::Row;
use windlass_regalloc::{Inst, NONE};

/// xorshift64*: small, seeded, the same everywhere.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
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
        assert_eq!(encode(&self.inst, &self.ops, &self.frame, &mut out), Ok(()), "{:?} {:?}", self.inst, self.ops);
        out.as_slice().to_vec()
    }
}

const EDGES: [i32; 8] = [0, 1, -1, 2, 31, 1024, 2047, -2048];

/// Random operands for row number `n`, of registers from the first on.
pub fn random(rng: &mut Rng, n: usize, row: &Row, first: u64) -> Case {
    let mut ops = vec![];
    for o in &row.operands {
        match *o {
            Operand::Def(_, At::Tied(_)) => ops.push(0),
            Operand::Mem(_) => ops.extend([(first + rng.below(32 - first)) as u32, NONE]),
            _ => ops.push((first + rng.below(32 - first)) as u32),
        }
    }
    if row.listed {
        ops.push((first + rng.below(32 - first)) as u32);
    }
    let small =
        |rng: &mut Rng| if rng.below(2) == 0 { EDGES[rng.below(8) as usize] } else { rng.below(4096) as i32 - 2048 };
    let mut case =
        Case { inst: Inst { row: n as u16, flags: 0, ops: 0, payload: 0 }, ops, frame: FrameOffsets::default() };
    let imm = match row.imm {
        Imm::None => 0,
        Imm::Unsigned(bits) => rng.below(1 << bits) as i32,
        Imm::Shifted(..) => (rng.next() as i32) & !0xfff,
        Imm::Signed(_) => small(rng),
    };
    case.inst.payload = (imm as u32 as u64) << 32;
    if row.operands.iter().any(|o| matches!(o, Operand::Mem(_))) {
        case.inst.payload |= small(rng) as u32 as u64;
        if rng.below(4) == 0 {
            case.inst.flags |= 1 << BASE;
            case.inst.payload &= !(u32::MAX as u64);
            case.frame.slots = small(rng);
        }
    }
    case
}
