//! desc: see ARCHITECTURE.md.
