//! What a check says about the bytes it looked at.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// How much a [`Finding`] weighs in a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The bytes are not what they are said to be, or no reader can agree on what they mean.
    Error,
    /// Legal or tolerated, but other tools may read it differently or refuse it.
    Warning,
    /// Worth knowing; nothing is wrong.
    Note,
}

/// One result of a check. The text is for people; `rule` is for programs and stays the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable id, `area.problem` in kebab-case, for example `layer.diff-id`.
    pub rule: Cow<'static, str>,
    /// How much it weighs.
    pub severity: Severity,
    /// What it is about: a digest, a path, `layer 2 of linux/amd64`.
    pub subject: String,
    /// What should have been there.
    pub expected: Option<String>,
    /// What was there.
    pub actual: Option<String>,
    /// One sentence that says it whole.
    pub message: String,
}

impl Finding {
    /// A finding that fails the verification.
    #[must_use]
    pub fn error(
        rule: &'static str,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(rule, Severity::Error, subject, message)
    }

    /// A finding that is shown but fails nothing.
    #[must_use]
    pub fn warning(
        rule: &'static str,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(rule, Severity::Warning, subject, message)
    }

    /// A remark.
    #[must_use]
    pub fn note(
        rule: &'static str,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(rule, Severity::Note, subject, message)
    }

    fn new(
        rule: &'static str,
        severity: Severity,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule: Cow::Borrowed(rule),
            severity,
            subject: subject.into(),
            expected: None,
            actual: None,
            message: message.into(),
        }
    }

    /// Adds what should have been there.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over what they have")]
    pub fn expected(mut self, expected: impl ToString) -> Self {
        self.expected = Some(expected.to_string());
        self
    }

    /// Adds what was there.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over what they have")]
    pub fn actual(mut self, actual: impl ToString) -> Self {
        self.actual = Some(actual.to_string());
        self
    }
}
