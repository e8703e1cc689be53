//! What compiles to nothing yet must be refused, never left out in silence.

use windlass_codegen::compile::Pipeline;
use windlass_codegen::isa;
use windlass_codegen::options::Options;
use windlass_ir::reader::parse_functions;

fn refusal(text: &str) -> String {
    let funcs = parse_functions(text).expect("the text is right");
    let options = Options { check: true, ..Options::default() };
    let backend = isa::native::backend().expect("code is made for this machine");
    Pipeline::new().compile(&funcs[0], backend, &options).expect_err("it is refused").to_string()
}

#[test]
fn a_stack_limit_of_nothing() {
    let text = "function %f(i64) system_v {\n gv0 = vmctx\n stack_limit = gv0\nblock0(v0: i64):\n return\n}";
    assert!(refusal(text).contains("a stack limit"));
}

#[test]
fn a_stack_limit_of_itself() {
    let text = "function %f(i64 vmctx) system_v {\n gv0 = iadd_imm.i64 gv1, 8\n gv1 = load.i64 notrap aligned gv0\n \
                stack_limit = gv0\nblock0(v0: i64):\n return\n}";
    assert!(refusal(text).contains("made of itself"));
}

#[test]
fn registers_that_no_setting_reserves() {
    let text = |op| format!("function %f() -> i64 system_v {{\nblock0:\n v0 = {op}.i64\n return v0\n}}");
    assert!(refusal(&text("get_pinned_reg")).contains("enable_pinned_reg"));
    assert!(refusal(&text("get_frame_pointer")).contains("preserve_frame_pointers"));
    assert!(refusal(&text("get_return_address")).contains("preserve_frame_pointers"));
}

#[test]
fn patchable_calls_that_leave_something_behind() {
    let text = "function %f() -> i64 system_v {\n fn0 = colocated patchable %g() -> i64 system_v\nblock0:\n \
                v0 = call fn0()\n return v0\n}";
    assert!(refusal(text).contains("patchable calls with results"));
    let text = "function %f() tail {\n fn0 = colocated patchable %g() tail\nblock0:\n return_call fn0()\n}";
    assert!(refusal(text).contains("patchable"));
    let text = "function %f() system_v {\n fn0 = patchable %g() system_v\nblock0:\n call fn0()\n return\n}";
    assert!(refusal(text).contains("not colocated"));
    let seven = ["i64"; 7].join(", ");
    let text = format!(
        "function %f(i64) system_v {{\n fn0 = colocated patchable %g({seven}) tail\nblock0(v0: i64):\n \
                        call fn0(v0, v0, v0, v0, v0, v0, v0)\n return\n}}"
    );
    assert!(refusal(&text).contains("removes stack arguments"));
}

#[test]
fn alignments_that_no_frame_has() {
    let text =
        "function %f() -> i64 system_v {\n ss0 = explicit_slot 8\nblock0:\n v0 = stack_addr.i64 ss0\n return v0\n}";
    let mut func = parse_functions(text).unwrap().remove(0);
    for shift in [31, 63, 255] {
        func.sized_stack_slots.values_mut().for_each(|slot| slot.align_shift = shift);
        let refusal = Pipeline::new()
            .compile(&func, isa::native::backend().unwrap(), &Options::default())
            .unwrap_err()
            .to_string();
        assert!(refusal.contains(&format!("{} bytes of stack", (1u64 << shift.min(63)) - 8)), "{refusal}");
    }
}

#[test]
fn a_stack_map_of_a_slot_that_moves_in_its_room() {
    let text = "function %f() system_v {\n ss0 = explicit_slot 8, align = 32\n fn0 = %g() system_v\nblock0:\n \
                call fn0(), stack_map=[i64 @ ss0+0]\n return\n}";
    assert!(refusal(text).contains("stack maps of stack slots aligned above 16"));
}

#[test]
fn a_function_without_blocks() {
    assert!(refusal("function %f() system_v {\n}").contains("without blocks"));
}

#[test]
fn more_results_than_registers() {
    for conv in ["system_v", "fast", "windows_fastcall"] {
        let text = format!("function %f(i64) -> i64, i64, i64 {conv} {{\nblock0(v0: i64):\n return v0, v0, v0\n}}");
        assert!(refusal(&text).contains("enable_multi_ret_implicit_sret"), "{conv}");
    }
    let text = "function %f(f64) -> f64, f64, f64 system_v {\nblock0(v0: f64):\n return v0, v0, v0\n}";
    assert!(refusal(text).contains("enable_multi_ret_implicit_sret"));
}

#[test]
fn a_conversion_of_another_number_of_lanes() {
    for (from, op) in [("f32x4", "fcvt_to_sint_sat.i32"), ("f64x2", "x86_cvtt2dq.i64"), ("i32x4", "fcvt_from_uint.f32")]
    {
        let to = op.split_once('.').unwrap().1;
        let text =
            format!("function %f({from}) -> {to} system_v {{\nblock0(v0: {from}):\n v1 = {op} v0\n return v1\n}}");
        let refusal = refusal(&text);
        assert!(refusal.starts_with("unsupported"), "{op}: {refusal}");
    }
}
