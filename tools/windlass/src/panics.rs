//! Panics of the compiler, caught and told. Needs the standard hook to be replaced once; leaves messages instead of text
//! on the terminal.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// What the last panic of this thread said, while [`caught`] runs.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
    static CATCHING: RefCell<bool> = const { RefCell::new(false) };
}

/// Runs something that should not panic; if it does, gives its message and place. What it worked on must not be used in
/// any other way than to begin anew.
pub fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !CATCHING.with_borrow(|c| *c) {
                return usual(info);
            }
            let text = info.payload_as_str().unwrap_or("no message");
            let place = info.location().map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
            LAST.set(Some(format!("the compiler panicked{place}: {text}")));
        }));
    });
    // one such call may run within another
    let before = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    CATCHING.set(before);
    result.map_err(|_| LAST.take().unwrap_or_else(|| "the compiler panicked".to_owned()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_panic_becomes_a_message() {
        assert_eq!(super::caught(|| 1), Ok(1));
        let text = super::caught(|| panic!("of {}", 7)).unwrap_err();
        assert!(text.contains("panics.rs:") && text.ends_with("of 7"), "{text}");
        let outer = super::caught(|| {
            let _ = super::caught(|| 1);
            panic!("of 8")
        });
        assert!(outer.is_err_and(|text: String| text.ends_with("of 8")));
    }
}
