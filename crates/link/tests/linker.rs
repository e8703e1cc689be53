//! Linking hand-written x86-64 code into this process. Does: links, calls and unlinks. Needs: x86-64. Leaves: nothing.
#![cfg(target_arch = "x86_64")]

use windlass_codegen::binemit::Reloc as RelocKind;
use windlass_link::linker::{Blob, LinkError, Linker, Reloc, Target};
use windlass_link::memory::{Kind, MemoryError};

use RelocKind::{Abs8, X86CallPCRel4, X86PCRel4};

fn symbol(name: &str) -> Target {
    Target::Symbol(name.to_owned())
}

fn reloc(offset: u32, kind: RelocKind, target: Target, addend: i64) -> Reloc {
    Reloc { offset, kind, target, addend }
}

fn code(name: &str, bytes: &[u8], relocs: Vec<Reloc>) -> Blob {
    Blob { name: Some(name.to_owned()), kind: Kind::Code, bytes: bytes.to_vec(), zeros: 0, align: 16, relocs }
}

fn data(kind: Kind, bytes: &[u8], relocs: Vec<Reloc>) -> Blob {
    Blob { name: None, kind, bytes: bytes.to_vec(), zeros: 0, align: 8, relocs }
}

/// `mov eax, value; ret`
fn constant(name: &str, value: u8) -> Blob {
    code(name, &[0xb8, value, 0, 0, 0, 0xc3], vec![])
}

/// `sub rsp, 8; call target` twice, the results added: `mov [rsp], eax; call target; add eax, [rsp]; add rsp, 8; ret`
fn twice(name: &str, target: Target) -> Blob {
    let bytes = [
        [0x48, 0x83, 0xec, 8].as_slice(),
        &[0xe8, 0, 0, 0, 0],
        &[0x89, 0x04, 0x24],
        &[0xe8, 0, 0, 0, 0],
        &[0x03, 0x04, 0x24],
        &[0x48, 0x83, 0xc4, 8],
        &[0xc3],
    ];
    let calls = [5, 13].map(|offset| reloc(offset, X86CallPCRel4, target.clone(), -4));
    code(name, &bytes.concat(), calls.to_vec())
}

/// # Safety
/// The address must be that of a function of this type in memory that is still linked.
unsafe fn call(address: *const u8) -> u32 {
    // SAFETY: promised by the caller.
    unsafe { std::mem::transmute::<*const u8, extern "C" fn() -> u32>(address)() }
}

extern "C" fn host_seven() -> u32 {
    7
}

extern "C" fn host_nine() -> u32 {
    9
}

#[test]
fn blobs_of_a_batch_find_each_other_in_any_order() {
    let mut linker = Linker::new();
    // `mov rax, [rip + table]; jmp rax`
    let through_table =
        code("main", &[0x48, 0x8b, 0x05, 0, 0, 0, 0, 0xff, 0xe0], vec![reloc(3, X86PCRel4, Target::Blob(1), 4)]);
    let table = data(Kind::ReadOnlyData, &[0; 16], vec![reloc(8, Abs8, symbol("double"), 0)]);
    let linked = linker.link(&[through_table, table, twice("double", symbol("five")), constant("five", 5)]).unwrap();
    assert_eq!(linker.address("main"), Some(linked.address(0)));
    // SAFETY: just linked.
    assert_eq!(unsafe { call(linked.address(0)) }, 10);
    // SAFETY: constants can be read.
    let entry = unsafe { linked.address(1).add(8).cast::<usize>().read() };
    assert_eq!(entry, linked.address(2).addr());
}

#[test]
fn batches_and_host_symbols_are_found_near_and_far() {
    let mut linker = Linker::new();
    linker.define_host("seven", host_seven as *const u8);
    linker.set_lookup(|name| (name == "nine").then_some(host_nine as *const u8));
    let first = linker.link(&[constant("five", 5)]).unwrap();
    let names = ["five", "seven", "nine"];
    let doubles: Vec<_> = names.iter().map(|name| twice(&format!("2 {name}"), symbol(name))).collect();
    let linked = linker.link(&doubles).unwrap();
    for (blob, expected) in [10, 14, 18].into_iter().enumerate() {
        // SAFETY: just linked.
        assert_eq!(unsafe { call(linked.address(blob)) }, expected);
    }
    // SAFETY: linked above.
    assert_eq!(unsafe { call(first.address(0)) }, 5);
}

#[test]
fn a_far_call_goes_through_a_stub_of_its_batch() {
    let mut linker = Linker::new();
    let far = 0x1000 as *const u8;
    linker.define_host("far", far);
    let linked = linker.link(&[twice("a", symbol("far")), twice("b", symbol("far"))]).unwrap();
    let stub_of = |blob: usize, offset: usize| {
        // SAFETY: code can be read; the field lies within the blob.
        let distance = unsafe { linked.address(blob).add(offset).cast::<i32>().read_unaligned() };
        linked.address(blob).addr().wrapping_add(offset + 4).wrapping_add_signed(distance as isize)
    };
    let stub = stub_of(0, 5);
    assert!([stub_of(0, 13), stub_of(1, 5), stub_of(1, 13)].iter().all(|&other| other == stub), "one stub for all");
    let bytes = stub as *const [u8; 16];
    // SAFETY: a stub that calls go to lies in the batch's memory.
    let bytes = unsafe { bytes.read() };
    assert_eq!(bytes, [0xff, 0x25, 2, 0, 0, 0, 0xcc, 0xcc, 0x00, 0x10, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn what_does_not_reach_is_an_error() {
    let mut linker = Linker::new();
    linker.define_host("far", 0x1000 as *const u8);
    for wrong in [reloc(1, X86PCRel4, symbol("far"), -4), reloc(1, X86CallPCRel4, symbol("far"), 0)] {
        let error = linker.link(&[code("f", &[0xe8, 0, 0, 0, 0, 0xc3], vec![wrong])]).unwrap_err();
        assert_eq!(error.to_string(), "a reference to Symbol(\"far\") at offset 1 of `f` is out of range");
        assert_eq!(linker.address("f"), None);
    }
    linker.link(&[constant("f", 1)]).unwrap();
}

#[test]
fn wrong_batches_are_refused_and_leave_nothing() {
    let mut linker = Linker::new();
    linker.link(&[constant("f", 1)]).unwrap();
    let undefined = linker.link(&[constant("g", 1), twice("h", symbol("nowhere"))]);
    assert!(matches!(undefined, Err(LinkError::Undefined(name)) if name == "nowhere"));
    let again = linker.link(&[constant("g", 1), constant("f", 2)]);
    assert!(matches!(again, Err(LinkError::Duplicate(name)) if name == "f"));
    let both = linker.link(&[constant("g", 1), constant("g", 2)]);
    assert!(matches!(both, Err(LinkError::Duplicate(name)) if name == "g"));
    for wrong in [
        reloc(3, X86PCRel4, symbol("f"), 0),
        reloc(0, Abs8, symbol("f"), 0),
        reloc(u32::MAX, Abs8, symbol("f"), 0),
        reloc(0, X86PCRel4, Target::Blob(1), 0),
    ] {
        let result = linker.link(&[code("g", &[0; 6], vec![wrong])]);
        assert!(matches!(result, Err(LinkError::Malformed { .. })));
    }
    let align = linker.link(&[Blob { align: 3, ..constant("g", 1) }]);
    assert!(matches!(align, Err(LinkError::Memory(MemoryError::Alignment(3)))));
    assert_eq!(linker.address("g"), None);
    linker.link(&[constant("g", 1)]).unwrap();
}

#[test]
fn an_unlinked_name_can_be_defined_anew() {
    let mut linker = Linker::new();
    let kept = linker.link(&[constant("kept", 1)]).unwrap();
    for value in 0..100 {
        let linked = linker.link(&[constant("f", value), data(Kind::WritableData, &[value; 10], vec![])]).unwrap();
        // SAFETY: just linked.
        assert_eq!(unsafe { call(linker.address("f").unwrap()) }, u32::from(value));
        linker.unlink(linked).unwrap();
        assert_eq!(linker.address("f"), None);
    }
    let foreign = Linker::new().link(&[constant("kept", 1)]).unwrap();
    assert!(matches!(linker.unlink(foreign), Err(LinkError::Memory(MemoryError::Foreign))));
    assert_eq!(linker.address("kept"), Some(kept.address(0)));
}

#[test]
fn blobs_without_bytes_have_addresses() {
    let mut linker = Linker::new();
    let empty = || data(Kind::ReadOnlyData, &[], vec![]);
    let linked = linker.link(&[empty(), empty()]).unwrap();
    assert!(!linked.address(0).is_null() && linked.address(0) != linked.address(1));
    linker.link(&[]).unwrap();
}

#[test]
fn own_symbols_go_before_the_host_s() {
    let mut linker = Linker::new();
    linker.define_host("seven", host_seven as *const u8);
    linker.set_lookup(|_| panic!("known without asking"));
    let batch = [twice("double", symbol("seven")), constant("seven", 1)];
    let linked = linker.link(&batch).unwrap();
    // SAFETY: just linked.
    assert_eq!(unsafe { call(linked.address(0)) }, 2);
}

/// `lea rax, [rip + target + 4]; ret`, or the same with another opcode.
fn address_of(name: &str, opcode: u8, target: Target) -> Blob {
    code(name, &[0x48, opcode, 0x05, 0, 0, 0, 0, 0xc3], vec![reloc(3, X86PCRel4, target, 0)])
}

#[test]
fn a_far_address_is_loaded_from_a_table() {
    let mut linker = Linker::new();
    let far = Target::Address(0x10);
    let near = data(Kind::ReadOnlyData, &[7; 8], vec![]);
    let batch = [address_of("near", 0x8d, Target::Blob(2)), address_of("far", 0x8d, far.clone()), near];
    let linked = linker.link(&batch).unwrap();
    // SAFETY: just linked.
    let address = |n| unsafe { std::mem::transmute::<*const u8, extern "C" fn() -> usize>(linked.address(n))() };
    assert_eq!((address(0), address(1)), (linked.address(2).addr() + 4, 0x14));
    // SAFETY: both are eight bytes long.
    let opcode = |n| unsafe { linked.address(n).add(1).read() };
    assert_eq!((opcode(0), opcode(1)), (0x8d, 0x8b));
    // what reads or writes memory there cannot go through a table
    let error = linker.link(&[address_of("load", 0x8b, far)]).unwrap_err();
    assert_eq!(error.to_string(), "a reference to Address(16) at offset 3 of `load` is out of range");
    linker.unlink(linked).unwrap();
}
