//! The functions of a run, by name and by number. Needs nothing of the interpreter.

use crate::ir::{FuncRef, Function};
use rustc_hash::FxHashMap;
use windlass_entity::{PrimaryMap, entity_impl};

/// A function of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncIndex(u32);
entity_impl!(FuncIndex, "function");

/// The functions of a run.
#[derive(Clone, Default, Debug)]
pub struct FunctionStore<'a> {
    functions: PrimaryMap<FuncIndex, (String, &'a Function)>,
    names: FxHashMap<String, FuncIndex>,
}

impl<'a> FunctionStore<'a> {
    /// Adds a function under a name as it is written in text, such as `%f` or `u0:1`. A later one of the same name hides
    /// the earlier.
    pub fn add(&mut self, name: String, func: &'a Function) {
        let index = self.functions.push((name.clone(), func));
        self.names.insert(name, index);
    }

    /// All functions of a text, under their own names.
    pub fn of(functions: impl IntoIterator<Item = &'a Function>) -> Self {
        let mut store = Self::default();
        for func in functions {
            store.add(func.name.to_string(), func);
        }
        store
    }

    /// The number of the function with this name.
    pub fn index_of(&self, name: &str) -> Option<FuncIndex> {
        self.names.get(name).copied()
    }

    /// The function with this number.
    pub fn get_by_index(&self, index: FuncIndex) -> Option<&'a Function> {
        self.functions.get(index).map(|f| f.1)
    }

    /// The function with this name.
    pub fn get_by_name(&self, name: &str) -> Option<&'a Function> {
        self.get_by_index(self.index_of(name)?)
    }

    /// The function that `caller` imports so, by the name under which it does.
    pub fn get_from_func_ref(&self, func_ref: FuncRef, caller: &Function) -> Option<&'a Function> {
        let name = &caller.dfg.ext_funcs.get(func_ref)?.name;
        self.get_by_name(&name.display(Some(&caller.params)).to_string())
    }

    /// The name of the function with this number.
    pub(super) fn name(&self, index: FuncIndex) -> String {
        self.functions.get(index).map_or_else(|| index.to_string(), |f| f.0.clone())
    }
}

impl<'a> From<&'a Function> for FunctionStore<'a> {
    fn from(func: &'a Function) -> Self {
        Self::of([func])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{ExtFuncData, ExternalName, Signature, UserExternalName, UserFuncName};
    use crate::isa::CallConv;

    #[test]
    fn functions_by_reference() {
        let mut caller = Function::new();
        let signature = caller.import_signature(Signature::new(CallConv::Fast));
        let name = caller.declare_imported_user_function(UserExternalName::new(0, 7));
        let callee = Function::with_name_signature(UserFuncName::user(0, 7), Signature::new(CallConv::Fast));
        let mut import =
            |name| caller.import_function(ExtFuncData { name, signature, colocated: false, patchable: false });
        let (known, unknown) = (import(ExternalName::user(name)), import(ExternalName::testcase("f")));
        let store = FunctionStore::from(&callee);
        let found = [known, unknown].map(|f| store.get_from_func_ref(f, &caller).map(|f| f.name.clone()));
        assert_eq!(found, [Some(UserFuncName::user(0, 7)), None]);
    }
}
