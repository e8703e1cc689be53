//! A cache of compiled functions. The key is a hash of all that the code depends on: the function's stencil, the target
//! and its settings, and this compiler's version. What is kept is code in which source locations are relative, so that
//! functions that differ in names alone share it. Needs a store of the user's; where that has it all from is the user's
//! to know: what it gives is believed, but what cannot be read is compiled again.

use crate::context::Context;
use crate::error::{CodegenError, CompileError};
use crate::isa::TargetIsa;
use crate::machinst::{CompiledCode, CompiledCodeStencil, FinalizedRelocTarget};
use crate::timing;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;
use windlass_control::ControlPlane;
use windlass_ir::ir::{ExternalName, Function};

/// Where compiled functions are kept.
pub trait CacheKvStore {
    /// What was inserted under this key, if it is still there.
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>>;
    /// Keeps this under a key.
    fn insert(&mut self, key: &[u8], val: Vec<u8>);
}

/// The key of a function under certain settings: 256 bits (SHA-256).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CacheKeyHash([u8; 32]);

impl CacheKeyHash {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for CacheKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why kept code is not used.
#[derive(Debug, thiserror::Error)]
pub enum RecompileError {
    /// Another version of this compiler made it.
    #[error("another version of the compiler made the code in the cache")]
    VersionMismatch,
    /// It cannot be read, or names what the function has not.
    #[error("the code in the cache cannot be read: {0}")]
    Deserialize(postcard::Error),
}

/// What is kept.
#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    version: String,
    stencil: CompiledCodeStencil,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The key of a function for a target with its settings.
pub fn compute_cache_key(isa: &dyn TargetIsa, func: &Function) -> CacheKeyHash {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        // lengths keep one part from being taken for the end of another
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(VERSION.as_bytes());
    part(isa.name().as_bytes());
    part(isa.triple().to_string().as_bytes());
    isa.flags().iter().for_each(|value| part(value.to_string().as_bytes()));
    isa.isa_flags().iter().for_each(|value| part(value.to_string().as_bytes()));
    let stencil = postcard::to_allocvec(&func.stencil).expect("all parts of functions can be written to memory");
    part(&stencil);
    CacheKeyHash(hash.finalize().into())
}

/// The bytes to be kept of compiled code, which is given back.
pub fn serialize_compiled(stencil: CompiledCodeStencil) -> (CompiledCodeStencil, Result<Vec<u8>, postcard::Error>) {
    let kept = Kept { version: VERSION.to_owned(), stencil };
    let bytes = postcard::to_allocvec(&kept);
    (kept.stencil, bytes)
}

/// The code of a function whose key is that of these bytes.
///
/// # Errors
/// If they are not what this version of the compiler keeps.
pub fn try_finish_recompile(func: &Function, bytes: &[u8]) -> Result<CompiledCode, RecompileError> {
    let (version, _) = postcard::take_from_bytes::<&str>(bytes).map_err(RecompileError::Deserialize)?;
    if version != VERSION {
        return Err(RecompileError::VersionMismatch);
    }
    let kept: Kept = postcard::from_bytes(bytes).map_err(RecompileError::Deserialize)?;
    let names = func.params.user_named_funcs();
    let is_known = |target: &FinalizedRelocTarget| match target {
        FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => names.is_valid(*name),
        _ => true,
    };
    match kept.stencil.buffer.relocs().iter().all(|reloc| is_known(&reloc.target)) {
        true => Ok(kept.stencil.apply_params(&func.params)),
        false => Err(RecompileError::Deserialize(postcard::Error::DeserializeBadEncoding)),
    }
}

impl Context {
    /// Compiles the function, or takes its code from a cache; tells whether it was there. Where a text of the code is
    /// wanted, which no cache has, it is compiled. With the setting `enable_incremental_compilation_cache_checks` it is
    /// compiled anyway, and code that differs is an error.
    ///
    /// # Errors
    /// As [`Context::compile`].
    pub fn compile_with_cache(
        &mut self,
        isa: &dyn TargetIsa,
        cache_store: &mut dyn CacheKvStore,
        ctrl_plane: &mut ControlPlane,
    ) -> Result<(&CompiledCode, bool), CompileError<'_>> {
        if self.want_disasm {
            return self.compile(isa, ctrl_plane).map(|code| (code, false));
        }
        let (key, found) = {
            let _looking = timing::try_incremental_cache();
            let key = compute_cache_key(isa, &self.func);
            let kept = cache_store.get(key.bytes());
            let found = kept.and_then(|bytes| try_finish_recompile(&self.func, &bytes).ok());
            (key, found)
        };
        let check = isa.flags().enable_incremental_compilation_cache_checks();
        if let (Some(code), false) = (&found, check) {
            return Ok((self.keep_code(code.clone()), true));
        }
        let stencil = match self.compile_stencil(isa, ctrl_plane) {
            Ok(stencil) => stencil,
            Err(inner) => return Err(CompileError { inner, func: &self.func }),
        };
        let stencil = {
            let _storing = timing::store_incremental_cache();
            let (stencil, bytes) = serialize_compiled(stencil);
            if let (None, Ok(bytes)) = (&found, bytes) {
                cache_store.insert(key.bytes(), bytes);
            }
            stencil
        };
        let code = stencil.apply_params(&self.func.params);
        if found.as_ref().is_some_and(|kept| *kept != code) {
            let inner = CodegenError::internal("the code in the cache is not what is compiled");
            return Err(CompileError { inner, func: &self.func });
        }
        Ok((self.keep_code(code), found.is_some()))
    }
}
