//! Routines of x86-64 that no C library has.

use std::arch::x86_64::__m128i;

/// Touches the stack, page by page, of a caller that is about to make its frame `rax` bytes larger. Leaves all
/// registers as they were, so it is no function of any language.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn probestack() {
    std::arch::naked_asm!(
        "push rax",
        "push rcx",
        // the stack pointer of the caller
        "lea rcx, [rsp + 24]",
        "2:",
        "cmp rax, 4096",
        "jb 3f",
        "sub rcx, 4096",
        "or dword ptr [rcx], 0",
        "sub rax, 4096",
        "jmp 2b",
        "3:",
        "sub rcx, rax",
        "or dword ptr [rcx], 0",
        "pop rcx",
        "pop rax",
        "ret",
    )
}

/// PSHUFB (Intel SDM volume 2): byte `i` is byte `b[i]` of `a`, counted modulo 16, or 0 if the highest bit of `b[i]` is
/// set. Under System V both come in vector registers.
#[allow(improper_ctypes_definitions, reason = "the test below sees to it that vectors are in vector registers")]
pub(super) extern "sysv64" fn pshufb(a: __m128i, b: __m128i) -> __m128i {
    // SAFETY: both types are 16 bytes that may be anything.
    let (a, b) = unsafe { (std::mem::transmute::<__m128i, [u8; 16]>(a), std::mem::transmute::<__m128i, [u8; 16]>(b)) };
    let out = b.map(|n| if n & 0x80 == 0 { a[(n & 15) as usize] } else { 0 });
    // SAFETY: as above.
    unsafe { std::mem::transmute(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shuffled_as_the_manual_says() {
        let a: [u8; 16] = std::array::from_fn(|n| n as u8 + 100);
        let b = [15, 0, 0x80, 0x8f, 16, 0x7f, 1, 1, 2, 3, 4, 5, 6, 7, 0xff, 8];
        let want = [115, 100, 0, 0, 100, 115, 101, 101, 102, 103, 104, 105, 106, 107, 0, 108];
        let got: __m128i;
        // SAFETY: calls the routine as compiled code does; vectors are 16 bytes that may be anything.
        let got: [u8; 16] = unsafe {
            std::arch::asm!(
                "call {routine}",
                routine = sym pshufb,
                inlateout("xmm0") std::mem::transmute::<[u8; 16], __m128i>(a) => got,
                in("xmm1") std::mem::transmute::<[u8; 16], __m128i>(b),
                clobber_abi("sysv64"),
            );
            std::mem::transmute(got)
        };
        assert_eq!(got, want);
    }
}
