//! How is the image run, and how was it made?
//!
//! image-spec, config.md; Docker's image config has the same fields and some more.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::{ChainId, DiffId, Digest};
use crate::document::Document;
use crate::finding::Finding;
use crate::limits;
use crate::platform::Platform;
use crate::spec::fields::{Fields, note, shown};

const KNOWN: [&str; 10] = [
    "created",
    "author",
    "architecture",
    "os",
    "os.version",
    "os.features",
    "variant",
    "config",
    "rootfs",
    "history",
];
const KNOWN_RUN: [&str; 13] = [
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "Labels",
    "StopSignal",
    "Shell",
    "Healthcheck",
    "OnBuild",
    "ArgsEscaped",
];
const KNOWN_HEALTHCHECK: [&str; 6] =
    ["Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"];
const KNOWN_HISTORY: [&str; 5] = ["created", "created_by", "author", "comment", "empty_layer"];

/// An image config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// When the image was made, as RFC 3339 text.
    pub created: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// What it runs on. System and architecture are required; missing ones are empty.
    pub platform: Platform,
    /// How a container is started from it.
    pub config: RunConfig,
    /// Must be `layers`.
    pub rootfs_type: Option<String>,
    /// Digests of the uncompressed layers, the base first; `None` where one can't be read.
    pub diff_ids: Vec<Option<DiffId>>,
    /// The steps it was made by, the first one first.
    pub history: Vec<History>,
}

/// The part of a config that becomes a container's (config.md, property `config`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunConfig {
    /// User or uid, and group, as text: `app`, `1000:1000`.
    pub user: Option<String>,
    /// Ports that are offered: `8080/tcp`.
    pub exposed_ports: Vec<String>,
    /// `NAME=value`.
    pub env: Vec<String>,
    /// Start of the command.
    pub entrypoint: Option<Vec<String>>,
    /// The command, or the arguments of the entrypoint.
    pub cmd: Option<Vec<String>>,
    /// Directories that should be volumes.
    pub volumes: Vec<String>,
    /// Directory that the command is started in.
    pub working_dir: Option<String>,
    /// Free-form remarks.
    pub labels: BTreeMap<String, String>,
    /// Signal that asks the process to end.
    pub stop_signal: Option<String>,
    /// Shell of `RUN` and of commands in shell form (Docker).
    pub shell: Option<Vec<String>>,
    /// How the container's health is asked (Docker).
    pub healthcheck: Option<Healthcheck>,
    /// Instructions for builds on top of the image (Docker).
    pub on_build: Vec<String>,
}

/// Docker's `HEALTHCHECK`. Times are in nanoseconds; absent ones are the engine's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", …]`.
    pub test: Vec<String>,
    /// Time between two checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<i64>,
    /// Time after which a check has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
    /// Time in which failures do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_period: Option<i64>,
    /// Time between two checks while failures do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_interval: Option<i64>,
    /// Number of failures in a row that make a container unhealthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<i64>,
}

/// One step of the making (config.md, property `history`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// When, as RFC 3339 text.
    pub created: Option<String>,
    /// The command.
    pub created_by: Option<String>,
    /// Who.
    pub author: Option<String>,
    /// A remark of the tool.
    pub comment: Option<String>,
    /// Whether the step made no layer.
    pub empty_layer: bool,
}

impl Config {
    /// Reads the view; `None` when the document is no JSON object. `subject` names the document in
    /// findings.
    #[must_use]
    pub fn read(document: &Document, subject: &str) -> (Option<Self>, Vec<Finding>) {
        Self::read_value(document.value(), subject)
    }

    pub(super) fn read_value(value: &Value, subject: &str) -> (Option<Self>, Vec<Finding>) {
        let mut findings = Vec::new();
        let config = Fields::new(value, &KNOWN, "", subject, &mut findings)
            .map(|mut fields| Self::read_fields(&mut fields, subject));
        (config, findings)
    }

    fn read_fields(fields: &mut Fields<'_>, subject: &str) -> Self {
        let created = read_time(fields, "created", subject);
        let author = fields.text("author");
        let platform = Platform {
            architecture: fields.text("architecture").unwrap_or_default(),
            os: fields.text("os").unwrap_or_default(),
            os_version: fields.text("os.version").filter(|text| !text.is_empty()),
            os_features: fields.texts("os.features").unwrap_or_default(),
            variant: fields.text("variant").filter(|text| !text.is_empty()),
        };
        for (key, text) in [("architecture", &platform.architecture), ("os", &platform.os)] {
            if text.is_empty() {
                fields.add(Finding::warning(
                    "config.platform",
                    subject,
                    format!("The {subject} does not say for which {key} it is."),
                ));
            }
        }
        let config = RunConfig::read(fields, subject);
        let (rootfs_type, diff_ids) = read_rootfs(fields, subject);
        let history = read_history(fields, subject);
        Self { created, author, platform, config, rootfs_type, diff_ids, history }
    }

    /// The digest that the config names for a layer, counted from 1 at the base.
    #[must_use]
    pub fn diff_id(&self, layer: usize) -> Option<&DiffId> {
        self.diff_ids.get(layer.checked_sub(1)?)?.as_ref()
    }

    /// The chain of the layers up to one, counted from 1 at the base (config.md, "Layer ChainID").
    #[must_use]
    pub fn chain_id(&self, layer: usize) -> Option<ChainId> {
        let (base, rest) = self.diff_ids.get(..layer)?.split_first()?;
        let base = ChainId::base(base.as_ref()?);
        rest.iter().try_fold(base, |chain, diff_id| Some(chain.push(diff_id.as_ref()?)))
    }
}

impl RunConfig {
    fn read(outer: &mut Fields<'_>, subject: &str) -> Self {
        let Some(value) = outer.raw("config") else { return Self::default() };
        let Some(mut fields) = Fields::new(value, &KNOWN_RUN, "config", subject, outer.findings())
        else {
            return Self::default();
        };
        let some = |text: &String| !text.is_empty();
        let config = Self {
            user: fields.text("User").filter(some),
            exposed_ports: fields.set("ExposedPorts"),
            env: fields.texts("Env").unwrap_or_default(),
            entrypoint: fields.texts("Entrypoint"),
            cmd: fields.texts("Cmd"),
            volumes: fields.set("Volumes"),
            working_dir: fields.text("WorkingDir").filter(some),
            labels: fields.text_map("Labels"),
            stop_signal: fields.text("StopSignal").filter(some),
            shell: fields.texts("Shell"),
            on_build: fields.texts("OnBuild").unwrap_or_default(),
            healthcheck: read_healthcheck(&mut fields, subject),
        };
        for variable in &config.env {
            if variable.find('=').is_none_or(|at| at == 0) {
                fields.add(
                    Finding::warning(
                        "config.env",
                        subject,
                        format!("A variable in config.Env of the {subject} is not NAME=value."),
                    )
                    .expected("NAME=value")
                    .actual(shown(variable)),
                );
            }
        }
        config
    }
}

fn read_healthcheck(outer: &mut Fields<'_>, subject: &str) -> Option<Healthcheck> {
    let value = outer.raw("Healthcheck")?;
    let at = "config.Healthcheck";
    let mut fields = Fields::new(value, &KNOWN_HEALTHCHECK, at, subject, outer.findings())?;
    Some(Healthcheck {
        test: fields.texts("Test").unwrap_or_default(),
        interval: fields.integer("Interval"),
        timeout: fields.integer("Timeout"),
        start_period: fields.integer("StartPeriod"),
        start_interval: fields.integer("StartInterval"),
        retries: fields.integer("Retries"),
    })
}

fn read_rootfs(outer: &mut Fields<'_>, subject: &str) -> (Option<String>, Vec<Option<DiffId>>) {
    let rootfs = outer.raw("rootfs");
    if rootfs.is_none() {
        outer.add(Finding::error(
            "config.rootfs",
            subject,
            format!("The {subject} has no rootfs, so it says nothing of the layers."),
        ));
    }
    let fields = rootfs.and_then(|value| {
        Fields::new(value, &["type", "diff_ids"], "rootfs", subject, outer.findings())
    });
    let Some(mut fields) = fields else { return (None, Vec::new()) };
    let kind = fields.text("type");
    if kind.as_deref() != Some("layers") {
        let actual = kind.as_deref().map_or_else(|| "nothing".to_owned(), shown);
        fields.add(
            Finding::error(
                "config.rootfs-type",
                subject,
                format!("rootfs.type of the {subject} must be layers, but is {actual}."),
            )
            .expected("layers")
            .actual(actual),
        );
    }
    let mut diff_ids = Vec::new();
    let texts = fields.list("diff_ids").unwrap_or_default();
    for (at, value) in texts.iter().enumerate().take(limits::DESCRIPTORS) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let diff_id = Digest::parse(&text);
        if let Err(error) = &diff_id {
            fields.add(
                Finding::error(
                    "config.diff-id",
                    subject,
                    format!(
                        "The diff ID of layer {} in the {subject} is of no use: {error}.",
                        at + 1
                    ),
                )
                .actual(shown(&text)),
            );
        }
        diff_ids.push(diff_id.ok().map(DiffId));
    }
    (kind, diff_ids)
}

fn read_history(fields: &mut Fields<'_>, subject: &str) -> Vec<History> {
    let list = fields.list("history").unwrap_or_default();
    let mut history = Vec::new();
    for (at, value) in list.iter().enumerate().take(limits::DESCRIPTORS) {
        let name = format!("history[{at}]");
        let entry = Fields::new(value, &KNOWN_HISTORY, &name, subject, fields.findings());
        history.push(entry.map_or_else(History::default, |mut entry| History {
            created: read_time(&mut entry, "created", subject),
            created_by: entry.text("created_by"),
            author: entry.text("author"),
            comment: entry.text("comment"),
            empty_layer: entry.flag("empty_layer"),
        }));
    }
    history
}

fn read_time(fields: &mut Fields<'_>, key: &str, subject: &str) -> Option<String> {
    let time = fields.text(key).filter(|time| !time.is_empty())?;
    if !is_rfc3339(&time) {
        let name = fields.name(key);
        note(
            fields.findings(),
            Finding::warning(
                "config.created",
                subject,
                format!("{name} of the {subject} is no time that can be read."),
            )
            .expected("a time as in 2024-05-01T12:00:00Z (RFC 3339)")
            .actual(shown(&time)),
        );
    }
    Some(time)
}

/// Whether a text is `date-time` of RFC 3339, 5.6.
fn is_rfc3339(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u32>().ok())?
    };
    let between = |range, least, most| number(range).is_some_and(|n| (least..=most).contains(&n));
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let bytes = text.as_bytes();
    let date = number(0..4).is_some()
        && between(5..7, 1, 12)
        && between(8..10, 1, 31)
        && between(11..13, 0, 23)
        && between(14..16, 0, 59)
        && between(17..19, 0, 60)
        && marks.iter().all(|(at, mark)| bytes.get(*at) == Some(mark))
        && matches!(bytes.get(10), Some(b'T' | b't' | b' '));
    let rest = text.get(19..).unwrap_or_default();
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() { "" } else { zone }
        }
        None => rest,
    };
    let offset = |zone: &str| {
        let (hours, minutes) = zone.split_once(':')?;
        let two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        Some(two(hours) && two(minutes))
    };
    date && (matches!(zone, "Z" | "z")
        || zone.strip_prefix(['+', '-']).and_then(offset).unwrap_or(false))
}
