//! The two compilers. Both have the same interface, so that one text serves for both. Needs texts of functions.

macro_rules! compiler { ($(#[$doc:meta])* $name:ident $codegen:ident $reader:ident) => {
    $(#[$doc])*
    pub mod $name {
        use crate::Compiler;
        use crate::clock::{self, Stage};
        use crate::source::Source;
        use anyhow::Result;
        use std::any::Any;
        use std::time::Duration;
        use $codegen::Context;
        use $codegen::control::ControlPlane;
        use $codegen::ir::Function;
        use $codegen::isa::{self, OwnedTargetIsa};
        use $codegen::settings::{self, Configurable};
        use $codegen::timing::{Pass, Profiler, set_thread_profiler};
        use $reader::parse_functions;

        /// The functions, and memory that is kept between them.
        pub struct Subject {
            functions: Vec<Result<Function, String>>,
            copies: Vec<Option<Function>>,
            context: Context,
            isa: OwnedTargetIsa,
        }

        impl Subject {
            /// Reads the functions.
            pub fn new(source: &Source, level: &str, cpu: &[String]) -> Result<Subject> {
                let read = |text: &String| match parse_functions(text) {
                    Ok(mut list) if list.len() == 1 => Ok(list.remove(0)),
                    Ok(list) => Err(format!("{} functions where one was expected", list.len())),
                    Err(e) => Err(format!("reading: {}", e.message)),
                };
                let mut shared = settings::builder();
                shared.set("opt_level", level)?;
                shared.set("enable_verifier", "false")?;
                let mut isa = isa::lookup(target_lexicon::triple!("x86_64-unknown-linux-gnu"))?;
                cpu.iter().try_for_each(|flag| isa.enable(flag))?;
                let isa = isa.finish(settings::Flags::new(shared))?;
                let functions = source.functions.iter().map(read).collect();
                Ok(Subject { functions, copies: vec![], context: Context::new(), isa })
            }
        }

        impl Compiler for Subject {
            fn prepare(&mut self) {
                self.copies = self.functions.iter().map(|f| f.as_ref().ok().cloned()).collect();
            }
            fn compile(&mut self, n: usize) -> Result<&[u8], String> {
                let Some(func) = self.copies[n].take() else {
                    return Err(self.functions[n].clone().err().unwrap_or_default());
                };
                self.context.clear();
                self.context.func = func;
                let code = self.context.compile(&*self.isa, &mut ControlPlane::default());
                Ok(code.map_err(|e| e.inner.to_string())?.code_buffer())
            }
            fn forget(&mut self) {
                self.context = Context::new();
            }
            fn keep(&mut self, these: &[usize]) {
                self.functions = these.iter().map(|&n| self.functions[n].clone()).collect();
            }
            fn by_stage(&mut self, work: &mut dyn FnMut(&mut Subject)) -> Vec<(&'static str, Duration)> {
                let before = set_thread_profiler(Box::new(Clock));
                work(self);
                set_thread_profiler(before);
                clock::take()
            }
        }

        struct Clock;
        impl Profiler for Clock {
            fn start_pass(&self, pass: Pass) -> Box<dyn Any> {
                Box::new(Stage::begin(pass.description()))
            }
        }

        struct NoClock;
        impl Profiler for NoClock {
            fn start_pass(&self, _: Pass) -> Box<dyn Any> {
                Box::new(())
            }
        }

        /// Turns the clock off.
        pub fn no_clock() -> Box<dyn Profiler> {
            set_thread_profiler(Box::new(NoClock))
        }
    }
} }

compiler! {
    /// Windlass.
    ours windlass_codegen windlass_reader
}
compiler! {
    /// Cranelift.
    peer cranelift_codegen cranelift_reader
}
