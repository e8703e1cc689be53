//! Helps for debugging.

use std::fmt;

/// What names of files with traces begin with, where a logger writes one for each thread.
pub static LOG_FILENAME_PREFIX: &str = "windlass.dbg.";

/// Are traces compiled in?
#[doc(hidden)]
pub const TRACES: bool = cfg!(any(debug_assertions, feature = "trace-log"));

/// Shows a list as `[a, b, c]`.
pub struct DisplayList<'a, T: fmt::Display>(pub &'a [T]);

impl<T: fmt::Display> fmt::Display for DisplayList<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (n, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if n == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn lists() {
        let show = |list: &[i32]| DisplayList(list).to_string();
        assert_eq!([show(&[]), show(&[1]), show(&[1, 2])], ["[]", "[1]", "[1, 2]"]);
    }

    /// Keeps what is traced.
    struct Keep(Mutex<Vec<String>>);

    impl log::Log for Keep {
        fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
            metadata.level() == log::Level::Trace
        }
        fn log(&self, record: &log::Record<'_>) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
        fn flush(&self) {}
    }

    static KEPT: Keep = Keep(Mutex::new(Vec::new()));

    #[test]
    fn traces_reach_the_logger() {
        log::set_logger(&KEPT).unwrap();
        crate::trace!("{} is not wanted yet", 1);
        log::set_max_level(log::LevelFilter::Trace);
        assert_eq!(crate::trace_log_enabled!(), TRACES);
        crate::trace!("{} + {}", 1, 2);
        let expected: &[&str] = if TRACES { &["1 + 2"] } else { &[] };
        assert_eq!(*KEPT.0.lock().unwrap(), expected);
    }
}
