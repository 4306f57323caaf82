//! The rules of `drydock check`: from its options and from a file.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use clap::Args;
use drydock::inspect::gate::{By, Rules};
use drydock::inspect::notable::Kind;
use serde::Deserialize;

use super::{Failed, say};

/// The files that are looked for in the working folder, the first one first.
const FILES: [&str; 2] = [".drydock-ci", DIVE];
/// dive's own; its rules mean dive's figures.
const DIVE: &str = ".dive-ci";
/// Most bytes of such a file.
const MOST: u64 = 1 << 20;

/// Rules as options.
#[derive(Debug, Clone, Args)]
pub(super) struct Asked {
    /// The least share of all bytes that may be in use, from 0 to 1.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    lowest_efficiency: Option<f64>,
    /// The most that may be wasted, such as 20MB.
    #[arg(long, value_name = "SIZE")]
    highest_wasted: Option<ByteSize>,
    /// The most that may be wasted of what lies above the base layer, as a share from 0 to 1.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    highest_wasted_share: Option<f64>,
    /// Nothing may run as its owner.
    #[arg(long)]
    no_setuid: bool,
    /// Nothing may run with its group.
    #[arg(long)]
    no_setgid: bool,
    /// No program may have capabilities.
    #[arg(long)]
    no_capabilities: bool,
    /// Nothing may be writable for everyone.
    #[arg(long)]
    no_world_writable: bool,
    /// There may be no devices.
    #[arg(long)]
    no_devices: bool,
    /// There may be no files with the names of keys, tokens or passwords.
    #[arg(long)]
    no_secrets: bool,
    /// There may be nothing in the caches of package managers.
    #[arg(long)]
    no_caches: bool,
    /// There may be no shell.
    #[arg(long)]
    no_shells: bool,
    /// A file with rules; else .drydock-ci or .dive-ci of this folder is read, where there is one.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

impl Asked {
    /// All rules; an option takes the place of what the file says.
    pub(super) fn rules(&self) -> Result<Rules, Failed> {
        let mut rules = match &self.rules {
            Some(path) => read(path)?
                .ok_or_else(|| Failed::told(format!("{} is not there.", path.display())))?,
            None => found()?.unwrap_or_default(),
        };
        let limits = [
            (&mut rules.lowest_efficiency, self.lowest_efficiency),
            (&mut rules.highest_wasted_share, self.highest_wasted_share),
        ];
        for (rule, asked) in limits {
            *rule = asked.or(*rule);
        }
        let wasted = self.highest_wasted.map(|size| size.as_u64());
        rules.highest_wasted_bytes = wasted.or(rules.highest_wasted_bytes);
        let kinds = [
            (self.no_setuid, Kind::Setuid),
            (self.no_setgid, Kind::Setgid),
            (self.no_capabilities, Kind::Capability),
            (self.no_world_writable, Kind::WorldWritable),
            (self.no_devices, Kind::Device),
            (self.no_secrets, Kind::Secret),
            (self.no_caches, Kind::Cache),
            (self.no_shells, Kind::Shell),
        ];
        rules.none_of.extend(kinds.into_iter().filter_map(|(asked, kind)| asked.then_some(kind)));
        if rules.is_empty() {
            return Err(Failed::told(
                "There are no rules: expected options such as --lowest-efficiency 0.95, or a file \
                 .drydock-ci.",
            ));
        }
        Ok(rules)
    }
}

fn found() -> Result<Option<Rules>, Failed> {
    for name in FILES {
        if let Some(rules) = read(Path::new(name))? {
            say(&format!("The rules of {name} are used."));
            return Ok(Some(rules));
        }
    }
    Ok(None)
}

fn read(path: &Path) -> Result<Option<Rules>, Failed> {
    let failed = |why: String| Failed::told(format!("{}: {why}", path.display()));
    match fs::metadata(path) {
        Ok(found) if found.len() > MOST => {
            return Err(failed(format!(
                "expected at most {MOST} bytes, there are {}.",
                found.len()
            )));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let text = fs::read_to_string(path).map_err(|error| failed(format!("{error}.")))?;
    let is_dive = path.file_name().is_some_and(|name| name == DIVE);
    parse(&text, if is_dive { By::Dive } else { By::Drydock }).map(Some).map_err(failed)
}

/// The file as dive writes it, and what there is beyond.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rules: Listed,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Listed {
    lowest_efficiency: Option<Limit>,
    highest_wasted_bytes: Option<Limit>,
    highest_user_wasted_percent: Option<Limit>,
    #[serde(default)]
    none_of: BTreeSet<Kind>,
}

/// A number, with or without quotes and a unit, or `disabled`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Limit {
    Number(f64),
    Text(String),
}

fn parse(text: &str, by: By) -> Result<Rules, String> {
    let file: File = serde_saphyr::from_str(text).map_err(|error| format!("{error}."))?;
    let Listed { lowest_efficiency, highest_wasted_bytes, highest_user_wasted_percent, none_of } =
        file.rules;
    Ok(Rules {
        by,
        lowest_efficiency: of(lowest_efficiency, "lowestEfficiency", share)?,
        highest_wasted_bytes: of(highest_wasted_bytes, "highestWastedBytes", |text| {
            text.parse::<ByteSize>().map(|size| size.as_u64())
        })?,
        highest_wasted_share: of(highest_user_wasted_percent, "highestUserWastedPercent", share)?,
        none_of,
    })
}

fn of<T>(
    limit: Option<Limit>,
    name: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let text = match limit {
        None => return Ok(None),
        Some(Limit::Number(number)) => number.to_string(),
        Some(Limit::Text(text)) if text.trim() == "disabled" => return Ok(None),
        Some(Limit::Text(text)) => text,
    };
    read(text.trim()).map(Some).map_err(|why| format!("{name} is {text:?}: {why}."))
}

fn share(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number from 0 to 1".to_owned())?;
    match (0.0..=1.0).contains(&number) {
        true => Ok(number),
        false => Err("expected a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_dive_is_read_as_it_is() {
        let text = "rules:\n  # a comment\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20MB\n  highestUserWastedPercent: \"0.20\"\n";
        let rules = parse(text, By::Dive).expect("valid");
        assert_eq!(
            rules,
            Rules {
                by: By::Dive,
                lowest_efficiency: Some(0.95),
                highest_wasted_bytes: Some(20_000_000),
                highest_wasted_share: Some(0.2),
                none_of: BTreeSet::new(),
            }
        );
        let rules = parse("rules:\n  highestWastedBytes: disabled\n", By::Dive).expect("valid");
        assert!(rules.is_empty());
    }

    #[test]
    fn kinds_are_named() {
        let rules = parse("rules:\n  noneOf: [setuid, world-writable]\n", By::Drydock);
        let kinds = rules.expect("valid").none_of;
        assert_eq!(kinds, [Kind::Setuid, Kind::WorldWritable].into());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            (
                "rules:\n  lowestEfficiency: 2\n",
                "lowestEfficiency is \"2\": expected a number from 0 to 1.",
            ),
            ("rules:\n  highestWastedBytes: much\n", "highestWastedBytes is \"much\""),
            ("rules:\n  lowestEfficency: 0.5\n", "lowestEfficency"),
            ("rules: [", ""),
        ] {
            let error = parse(text, By::Drydock).expect_err(text);
            assert!(error.contains(expected), "{error}");
        }
    }
}
