//! The header of a member, RFC 1952 section 2.3.

use crate::finding::Finding;
use crate::layer::codec::Stopped;
use crate::layer::findings::Findings;
use crate::limits;

const FHCRC: u8 = 1 << 1;
const FEXTRA: u8 = 1 << 2;
const FNAME: u8 = 1 << 3;
const FCOMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;
/// Bytes that every header has.
const FIXED: usize = 10;

/// A member's header as far as it has been read.
pub(super) struct Header {
    /// Where it begins in the blob.
    pub(super) start: u64,
    fixed: [u8; FIXED],
    len: usize,
    field: Field,
    /// Length of the optional field so far.
    field_len: usize,
    extra_len: usize,
    crc: crc32fast::Hasher,
    crc_bytes: [u8; 2],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Fixed,
    ExtraLen,
    Extra,
    Name,
    Comment,
    Crc,
    End,
}

/// What came of reading; each with the number of bytes that were used.
pub(super) enum Read {
    /// There is more of the header to come.
    Part(usize),
    /// It is none.
    NoGzip(usize),
    /// It is over.
    End(usize),
}

impl Header {
    /// Nothing is read yet of the header that begins there.
    pub(super) fn at(start: u64) -> Self {
        Self {
            start,
            fixed: [0; FIXED],
            len: 0,
            field: Field::Fixed,
            field_len: 0,
            extra_len: 0,
            crc: crc32fast::Hasher::new(),
            crc_bytes: [0; 2],
        }
    }

    /// Whether all of it is there that every header has.
    pub(super) fn is_known(&self) -> bool {
        self.len == FIXED
    }

    /// Whether no more is there than its first byte.
    pub(super) fn is_one_byte(&self) -> bool {
        self.len == 1
    }

    /// Reads the next field, or as much of it as is there.
    pub(super) fn read(
        &mut self,
        input: &[u8],
        subject: &str,
        findings: &mut Findings,
    ) -> Result<Read, Stopped> {
        let used = match self.field {
            Field::Fixed => {
                let used = input.len().min(FIXED - self.len);
                self.fixed[self.len..self.len + used].copy_from_slice(&input[..used]);
                self.len += used;
                let seen = &self.fixed[..self.len];
                let magic = [0x1f, 0x8b];
                if !seen.starts_with(&magic[..seen.len().min(2)]) {
                    return Ok(Read::NoGzip(used));
                }
                if self.is_known() {
                    self.check_fixed(subject, findings)?;
                    self.crc.update(&self.fixed);
                    self.next();
                }
                used
            }
            Field::ExtraLen => {
                let [byte, ..] = *input else { return Ok(Read::Part(0)) };
                self.extra_len |= usize::from(byte) << (8 * self.field_len);
                self.field_len += 1;
                self.crc.update(&[byte]);
                if self.field_len == 2 {
                    self.next();
                }
                1
            }
            Field::Extra => {
                let used = input.len().min(self.extra_len - self.field_len);
                self.crc.update(&input[..used]);
                self.field_len += used;
                if self.field_len == self.extra_len {
                    self.next();
                }
                used
            }
            Field::Name | Field::Comment => self.read_text(input, subject, findings)?,
            Field::Crc => {
                let [byte, ..] = *input else { return Ok(Read::Part(0)) };
                if let Some(place) = self.crc_bytes.get_mut(self.field_len) {
                    *place = byte;
                }
                self.field_len += 1;
                if self.field_len == 2 {
                    self.check_crc(subject, findings);
                    self.next();
                }
                1
            }
            Field::End => 0,
        };
        Ok(if self.field == Field::End { Read::End(used) } else { Read::Part(used) })
    }

    /// A name or a comment, which end with a zero.
    fn read_text(
        &mut self,
        input: &[u8],
        subject: &str,
        findings: &mut Findings,
    ) -> Result<usize, Stopped> {
        let end = input.iter().position(|&byte| byte == 0);
        let used = end.map_or(input.len(), |at| at + 1);
        self.crc.update(&input[..used]);
        self.field_len += used;
        if self.field_len > limits::GZIP_FIELD_BYTES {
            let start = self.start;
            return Err(stop(findings, "gzip.header", subject, || {
                format!(
                    "The gzip member at offset {start} has a name or comment of more than \
                     {} bytes: the blob is not read any further.",
                    limits::GZIP_FIELD_BYTES
                )
            }));
        }
        if end.is_some() {
            self.next();
        }
        Ok(used)
    }

    fn check_fixed(&self, subject: &str, findings: &mut Findings) -> Result<(), Stopped> {
        let [_, _, method, flags, ..] = self.fixed;
        let start = self.start;
        if method != 8 {
            return Err(stop(findings, "gzip.header", subject, || {
                format!(
                    "The gzip member at offset {start} names compression method {method}; only 8 \
                     (deflate) exists."
                )
            }));
        }
        if flags & RESERVED != 0 {
            return Err(stop(findings, "gzip.header", subject, || {
                format!(
                    "The gzip member at offset {start} sets reserved flags ({flags:#04x}), so its \
                     data can't be found."
                )
            }));
        }
        Ok(())
    }

    fn check_crc(&self, subject: &str, findings: &mut Findings) {
        let expected = self.crc.clone().finalize() & 0xffff;
        let actual = u32::from(u16::from_le_bytes(self.crc_bytes));
        let start = self.start;
        if expected != actual {
            findings.add("gzip.header-crc", |rule| {
                let text =
                    format!("The checksum of the gzip header at offset {start} does not match.");
                Finding::error(rule, subject, text)
                    .expected(format!("{expected:04x}"))
                    .actual(format!("{actual:04x}"))
            });
        }
    }

    /// Goes to the next field that the flags announce.
    fn next(&mut self) {
        let flags = self.fixed[3];
        let order = [
            (Field::ExtraLen, FEXTRA),
            (Field::Extra, FEXTRA),
            (Field::Name, FNAME),
            (Field::Comment, FCOMMENT),
            (Field::Crc, FHCRC),
        ];
        let from = order.iter().position(|(field, _)| *field == self.field).map_or(0, |at| at + 1);
        self.field_len = 0;
        self.field = order[from..]
            .iter()
            .find(|(field, flag)| {
                flags & flag != 0 && !(*field == Field::Extra && self.extra_len == 0)
            })
            .map_or(Field::End, |(field, _)| *field);
    }
}

/// Ends the layer with a finding.
pub(super) fn stop(
    findings: &mut Findings,
    rule: &'static str,
    subject: &str,
    text: impl FnOnce() -> String,
) -> Stopped {
    findings.add(rule, |rule| Finding::error(rule, subject, text()));
    Stopped
}
