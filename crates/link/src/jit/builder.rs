//! What a JIT module is to be like, and where it finds symbols of the host.

use std::collections::HashMap;
use std::ffi::CString;

use anyhow::anyhow;
use windlass_codegen::isa::{self, OwnedTargetIsa};
use windlass_codegen::settings::{self, Configurable, Flags};
use windlass_ir::ir::LibCall;

use crate::module::{LibCallNames, ModuleError, ModuleResult};
use crate::provider::JITMemoryProvider;

/// A callback that finds symbols of the host.
type Lookup = Box<dyn Fn(&str) -> Option<*const u8> + Send>;

/// What a JIT module is to be like.
pub struct JITBuilder {
    pub(super) isa: OwnedTargetIsa,
    pub(super) symbols: Symbols,
    pub(super) provider: Option<Box<dyn JITMemoryProvider + Send>>,
    pub(super) hotswap: bool,
    pub(super) perf_map: bool,
    pub(super) debugger: bool,
}

impl JITBuilder {
    /// One for this machine, with all its CPU has. `libcall_names` names the routines that code calls by itself:
    /// [`crate::module::default_libcall_names`] do for most.
    pub fn new(libcall_names: LibCallNames) -> ModuleResult<Self> {
        Self::with_flags(&[], libcall_names)
    }

    /// The same with shared settings, by name and value.
    pub fn with_flags(flags: &[(&str, &str)], libcall_names: LibCallNames) -> ModuleResult<Self> {
        let mut builder = settings::builder();
        for (name, value) in flags {
            builder.set(name, value)?;
        }
        let host = isa::native::builder().map_err(|why| ModuleError::Backend(anyhow!(why)))?;
        Ok(Self::with_isa(host.finish(Flags::new(builder))?, libcall_names))
    }

    /// One for a target, which this machine must be able to run.
    pub fn with_isa(isa: OwnedTargetIsa, libcall_names: LibCallNames) -> Self {
        let symbols = Symbols { table: HashMap::new(), lookups: vec![], libcall_names };
        JITBuilder { isa, symbols, provider: None, hotswap: false, perf_map: false, debugger: false }
    }

    /// A symbol of the host. It goes before all that callbacks and the process know.
    pub fn symbol<K: Into<String>>(&mut self, name: K, ptr: *const u8) -> &mut Self {
        self.symbols.table.insert(name.into(), ptr.expose_provenance());
        self
    }

    /// Several symbols of the host.
    pub fn symbols<It, K>(&mut self, symbols: It) -> &mut Self
    where
        It: IntoIterator<Item = (K, *const u8)>,
        K: Into<String>,
    {
        for (name, ptr) in symbols {
            self.symbol(name, ptr);
        }
        self
    }

    /// A callback that finds symbols. Later ones are asked first, and the process last.
    pub fn symbol_lookup_fn(&mut self, lookup: Lookup) -> &mut Self {
        self.symbols.lookups.push(lookup);
        self
    }

    /// Who gives memory; otherwise the module gets it from the system. What a provider gave is freed only as a whole.
    pub fn memory_provider(&mut self, provider: Box<dyn JITMemoryProvider + Send>) -> &mut Self {
        self.provider = Some(provider);
        self
    }

    /// Shall functions be replaceable? Then all calls of them go through a jump.
    pub fn hotswap(&mut self, enabled: bool) -> &mut Self {
        self.hotswap = enabled;
        self
    }

    /// Shall debuggers (gdb, lldb) know names and frames of functions? It costs some memory and time for each.
    pub fn debugger(&mut self, enabled: bool) -> &mut Self {
        self.debugger = enabled;
        self
    }

    /// Shall functions be written to `/tmp/perf-PID.map`, where Linux' `perf` finds names of code?
    pub fn perf_map(&mut self, enabled: bool) -> &mut Self {
        self.perf_map = enabled;
        self
    }
}

/// Where symbols of the host are found.
pub(super) struct Symbols {
    table: HashMap<String, usize>,
    lookups: Vec<Lookup>,
    libcall_names: LibCallNames,
}

impl Symbols {
    pub(super) fn libcall_name(&self, call: LibCall) -> String {
        (self.libcall_names)(call)
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let asked = || self.lookups.iter().rev().find_map(|lookup| lookup(name));
        let found = || asked().or_else(|| of_process(name)).map(|address| address.expose_provenance());
        self.table.get(name).copied().or_else(found)
    }
}

/// A symbol of the process, as its dynamic linker knows it.
fn of_process(name: &str) -> Option<*const u8> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name ends with a zero byte; looking a symbol up runs no code of its library but its resolvers.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address.cast_const().cast())
}
