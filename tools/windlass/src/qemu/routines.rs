//! The routines that compiled code calls by itself, for programs without a C library: those that every machine needs in
//! CLIF, those of one machine in its row. Needs the compiler; leaves objects.

use super::machine::{Machine, bytes};
use crate::panics;
use std::collections::BTreeSet;
use windlass_codegen::compiled::CompiledCode;
use windlass_codegen::options::Options;
use windlass_ir::reader::parse_functions;
use windlass_link::functions::{Functions, Object};
use windlass_opt::Level;

const TEXT: &str = include_str!("routines.clif");

/// The routines that objects refer to, under their C names.
pub fn missing(
    machine: &Machine,
    objects: &[Object],
    functions: &mut Functions,
    options: &Options,
) -> Vec<(String, Result<Object, String>)> {
    let wanted: BTreeSet<&str> = objects.iter().flat_map(|o| o.references()).map(String::as_str).collect();
    let own = machine.routines.iter().filter(|(name, _)| wanted.contains(name));
    let code = |lines| CompiledCode { code: bytes(lines), alignment: 16, ..CompiledCode::default() };
    let own = own.map(|&(name, lines)| (name.to_owned(), Ok(Object::new(name, code(lines)))));
    let shared = wanted.iter().filter_map(|name| Some((name.to_string(), text(name)?)));
    let mut compile = |name: &String, text| {
        let func = parse_functions(text).map_err(|e| e.to_string())?.swap_remove(0);
        let made = panics::caught(|| functions.compile(&func, Level::Speed, options).map_err(|e| e.to_string()));
        let mut object = made.flatten()?;
        object.name = name.clone();
        Ok(object)
    };
    let shared = shared.map(|(name, text)| (compile(&name, text), name)).map(|(made, name)| (name, made));
    own.chain(shared).collect()
}

/// The text of a routine, if there is one.
fn text(name: &str) -> Option<&'static str> {
    let start = TEXT.find(&format!("function %{name}("))?;
    let len = TEXT[start..].find("\n}\n")? + 3;
    Some(&TEXT[start..start + len])
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_ir::data_value::DataValue;
    use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter};

    #[test]
    fn rounding_is_that_of_rust() {
        let functions = parse_functions(TEXT).unwrap();
        for func in &functions {
            windlass_ir::verifier::verify_function(func, None).unwrap();
        }
        let mut interpreter = Interpreter::new(FunctionStore::of(&functions));
        let mut run = |name: &str, arg: DataValue| match interpreter.call_by_name(name, &[arg]) {
            Ok(ControlFlow::Return(results)) => results[0].clone(),
            other => panic!("{name}: {other:?}"),
        };
        let big = 1u64 << 52;
        let whole = [0.0, 1.0, 2.0, 3.0, 1e9, big as f64 - 1.0, big as f64, big as f64 + 1.0, 1e300, f64::INFINITY];
        let near = whole.iter().flat_map(|x| [x - 0.5, x + 0.25, x + 0.5, x + 0.75, x.next_down(), x.next_up(), *x]);
        for x in near.flat_map(|x| [x, -x]) {
            let y = x as f32;
            for (name, wide, narrow) in [
                ("%nearbyint", x.round_ties_even(), y.round_ties_even()),
                ("%trunc", x.trunc(), y.trunc()),
                ("%floor", x.floor(), y.floor()),
                ("%ceil", x.ceil(), y.ceil()),
            ] {
                let found = run(name, DataValue::F64(x.into()));
                assert!(found.bitwise_eq(&DataValue::F64(wide.into())), "{name}({x}) is {found}");
                let found = run(&format!("{name}f"), DataValue::F32(y.into()));
                assert!(found.bitwise_eq(&DataValue::F32(narrow.into())), "{name}f({y}) is {found}");
            }
        }
        let nan = run("%floor", DataValue::F64(f64::from_bits(0x7ff0_0000_0000_0001).into()));
        assert_eq!(nan.to_bits() >> 51 & 1, 1, "signalling NaNs become quiet: {nan}");
    }
}
