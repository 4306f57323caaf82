//! A moment, as documents write it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A moment in UTC, written as `date-time` of RFC 3339: `2024-05-01T12:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(OffsetDateTime);

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no time: expected one as in 2024-05-01T12:00:00Z (RFC 3339)")]
pub struct TimeError(pub String);

impl Time {
    /// The moment so many seconds after the beginning of 1970; `None` outside the years 0 to 9999.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Option<Self> {
        let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        (0..=9999).contains(&time.year()).then_some(Self(time))
    }

    /// Seconds since the beginning of 1970, rounded down.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let error = || TimeError(text.chars().take(100).collect());
        let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| error())?;
        let time = time.checked_to_offset(UtcOffset::UTC).ok_or_else(error)?;
        if (0..=9999).contains(&time.year()) { Ok(Self(time)) } else { Err(error()) }
    }
}

impl TryFrom<String> for Time {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        for (text, written) in [
            ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z"),
            ("2024-05-01T14:00:00+02:00", "2024-05-01T12:00:00Z"),
            ("2024-05-01T12:00:00.120Z", "2024-05-01T12:00:00.12Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(text.parse::<Time>().map(|time| time.to_string()), Ok(written.to_owned()));
        }
        for text in ["", "2024-05-01", "yesterday", "0000-01-01T00:00:00+01:00"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

    #[test]
    fn seconds_and_text_agree() {
        let time = Time::from_unix(1_714_564_800).expect("in range");
        assert_eq!((time.to_string(), time.unix()), ("2024-05-01T12:00:00Z".into(), 1_714_564_800));
        assert_eq!(Time::from_unix(i64::MAX), None);
    }
}
