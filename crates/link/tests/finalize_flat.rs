//! A finalization costs the same however much was finalized before: a test program of its own, so that no other test's
//! memory is counted. Does: counts mappings of the kernel, which has a limit for them, and allocations. Needs: x86-64 with
//! Linux. Leaves: nothing.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use windlass_link::jit::{JITBuilder, JITModule};
use windlass_link::module::{DataDescription, Module, ModuleReloc, default_libcall_names};

/// Counts calls.
struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does everything.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: promised by the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

/// Defines a function that returns the address of new data, in a round of its own, and calls it.
fn round(module: &mut JITModule) {
    let sig = module.make_signature();
    let data = [true, false].map(|writable| module.declare_anonymous_data(writable, false).unwrap());
    let mut zeros = DataDescription::new();
    zeros.define_zeroinit(100);
    data.iter().for_each(|&data| module.define_data(data, &zeros).unwrap());
    let f = module.declare_anonymous_function(&sig).unwrap();
    let kind = windlass_codegen::binemit::Reloc::X86PCRel4;
    let reloc = ModuleReloc { offset: 3, kind, name: data[0].into(), addend: -4 };
    // `lea rax, [rip + data]; ret`
    module.define_function_bytes(f, 16, &[0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3], &[reloc]).unwrap();
    module.finalize_definitions().unwrap();
    let address = module.get_finalized_function(f);
    // SAFETY: it was just finalized, and takes nothing.
    let found = unsafe { std::mem::transmute::<*const u8, extern "C" fn() -> *const u8>(address)() };
    assert_eq!(found, module.get_finalized_data(data[0]).0);
}

#[test]
fn a_round_costs_the_same_however_many_came_before() {
    let mut module = JITModule::new(JITBuilder::new(default_libcall_names()).unwrap());
    let window = |module: &mut JITModule| {
        let before = CALLS.load(Ordering::Relaxed);
        (0..1000).for_each(|_| round(module));
        CALLS.load(Ordering::Relaxed) - before
    };
    let (first, few) = (window(&mut module), mappings());
    (0..28_000).for_each(|_| round(&mut module));
    let (last, many) = (window(&mut module), mappings());
    // some for each region of many MiB, none for a round
    assert!(many <= few + 100, "{few} mappings after 1,000 rounds, {many} after 30,000");
    assert!(last <= first + first / 10, "{first} allocations in the first 1,000 rounds, {last} in the last");
    // SAFETY: nothing of it is used any more.
    unsafe { module.free_memory() };
}
