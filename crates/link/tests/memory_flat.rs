//! Memory use stays flat over many allocations and frees: a test program of its own, so that no other test's memory is
//! counted. Does: counts what the kernel says of this process. Needs: Linux. Leaves: nothing.
#![cfg(target_os = "linux")]

use windlass_link::memory::{CodeMemory, Kind};

/// Address space and resident memory in KiB, and mappings.
fn usage() -> (usize, usize, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let mappings = std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    (field("VmSize:"), field("VmRSS:"), mappings)
}

#[test]
fn flat_over_many_cycles() {
    let mut memory = CodeMemory::new();
    let kept = memory.allocate(Kind::Code, 100, 16).unwrap();
    let mut cycle = |round: usize| {
        let len = 1 + round * 7919 % 20_000;
        let code = memory.allocate(Kind::Code, len, 16).unwrap();
        memory.bytes_mut(&code).unwrap().fill(0xc3);
        let data = memory.allocate(Kind::ReadOnlyData, len / 2, 8).unwrap();
        if !round.is_multiple_of(3) {
            memory.seal().unwrap();
        }
        memory.free(code).unwrap();
        memory.free(data).unwrap();
    };
    (0..1000).for_each(&mut cycle);
    let before = usage();
    (1000..101_000).for_each(&mut cycle);
    let after = usage();
    assert!(after.0 <= before.0 + 256 && after.1 <= before.1 + 1024 && after.2 <= before.2 + 8, "{before:?} {after:?}");
    memory.free(kept).unwrap();
}
