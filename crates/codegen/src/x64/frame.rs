//! Frames of x86-64: calls push the return address, prologues push what they save. Needs [`crate::frame`], which lays
//! frames out.

use crate::frame::FrameSpec;
use windlass_desc::x64::regs;
use windlass_regalloc::{Class, PReg};

const fn int(n: u8) -> PReg {
    PReg::new(Class::Int, n)
}

/// The stack pointer.
pub const RSP: PReg = int(regs::RSP);
/// Registers that no convention passes anything in, and that none but `preserve_all` wants kept.
pub const SCRATCH: [PReg; 2] = [int(11), int(10)];

/// What frames are like.
pub const SPEC: FrameSpec = FrameSpec {
    stack_pointer: RSP,
    frame_pointer: int(regs::RBP),
    return_address: 8,
    link: None,
    scratch: SCRATCH[0],
    probe: &[int(regs::RAX), SCRATCH[1], SCRATCH[0]],
};
