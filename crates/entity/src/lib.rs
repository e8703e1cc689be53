//! entity: see ARCHITECTURE.md.
