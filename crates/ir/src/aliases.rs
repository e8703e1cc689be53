//! All aliases of a function resolved at once, in linear time, for those who ask often: a chain of aliases may be as long
//! as the function. Needs the data flow graph.

use crate::ir::dfg::DataFlowGraph;
use crate::ir::entities::Value;

/// Whom to ask what a value is an alias of in the end.
#[derive(Clone, Copy)]
pub(crate) enum Resolver<'a> {
    /// The graph, which follows the chain each time.
    Graph(&'a DataFlowGraph),
    /// Those resolved before.
    Known(&'a Aliases),
}

impl Resolver<'_> {
    /// The value that `v` is an alias of in the end.
    pub(crate) fn resolve(self, v: Value) -> Value {
        match self {
            Resolver::Graph(dfg) => dfg.resolve_aliases(v),
            Resolver::Known(aliases) => aliases.resolve(v),
        }
    }
}

/// What each value is an alias of in the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aliases {
    /// By number; empty if there are no aliases.
    ends: Vec<Value>,
}

impl Aliases {
    /// The aliases of a function.
    pub(crate) fn of(dfg: &DataFlowGraph) -> Self {
        let mut ends: Vec<Value> = Vec::new();
        let mut path = Vec::new();
        for v in dfg.values() {
            let mut at = v;
            // Values that are done lead to their end in one step. A circle ends where it is found.
            while let Some(next) = dfg.value_alias_dest_for_serialization(at) {
                if ends.is_empty() {
                    ends = (0..dfg.num_values() as u32).map(Value::from_u32).collect();
                }
                let done = ends[at.as_u32() as usize];
                if done != at {
                    at = done;
                    break;
                }
                path.push(at);
                if path.len() > ends.len() {
                    break;
                }
                at = next;
            }
            for alias in path.drain(..) {
                ends[alias.as_u32() as usize] = at;
            }
        }
        Aliases { ends }
    }

    /// The value that `v` is an alias of in the end.
    pub(crate) fn resolve(&self, v: Value) -> Value {
        self.ends.get(v.as_u32() as usize).copied().unwrap_or(v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::parse_functions;

    #[test]
    fn chains_end_where_they_end() {
        let text = "function %f(i8) {\nblock0(v3: i8): v2 -> v3 v7 -> v2 v1 -> v7 v4 = iadd v1, v2 v0 -> v4 return }";
        let func = parse_functions(text).unwrap().remove(0);
        let aliases = Aliases::of(&func.dfg);
        for v in func.dfg.values() {
            assert_eq!(aliases.resolve(v), func.dfg.resolve_aliases(v), "{v}");
        }
        assert_eq!(aliases.resolve(Value::from_u32(1)), Value::from_u32(3));
        assert_eq!(aliases.resolve(Value::from_u32(100)), Value::from_u32(100));
    }
}
