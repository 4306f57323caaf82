//! Whose packages are these? os-release(5).

use serde::{Deserialize, Serialize};

/// A distribution of Linux, as the image's `os-release` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// `ID`, for example `debian`.
    pub id: String,
    /// `VERSION_ID`; empty for one that has no versions.
    pub version: String,
    /// `PRETTY_NAME`, or else the others.
    pub name: String,
}

impl Distribution {
    /// Reads an `os-release` file; `None` where it has no `ID`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let value = |key: &str| {
            let lines = text.lines().filter_map(|line| line.trim().split_once('='));
            let value = lines.rev().find(|(name, _)| *name == key)?.1;
            let words = shlex::split(value)?;
            words.into_iter().next().filter(|value| !value.is_empty() && value.len() < 200)
        };
        let id = value("ID")?;
        let version = value("VERSION_ID").unwrap_or_default();
        let name = value("PRETTY_NAME");
        let name = name.unwrap_or_else(|| format!("{id} {version}").trim().to_owned());
        Some(Self { id, version, name })
    }

    /// `debian-12`.
    pub(super) fn label(&self) -> String {
        match self.version.is_empty() {
            true => self.id.clone(),
            false => format!("{}-{}", self.id, self.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_or_not() {
        let read = Distribution::read(
            "# comment\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID='12'\n",
        );
        let expected = Distribution {
            id: "debian".into(),
            version: "12".into(),
            name: "Debian GNU/Linux 12 (bookworm)".into(),
        };
        assert_eq!(read, Some(expected));
        assert_eq!(Distribution::read("NAME=x"), None);
        let rolling = Distribution::read("ID=arch").map(|it| (it.label(), it.name));
        assert_eq!(rolling, Some(("arch".into(), "arch".into())));
    }
}
