//! Prints a function with what is wrong in it beside the places where it is. Needs the printer and the verifier's errors.

use crate::entity::SecondaryMap;
use crate::ir::Function;
use crate::ir::entities::{AnyEntity, Block, Inst, Value};
use crate::verifier::{VerifierError, VerifierErrors};
use crate::write::{FuncWriter, FunctionWriter, decorate_function};
use std::fmt::{self, Write};

/// The function as `writer` (or, if there is none, the plain printer) prints it, with each error after the line of its
/// entity. Errors of entities that are not printed follow at the end.
pub fn pretty_verifier_error<'a>(
    func: &Function,
    writer: Option<Box<dyn FuncWriter + 'a>>,
    errors: VerifierErrors,
) -> String {
    let count = errors.0.len();
    let inner = writer.unwrap_or_else(|| Box::new(FunctionWriter::new(func)));
    let mut pretty = PrettyWriter { inner, errors: errors.0 };
    let mut text = String::new();
    // A String takes everything.
    let _ = decorate_function(&mut pretty, &mut text, func);
    for e in &pretty.errors {
        let _ = writeln!(text, "; error: {}: {}", e.location, e.message);
    }
    let s = if count == 1 { "" } else { "s" };
    let _ = writeln!(text, "\n; {count} verifier error{s} detected (see above)");
    text
}

struct PrettyWriter<'a> {
    inner: Box<dyn FuncWriter + 'a>,
    /// The errors not printed yet.
    errors: Vec<VerifierError>,
}

impl PrettyWriter<'_> {
    /// Writes the errors of an entity whose line starts after `indent` blanks.
    fn errors_of(&mut self, w: &mut dyn Write, entity: AnyEntity, indent: usize) -> fmt::Result {
        let of = |e: &VerifierError| e.location == entity;
        for e in self.errors.iter().filter(|e| of(e)) {
            writeln!(w, ";{:1$}^ error: {entity}: {2}", "", indent.saturating_sub(1), e.message)?;
        }
        self.errors.retain(|e| !of(e));
        Ok(())
    }
}

impl FuncWriter for PrettyWriter<'_> {
    fn write_block_header(&mut self, w: &mut dyn Write, func: &Function, block: Block, indent: usize) -> fmt::Result {
        self.inner.write_block_header(w, func, block, indent)?;
        self.errors_of(w, block.into(), indent)
    }

    fn write_instruction(
        &mut self,
        w: &mut dyn Write,
        func: &Function,
        aliases: &SecondaryMap<Value, Vec<Value>>,
        inst: Inst,
        indent: usize,
    ) -> fmt::Result {
        self.inner.write_instruction(w, func, aliases, inst, indent)?;
        self.errors_of(w, inst.into(), indent)
    }

    fn write_entity_definition(
        &mut self,
        w: &mut dyn Write,
        func: &Function,
        entity: AnyEntity,
        value: &dyn fmt::Display,
    ) -> fmt::Result {
        self.inner.write_entity_definition(w, func, entity, value)?;
        self.errors_of(w, entity, 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::entities::AliasRegion;
    use crate::reader::parse_functions;
    use crate::verifier::verify_function;

    #[test]
    fn errors_stand_below_their_lines() {
        let text = "function %f(i32) -> i64 {
            region0 = 1 \"a\"
            block0(v0: i32): return v0 }";
        let func = parse_functions(text).unwrap().remove(0);
        let mut errors = verify_function(&func, None).unwrap_err();
        errors.report((AliasRegion::from_u32(0), "odd"));
        errors.report((AnyEntity::Function, "and that is not all"));
        let expected = "\
function %f(i32) -> i64 fast {
    region0 = 1 \"a\"
;   ^ error: region0: odd

block0(v0: i32):
    return v0
;   ^ error: inst0: result 0 has type i32, must match function signature of i64
}
; error: function: and that is not all

; 3 verifier errors detected (see above)
";
        assert_eq!(pretty_verifier_error(&func, None, errors), expected);
    }
}
