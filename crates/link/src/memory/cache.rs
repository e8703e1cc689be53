//! Makes new code visible to instruction fetch, on processors where it is not so by itself: on x86-64 and s390x it is.

use super::MemoryError;

/// Makes newly written code visible to instruction fetch.
pub fn flush(start: *const u8, len: usize) -> Result<(), MemoryError> {
    processor::flush(start, len)
}

#[cfg(any(target_arch = "x86_64", target_arch = "s390x"))]
mod processor {
    use super::MemoryError;

    pub(super) fn flush(_start: *const u8, _len: usize) -> Result<(), MemoryError> {
        Ok(())
    }
}

/// Only the kernel can tell all harts (RISC-V Unprivileged ISA, Zifencei: `fence.i` orders the own hart alone).
#[cfg(all(target_arch = "riscv64", target_os = "linux"))]
mod processor {
    use super::MemoryError;

    /// The number of `riscv_flush_icache(start, end, flags)`; without flags it is for all harts.
    const RISCV_FLUSH_ICACHE: libc::c_long = 259;

    pub(super) fn flush(start: *const u8, len: usize) -> Result<(), MemoryError> {
        let end = start.wrapping_add(len);
        // SAFETY: the call reads no memory of ours.
        match unsafe { libc::syscall(RISCV_FLUSH_ICACHE, start, end, 0usize) } {
            0 => Ok(()),
            _ => Err(MemoryError::CacheFlush),
        }
    }
}

/// Cleans the data cache and invalidates the instruction cache to the point of unification (Arm Architecture Reference
/// Manual, "Concurrent modification and execution of instructions").
#[cfg(target_arch = "aarch64")]
mod processor {
    use super::MemoryError;
    use std::arch::asm;

    pub(super) fn flush(start: *const u8, len: usize) -> Result<(), MemoryError> {
        let cache_type: u64;
        // SAFETY: user mode may read this register, and maintain caches of memory that it may read.
        unsafe {
            asm!("mrs {}, ctr_el0", out(reg) cache_type, options(nomem, nostack, preserves_flags));
            let (data, code) = (4 << (cache_type >> 16 & 15), 4 << (cache_type & 15));
            let end = start.addr() + len;
            for line in (start.addr() & !(data - 1)..end).step_by(data) {
                asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags));
            }
            asm!("dsb ish", options(nostack, preserves_flags));
            for line in (start.addr() & !(code - 1)..end).step_by(code) {
                asm!("ic ivau, {}", in(reg) line, options(nostack, preserves_flags));
            }
            asm!("dsb ish", "isb", options(nostack, preserves_flags));
        }
        Ok(())
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "s390x",
    target_arch = "aarch64",
    all(target_arch = "riscv64", target_os = "linux")
)))]
mod processor {
    use super::MemoryError;

    pub(super) fn flush(_start: *const u8, _len: usize) -> Result<(), MemoryError> {
        Err(MemoryError::CacheFlush)
    }
}
