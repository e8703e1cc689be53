//! Runs that end otherwise than by returning, which run directives cannot express.

use windlass_desc::bv::{Bv, Num};
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter, InterpreterError};
use windlass_ir::ir::TrapCode;
use windlass_ir::reader::parse_functions;
use windlass_ir::verifier::verify_function;

fn run(text: &str, args: &[DataValue]) -> Result<ControlFlow, InterpreterError> {
    let functions = parse_functions(text).unwrap_or_else(|e| panic!("{e}"));
    functions.iter().for_each(|f| verify_function(f, None).unwrap_or_else(|e| panic!("{e}")));
    let first = functions[0].name.to_string();
    Interpreter::new(FunctionStore::of(&functions)).with_fuel(Some(1_000_000)).call_by_name(&first, args)
}

fn body(text: &str) -> Result<ControlFlow, InterpreterError> {
    run(&format!("function %f() {{ ss0 = explicit_slot 8\n sig0 = ()\n block0: {text} return }}"), &[])
}

fn trap(code: TrapCode) -> Result<ControlFlow, InterpreterError> {
    Ok(ControlFlow::Trap(code))
}

#[test]
fn traps_have_codes() {
    let divide = "v0 = iconst.i32 0 trapz v0, int_divz";
    assert_eq!(body(divide), trap(TrapCode::INTEGER_DIVISION_BY_ZERO));
    assert_eq!(body("v0 = iconst.i32 1 trapnz v0, user7"), trap(TrapCode::unwrap_user(7)));
    let overflow = "v0 = iconst.i32 -1 v1 = uadd_overflow_trap v0, v0, int_ovf";
    assert_eq!(body(overflow), trap(TrapCode::INTEGER_OVERFLOW));
    assert_eq!(body("v0 = iconst.i32 -1 trapz v0, user7"), Ok(ControlFlow::Return(vec![])));
}

#[test]
fn accesses_stay_in_memory() {
    assert_eq!(body("v0 = iconst.i64 0 v1 = load.i8 v0"), trap(TrapCode::HEAP_OUT_OF_BOUNDS));
    assert_eq!(body("v0 = stack_addr.i64 ss0 v1 = load.i64 user3 v0+64"), trap(TrapCode::unwrap_user(3)));
    assert_eq!(body("v0 = stack_addr.i64 ss0 store user4 v0, v0-1"), trap(TrapCode::unwrap_user(4)));
    assert_eq!(body("v0 = stack_addr.i64 ss0 store user4 v0, v0+0x7fff_ffff"), trap(TrapCode::unwrap_user(4)));
    assert!(matches!(
        body("v0 = iconst.i64 -1 v1 = load.i64 notrap v0"),
        Err(InterpreterError::BadAccess { address: u64::MAX, size: 8 })
    ));
}

#[test]
fn a_slot_dies_with_its_frame() {
    let text = "
        function %outer() -> i64 {
            fn0 = %inner() -> i64
        block0:
            v0 = call fn0()
            v1 = load.i64 v0
            return v1
        }
        function %inner() -> i64 {
            ss0 = explicit_slot 8
        block0:
            v0 = stack_addr.i64 ss0
            return v0
        }";
    assert_eq!(run(text, &[]), trap(TrapCode::HEAP_OUT_OF_BOUNDS));
}

#[test]
fn runs_are_bounded() {
    let forever = "function %f() {\nblock0: jump block1\nblock1: jump block1 }";
    assert_eq!(run(forever, &[]), Err(InterpreterError::FuelExhausted));
    let deep = "function %f() { fn0 = %f()\nblock0: call fn0() return }";
    assert_eq!(run(deep, &[]), trap(TrapCode::STACK_OVERFLOW));
    let large = "function %f() { ss0 = explicit_slot 4294967295\nblock0: return }";
    assert_eq!(run(large, &[]), trap(TrapCode::STACK_OVERFLOW));
}

#[test]
fn calls_must_be_possible() {
    assert!(matches!(body("v0 = iconst.i64 7 call_indirect sig0, v0()"), Err(InterpreterError::BadCallee(7))));
    let unknown = "function %f() { fn0 = %nowhere()\nblock0: call fn0() return }";
    assert_eq!(run(unknown, &[]), Err(InterpreterError::UnknownSymbol("%nowhere".into())));
    let wrong = "function %f() { fn0 = %f()\n sig1 = (i8)
        block0: v0 = func_addr.i64 fn0 v1 = iconst.i8 0 call_indirect sig1, v0(v1) return }";
    assert_eq!(run(wrong, &[]), Err(InterpreterError::BadSignature("%f".into())));
    let f = "function %f(i8) {\nblock0(v0: i8): return }";
    assert_eq!(run(f, &[DataValue::I16(1)]), Err(InterpreterError::BadArguments("%f".into())));
    assert_eq!(run(f, &[]), Err(InterpreterError::BadArguments("%f".into())));
}

#[test]
fn what_is_thrown_must_be_caught() {
    let throw = |fp: &str| {
        let text = format!(
            "function %f() {{ fn0 = %__cranelift_throw(i64, i64, i64, i32, i64, i64)
            block0: v0 = get_frame_pointer.i64 v1 = iconst.i64 0 v2 = iconst.i32 7
                call fn0(v0, {fp}, v1, v2, v1, v1) return }}"
        );
        run(&text, &[])
    };
    assert_eq!(throw("v0"), Err(InterpreterError::Uncaught(7)));
    assert_eq!(throw("v1"), Err(InterpreterError::BadFrame(0)));
}

#[test]
fn what_needs_a_machine_says_so() {
    assert_eq!(body("debugtrap"), Err(InterpreterError::Debugtrap));
    let unsupported = |text: &str| match run(text, &[]) {
        Err(InterpreterError::Unsupported { opcode, .. }) => opcode,
        other => panic!("{other:?}"),
    };
    let tls = "function %f() { gv0 = symbol tls %x\nblock0: v0 = tls_value.i64 gv0 return }";
    assert_eq!(unsupported(tls), "tls_value");
    let switch = "function %f() {\nblock0: v0 = iconst.i64 0 v1 = stack_switch v0, v0, v0 return }";
    assert_eq!(unsupported(switch), "stack_switch");
}

#[test]
fn libraries_are_called_and_can_be_replaced() {
    let text = "function %f(f32) -> f32 { fn0 = %CeilF32(f32) -> f32\nblock0(v0: f32): v1 = call fn0(v0) return v1 }";
    let arg = DataValue::from_bits(0x3f80_0001, windlass_ir::ir::types::F32).unwrap();
    let two = DataValue::from_bits(0x4000_0000, windlass_ir::ir::types::F32).unwrap();
    assert_eq!(run(text, std::slice::from_ref(&arg)), Ok(ControlFlow::Return(vec![two])));
    let functions = parse_functions(text).unwrap();
    let trapping = Interpreter::new(FunctionStore::of(&functions))
        .with_libcall_handler(|_, _| Some(Err(TrapCode::unwrap_user(9))))
        .call_by_name("%f", &[arg]);
    assert_eq!(trapping, trap(TrapCode::unwrap_user(9)));
}

#[test]
fn choices_come_from_the_policy() {
    use windlass_desc::env::Choice;
    use windlass_ir::interpreter::{Canonical, Policy};
    struct Ones;
    impl Policy for Ones {
        fn choose(&mut self, _: Choice, width: u32) -> Num {
            Num::lit(width, u128::MAX)
        }
    }
    assert_eq!(Canonical.choose(Choice::Any("bits"), 8).get(), 0);
    let functions = parse_functions("function %f() {\nblock0: return }").unwrap();
    let result = Interpreter::new(FunctionStore::of(&functions)).with_policy(Ones).call_by_name("%f", &[]);
    assert_eq!(result, Ok(ControlFlow::Return(vec![])));
}
