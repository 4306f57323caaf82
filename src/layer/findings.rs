//! Collects findings without growing with the number of problems.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::finding::{Finding, Severity};
use crate::limits;

/// Findings of one layer, of each rule at most [`limits::FINDINGS_PER_RULE`].
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    counts: BTreeMap<&'static str, (usize, Severity)>,
    total: usize,
}

impl Findings {
    /// Adds what `make` says, unless the rule has been broken too often to list it again.
    pub(crate) fn add(&mut self, rule: &'static str, make: impl FnOnce(&'static str) -> Finding) {
        let (count, severity) = self.counts.entry(rule).or_insert((0, Severity::Note));
        *count += 1;
        self.total += 1;
        if *count <= limits::FINDINGS_PER_RULE {
            let finding = make(rule);
            *severity = (*severity).min(finding.severity);
            self.list.push(finding);
        }
    }

    /// How often something was added, listed or not.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// All findings, and for each rule that was broken more often how many more there are.
    pub(crate) fn finish(mut self, subject: &str) -> Vec<Finding> {
        for (rule, (count, severity)) in self.counts {
            let more = count.saturating_sub(limits::FINDINGS_PER_RULE);
            if more > 0 {
                let text = format!("{more} more findings of the rule {rule} are not listed.");
                self.list.push(match severity {
                    Severity::Error => Finding::error(rule, subject, text),
                    Severity::Warning => Finding::warning(rule, subject, text),
                    Severity::Note => Finding::note(rule, subject, text),
                });
            }
        }
        self.list
    }
}

/// A name for people: what is no printable UTF-8 is escaped, and the middle of what is very long
/// is left out.
pub(crate) fn display(name: &[u8]) -> String {
    const SHOWN: usize = 300;
    let (head, tail) = match (name.get(..SHOWN), name.get(name.len().saturating_sub(100)..)) {
        (Some(head), Some(tail)) if name.len() > SHOWN + 100 => (head, Some(tail)),
        _ => (name, None),
    };
    let mut text = String::with_capacity(head.len());
    escape(head, &mut text);
    if let Some(tail) = tail {
        text.push('…');
        escape(tail, &mut text);
    }
    text
}

fn escape(bytes: &[u8], text: &mut String) {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || is_invisible(c) {
                let _ = write!(text, "{}", c.escape_unicode());
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
}

/// Characters that change how others are shown, or show nothing.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
