//! How are points kept as bytes?
//!
//! Magic, version, digests of blob and tar, and then columns as in the format of the index, then the
//! SHA-256 of all of it. Windows lie elsewhere, one behind the other.

use sha2::{Digest as _, Sha256};

use super::{KEPT_WINDOW_BYTES, KeptWindow, Point, SeekPoints};
use crate::digest::{Digest, States};
use crate::layer::columns::{read, write};
use crate::limits;
use crate::media_type::Compression;

const MAGIC: &[u8; 8] = b"ddseek\0\0";
/// Version of the layout of the bytes, and of what is recorded.
const FORMAT: u32 = 1;
const SUM_BYTES: usize = 32;
const COMPRESSIONS: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

/// Why bytes are no points, or no window, that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeekError {
    /// Not points at all.
    #[error("these bytes are no seek points; read the layer again")]
    Magic,
    /// Written by another version.
    #[error("the seek points have version {found}, expected {expected}; read the layer again")]
    Version {
        /// Version that this library writes.
        expected: u32,
        /// Version of the bytes.
        found: u32,
    },
    /// The checksum does not match.
    #[error("the seek points are damaged: their checksum does not match; read the layer again")]
    Checksum,
    /// The checksum matches, but what they say contradicts itself.
    #[error("the seek points are damaged: {0}; read the layer again")]
    Content(&'static str),
    /// A window is cut off, damaged or another one.
    #[error("the window of a seek point is damaged; read the layer again")]
    Window,
}

impl SeekPoints {
    /// One buffer with everything but the windows, its version and its checksum.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        write(self.blob.as_str().as_bytes(), &mut bytes);
        write(self.tar.as_ref().map_or("", Digest::as_str).as_bytes(), &mut bytes);
        let compression = COMPRESSIONS.iter().position(|known| *known == self.compression);
        let compression = compression.unwrap_or(0) as u64;
        write(&[self.size, self.tar_size, compression, self.states.every()], &mut bytes);
        write(&self.states.to_bytes(), &mut bytes);
        write(&self.reached, &mut bytes);
        let places: Vec<[u64; 2]> = self.points.iter().map(|it| [it.tar, it.blob]).collect();
        write(&places, &mut bytes);
        let windows = self.points.iter().map(|it| it.window.as_ref());
        let windows: Vec<[u32; 2]> =
            windows.map(|it| it.map_or([0, 0], |window| [window.len, window.sum])).collect();
        write(&windows, &mut bytes);
        let sum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&sum);
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. Compare [`blob`](Self::blob) with the digest
    /// that they were kept under.
    ///
    /// # Errors
    /// When the bytes are of another version, damaged, or contradict themselves.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SeekError> {
        const CUT: SeekError = SeekError::Content("a column is cut off");
        let rest = bytes.strip_prefix(MAGIC).ok_or(SeekError::Magic)?;
        let (version, _) = rest.split_first_chunk::<4>().ok_or(SeekError::Magic)?;
        let found = u32::from_le_bytes(*version);
        if found != FORMAT {
            return Err(SeekError::Version { expected: FORMAT, found });
        }
        let (body, sum) = bytes.split_last_chunk::<SUM_BYTES>().ok_or(SeekError::Checksum)?;
        if Sha256::digest(body)[..] != sum[..] {
            return Err(SeekError::Checksum);
        }
        let rest = &mut body.get(MAGIC.len() + 4..).unwrap_or_default();
        let blob = digest(rest)?.ok_or(SeekError::Content("no blob is named"))?;
        let tar = digest(rest)?;
        let numbers: Vec<u64> = read(rest).ok_or(CUT)?;
        let [size, tar_size, compression, every] = numbers[..] else { return Err(CUT) };
        let compression = usize::try_from(compression).ok();
        let compression = compression.and_then(|at| COMPRESSIONS.get(at)).copied();
        let states: Vec<u8> = read(rest).ok_or(CUT)?;
        let reached: Vec<u64> = read(rest).ok_or(CUT)?;
        let places: Vec<[u64; 2]> = read(rest).ok_or(CUT)?;
        let windows: Vec<[u32; 2]> = read(rest).ok_or(CUT)?;
        if !rest.is_empty()
            || windows.len() != places.len()
            || windows.iter().any(|[len, sum]| *len == 0 && *sum != 0)
        {
            return Err(SeekError::Content("their columns don't fit each other"));
        }
        let mut end = 0;
        let points = places.iter().zip(&windows).map(|([tar, blob], [len, sum])| {
            let window = (*len > 0).then_some(KeptWindow { at: end, len: *len, sum: *sum });
            end += u64::from(*len);
            Point { tar: *tar, blob: *blob, window }
        });
        let points = Self {
            points: points.collect(),
            states: States::from_bytes(every, &states)
                .ok_or(SeekError::Content("their states of the digest are none"))?,
            compression: compression.ok_or(SeekError::Content("their compression is unknown"))?,
            blob,
            size,
            tar_size,
            tar,
            reached,
        };
        points.check()?;
        Ok(points)
    }

    /// Everything that the other methods rely on.
    fn check(&self) -> Result<(), SeekError> {
        let holds = |holds: bool, what| if holds { Ok(()) } else { Err(SeekError::Content(what)) };
        let sizes = [self.size, self.tar_size, self.states.every()];
        holds(sizes.iter().all(|size| i64::try_from(*size).is_ok()), "a size is out of range")?;
        let rises = |a: &Point, b: &Point| a.tar < b.tar && a.blob <= b.blob;
        holds(
            self.points.first() == Some(&Point::default())
                && self.points.is_sorted_by(rises)
                && self
                    .points
                    .last()
                    .is_some_and(|last| last.tar <= self.tar_size && last.blob <= self.size)
                && self.points.len() <= limits::DIGEST_STATES,
            "their places are not in order",
        )?;
        let windows = self.points.iter().filter_map(|point| point.window.as_ref());
        holds(
            windows.clone().all(|window| window.len <= KEPT_WINDOW_BYTES)
                && (self.compression == Compression::Gzip || windows.count() == 0),
            "they have windows that can't be",
        )?;
        holds(
            self.reached.is_sorted()
                && self.reached.last().is_none_or(|last| *last <= self.size)
                && self.reached.len() as u64 <= self.tar_size / self.states.every(),
            "what was reached is not in order",
        )
    }
}

/// A digest, or none.
fn digest(bytes: &mut &[u8]) -> Result<Option<Digest>, SeekError> {
    const NONE: SeekError = SeekError::Content("a digest is none");
    let text = String::from_utf8(read(bytes).ok_or(NONE)?).map_err(|_| NONE)?;
    (!text.is_empty()).then(|| Digest::parse(&text)).transpose().map_err(|_| NONE)
}
