//! Which machines this build makes code for is decided by features of the package. Run with and without them.

use windlass_codegen::isa::{self, LookupError};

#[test]
fn a_machine_that_is_switched_off_is_named_so() {
    let found = isa::lookup_by_name("x86_64").err();
    assert_eq!(found, if cfg!(backend = "x86") { None } else { Some(LookupError::SupportDisabled) });
    assert_eq!(isa::lookup_by_name("i686").err(), Some(LookupError::Unsupported));
    let here = cfg!(all(backend = "x86", target_arch = "x86_64"));
    assert_eq!(isa::native::backend().is_ok(), here);
}
