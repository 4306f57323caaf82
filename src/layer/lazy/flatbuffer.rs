//! How is a FlatBuffer read that may be anything?
//!
//! Only what a zTOC needs: tables, their scalars, strings, and vectors of strings, tables and bytes
//! (flatbuffers.dev, "Internals"). Every place is compared with the buffer before it is looked at.
//! Places may overlap, so that a small buffer could stand for endless text: what is taken out of it is
//! counted.

use std::cell::Cell;

use super::error::{LazyError, wrong};

/// How many times its own size a buffer may give. Honest ones give each byte once, or share short
/// strings.
const SHARED: usize = 4;

/// A buffer, and how much may still be taken out of it.
#[derive(Debug)]
pub(super) struct Buffer<'a> {
    bytes: &'a [u8],
    left: Cell<usize>,
}

/// A table in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    buffer: &'a Buffer<'a>,
    at: usize,
    /// Where its fields stand, each as an offset from `at`.
    fields: &'a [u8],
}

/// A vector of strings or tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector<'a> {
    buffer: &'a Buffer<'a>,
    at: usize,
    pub(super) len: usize,
}

impl<'a> Buffer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, left: Cell::new(bytes.len().saturating_mul(SHARED)) }
    }

    pub(super) fn root(&'a self) -> Result<Table<'a>, LazyError> {
        self.table(self.follow(0)?)
    }

    fn take<const N: usize>(&self, at: usize) -> Result<[u8; N], LazyError> {
        let found = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
        found.map_or_else(|| wrong("a value lies outside of it"), |bytes| Ok(*bytes))
    }

    /// Where what stands at `at` as an offset from there leads.
    fn follow(&self, at: usize) -> Result<usize, LazyError> {
        let offset = u32::from_le_bytes(self.take(at)?) as usize;
        match at.checked_add(offset) {
            Some(to) if offset > 0 => Ok(to),
            _ => wrong("an offset leads outside of it"),
        }
    }

    fn table(&'a self, at: usize) -> Result<Table<'a>, LazyError> {
        self.spend(8)?;
        let back = i64::from(i32::from_le_bytes(self.take(at)?));
        let vtable = i64::try_from(at).ok().and_then(|at| usize::try_from(at - back).ok());
        let Some(vtable) = vtable else { return wrong("an offset leads outside of it") };
        let len = usize::from(u16::from_le_bytes(self.take(vtable)?));
        let fields = self.bytes.get(vtable..).and_then(|rest| rest.get(4..len));
        fields.map_or_else(
            || wrong("a table lies outside of it"),
            |fields| Ok(Table { buffer: self, at, fields }),
        )
    }

    fn bytes(&'a self, at: usize) -> Result<&'a [u8], LazyError> {
        let len = u32::from_le_bytes(self.take(at)?) as usize;
        self.spend(len.saturating_add(4))?;
        let found = self.bytes.get(at..).and_then(|rest| rest.get(4..)?.get(..len));
        found.map_or_else(|| wrong("a text lies outside of it"), Ok)
    }

    fn spend(&self, bytes: usize) -> Result<(), LazyError> {
        match self.left.get().checked_sub(bytes) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => wrong("its parts are the same bytes again and again"),
        }
    }
}

impl<'a> Table<'a> {
    /// Where a field stands; `None` when it has its default.
    fn field(&self, number: usize) -> Option<usize> {
        let offset = self.fields.as_chunks::<2>().0.get(number)?;
        let offset = usize::from(u16::from_le_bytes(*offset));
        (offset > 0).then(|| self.at.checked_add(offset)).flatten()
    }

    pub(super) fn i8(&self, number: usize, default: i8) -> Result<i8, LazyError> {
        let Some(at) = self.field(number) else { return Ok(default) };
        Ok(i8::from_le_bytes(self.buffer.take(at)?))
    }

    pub(super) fn i32(&self, number: usize) -> Result<i32, LazyError> {
        let Some(at) = self.field(number) else { return Ok(0) };
        Ok(i32::from_le_bytes(self.buffer.take(at)?))
    }

    pub(super) fn u32(&self, number: usize) -> Result<u32, LazyError> {
        let Some(at) = self.field(number) else { return Ok(0) };
        Ok(u32::from_le_bytes(self.buffer.take(at)?))
    }

    pub(super) fn i64(&self, number: usize) -> Result<i64, LazyError> {
        let Some(at) = self.field(number) else { return Ok(0) };
        Ok(i64::from_le_bytes(self.buffer.take(at)?))
    }

    /// A number that counts bytes.
    pub(super) fn size(&self, number: usize) -> Result<u64, LazyError> {
        let size = self.i64(number)?;
        u64::try_from(size).or_else(|_| wrong(format!("it has a size or an offset of {size}")))
    }

    /// A string or a vector of bytes; empty when there is none.
    pub(super) fn bytes(&self, number: usize) -> Result<&'a [u8], LazyError> {
        let Some(at) = self.field(number) else { return Ok(&[]) };
        self.buffer.bytes(self.buffer.follow(at)?)
    }

    pub(super) fn table(&self, number: usize) -> Result<Self, LazyError> {
        let Some(at) = self.field(number) else { return wrong("a part of it is missing") };
        self.buffer.table(self.buffer.follow(at)?)
    }

    /// A vector of strings or tables; empty when there is none.
    pub(super) fn vector(&self, number: usize) -> Result<Vector<'a>, LazyError> {
        let buffer = self.buffer;
        let Some(at) = self.field(number) else { return Ok(Vector { buffer, at: 0, len: 0 }) };
        let at = buffer.follow(at)?;
        let len = u32::from_le_bytes(buffer.take(at)?) as usize;
        let room = buffer.bytes.len().saturating_sub(at.saturating_add(4)) / 4;
        if len > room {
            return wrong("a list lies outside of it");
        }
        Ok(Vector { buffer, at: at + 4, len })
    }
}

impl<'a> Vector<'a> {
    /// Each element as a table.
    pub(super) fn tables(self) -> impl Iterator<Item = Result<Table<'a>, LazyError>> {
        (0..self.len).map(move |at| self.buffer.table(self.buffer.follow(self.at + 4 * at)?))
    }

    /// Each element as a string.
    pub(super) fn strings(self) -> impl Iterator<Item = Result<&'a [u8], LazyError>> {
        (0..self.len).map(move |at| self.buffer.bytes(self.buffer.follow(self.at + 4 * at)?))
    }
}
