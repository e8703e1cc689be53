//! The values of a function that runs.

use windlass_ir::data_value::DataValue;
use windlass_ir::ir::{Function, Value};

/// The values of a function that runs, as far as they are known.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    function: &'a Function,
    values: Vec<Option<DataValue>>,
}

impl<'a> Frame<'a> {
    /// Those of a function, none of which is known.
    pub fn new(function: &'a Function) -> Self {
        Frame { function, values: vec![None; function.dfg.num_values()] }
    }

    /// The value, if it is known.
    pub fn try_get(&self, name: Value) -> Option<&DataValue> {
        let dfg = &self.function.dfg;
        let name = if dfg.value_is_valid(name) { dfg.resolve_aliases(name) } else { return None };
        self.values.get(name.as_u32() as usize)?.as_ref()
    }

    /// The value.
    ///
    /// # Panics
    /// If it is not known; [`Frame::try_get`] does not.
    pub fn get(&self, name: Value) -> &DataValue {
        self.try_get(name).unwrap_or_else(|| panic!("{name} is not known"))
    }

    /// The values.
    ///
    /// # Panics
    /// If one is not known.
    pub fn get_all(&self, names: &[Value]) -> Vec<DataValue> {
        names.iter().map(|v| self.get(*v).clone()).collect()
    }

    /// Sets a value, and returns the one before.
    ///
    /// # Panics
    /// If it is not one of the function's.
    pub fn set(&mut self, name: Value, value: DataValue) -> Option<DataValue> {
        self.values[name.as_u32() as usize].replace(value)
    }

    /// Sets values, one after the other.
    ///
    /// # Panics
    /// If there are not as many of both, or as [`Frame::set`] does.
    pub fn set_all(&mut self, names: &[Value], values: Vec<DataValue>) {
        assert_eq!(names.len(), values.len(), "as many values as names");
        names.iter().zip(values).for_each(|(name, value)| {
            self.set(*name, value);
        });
    }

    /// Sets each of `new_names` to what the value of `old_names` at its place was, all at once: parameters of a block
    /// to the arguments of a branch.
    ///
    /// # Panics
    /// As [`Frame::get_all`] and [`Frame::set_all`] do.
    pub fn rename(&mut self, old_names: &[Value], new_names: &[Value]) {
        let values = self.get_all(old_names);
        self.set_all(new_names, values);
    }

    /// All values, by their numbers.
    pub fn entries_mut(&mut self) -> &mut [Option<DataValue>] {
        &mut self.values
    }

    /// The function.
    pub fn function(&self) -> &'a Function {
        self.function
    }
}
