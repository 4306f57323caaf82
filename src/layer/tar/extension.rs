//! What do extension headers say about the next entry, or about all that follow?

use super::Parser;
use super::header::{self, Format, Header};
use super::pax::{Problem, Records};
use super::state::{Extension, State, padding, place};
use crate::finding::Finding;
use crate::layer::findings::Findings;
use crate::layer::index::Extras;
use crate::limits;

impl Parser {
    pub(super) fn begin_extension(
        &mut self,
        header: &Header<'_>,
        kind: Extension,
        findings: &mut Findings,
    ) {
        let offset = self.offset;
        let (format, flag) = (header.format(), header.type_flag());
        let wrong = match (kind, format) {
            (_, Format::V7) => true,
            (Extension::Pax | Extension::Global, Format::Gnu) => true,
            _ => flag == b'X' && format != Format::Ustar,
        };
        if wrong {
            findings.add("tar.extension-format", |rule| {
                let text = format!(
                    "An extension of type {} stands in a header of another kind of tar: tools \
                     disagree about whether it counts.",
                    char::from(flag)
                );
                Finding::error(rule, place(offset), text).actual(format!("{format:?}"))
            });
        }
        let Some(size) = header.size().ok().and_then(|size| u64::try_from(size).ok()) else {
            self.stop("tar.size", findings, "An extension header has no valid size");
            return;
        };
        if kind != Extension::Global {
            self.pending.start.get_or_insert(offset);
        } else if size > 0 {
            self.global_extras |= Extras::GLOBAL;
        }
        let limit = match kind {
            Extension::LongName | Extension::LongLink => limits::TAR_NAME_BYTES as u64,
            _ => limits::TAR_PAX_BYTES,
        };
        let kept = if size > limit {
            findings.add("tar.extension-too-large", |rule| {
                let text = format!(
                    "An extension header of type {} is too large to be read; what it says about \
                     the next entry is ignored.",
                    char::from(flag)
                );
                Finding::error(rule, place(offset), text).expected(limit).actual(size)
            });
            Extension::TooLarge
        } else {
            kind
        };
        self.body.clear();
        if size == 0 {
            self.state = State::Header;
            self.end_extension(kept, findings);
        } else {
            self.state = State::Extension { kind: kept, left: size, padding: padding(size) };
        }
        if let State::Padding { left: 0 } = self.state {
            self.state = State::Header;
        }
    }

    pub(super) fn end_extension(&mut self, kind: Extension, findings: &mut Findings) {
        let body = std::mem::take(&mut self.body);
        match kind {
            Extension::TooLarge => {}
            Extension::LongName | Extension::LongLink => {
                let text = header::text(&body);
                if text.len() + 1 < body.len() && body[text.len()..].iter().any(|byte| *byte != 0) {
                    let offset = self.offset;
                    findings.add("tar.long-name", |rule| {
                        let text = "A long name goes on behind a NUL; it is cut there.";
                        Finding::error(rule, place(offset), text)
                    });
                }
                let slot = if kind == Extension::LongName {
                    &mut self.pending.name
                } else {
                    &mut self.pending.link
                };
                if slot.replace(text.to_vec()).is_some() {
                    stacked(self.offset, findings);
                }
            }
            Extension::Pax => {
                let (records, problems) = Records::parse(&body);
                self.pax_problems(problems, findings);
                if self.pending.pax.replace(records).is_some() {
                    stacked(self.offset, findings);
                }
            }
            Extension::Global => {
                let (mut records, problems) = Records::parse(&body);
                self.pax_problems(problems, findings);
                self.global(&records, findings);
                records.under(&self.globals);
                self.globals = records;
            }
        }
        if matches!(self.state, State::Padding { left: 0 }) {
            self.state = State::Header;
        }
        self.body = body;
    }

    fn pax_problems(&mut self, problems: Vec<Problem>, findings: &mut Findings) {
        let offset = self.offset;
        for problem in problems {
            match problem {
                Problem::Record(what) => findings.add("tar.pax-record", |rule| {
                    let text = format!("In a pax header {what}; the rest of it is ignored.");
                    Finding::error(rule, place(offset), text)
                }),
                Problem::Value(what) => findings.add("tar.pax-value", |rule| {
                    let text = format!("In a pax header {what}, which can't be used.");
                    Finding::error(rule, place(offset), text)
                }),
                Problem::NotUtf8(key) => findings.add("tar.pax-not-utf8", |rule| {
                    let text = format!("The {key} of a pax header is not UTF-8.");
                    Finding::warning(rule, place(offset), text)
                }),
                Problem::Size(what) => {
                    self.stop("tar.size", findings, &format!("A pax header's {what}"));
                }
            }
        }
    }

    fn global(&self, records: &Records, findings: &mut Findings) {
        let offset = self.offset;
        if records.path.is_some() || records.link.is_some() || records.size.is_some() {
            findings.add("tar.global-header", |rule| {
                let text = "A global pax header sets the name or size of all entries behind it: \
                            tools disagree about whether it counts.";
                Finding::error(rule, place(offset), text)
            });
        } else {
            findings.add("tar.global-header", |rule| {
                let text = "The tar holds a global pax header, which some container tools refuse \
                            and others ignore.";
                Finding::warning(rule, place(offset), text)
            });
        }
    }

    /// Extensions wait for an entry that does not come.
    pub(super) fn dangling(&mut self, findings: &mut Findings) {
        let pending = std::mem::take(&mut self.pending);
        if let Some(start) = pending.start {
            findings.add("tar.dangling-extension", |rule| {
                let text = format!(
                    "The extension header at offset {start} of the tar belongs to no entry."
                );
                Finding::error(rule, place(start), text)
            });
        }
    }
}

fn stacked(offset: u64, findings: &mut Findings) {
    findings.add("tar.stacked-extension", |rule| {
        let text = "Two extension headers of one kind stand in front of one entry: the last one \
                    counts here, and tools disagree.";
        Finding::error(rule, place(offset), text)
    });
}
