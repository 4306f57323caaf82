//! How do bytes come that are too many for memory?

/// The bytes of a blob or a file, from the first to the last.
#[allow(async_fn_in_trait)]
pub trait Pieces {
    /// What can go wrong.
    type Error;

    /// The next bytes, which are lent until the next call; `None` at the end.
    ///
    /// # Errors
    /// When it can't be read on.
    async fn next(&mut self) -> Result<Option<&[u8]>, Self::Error>;
}
