//! What does one entry say, with all its extensions?

use super::Parser;
use super::header::{Block, Format, Header, NotANumber};
use super::pax::{Records, SparseRecords};
use super::sparse::{MapReader, gnu_runs, pairs};
use super::state::{Draft, Pending, State, padding, place};
use crate::finding::Finding;
use crate::layer::findings::{Findings, display};
use crate::layer::index::Kind;
use crate::limits;

/// Sizes from here on don't fit into the octal field of a header.
const OCTAL_SIZE_END: i64 = 1 << 33;
/// Largest device numbers that Linux has.
const DEVICE_MAJOR: i64 = 0xfff;
const DEVICE_MINOR: i64 = 0xf_ffff;

impl Parser {
    /// Takes the header of an entry and goes into its content, or into what has to be read before.
    pub(super) fn begin_entry(&mut self, header: &Header<'_>, findings: &mut Findings) {
        let Pending { start, pax, name, link } = std::mem::take(&mut self.pending);
        let mut pax = pax.unwrap_or_default();
        let conflict = pax.path.is_some() && name.is_some() || pax.link.is_some() && link.is_some();
        pax.under(&self.globals);
        self.set_name(header, &pax, name.as_deref(), findings);
        if conflict {
            findings.add("tar.name-conflict", |rule| {
                let text = "The entry has a name or link target both from a pax header and from a \
                            GNU header: GNU's counts here, and tools disagree.";
                Finding::error(rule, display(&self.draft.name), text)
            });
        }
        let Some(size) = self.entry_size(header, &pax, findings) else { return };
        let Some(kind) = self.entry_kind(header, findings) else {
            // A volume label or the like: what it holds is no file.
            self.state = State::Content { left: size, padding: padding(size) };
            if size == 0 {
                self.state = State::Header;
            }
            return;
        };
        // A directory that is stored as a file may have content, which nobody reads.
        let has_content =
            kind == Kind::File || matches!(header.type_flag(), b'D' | 0 | b'0' | b'7');
        if size > 0 && !has_content {
            findings.add("tar.size-without-content", |rule| {
                let text = format!(
                    "A {} has a size in its header: some tools skip so many bytes behind it, \
                     others read the next header there, as here.",
                    kind.name()
                );
                Finding::error(rule, display(&self.draft.name), text).expected(0).actual(size)
            });
        }
        let draft = &mut self.draft;
        draft.start = start.unwrap_or(self.offset);
        draft.kind = kind;
        draft.stored = if has_content { size } else { 0 };
        draft.size = if kind == Kind::File { size } else { 0 };
        draft.regions = None;
        draft.records = std::mem::take(&mut pax.kept);
        draft.extras = header.extras();
        draft.extras |= pax.extras;
        draft.link.clear();
        if matches!(kind, Kind::Symlink | Kind::Hardlink) {
            draft.link.extend_from_slice(
                link.as_deref().or(pax.link.as_deref()).unwrap_or_else(|| header.link()),
            );
        }
        self.set_numbers(header, &pax, findings);
        self.check_names(findings);
        if kind == Kind::File && header.type_flag() == b'S' {
            self.begin_gnu_sparse(header, findings);
        } else if kind == Kind::File && !pax.sparse.is_empty() {
            self.begin_pax_sparse(&mut pax.sparse, findings);
        } else {
            self.begin_content(self.offset + 512, findings);
        }
    }

    fn set_name(
        &mut self,
        header: &Header<'_>,
        pax: &Records,
        long: Option<&[u8]>,
        findings: &mut Findings,
    ) {
        let name = &mut self.draft.name;
        name.clear();
        let long = long.or(pax.sparse.name.as_deref()).or(pax.path.as_deref());
        match long {
            Some(long) if long.len() <= limits::TAR_NAME_BYTES => name.extend_from_slice(long),
            _ => {
                let prefix = header.prefix();
                if !prefix.is_empty() {
                    name.extend_from_slice(prefix);
                    name.push(b'/');
                }
                name.extend_from_slice(header.name());
            }
        }
        if let Some(long) = long
            && long.len() > limits::TAR_NAME_BYTES
        {
            findings.add("tar.name-too-long", |rule| {
                let text = "The name of an entry is too long to be read; the short one in its \
                            header is used instead.";
                Finding::error(rule, display(long), text)
                    .expected(limits::TAR_NAME_BYTES)
                    .actual(long.len())
            });
        }
    }

    /// Number of bytes that follow the header, if that is certain.
    fn entry_size(
        &mut self,
        header: &Header<'_>,
        pax: &Records,
        findings: &mut Findings,
    ) -> Option<u64> {
        let own = header.size();
        if let (Some(pax), Ok(own)) = (pax.size, &own)
            && pax != *own
            && pax < OCTAL_SIZE_END
        {
            findings.add("tar.size-conflict", |rule| {
                let text = "The size in the header and the one in the pax header differ: the pax \
                            header's counts here, and tools disagree about what follows.";
                Finding::error(rule, display(&self.draft.name), text).expected(pax).actual(own)
            });
        }
        let size = match (pax.size, own) {
            (Some(size), _) | (None, Ok(size)) => u64::try_from(size).ok(),
            (None, Err(NotANumber)) => None,
        };
        if size.is_none() {
            self.stop("tar.size", findings, "An entry has no valid size");
        }
        size
    }

    /// What the type flag says; `None` for what is no entry of the file system.
    fn entry_kind(&mut self, header: &Header<'_>, findings: &mut Findings) -> Option<Kind> {
        let slash = self.draft.name.ends_with(b"/");
        let name = &self.draft.name;
        let flag = header.type_flag();
        let mut unknown = |text: &str| {
            findings.add("tar.unknown-type", |rule| {
                Finding::error(rule, display(name), text).actual(display(&[flag]))
            });
        };
        match flag {
            0 if slash => Some(Kind::Directory),
            // GNU tar, bsdtar and what Docker runs on take it so.
            b'0' | b'7' if slash => {
                findings.add("tar.file-with-slash", |rule| {
                    let text = "The name of a file ends with a slash, which makes it a directory; \
                                some tools make it a file.";
                    Finding::warning(rule, display(name), text)
                });
                Some(Kind::Directory)
            }
            0 | b'0' | b'7' | b'S' => Some(Kind::File),
            b'1' => Some(Kind::Hardlink),
            b'2' => Some(Kind::Symlink),
            b'3' => Some(Kind::Char),
            b'4' => Some(Kind::Block),
            b'5' => Some(Kind::Directory),
            b'6' => Some(Kind::Fifo),
            b'D' => {
                unknown("A directory of an incremental dump: container tools refuse the tar.");
                Some(Kind::Directory)
            }
            b'M' | b'N' | b'V' => {
                unknown("An entry of a type that is no file; container tools refuse the tar.");
                None
            }
            _ => {
                unknown(
                    "An entry of an unknown type, shown as a file; container tools refuse the \
                     tar.",
                );
                Some(Kind::File)
            }
        }
    }

    fn set_numbers(&mut self, header: &Header<'_>, pax: &Records, findings: &mut Findings) {
        let draft = &mut self.draft;
        let name = &draft.name;
        let mut value = |field: &str, number: Result<i64, NotANumber>| {
            number.unwrap_or_else(|NotANumber| {
                findings.add("tar.number", |rule| {
                    let text = format!("The {field} in the header is no number; 0 is used.");
                    Finding::error(rule, display(name), text)
                });
                0
            })
        };
        draft.mode = (value("mode", header.mode()) & 0o7777) as u16;
        let uid = pax.uid.unwrap_or_else(|| value("uid", header.uid()));
        let gid = pax.gid.unwrap_or_else(|| value("gid", header.gid()));
        draft.mtime = pax.mtime.unwrap_or_else(|| value("mtime", header.mtime()));
        let mut device = None;
        if matches!(draft.kind, Kind::Char | Kind::Block) {
            let numbers = header.device().unwrap_or_else(|error| {
                value("device number", Err(error));
                (0, 0)
            });
            if !(0..=DEVICE_MAJOR).contains(&numbers.0) || !(0..=DEVICE_MINOR).contains(&numbers.1)
            {
                findings.add("tar.device", |rule| {
                    let text = "The device number is larger than any that Linux has.";
                    Finding::warning(rule, display(name), text)
                        .actual(format!("{}:{}", numbers.0, numbers.1))
                });
            }
            let clamp = |number| u32::try_from(number).unwrap_or(u32::MAX);
            device = Some((clamp(numbers.0), clamp(numbers.1)));
        }
        draft.device = device;
        for (field, number, slot) in [("uid", uid, &mut draft.uid), ("gid", gid, &mut draft.gid)] {
            *slot = u32::try_from(number).unwrap_or_else(|_| {
                findings.add("tar.owner", |rule| {
                    let text = format!("The {field} is none that Linux has.");
                    Finding::error(rule, display(&draft.name), text).actual(number)
                });
                u32::MAX
            });
        }
    }

    fn check_names(&self, findings: &mut Findings) {
        let Draft { name, link, kind, .. } = &self.draft;
        match name.first() {
            None => findings.add("tar.empty-name", |rule| {
                let text = format!("A {} has no name.", kind.name());
                Finding::error(rule, place(self.offset), text)
            }),
            Some(b'/') => findings.add("tar.absolute-name", |rule| {
                let text = "The name begins with a slash, which is left out.";
                Finding::note(rule, display(name), text)
            }),
            Some(_) => {}
        }
        if name.windows(2).any(|two| two == b"..")
            && name.split(|byte| *byte == b'/').any(|component| component == b"..")
        {
            findings.add("tar.parent-name", |rule| {
                let text = "The name goes up to parent directories (\"..\"); tools disagree about \
                            where that leads, and some refuse it.";
                Finding::warning(rule, display(name), text)
            });
        }
        if link.is_empty() && matches!(kind, Kind::Symlink | Kind::Hardlink) {
            findings.add("tar.empty-link", |rule| {
                let text = format!("The {} has no target.", kind.name());
                Finding::error(rule, display(name), text)
            });
        }
    }

    fn begin_gnu_sparse(&mut self, header: &Header<'_>, findings: &mut Findings) {
        if header.format() != Format::Gnu {
            self.sparse_problem("its header is not GNU's", findings);
            self.begin_content(self.offset + 512, findings);
            return;
        }
        findings.add("tar.gnu-sparse", |rule| {
            let text = "A sparse file in GNU's old format, which some container tools refuse.";
            Finding::warning(rule, display(&self.draft.name), text)
        });
        let (runs, more) = header.gnu_sparse();
        let mut regions = Vec::new();
        let result = gnu_runs(runs, &mut regions);
        self.draft.regions = Some(regions);
        match header.gnu_real_size().ok().and_then(|size| u64::try_from(size).ok()) {
            Some(size) => self.draft.size = size,
            None => self.sparse_problem("its real size is no number", findings),
        }
        if let Err(problem) = result {
            self.sparse_problem(problem, findings);
        }
        if more {
            self.state = State::SparseBlocks;
        } else {
            self.begin_content(self.offset + 512, findings);
        }
    }

    /// Takes a block that continues an old GNU sparse header.
    pub(super) fn sparse_block(&mut self, block: &Block, findings: &mut Findings) {
        let mut regions = self.draft.regions.take().unwrap_or_default();
        let result = gnu_runs(&block[..504], &mut regions);
        self.draft.regions = Some(regions);
        if let Err(problem) = result {
            self.sparse_problem(problem, findings);
        }
        if block[504] == 0 {
            self.begin_content(self.offset + 512, findings);
        }
    }

    fn begin_pax_sparse(&mut self, sparse: &mut SparseRecords, findings: &mut Findings) {
        let size = sparse.real_size.and_then(|size| u64::try_from(size).ok());
        let version = (sparse.major.unwrap_or(0), sparse.minor.unwrap_or(0));
        let readable = match version {
            (1, 0) => size.is_some(),
            (0, 0 | 1) => size.is_some() && sparse.has_map,
            _ => false,
        };
        let Some(size) = size.filter(|_| readable) else {
            self.sparse_problem("its pax header lacks a part of the map", findings);
            self.begin_content(self.offset + 512, findings);
            return;
        };
        self.draft.size = size;
        if version == (1, 0) {
            if self.draft.stored < 512 {
                self.sparse_problem("it has no map", findings);
                self.begin_content(self.offset + 512, findings);
            } else {
                self.state = State::SparseMap(MapReader::default());
            }
            return;
        }
        let regions = pairs(&sparse.map);
        if sparse.count.is_some_and(|count| usize::try_from(count) != Ok(regions.len())) {
            self.sparse_problem("its map is not as long as its pax header says", findings);
        }
        self.draft.regions = Some(regions);
        self.begin_content(self.offset + 512, findings);
    }

    /// A sparse file can't be put together; its entry is still listed.
    pub(super) fn sparse_problem(&mut self, problem: &str, findings: &mut Findings) {
        findings.add("tar.sparse", |rule| {
            let text = format!("The sparse file can't be put together: {problem}.");
            Finding::error(rule, display(&self.draft.name), text)
        });
    }
}
