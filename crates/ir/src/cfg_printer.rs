//! The control flow graph as a drawing for Graphviz: a node for each block, with its heading and its terminator, and an
//! edge for each branch into a block. Needs the graph and the printer of functions.

use crate::flowgraph::ControlFlowGraph;
use crate::ir::Function;
use crate::write::{DirectAliases, FuncWriter, FunctionWriter};
use std::fmt::{self, Display, Write};

/// Draws the control flow graph of a function, in the language of Graphviz's `dot`.
pub struct CFGPrinter<'a> {
    func: &'a Function,
    cfg: ControlFlowGraph,
}

impl<'a> CFGPrinter<'a> {
    /// A drawing of this function's graph.
    pub fn new(func: &'a Function) -> Self {
        CFGPrinter { func, cfg: ControlFlowGraph::with_function(func) }
    }

    /// Writes the whole drawing.
    pub fn write(&self, w: &mut dyn Write) -> fmt::Result {
        writeln!(w, "digraph \"{}\" {{", self.func.name)?;
        if let Some(entry) = self.func.layout.entry_block() {
            writeln!(w, "    {{rank=min; {entry}}}")?;
        }
        self.nodes(w)?;
        for block in self.func.layout.blocks() {
            for pred in self.cfg.pred_iter(block) {
                writeln!(w, "    {}:{} -> {block}", pred.block, pred.inst)?;
            }
        }
        w.write_str("}\n")
    }

    fn nodes(&self, w: &mut dyn Write) -> fmt::Result {
        let mut writer = FunctionWriter::new(self.func);
        let aliases = DirectAliases::new();
        for block in self.func.layout.blocks() {
            write!(w, "    {block} [shape=record, label=\"{{")?;
            writer.write_block_header(w, self.func, block, 0)?;
            if let Some(inst) = self.func.layout.last_inst(block) {
                write!(w, " | <{inst}>")?;
                writer.write_instruction(w, self.func, &aliases, inst, 0)?;
            }
            w.write_str("}\"]\n")?;
        }
        Ok(())
    }
}

impl Display for CFGPrinter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}
