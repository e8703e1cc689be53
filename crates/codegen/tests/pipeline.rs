//! smoke
use windlass_codegen::compile::{Context, Options};
use windlass_ir::cursor::{Cursor, FuncCursor};
use windlass_ir::ir::condcodes::IntCC;
use windlass_ir::ir::types::*;
use windlass_ir::ir::*;
use windlass_ir::isa::CallConv;

fn run(code: &[u8], args: &[u64]) -> u64 {
    let mut m = memmap2::MmapMut::map_anon(code.len().max(1)).unwrap();
    m.copy_from_slice(code);
    let m = m.make_exec().unwrap();
    let mut a = [0u64; 6];
    a[..args.len()].copy_from_slice(args);
    // SAFETY: test
    let f: extern "C" fn(u64, u64, u64, u64, u64, u64) -> u64 = unsafe { std::mem::transmute(m.as_ptr()) };
    f(a[0], a[1], a[2], a[3], a[4], a[5])
}

#[test]
fn smoke() {
    let mut sig = Signature::new(CallConv::SystemV);
    sig.params.push(AbiParam::new(I64));
    sig.params.push(AbiParam::new(I32));
    sig.returns.push(AbiParam::new(I64));
    let mut func = Function::with_name_signature(UserFuncName::testcase("f"), sig);
    let b0 = func.dfg.make_block();
    let b1 = func.dfg.make_block();
    let b2 = func.dfg.make_block();
    let x = func.dfg.append_block_param(b0, I64);
    let y = func.dfg.append_block_param(b0, I32);
    let i = func.dfg.append_block_param(b1, I64);
    let acc = func.dfg.append_block_param(b1, I64);
    let mut pos = FuncCursor::new(&mut func);
    pos.insert_block(b0);
    let y1 = pos.ins().iconst(I32, 5);
    let y2 = pos.ins().iadd(y, y1);
    let y3 = pos.ins().uextend(I64, y2);
    let z = pos.ins().iconst(I64, 0);
    pos.ins().jump(b1, &[x.into(), z.into()]);
    pos.insert_block(b1);
    let acc2 = pos.ins().iadd(acc, y3);
    let one = pos.ins().iconst(I64, 1);
    let i2 = pos.ins().isub(i, one);
    let zero = pos.ins().iconst(I64, 0);
    let c = pos.ins().icmp(IntCC::NotEqual, i2, zero);
    pos.ins().brif(c, b1, &[i2.into(), acc2.into()], b2, &[]);
    pos.insert_block(b2);
    let k = pos.ins().iconst(I64, 3);
    let r = pos.ins().ishl(acc2, k);
    pos.ins().return_(&[r]);
    let o = Options { check_allocation: true, listing: true, ..Options::default() };
    let mut cx = Context::new();
    let out = cx.compile(&func, &o).unwrap();
    for l in &out.lines {
        println!("{:4} {:40} {} {:?}", l.offset, l.text, l.source, l.inst);
    }
    println!("{:02x?}", out.code);
    assert_eq!(run(&out.code, &[10, 2]), 10 * 7 * 8);
}
