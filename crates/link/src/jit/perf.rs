//! Tells Linux' `perf` the names of functions: a line each, start and size in hexadecimal and the name, in
//! `/tmp/perf-PID.map` (`tools/perf/Documentation/jit-interface.txt` of the kernel).

use std::fs::File;
use std::io::Write;

/// The map of this process; opened when there is something to tell.
#[derive(Default)]
pub(super) struct Map(Option<File>);

impl Map {
    /// Adds functions: address, size, name.
    pub(super) fn add(
        &mut self,
        functions: impl Iterator<Item = (usize, usize, impl AsRef<str>)>,
    ) -> std::io::Result<()> {
        let mut lines = String::new();
        for (address, len, name) in functions {
            // a name must not look like another line
            let name = name.as_ref().replace(['\n', '\r'], "_");
            lines += &format!("{address:x} {len:x} {name}\n");
        }
        if self.0.is_none() {
            let path = format!("/tmp/perf-{}.map", std::process::id());
            self.0 = Some(File::options().append(true).create(true).open(path)?);
        }
        match &mut self.0 {
            Some(file) => file.write_all(lines.as_bytes()),
            None => Ok(()),
        }
    }
}
