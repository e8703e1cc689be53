//! Code memory as its users see it, and as the kernel does. Does: allocates, writes, seals, calls and frees. Needs:
//! Linux, for what the kernel says of a mapping. Leaves: nothing.
#![cfg(target_os = "linux")]

use windlass_link::memory::{Allocation, CodeMemory, Kind, MemoryError};

/// The permissions of the mapping that holds an address, such as `r-xp`.
fn permissions(address: *const u8) -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let holds = |line: &&str| {
        let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let hex = |text| usize::from_str_radix(text, 16).unwrap();
        (hex(start)..hex(end)).contains(&address.addr())
    };
    let line = maps.lines().find(holds);
    line.map_or("none".to_owned(), |line| line.split(' ').nth(1).unwrap().to_owned())
}

fn assert_nothing_writable_and_executable() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let bad: Vec<_> = maps.lines().filter(|line| line.split(' ').nth(1).unwrap().starts_with("rwx")).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

fn written(memory: &mut CodeMemory, kind: Kind, bytes: &[u8], align: usize) -> Allocation {
    let allocation = memory.allocate(kind, bytes.len(), align).unwrap();
    memory.bytes_mut(&allocation).unwrap().copy_from_slice(bytes);
    allocation
}

/// `mov eax, value; ret`
#[cfg(target_arch = "x86_64")]
fn constant_function(value: u8) -> [u8; 6] {
    [0xb8, value, 0, 0, 0, 0xc3]
}

/// # Safety
/// The allocation must hold a sealed function of this type.
#[cfg(target_arch = "x86_64")]
unsafe fn call(memory: &CodeMemory, allocation: &Allocation) -> u32 {
    let address = memory.address(allocation).unwrap();
    // SAFETY: promised by the caller.
    unsafe { std::mem::transmute::<*const u8, extern "C" fn() -> u32>(address)() }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn code_runs_while_later_code_is_written() {
    let mut memory = CodeMemory::new();
    let mut functions = Vec::new();
    for value in 0..100 {
        let function = written(&mut memory, Kind::Code, &constant_function(value), 16);
        let address = memory.address(&function).unwrap();
        assert_eq!(permissions(address), "rw-p");
        for (earlier, value) in &functions {
            assert_eq!(permissions(memory.address(earlier).unwrap()), "r-xp");
            // SAFETY: written and sealed by an earlier round.
            assert_eq!(unsafe { call(&memory, earlier) }, u32::from(*value));
        }
        assert_nothing_writable_and_executable();
        memory.seal().unwrap();
        assert_eq!(permissions(address), "r-xp");
        assert_nothing_writable_and_executable();
        functions.push((function, value));
    }
}

#[test]
fn many_functions_share_pages() {
    let mut memory = CodeMemory::new();
    let all: Vec<_> = (0..1000).map(|_| memory.allocate(Kind::Code, 20, 16).unwrap()).collect();
    memory.seal().unwrap();
    let addresses: Vec<_> = all.iter().map(|one| memory.address(one).unwrap().addr()).collect();
    let span = addresses.iter().max().unwrap() - addresses.iter().min().unwrap();
    assert_eq!(span, 999 * 32);
}

#[test]
fn each_kind_has_its_protection() {
    let mut memory = CodeMemory::new();
    let kinds = [(Kind::Code, "r-xp"), (Kind::ReadOnlyData, "r--p"), (Kind::WritableData, "rw-p")];
    let all = kinds.map(|(kind, _)| written(&mut memory, kind, &[1, 2, 3], 8));
    let open = memory.allocate(Kind::Code, 0, 1).unwrap();
    assert_eq!(permissions(memory.address(&open).unwrap()), "rw-p");
    memory.seal().unwrap();
    for ((kind, expected), allocation) in kinds.iter().zip(&all) {
        assert_eq!(&permissions(memory.address(allocation).unwrap()), expected);
        let writable = memory.bytes_mut(allocation).map(|bytes| bytes.to_vec());
        match kind {
            Kind::WritableData => assert_eq!(writable.unwrap(), [1, 2, 3]),
            _ => assert!(matches!(writable, Err(MemoryError::Sealed))),
        }
    }
}

#[test]
fn freed_memory_cannot_be_touched_and_is_zero_again() {
    let mut memory = CodeMemory::new();
    let first = written(&mut memory, Kind::ReadOnlyData, &[0xff; 10_000], 4096);
    let second = written(&mut memory, Kind::ReadOnlyData, &[0xff; 10], 1);
    memory.seal().unwrap();
    let address = memory.address(&first).unwrap();
    memory.free(first).unwrap();
    assert_eq!(permissions(address), "r--p", "the second lies on the same pages");
    memory.free(second).unwrap();
    assert_eq!(permissions(address), "---p");
    let again = memory.allocate(Kind::Code, 10_000, 1).unwrap();
    assert!(memory.bytes_mut(&again).unwrap().iter().all(|&byte| byte == 0));
}

#[test]
fn unreasonable_requests_are_refused() {
    let mut memory = CodeMemory::new();
    assert!(matches!(memory.allocate(Kind::Code, 1, 3), Err(MemoryError::Alignment(3))));
    assert!(matches!(memory.allocate(Kind::Code, 1, 0), Err(MemoryError::Alignment(0))));
    assert!(matches!(memory.allocate(Kind::Code, 1, 1 << 30), Err(MemoryError::Alignment(_))));
    assert!(matches!(memory.allocate(Kind::Code, usize::MAX, 1), Err(MemoryError::Size(_))));
    assert!(matches!(memory.allocate(Kind::Code, isize::MAX as usize - (1 << 20), 1), Err(MemoryError::System { .. })));
    let foreign = CodeMemory::new().allocate(Kind::Code, 1, 1).unwrap();
    assert!(matches!(memory.bytes_mut(&foreign), Err(MemoryError::Foreign)));
    assert!(matches!(memory.free(foreign), Err(MemoryError::Foreign)));
    memory.allocate(Kind::Code, 1, 1).unwrap();
}

/// A long random walk against what must hold of each allocation: its bytes stay, it overlaps no other, and it is
/// protected as its state says.
#[test]
fn random_walk() {
    let mut memory = CodeMemory::new();
    let mut live: Vec<(Allocation, Kind, Vec<u8>)> = Vec::new();
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for round in 0..20_000 {
        match random(10) {
            0 => memory.seal().unwrap(),
            1..5 if !live.is_empty() => {
                let (allocation, _, bytes) = live.swap_remove(random(live.len()));
                assert_eq!(read(&memory, &allocation), bytes);
                memory.free(allocation).unwrap();
            }
            _ if live.len() < 300 => {
                let kind = [Kind::Code, Kind::ReadOnlyData, Kind::WritableData][random(3)];
                let len = if random(50) == 0 { random(300_000) } else { random(2_000) };
                let bytes = vec![round as u8; len];
                let align = 1 << random(8);
                let allocation = written(&mut memory, kind, &bytes, align);
                assert_eq!(memory.address(&allocation).unwrap().addr() % align, 0);
                live.push((allocation, kind, bytes));
            }
            _ => {}
        }
        if round % 512 == 0 {
            assert_nothing_writable_and_executable();
        }
    }
    memory.seal().unwrap();
    let mut spans = Vec::new();
    for (allocation, kind, bytes) in &live {
        assert_eq!(&read(&memory, allocation), bytes);
        let expected = match kind {
            Kind::Code => "r-xp",
            Kind::ReadOnlyData => "r--p",
            Kind::WritableData => "rw-p",
        };
        let address = memory.address(allocation).unwrap();
        assert_eq!(permissions(address), expected);
        spans.push((address.addr(), address.addr() + bytes.len()));
    }
    spans.sort_unstable();
    assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "no two overlap");
    assert_nothing_writable_and_executable();
}

fn read(memory: &CodeMemory, allocation: &Allocation) -> Vec<u8> {
    let address = memory.address(allocation).unwrap();
    // SAFETY: all kinds can be read, open or sealed, and the allocation is alive.
    unsafe { std::slice::from_raw_parts(address, allocation.len()) }.to_vec()
}
