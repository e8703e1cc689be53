//! Functions made with the builder that makes SSA form on the fly: variables, blocks and switches without number.

use super::Row;
use crate::stages::Input;
use windlass_ir::frontend::{FunctionBuilder, FunctionBuilderContext, Switch, Variable};
use windlass_ir::ir::condcodes::IntCC;
use windlass_ir::ir::types::{I32, I64};
use windlass_ir::ir::{
    AbiParam, Block, ExtFuncData, ExternalName, Function, InstBuilder, Signature, UserFuncName, Value,
};
use windlass_ir::isa::{CallConv, TargetFrontendConfig};

macro_rules! rows {
    ($($name:literal: $make:expr),* $(,)?) => {
        &[$(Row {
            name: $name,
            make: |n| Input::Builder(Box::new(move || build(n, $make as fn(&mut Work, usize)))),
            compile: true,
        }),*]
    };
}

pub(super) const ROWS: &[Row] = rows! {
    "builder: variables": variables,
    "builder: variables read late": variables_read_late,
    "builder: variables over a loop": variables_over_a_loop,
    "builder: one variable, many blocks": |w, n| chain(w, n, true),
    "builder: sealed at the end": |w, n| chain(w, n, false),
    "builder: diamonds": diamonds,
    "builder: nested loops": nested_loops,
    "builder: loops in a row": loops_in_a_row,
    "builder: undefined variables": undefined,
    "builder: definitions of one variable": |w, n| for _ in 0..n {
        let old = w.b.use_var(w.var);
        let new = w.b.ins().iadd(old, w.x);
        w.b.def_var(w.var, new);
    },
    "builder: many predecessors": many_predecessors,
    "builder: dense switch": |w, n| switch(w, n, |i| i as u128),
    "builder: sparse switch": |w, n| switch(w, n, |i| 3 * i as u128),
    "builder: switch of pairs": |w, n| switch(w, n, |i| (5 * i + i % 5 % 2) as u128),
    "builder: stack maps": stack_maps,
    "builder: values in stack maps": values_in_stack_maps,
};

/// A function being built: in its first block, with a parameter and a variable that has a value.
struct Work<'a> {
    b: FunctionBuilder<'a>,
    x: Value,
    var: Variable,
}

fn build(n: usize, fill: fn(&mut Work, usize)) -> Function {
    let mut sig = Signature::new(CallConv::SystemV);
    sig.params.push(AbiParam::new(I64));
    sig.returns.push(AbiParam::new(I64));
    let mut func = Function::with_name_signature(UserFuncName::testcase("built"), sig);
    let mut context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut func, &mut context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let x = b.block_params(entry)[0];
    let var = b.declare_var(I64);
    b.def_var(var, x);
    let mut work = Work { b, x, var };
    fill(&mut work, n);
    let Work { mut b, var, .. } = work;
    let result = b.use_var(var);
    b.ins().return_(&[result]);
    b.seal_all_blocks();
    let pointer = target_lexicon::PointerWidth::U64;
    let config =
        TargetFrontendConfig { default_call_conv: CallConv::SystemV, pointer_width: pointer, page_size_align_log2: 12 };
    b.finalize(config);
    func
}

impl Work<'_> {
    /// Many variables, each with a value of its own.
    fn declare(&mut self, n: usize) -> Vec<Variable> {
        let new = |w: &mut Self, i: usize| {
            let var = w.b.declare_var(I64);
            let value = w.b.ins().iadd_imm_s(w.x, i as i64);
            w.b.def_var(var, value);
            var
        };
        (0..n).map(|i| new(self, i)).collect()
    }

    /// Goes on in a new block that only the current one leads to, sealed if `seal`.
    fn step(&mut self, seal: bool) -> Block {
        let next = self.b.create_block();
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
        if seal {
            self.b.seal_block(next);
        }
        next
    }

    /// Adds a variable to the result.
    fn add(&mut self, var: Variable) {
        let (sum, value) = (self.b.use_var(self.var), self.b.use_var(var));
        let sum = self.b.ins().iadd(sum, value);
        self.b.def_var(self.var, sum);
    }
}

fn variables(w: &mut Work, n: usize) {
    let all = w.declare(n);
    w.step(true);
    all.into_iter().for_each(|var| w.add(var));
}

/// A variable of the first block, read behind a thousandth as many blocks as there are variables.
fn variables_read_late(w: &mut Work, n: usize) {
    let all = w.declare(n);
    (0..64).for_each(|_| _ = w.step(true));
    all.into_iter().for_each(|var| w.add(var));
}

fn variables_over_a_loop(w: &mut Work, n: usize) {
    let all = w.declare(n);
    let head = w.step(false);
    for var in all {
        w.add(var);
    }
    let (body, exit) = (w.b.create_block(), w.b.create_block());
    let limit = w.b.use_var(w.var);
    w.b.ins().brif(limit, body, &[], exit, &[]);
    w.b.switch_to_block(body);
    w.b.ins().jump(head, &[]);
    w.b.seal_block(head);
    w.b.switch_to_block(exit);
}

fn chain(w: &mut Work, n: usize, seal: bool) {
    (0..n).for_each(|_| _ = w.step(seal));
}

fn diamonds(w: &mut Work, n: usize) {
    for i in 0..n / 4 {
        let [yes, no, join] = [w.b.create_block(), w.b.create_block(), w.b.create_block()];
        w.b.ins().brif(w.x, yes, &[], no, &[]);
        w.b.seal_block(yes);
        w.b.seal_block(no);
        for (block, by) in [(yes, 1), (no, 2)] {
            w.b.switch_to_block(block);
            if i % 2 == 0 {
                let old = w.b.use_var(w.var);
                let new = w.b.ins().iadd_imm_s(old, by);
                w.b.def_var(w.var, new);
            }
            w.b.ins().jump(join, &[]);
        }
        w.b.seal_block(join);
        w.b.switch_to_block(join);
    }
}

fn nested_loops(w: &mut Work, n: usize) {
    let heads: Vec<Block> = (0..n / 4).map(|_| w.step(false)).collect();
    for head in heads.into_iter().rev() {
        let exit = w.b.create_block();
        let old = w.b.use_var(w.var);
        let new = w.b.ins().iadd(old, w.x);
        w.b.def_var(w.var, new);
        w.b.ins().brif(new, head, &[], exit, &[]);
        w.b.seal_block(head);
        w.b.seal_block(exit);
        w.b.switch_to_block(exit);
    }
}

/// Loops that read a variable and do not write it, so that their parameters turn out to be superfluous.
fn loops_in_a_row(w: &mut Work, n: usize) {
    for _ in 0..n / 4 {
        let head = w.step(false);
        let exit = w.b.create_block();
        let value = w.b.use_var(w.var);
        w.b.ins().brif(value, head, &[], exit, &[]);
        w.b.seal_block(head);
        w.b.seal_block(exit);
        w.b.switch_to_block(exit);
    }
}

fn undefined(w: &mut Work, n: usize) {
    let all: Vec<Variable> = (0..n).map(|_| w.b.declare_var(I64)).collect();
    w.step(false);
    all.into_iter().for_each(|var| w.add(var));
}

fn many_predecessors(w: &mut Work, n: usize) {
    let join = w.b.create_block();
    for i in 0..n / 2 {
        let next = w.b.create_block();
        let value = w.b.ins().iconst(I64, i as i64);
        w.b.def_var(w.var, value);
        w.b.ins().brif(w.x, join, &[], next, &[]);
        w.b.seal_block(next);
        w.b.switch_to_block(next);
    }
    w.b.ins().jump(join, &[]);
    w.b.seal_block(join);
    w.b.switch_to_block(join);
}

fn switch(w: &mut Work, n: usize, value: fn(usize) -> u128) {
    let join = w.b.create_block();
    let mut switch = Switch::new();
    for i in 0..n {
        let case = w.b.create_block();
        switch.set_entry(value(i), case);
        w.b.insert_block_after(case, w.b.current_block().expect("a block is being filled"));
    }
    let cases: Vec<Block> = switch.entries().values().copied().collect();
    let index = w.b.ins().ireduce(I32, w.x);
    switch.emit(&mut w.b, index, join);
    for case in cases {
        w.b.switch_to_block(case);
        w.b.ins().jump(join, &[]);
    }
    w.b.switch_to_block(join);
}

/// Blocks of a loop with a call each, over which a variable lives that needs a stack map.
fn stack_maps(w: &mut Work, n: usize) {
    w.b.declare_var_needs_stack_map(w.var);
    let callee = callee(w);
    let head = w.step(false);
    for _ in 0..n / 4 {
        w.b.ins().call(callee, &[]);
        w.step(true);
    }
    let exit = w.b.create_block();
    let value = w.b.use_var(w.var);
    let more = w.b.ins().icmp(IntCC::Equal, value, w.x);
    w.b.ins().brif(more, head, &[], exit, &[]);
    w.b.seal_block(head);
    w.b.switch_to_block(exit);
}

/// Values that each live over one call and need a stack map.
fn values_in_stack_maps(w: &mut Work, n: usize) {
    let callee = callee(w);
    for i in 0..n / 4 {
        let value = w.b.ins().iadd_imm_s(w.x, i as i64);
        w.b.declare_value_needs_stack_map(value);
        w.b.ins().call(callee, &[]);
        let old = w.b.use_var(w.var);
        let new = w.b.ins().iadd(old, value);
        w.b.def_var(w.var, new);
    }
}

fn callee(w: &mut Work) -> windlass_ir::ir::FuncRef {
    let signature = w.b.import_signature(Signature::new(CallConv::SystemV));
    let name = ExternalName::testcase("g");
    w.b.import_function(ExtFuncData { name, signature, colocated: false, patchable: false })
}
