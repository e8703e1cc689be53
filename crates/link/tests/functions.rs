//! Compiling and linking functions of IR. Does: calls what was linked. Needs: x86-64. Leaves: nothing.
#![cfg(target_arch = "x86_64")]

use windlass_codegen::options::Options;
use windlass_ir::ir::{Function, TrapCode};
use windlass_ir::reader::parse_functions;
use windlass_link::functions::{DefineError, Functions};
use windlass_link::linker::LinkError;
use windlass_opt::Level;

fn define(functions: &mut Functions, text: &str) -> Result<(), DefineError> {
    let funcs = parse_functions(text).expect("the test's own text");
    functions.define(&funcs, Level::Speed, &Options { check: true, ..Options::default() })
}

/// # Safety
/// The function must be linked and take and return an `i64`.
unsafe fn call(functions: &Functions, name: &str, arg: i64) -> i64 {
    let address = functions.address(name).expect("it was defined");
    // SAFETY: promised by the caller.
    unsafe { std::mem::transmute::<*const u8, extern "C" fn(i64) -> i64>(address)(arg) }
}

const TEXT: &str = "
    function %first(i64) -> i64 system_v {
        fn0 = u0:7(i64) -> i64 system_v
    block0(v0: i64):
        v1 = call fn0(v0)
        return v1
    }
    function u0:7(i64) -> i64 system_v {
        fn0 = %host(i64) -> i64 system_v
    block0(v0: i64):
        trapz v0, user5
        v1 = call fn0(v0)
        return v1
    }";

extern "C" fn host(n: i64) -> i64 {
    n * 3
}

#[test]
fn functions_find_each_other_and_the_host() {
    let mut functions = Functions::new();
    functions.define_host("%host", host as *const u8);
    define(&mut functions, TEXT).unwrap();
    define(
        &mut functions,
        "function %later(i64) -> i64 system_v {
             sig0 = (i64) -> i64 system_v
             fn0 = colocated %first sig0
         block0(v0: i64):
             v1 = func_addr.i64 fn0
             v2 = call_indirect sig0, v1(v0)
             return v2
         }",
    )
    .unwrap();
    // SAFETY: just defined.
    assert_eq!(unsafe { [call(&functions, "%first", 5), call(&functions, "%later", 6)] }, [15, 18]);
}

#[test]
fn addresses_lead_to_functions_and_traps() {
    let mut functions = Functions::new();
    functions.define_host("%host", host as *const u8);
    define(&mut functions, TEXT).unwrap();
    let start = functions.address("u0:7").unwrap().addr();
    let places: Vec<_> = (start..).map_while(|at| functions.at(at).filter(|p| p.function == "u0:7")).collect();
    assert_eq!(places[1].offset, 1);
    let traps: Vec<_> = places.iter().filter_map(|place| place.trap).collect();
    assert_eq!(traps, [TrapCode::unwrap_user(5)]);
    assert_eq!(functions.at(start + (1 << 40)), None);
}

#[test]
fn what_is_missing_is_told_by_name() {
    let mut functions = Functions::new();
    let error = define(&mut functions, TEXT).unwrap_err();
    assert!(matches!(&error, DefineError::Link(LinkError::Undefined(name)) if name == "%host"), "{error}");
    let error = define(&mut functions, "function %v(f128) -> f128 tail { block0(v0: f128): return v0 }").unwrap_err();
    assert!(error.to_string().starts_with("%v: unsupported: "), "{error}");
    let funcs: Vec<Function> = parse_functions(TEXT).unwrap();
    let object = functions.compile(&funcs[0], Level::None, &Options::default()).unwrap();
    assert_eq!(object.references(), ["u0:7"]);
    assert!(!functions.is_known("u0:7") && functions.is_known("memcpy"));
}

#[test]
fn a_stack_limit_traps_as_an_overflow() {
    let mut functions = Functions::new();
    let text = "function %limited(i64 vmctx) -> i64 system_v {
            gv0 = vmctx
            gv1 = load.i64 notrap aligned gv0+8
            stack_limit = gv1
            ss0 = explicit_slot 40000
        block0(v0: i64):
            v1 = stack_addr.i64 ss0
            store v0, v1+39992
            v2 = load.i64 v1+39992
            return v2
        }";
    define(&mut functions, text).unwrap();
    let start = functions.address("%limited").unwrap().addr();
    let places = (start..).map_while(|at| functions.at(at).filter(|p| p.function == "%limited"));
    let overflows = places.filter(|place| place.trap == Some(TrapCode::STACK_OVERFLOW)).count();
    assert_eq!(overflows, 1);
    let context = [0u64, 0];
    let address = context.as_ptr().addr() as i64;
    // SAFETY: just defined; the context has the limit.
    assert_eq!(unsafe { call(&functions, "%limited", address) }, address);
}
