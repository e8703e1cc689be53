//! Registers, flags and memory, and what is drawn at random. It is the environment that meanings run in.

use crate::program::classes;
use crate::{Result, wrong};
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::{Access, Choice, Env, TrapCode};
use windlass_desc::machine::{Above, Bank, BankInfo};
use windlass_regalloc::{CLASSES, PReg};

/// Where the stack starts, as in the interpreter, so that addresses of 32 bits reach it.
const STACK: u64 = 0x1000_0000;
/// Bytes of the stack.
const STACK_SIZE: u64 = 8 << 20;

/// A source of random numbers (splitmix64).
pub struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn bits(&mut self, w: u32) -> Num {
        let words: Vec<u64> = (0..w.div_ceil(64)).map(|_| self.next()).collect();
        Num::from_words(w, words)
    }
    /// Heads or tails.
    pub fn flip(&mut self) -> bool {
        self.next() & 1 != 0
    }
}

/// The state of the machine.
pub struct State {
    banks: [Option<Bank>; CLASSES],
    info: &'static [BankInfo],
    big_endian: bool,
    registers: Vec<Num>,
    /// The flags, as wide as the machine has them.
    pub flags: Num,
    memory: Vec<u8>,
    /// What is left open.
    pub random: Random,
    /// The trap that the present instruction ran into.
    pub trap: Option<TrapCode>,
    /// Which way the present instruction branched.
    pub taken: Option<bool>,
    /// What the present instruction did that no correct code does.
    pub fault: Option<String>,
}

impl State {
    /// Everything at random.
    pub fn new(
        banks: [Option<Bank>; CLASSES],
        info: &'static [BankInfo],
        (flags, big_endian): (u32, bool),
        seed: u64,
    ) -> State {
        let mut random = Random(seed);
        let mut registers: Vec<Num> = vec![Num::lit(1, 0); PReg::COUNT];
        for (class, bank) in classes(&banks) {
            for n in 0..32 {
                registers[PReg::new(class, n).0 as usize] = random.bits(info[bank.0 as usize].bits);
            }
        }
        let memory = vec![random.next() as u8; STACK_SIZE as usize];
        let flags = random.bits(flags.max(1));
        State { banks, info, big_endian, registers, flags, memory, random, trap: None, taken: None, fault: None }
    }

    /// The end of the stack, where it begins to be used.
    pub fn top(&self) -> u64 {
        STACK + STACK_SIZE
    }

    /// Has the stack room from this address on?
    pub fn has_room(&self, sp: u64) -> bool {
        sp >= STACK && sp <= self.top()
    }

    /// What there is to know of a register's bank.
    fn bank(&self, r: PReg) -> Result<&'static BankInfo> {
        match self.banks[r.class() as usize] {
            Some(bank) => Ok(&self.info[bank.0 as usize]),
            None => wrong(format!("{r:?} is of a class that the machine does not have")),
        }
    }

    /// A whole register.
    pub fn get(&self, r: PReg) -> Num {
        self.registers[r.0 as usize].clone()
    }

    /// Sets a whole register.
    pub fn set(&mut self, r: PReg, value: Num) {
        self.registers[r.0 as usize] = value;
    }

    /// Sets the low bits of a register, with anything above.
    pub fn set_low(&mut self, r: PReg, value: &Num) -> Result<()> {
        let above = self.bank(r)?.bits - value.w();
        let whole = if above == 0 { value.clone() } else { self.random.bits(above).concat(value) };
        self.set(r, whole);
        Ok(())
    }

    /// Destroys a register but for its low bytes.
    pub fn destroy(&mut self, r: PReg, kept: u32) -> Result<()> {
        let bits = (8 * kept).min(self.bank(r)?.bits);
        match bits {
            0 => {
                let junk = self.random.bits(self.bank(r)?.bits);
                self.set(r, junk);
                Ok(())
            }
            _ => {
                let low = self.get(r).extract(0, bits);
                self.set_low(r, &low)
            }
        }
    }

    /// Writes the low bits of a register as a copy or a reload does.
    pub fn copied(&mut self, r: PReg, low: &Num) -> Result<()> {
        let BankInfo { bits, copied, .. } = *self.bank(r)?;
        if low.w() >= bits {
            self.set(r, low.extract(0, bits));
            return Ok(());
        }
        let whole = match copied {
            Above::Zero => low.zext(bits),
            Above::Sign => low.sext(bits),
            Above::Kept => self.get(r).extract(low.w(), bits - low.w()).concat(low),
            Above::Any => return self.set_low(r, low),
        };
        self.set(r, whole);
        Ok(())
    }

    /// Flags that nobody knows.
    pub fn lose_flags(&mut self) {
        self.flags = self.random.bits(self.flags.w());
    }

    fn place(&self, addr: u64, bytes: u64) -> Option<std::ops::Range<usize>> {
        let from = addr.checked_sub(STACK).filter(|at| at.checked_add(bytes).is_some_and(|end| end <= STACK_SIZE))?;
        Some(from as usize..(from + bytes) as usize)
    }

    /// Reads memory of the stack.
    pub fn read(&self, addr: u64, w: u32, big_endian: bool) -> Option<Num> {
        let bytes = &self.memory[self.place(addr, w as u64 / 8)?];
        let words: Vec<u64> = match big_endian {
            true => bytes.rchunks(8).map(|c| c.iter().fold(0, |v, b| v << 8 | *b as u64)).collect(),
            false => bytes.chunks(8).map(|c| c.iter().rev().fold(0, |v, b| v << 8 | *b as u64)).collect(),
        };
        Some(Num::from_words(w, words))
    }

    /// Writes memory of the stack.
    pub fn write(&mut self, addr: u64, value: &Num, big_endian: bool) -> Option<()> {
        let place = self.place(addr, value.w() as u64 / 8)?;
        let words = value.words();
        let len = place.len();
        let mut bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).take(len).collect();
        bytes.resize(len, 0);
        if big_endian {
            bytes.reverse();
        }
        self.memory[place].copy_from_slice(&bytes);
        Some(())
    }

    /// Reads the frame in the machine's own byte order.
    pub fn read_own(&self, addr: u64, w: u32) -> Result<Num> {
        self.read(addr, w, self.big_endian).map_or_else(|| wrong(format!("the frame has nothing at {addr:#x}")), Ok)
    }

    /// Writes the frame in the machine's own byte order.
    pub fn write_own(&mut self, addr: u64, value: &Num) -> Result<()> {
        let order = self.big_endian;
        self.write(addr, value, order).map_or_else(|| wrong(format!("the frame has nothing at {addr:#x}")), Ok)
    }

    /// An access outside of the stack: the trap it raises, or a fault.
    fn outside(&mut self, addr: u64, access: Access) {
        if self.trap.is_some() {
            return;
        }
        match access.trap {
            Some(code) => self.trap = Some(code),
            None => self.fault = Some(format!("an access of {addr:#x} that is said not to trap")),
        }
    }
}

impl Env for State {
    type B = Num;
    fn choose(&mut self, set: Choice, w: u32) -> Num {
        match set {
            Choice::Any(_) => self.random.bits(w),
            // what CPUs and the interpreter give: results are compared bit by bit
            Choice::Nan(format) => Num::lit(w, format.quiet_nan()),
        }
    }
    fn trap_if(&mut self, cond: &Num, code: TrapCode) {
        if cond.is_true() && self.trap.is_none() {
            self.trap = Some(code);
        }
    }
    fn load(&mut self, addr: &Num, w: u32, access: Access) -> Num {
        let addr = addr.get() as u64;
        if self.trap.is_none() {
            match self.read(addr, w, access.big_endian) {
                Some(value) => return value,
                None => self.outside(addr, access),
            }
        }
        self.random.bits(w)
    }
    fn store(&mut self, addr: &Num, value: &Num, access: Access) {
        let addr = addr.get() as u64;
        if self.trap.is_none() && self.write(addr, value, access.big_endian).is_none() {
            self.outside(addr, access);
        }
    }
    fn branch(&mut self, cond: &Num) {
        self.taken = Some(cond.is_true());
    }
}
