//! What does one header block say?

use crate::layer::index::Extras;

/// A header or data block.
pub(super) type Block = [u8; 512];

/// Which tar a header was written by, as far as its fields differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Before POSIX: no magic.
    V7,
    /// POSIX, with a prefix for the name.
    Ustar,
    /// POSIX magic without a version.
    UstarNoVersion,
    /// Schily's star: POSIX with a shorter prefix.
    Star,
    /// GNU, with times and sparse maps in place of the prefix.
    Gnu,
}

/// A number that can't be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotANumber;

/// One header block.
pub(super) struct Header<'a>(pub(super) &'a Block);

impl<'a> Header<'a> {
    pub(super) fn is_zero(&self) -> bool {
        self.0[0] == 0 && self.0.iter().all(|byte| *byte == 0)
    }

    /// Whether the checksum matches; `Some(true)` when it was made of signed bytes, as old tars
    /// did.
    pub(super) fn checksum(&self) -> Option<bool> {
        let said = number(&self.0[148..156]).ok()?;
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        let field: u32 = self.0[148..156].iter().map(|byte| u32::from(*byte)).sum();
        if said == i64::from(sum - field + 8 * 32) {
            return Some(false);
        }
        let signed =
            |bytes: &[u8]| bytes.iter().map(|byte| i64::from(byte.cast_signed())).sum::<i64>();
        (said == signed(self.0) - signed(&self.0[148..156]) + 8 * 32).then_some(true)
    }

    pub(super) fn format(&self) -> Format {
        match &self.0[257..265] {
            b"ustar  \0" => Format::Gnu,
            [b'u', b's', b't', b'a', b'r', 0, b'0', b'0'] => {
                if self.0[508..] == *b"tar\0" {
                    Format::Star
                } else {
                    Format::Ustar
                }
            }
            [b'u', b's', b't', b'a', b'r', 0, ..] => Format::UstarNoVersion,
            _ => Format::V7,
        }
    }

    pub(super) fn type_flag(&self) -> u8 {
        self.0[156]
    }

    pub(super) fn name(&self) -> &'a [u8] {
        text(&self.0[..100])
    }

    /// The part of the name in front of [`Self::name`]; a slash belongs between them.
    pub(super) fn prefix(&self) -> &'a [u8] {
        match self.format() {
            Format::Ustar | Format::UstarNoVersion => text(&self.0[345..500]),
            Format::Star => text(&self.0[345..476]),
            Format::V7 | Format::Gnu => &[],
        }
    }

    pub(super) fn link(&self) -> &'a [u8] {
        text(&self.0[157..257])
    }

    pub(super) fn mode(&self) -> Result<i64, NotANumber> {
        number(&self.0[100..108])
    }

    pub(super) fn uid(&self) -> Result<i64, NotANumber> {
        number(&self.0[108..116])
    }

    pub(super) fn gid(&self) -> Result<i64, NotANumber> {
        number(&self.0[116..124])
    }

    pub(super) fn size(&self) -> Result<i64, NotANumber> {
        number(&self.0[124..136])
    }

    pub(super) fn mtime(&self) -> Result<i64, NotANumber> {
        number(&self.0[136..148])
    }

    /// Major and minor number of a device.
    pub(super) fn device(&self) -> Result<(i64, i64), NotANumber> {
        if self.format() == Format::V7 {
            return Ok((0, 0));
        }
        Ok((number(&self.0[329..337])?, number(&self.0[337..345])?))
    }

    /// What it says that no column of an index holds.
    pub(super) fn extras(&self) -> Extras {
        let (format, mut extras) = (self.format(), Extras::default());
        if format != Format::V7 && (self.0[265] != 0 || self.0[297] != 0) {
            extras |= Extras::OWNER_NAMES;
        }
        let times = match format {
            Format::Gnu => &self.0[345..369],
            Format::Star => &self.0[476..500],
            Format::V7 | Format::Ustar | Format::UstarNoVersion => &[],
        };
        if times.iter().any(|byte| *byte != 0) {
            extras |= Extras::OTHER_TIMES;
        }
        extras
    }

    /// The four runs that fit into an old GNU sparse header, and whether blocks with more follow.
    pub(super) fn gnu_sparse(&self) -> (&'a [u8], bool) {
        (&self.0[386..482], self.0[482] != 0)
    }

    /// Size of an old GNU sparse file with its holes.
    pub(super) fn gnu_real_size(&self) -> Result<i64, NotANumber> {
        number(&self.0[483..495])
    }
}

/// A field up to its first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    &field[..end]
}

/// A number field: octal digits between spaces and NULs, or base 256 when the first bit is set.
pub(super) fn number(field: &[u8]) -> Result<i64, NotANumber> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => base256(field),
        _ => octal(field),
    }
}

fn octal(field: &[u8]) -> Result<i64, NotANumber> {
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !blank(byte)).unwrap_or(field.len());
    let digits = &field[start..];
    let end = digits.iter().position(blank).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if !rest.iter().all(blank) && rest.first() != Some(&0) {
        return Err(NotANumber);
    }
    digits.iter().try_fold(0i64, |sum, byte| match byte {
        b'0'..=b'7' => sum
            .checked_mul(8)
            .and_then(|sum| sum.checked_add(i64::from(byte - b'0')))
            .ok_or(NotANumber),
        _ => Err(NotANumber),
    })
}

/// Two's complement, the highest bit only marks the encoding.
fn base256(field: &[u8]) -> Result<i64, NotANumber> {
    let negative = field.first().is_some_and(|first| first & 0x40 != 0);
    let mut value: i128 = if negative { -1 } else { 0 };
    for (at, byte) in field.iter().enumerate() {
        let byte = if at == 0 { if negative { byte | 0x80 } else { byte & 0x7f } } else { *byte };
        value = value << 8 | i128::from(byte);
    }
    i64::try_from(value).map_err(|_| NotANumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t9_numbers() {
        let cases: [(&[u8], Result<i64, NotANumber>); 18] = [
            (b"0000644\0", Ok(0o644)),
            (b"   644 \0", Ok(0o644)),
            (b"644\0\0\0\0\0", Ok(0o644)),
            (b"\0\0\0\0\0\0\0\0", Ok(0)),
            (b"        ", Ok(0)),
            (b"77777777", Ok(0o77_777_777)),
            (b"0000648\0", Err(NotANumber)),
            (b"-000644\0", Err(NotANumber)),
            (b"0x1f\0\0\0\0", Err(NotANumber)),
            (b"12 34\0\0\0", Err(NotANumber)),
            (b"12\0garb\0", Ok(0o12)),
            (&[0x80, 0, 0, 0, 0, 0, 0, 5], Ok(5)),
            (&[0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0], Ok(1 << 33)),
            (&[0xff; 12], Ok(-1)),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], Ok(-2)),
            (&[0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Ok(i64::MAX)),
            (&[0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], Err(NotANumber)),
            (&[0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], Err(NotANumber)),
        ];
        for (field, expected) in cases {
            assert_eq!(number(field), expected, "{field:x?}");
        }
    }
}
