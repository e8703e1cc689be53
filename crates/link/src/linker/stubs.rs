//! The stubs of a batch: jumps to what is out of reach, whose ends are also the entries of the table of addresses. Needs
//! what is known of the machine.

use std::collections::HashMap;
use windlass_codegen::linkage::{Linkage, Stub};
use windlass_codegen::sink::put;

/// The stubs of a batch.
pub(super) struct Stubs {
    /// None on machines that nothing is known of.
    pub stub: Option<&'static Stub>,
    /// The address of the first one.
    pub first: usize,
    /// From target to the stub's number.
    pub made: HashMap<usize, usize>,
}

impl Stubs {
    /// The address of the stub that goes on to a target.
    pub fn of(&mut self, target: usize) -> Option<usize> {
        let next = self.made.len();
        Some(self.first + self.stub?.size() * *self.made.entry(target).or_insert(next))
    }

    /// The address of the table's entry for a target: the end of its stub.
    pub fn entry(&mut self, target: usize) -> Option<usize> {
        Some(self.of(target)? + self.stub?.code.len())
    }

    /// Writes them to the room that was left for them.
    pub fn write(&self, machine: &Linkage, room: &mut [u8]) {
        let Some(stub) = self.stub else { return };
        for (target, number) in &self.made {
            let (code, entry) = room[stub.size() * number..][..stub.size()].split_at_mut(stub.code.len());
            code.copy_from_slice(stub.code);
            put(machine.order, *target as u128, entry);
        }
    }
}
