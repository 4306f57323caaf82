//! Lines of a text, as what stands behind `#` in an address.

use std::fmt;
use std::str::FromStr;

/// Lines, from 1, the last one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRange {
    /// The first one.
    pub first: u64,
    /// The last one.
    pub last: u64,
}

impl LineRange {
    /// One line.
    #[must_use]
    pub fn one(line: u64) -> Self {
        Self { first: line, last: line }
    }

    /// The lines from one to another, whichever comes first.
    #[must_use]
    pub fn between(one: u64, other: u64) -> Self {
        Self { first: one.min(other), last: one.max(other) }
    }

    /// Whether a line is among them.
    #[must_use]
    pub fn has(self, line: u64) -> bool {
        (self.first..=self.last).contains(&line)
    }
}

impl fmt::Display for LineRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "L{}", self.first),
            false => write!(f, "L{}-L{}", self.first, self.last),
        }
    }
}

impl FromStr for LineRange {
    type Err = ();

    /// `L10`, `L10-L20` or `L10-20`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |text: &str| text.parse::<u64>().ok().filter(|line| *line > 0).ok_or(());
        let lines = text.strip_prefix('L').ok_or(())?;
        match lines.split_once('-') {
            None => number(lines).map(Self::one),
            Some((one, other)) => {
                let other = other.strip_prefix('L').unwrap_or(other);
                Ok(Self::between(number(one)?, number(other)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_one_form() {
        for (text, shown) in
            [("L1", "L1"), ("L10-L20", "L10-L20"), ("L20-10", "L10-L20"), ("L3-L3", "L3")]
        {
            assert_eq!(text.parse::<LineRange>().map(|it| it.to_string()), Ok(shown.to_owned()));
        }
        for text in ["", "L", "L0", "10", "L1-", "L-1", "Lx", "L1-L2-L3"] {
            assert_eq!(text.parse::<LineRange>(), Err(()), "{text}");
        }
    }
}
