//! link: see ARCHITECTURE.md.
