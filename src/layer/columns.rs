//! Columns of numbers as bytes: a length, then the values in little-endian order.

/// A value with a fixed number of bytes.
pub(crate) trait Value: Sized {
    const BYTES: usize;
    fn write(&self, bytes: &mut Vec<u8>);
    /// `bytes` has exactly [`Self::BYTES`] bytes.
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Value for $type {
            const BYTES: usize = size_of::<$type>();
            #[inline]
            fn write(&self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn read(bytes: &[u8]) -> Self {
                bytes.try_into().map_or(0, Self::from_le_bytes)
            }
        }
    )*};
}

number!(u8, u16, u32, u64, i64);

impl<T: Value, const N: usize> Value for [T; N] {
    const BYTES: usize = T::BYTES * N;

    fn write(&self, bytes: &mut Vec<u8>) {
        for value in self {
            value.write(bytes);
        }
    }

    fn read(bytes: &[u8]) -> Self {
        std::array::from_fn(|at| {
            T::read(bytes.get(at * T::BYTES..(at + 1) * T::BYTES).unwrap_or_default())
        })
    }
}

/// Adds a column to `bytes`.
pub(crate) fn write<T: Value>(column: &[T], bytes: &mut Vec<u8>) {
    ((column.len() * T::BYTES) as u64).write(bytes);
    for value in column {
        value.write(bytes);
    }
}

/// Takes a column from the front of `bytes`; `None` when it is cut off.
pub(crate) fn read<T: Value>(bytes: &mut &[u8]) -> Option<Vec<T>> {
    let (len, rest) = bytes.split_first_chunk::<8>()?;
    let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
    if len > rest.len() || !len.is_multiple_of(T::BYTES) {
        return None;
    }
    let (column, rest) = rest.split_at(len);
    *bytes = rest;
    Some(column.chunks_exact(T::BYTES).map(T::read).collect())
}
