//! Running functions as machine code: compiles them together with their trampolines, and calls them in a sandbox or under
//! an emulator. Needs verified functions; leaves for each call its results, its trap, or what else became of it.

use crate::panics;
use crate::qemu::{self, Emulator};
use crate::sandbox::{self, Call, End, Fault, Slot};
use crate::target::Build;
use crate::trampoline;
use std::collections::{HashMap, HashSet};
use windlass_codegen::backend::Backend;
use windlass_codegen::options::Options;
use windlass_ir::data_value::{DataValue, DisplayDataValues};
use windlass_ir::ir::{Endianness, Function, Signature, TrapCode, types};
use windlass_ir::isa::CallConv;
use windlass_link::functions::{Functions, Object};
use windlass_link::image::Image;
use windlass_opt::Level;

/// How long a call may take, in seconds.
pub const TIMEOUT: u32 = 10;
/// A fault at most this far below the stack pointer means that the stack is full.
const NEAR_STACK: usize = 1 << 16;

/// What became of a call.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// It returned these.
    Returned(Vec<DataValue>),
    /// It trapped.
    Trapped(TrapCode),
    /// It did something that no function may do.
    Broken(String),
}

impl Outcome {
    /// Are two outcomes the same, bit by bit?
    pub fn same(&self, other: &Outcome) -> bool {
        match (self, other) {
            (Outcome::Returned(a), Outcome::Returned(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.bitwise_eq(b))
            }
            _ => self == other,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Returned(values) => write!(f, "returned {}", DisplayDataValues(values)),
            Outcome::Trapped(code) => write!(f, "trapped: {code}"),
            Outcome::Broken(why) => f.write_str(why),
        }
    }
}

/// What runs machine code.
#[derive(Clone, Debug)]
pub enum Engine {
    /// This computer.
    Host,
    /// A program that emulates another.
    Qemu(Emulator),
}

impl Engine {
    fn functions(&self, backend: &'static dyn Backend) -> Functions {
        match self {
            Engine::Host => Functions::for_target(backend),
            Engine::Qemu(_) => Functions::for_image(backend, Image::new(qemu::IMAGE)),
        }
    }

    /// The convention by which trampolines are called.
    fn convention(&self) -> CallConv {
        match self {
            Engine::Host => CallConv::triple_default(&target_lexicon::HOST),
            Engine::Qemu(_) => CallConv::SystemV,
        }
    }

    fn order(&self) -> Endianness {
        match self {
            Engine::Host if cfg!(target_endian = "big") => Endianness::Big,
            Engine::Host => Endianness::Little,
            Engine::Qemu(emulator) => emulator.machine.order,
        }
    }
}

/// Linked functions, with trampolines.
pub struct Native {
    engine: Engine,
    functions: Functions,
    /// The names of trampolines, or why there is none.
    trampolines: HashMap<Signature, Result<String, String>>,
    /// Functions that could not be compiled or linked, and why.
    failed: HashMap<String, String>,
}

impl Native {
    /// Compiles functions together. Those that fail are remembered with the reason.
    pub fn compile(engine: &Engine, target: &Build, funcs: &[&Function], level: Level) -> Native {
        let (functions, options) = (engine.functions(target.isa.backend()), &target.options);
        let (trampolines, failed) = (HashMap::new(), HashMap::new());
        let mut native = Native { engine: engine.clone(), functions, trampolines, failed };
        let mut objects = vec![];
        for func in funcs {
            match native.object(func, level, options) {
                Ok(object) => objects.push(object),
                Err(why) => _ = native.failed.insert(func.name.to_string(), why),
            }
            if !native.trampolines.contains_key(&func.signature) {
                let trampoline = trampoline::build(&func.signature, native.trampolines.len(), engine.convention());
                let made = native.object(&trampoline, level, options);
                let why = |why| format!("its trampoline was not compiled: {why}");
                let name = made.map(|object| objects.push(object)).map(|()| trampoline.name.to_string());
                native.trampolines.insert(func.signature.clone(), name.map_err(why));
            }
        }
        native.add_routines(&mut objects, options);
        native.drop_incomplete(&mut objects);
        if let Err(error) = native.functions.link(&objects) {
            for object in objects {
                native.failed.insert(object.name, error.to_string());
            }
        }
        native
    }

    fn object(&mut self, func: &Function, level: Level, options: &Options) -> Result<Object, String> {
        let functions = &mut self.functions;
        panics::caught(|| functions.compile(func, level, options))?.map_err(|e| e.to_string())
    }

    /// Adds what objects need and other programs do not have.
    fn add_routines(&mut self, objects: &mut Vec<Object>, options: &Options) {
        let Engine::Qemu(emulator) = &self.engine else { return };
        for (symbol, made) in qemu::missing_routines(emulator.machine, objects, &mut self.functions, options) {
            match made {
                Ok(routine) => objects.push(routine),
                Err(why) => _ = self.failed.insert(symbol, why),
            }
        }
    }

    /// Drops objects that refer to what is not there, for that would keep all others from being linked.
    fn drop_incomplete(&mut self, objects: &mut Vec<Object>) {
        loop {
            let names: HashSet<String> = objects.iter().map(|o| o.name.clone()).collect();
            let missing = |object: &Object| {
                let absent = |symbol: &&String| !names.contains(*symbol) && !self.functions.is_known(symbol);
                object.references().iter().find(absent).cloned()
            };
            let incomplete: HashMap<_, _> =
                objects.iter().filter_map(|o| Some((o.name.clone(), missing(o)?))).collect();
            if incomplete.is_empty() {
                return;
            }
            objects.retain(|object| !incomplete.contains_key(&object.name));
            for (name, symbol) in incomplete {
                let why = match self.failed.get(&symbol) {
                    Some(why) => format!("it needs {symbol}, which was not compiled: {why}"),
                    None => format!("it needs {symbol}, which is neither in the file nor known to the linker"),
                };
                self.failed.insert(name, why);
            }
        }
    }

    /// Why a function was not compiled, if it was not.
    pub fn failure(&self, func: &Function) -> Option<&str> {
        self.failed.get(&func.name.to_string()).map(String::as_str)
    }

    /// Calls functions with arguments of their types. The outer error is one of the system.
    pub fn call_all(&self, calls: &[(&Function, &[DataValue])]) -> std::io::Result<Vec<Outcome>> {
        let prepared: Vec<Result<Call, String>> = calls.iter().map(|(func, args)| self.prepare(func, args)).collect();
        let possible: Vec<Call> = prepared.iter().filter_map(|call| call.as_ref().ok()).cloned().collect();
        let mut ends = self.run(&possible)?.into_iter();
        let outcome = |(prepared, (func, _)): (Result<Call, String>, &(&Function, _))| match prepared {
            Ok(_) => ends.next().map_or_else(|| Outcome::Broken("not called".into()), |end| self.outcome(func, end)),
            Err(why) => Outcome::Broken(why),
        };
        Ok(prepared.into_iter().zip(calls).map(outcome).collect())
    }

    fn run(&self, calls: &[Call]) -> std::io::Result<Vec<End>> {
        match (&self.engine, self.functions.image()) {
            (Engine::Qemu(emulator), Some(image)) => emulator.call_all(image, calls, TIMEOUT),
            // SAFETY: the trampolines were made for the signatures of the functions, whose arguments these are.
            _ => unsafe { sandbox::call_all(calls, TIMEOUT) },
        }
    }

    fn prepare(&self, func: &Function, args: &[DataValue]) -> Result<Call, String> {
        let name = func.name.to_string();
        if let Some(why) = self.failed.get(&name) {
            return Err(why.clone());
        }
        let trampoline = match self.trampolines.get(&func.signature) {
            Some(made) => made.clone()?,
            None => return Err("it is not among the compiled functions".into()),
        };
        let address = |name: &str| self.functions.address(name).ok_or_else(|| format!("{name} was not linked"));
        Ok(Call {
            trampoline: address(&trampoline)?,
            callee: address(&name)?,
            args: args.iter().map(|value| to_slot(value, self.engine.order())).collect(),
            results: func.signature.returns.len(),
        })
    }

    fn outcome(&self, func: &Function, end: End) -> Outcome {
        match end {
            End::Returned(slots) => {
                let types = func.signature.returns.iter().map(|r| r.value_type);
                let values = slots.iter().zip(types).map(|(slot, ty)| of_slot(slot, ty, self.engine.order()));
                let values: Option<Vec<_>> = values.collect();
                values.map_or_else(|| Outcome::Broken("it returned what is no value".into()), Outcome::Returned)
            }
            End::Fault(fault) => self.fault(fault),
            End::TimedOut => Outcome::Broken(format!("it did not return within {TIMEOUT} s")),
            End::Died(status) => Outcome::Broken(format!("it ended the process, with wait status {status:#x}")),
        }
    }

    fn fault(&self, fault: Fault) -> Outcome {
        let signal = match fault.signal {
            libc::SIGILL => "SIGILL",
            libc::SIGFPE => "SIGFPE",
            libc::SIGSEGV => "SIGSEGV",
            libc::SIGBUS => "SIGBUS",
            _ => "SIGTRAP",
        };
        let access = match fault.signal {
            libc::SIGSEGV | libc::SIGBUS => format!(" in an access of {:#x}", fault.address),
            _ => String::new(),
        };
        let place = self.functions.at(fault.pc);
        if let Some(code) = place.and_then(|place| place.trap) {
            return Outcome::Trapped(code);
        }
        let below = fault.sp.saturating_sub(fault.address);
        if fault.signal == libc::SIGSEGV && below < NEAR_STACK && fault.address < fault.sp.saturating_add(4096) {
            return Outcome::Trapped(TrapCode::STACK_OVERFLOW);
        }
        Outcome::Broken(match place {
            Some(place) => {
                format!("{signal}{access} at {}+{:#x}, where no trap is expected", place.function, place.offset)
            }
            None => format!("{signal}{access} at {:#x}, outside of compiled code", fault.pc),
        })
    }
}

/// A value as trampolines load it: vectors as on a little-endian machine, everything else as on the target.
fn to_slot(value: &DataValue, order: Endianness) -> Slot {
    let mut slot = Slot::default();
    match order {
        Endianness::Big if !value.is_vector() => value.write_to_slice_be(&mut slot),
        _ => value.write_to_slice_le(&mut slot),
    }
    slot
}

/// The value that a trampoline stored, if values have this type.
fn of_slot(slot: &Slot, ty: types::Type, order: Endianness) -> Option<DataValue> {
    let bytes = &slot[..ty.bytes().min(slot.len() as u32) as usize];
    let fold = |bits: u128, byte: &u8| bits << 8 | u128::from(*byte);
    let bits = match order {
        Endianness::Big if !ty.is_vector() => bytes.iter().fold(0, fold),
        _ => bytes.iter().rev().fold(0, fold),
    };
    DataValue::from_bits(bits, ty)
}
