//! A plan as lines that can be taken in at a glance.

use std::collections::BTreeMap;

use drydock::media_type::MediaType;
use drydock::transfer::{
    Before, BlobAction, ManifestAction, Plan, ReferrersAction, Step, TagAction,
};

use crate::components::{PlanRow, format};

/// The lines of a plan: what is there, what is mounted, what is sent, and each tag by itself.
#[must_use]
pub(super) fn of(plan: &Plan) -> Vec<PlanRow> {
    let mut there = Group::default();
    let mut mounts: BTreeMap<String, Group> = BTreeMap::new();
    let mut uploads = Group::default();
    let mut foreign = Group::default();
    let mut last = Vec::new();
    for step in &plan.steps {
        match step {
            Step::Blob(blob) => {
                let group = match &blob.action {
                    BlobAction::Exists => &mut there,
                    BlobAction::Mount { from } => mounts.entry(from.to_string()).or_default(),
                    BlobAction::Upload => &mut uploads,
                    BlobAction::Foreign => &mut foreign,
                };
                group.add(&blob.descriptor.media_type, blob.descriptor.size);
            }
            Step::Manifest(step) => {
                let group = match step.action {
                    ManifestAction::Exists => &mut there,
                    ManifestAction::Put => &mut uploads,
                };
                group.add(step.document.media_type(), step.document.bytes().len() as u64);
            }
            Step::Referrers(step) if step.action == ReferrersAction::Update => last.push(PlanRow {
                badge: "list",
                class: "",
                what: format!(
                    "referrers of {}:{}…",
                    step.subject.algorithm_name(),
                    step.subject.short()
                ),
                note: format!("under the tag {}, as the registry keeps no list", step.tag),
                warning: false,
                bytes: None,
            }),
            Step::Referrers(_) => {}
            Step::Tag(step) => last.push(tag(step)),
        }
    }
    let mut rows = Vec::new();
    rows.extend(there.row("there", "verified", "nothing sent".to_owned(), false));
    for (from, group) in mounts {
        rows.extend(group.row("mount", "checking", format!("from {from}, nothing sent"), false));
    }
    rows.extend(uploads.row("upload", "", String::new(), true));
    let why = "may not be given on, so they are left out";
    rows.extend(foreign.row("left out", "warning", why.to_owned(), false));
    rows.extend(last);
    rows
}

/// One step, for the list of those under way.
#[must_use]
pub(super) fn step(step: &Step) -> String {
    match step {
        Step::Blob(blob) => {
            let digest = &blob.descriptor.digest;
            let kind = kind(&blob.descriptor.media_type, 1);
            let size = format::bytes(blob.descriptor.size);
            format!("{kind} {}:{} · {size}", digest.algorithm_name(), digest.short())
        }
        Step::Manifest(manifest) => {
            let digest = manifest.document.digest();
            let kind = kind(manifest.document.media_type(), 1);
            format!("{kind} {}:{}", digest.algorithm_name(), digest.short())
        }
        Step::Referrers(list) => format!("list of referrers {}", list.tag),
        Step::Tag(tag) => format!("tag {}", tag.tag),
    }
}

/// The tags that stand for something else now and will not any more.
pub(super) fn overwritten(plan: &Plan) -> Vec<String> {
    let tags = plan.steps.iter().filter_map(|step| match step {
        Step::Tag(step) => match (step.action, &step.before) {
            (TagAction::Set, Before::Other(_)) => Some(step.tag.to_string()),
            _ => None,
        },
        _ => None,
    });
    tags.collect()
}

fn tag(step: &drydock::transfer::TagStep) -> PlanRow {
    let short = |digest: &drydock::digest::Digest| {
        format!("{}:{}…", digest.algorithm_name(), digest.short())
    };
    let (badge, note, warning) = match (step.action, &step.before) {
        (TagAction::Exists, _) => ("there", "it stands for this already".to_owned(), false),
        (TagAction::Keep, Before::Other(digest)) => {
            ("kept", format!("it stands for {} and is left so", short(digest)), true)
        }
        (TagAction::Set, Before::Other(digest)) => (
            "tag",
            format!(
                "stands for {} now and will stand for {}",
                short(digest),
                short(step.document.digest())
            ),
            true,
        ),
        _ => ("tag", "is new · last of all".to_owned(), false),
    };
    PlanRow { badge, class: "", what: step.tag.to_string(), note, warning, bytes: None }
}

/// Steps that have the same done to them.
#[derive(Default)]
struct Group {
    kinds: BTreeMap<(&'static str, &'static str), usize>,
    bytes: u64,
}

impl Group {
    fn add(&mut self, media_type: &MediaType, bytes: u64) {
        *self.kinds.entry(media_type.kind().words()).or_default() += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn row(
        self,
        badge: &'static str,
        class: &'static str,
        note: String,
        sent: bool,
    ) -> Option<PlanRow> {
        if self.kinds.is_empty() {
            return None;
        }
        let kinds = self.kinds.iter().map(|((one, several), count)| match count {
            1 => format!("1 {one}"),
            n => format!("{n} {several}"),
        });
        let what = kinds.collect::<Vec<_>>().join(", ");
        let note = match (sent, note) {
            (true, note) => note,
            (false, note) => format!("{}, {note}", format::bytes(self.bytes)),
        };
        Some(PlanRow {
            badge,
            class,
            what,
            note,
            warning: false,
            bytes: sent.then_some(self.bytes),
        })
    }
}

fn kind(media_type: &MediaType, count: usize) -> &'static str {
    let (one, several) = media_type.kind().words();
    if count == 1 { one } else { several }
}
