//! The error of fallible methods: there is not enough memory. With the feature `wasmtime-errors` it is the type of that
//! name that users of the reference interface know. Needs nothing; leaves [`OutOfMemory`] and what makes it.

#[cfg(not(feature = "wasmtime-errors"))]
pub use own::OutOfMemory;
#[cfg(feature = "wasmtime-errors")]
pub use wasmtime_internal_core::error::OutOfMemory;

#[cfg(not(feature = "wasmtime-errors"))]
mod own {
    use core::fmt;

    /// There is not enough memory.
    #[derive(Clone, Copy, Debug)]
    pub struct OutOfMemory {
        bytes: usize,
    }

    impl OutOfMemory {
        /// So many bytes were asked for.
        pub fn new(bytes: usize) -> Self {
            OutOfMemory { bytes }
        }
        /// How many bytes were asked for.
        pub fn requested_allocation_size(&self) -> usize {
            self.bytes
        }
    }

    impl fmt::Display for OutOfMemory {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "there is no memory for {} bytes", self.bytes)
        }
    }

    impl core::error::Error for OutOfMemory {}
}

/// Makes room in `v` for `additional` more elements.
pub(crate) fn reserve<T>(v: &mut Vec<T>, additional: usize) -> Result<(), OutOfMemory> {
    v.try_reserve(additional).map_err(|_| refused::<T>(v.len(), additional))
}

/// Makes room in `v` for exactly `additional` more elements.
pub(crate) fn reserve_exact<T>(v: &mut Vec<T>, additional: usize) -> Result<(), OutOfMemory> {
    v.try_reserve_exact(additional).map_err(|_| refused::<T>(v.len(), additional))
}

/// Makes room in `v` for `len` elements altogether.
pub(crate) fn reserve_for<T>(v: &mut Vec<T>, len: usize) -> Result<(), OutOfMemory> {
    reserve(v, len.saturating_sub(v.len()))
}

fn refused<T>(len: usize, additional: usize) -> OutOfMemory {
    OutOfMemory::new(len.saturating_add(additional).saturating_mul(size_of::<T>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_tell_what_was_asked_for() {
        let mut v = vec![0u64; 3];
        for reserve in [reserve, reserve_exact, reserve_for] {
            reserve(&mut v, 5).unwrap();
            let error = reserve(&mut v, 1 << 61).unwrap_err();
            // the type of Wasmtime knows no size above `isize::MAX`
            assert!(error.requested_allocation_size() >= isize::MAX as usize, "{error}");
        }
        assert_eq!(OutOfMemory::new(24).requested_allocation_size(), 24);
    }
}
