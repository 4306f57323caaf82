//! Do manifest and config still agree?

use crate::document::Document;
use crate::edit::editable::Sealed;
use crate::finding::Finding;
use crate::spec::{Config, Manifest, View};

/// In what a new manifest and its config disagree, and those of the base did not.
pub(super) fn disagreements(manifest: &Sealed, config: &Sealed, label: &str) -> Vec<Finding> {
    let (View::Manifest(new), View::Config(new_config)) = (&manifest.view, &config.view) else {
        return Vec::new();
    };
    let view = |before: &Document| Manifest::read(before, label).0;
    let config_view = |before: &Document| Config::read(before, label).0;
    let before = manifest.before.as_deref().and_then(view);
    let before = before.zip(config.before.as_deref().and_then(config_view));
    let known = before.map(|(manifest, config)| counts(&manifest, &config, label));
    let mut findings = counts(new, new_config, label);
    findings.retain(|finding| !known.as_ref().is_some_and(|known| known.contains(finding)));
    findings
}

fn counts(manifest: &Manifest, config: &Config, label: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (layers, diff_ids) = (manifest.layer_count, config.diff_ids.len());
    if layers != diff_ids {
        let text = format!(
            "The {label} has {layers} layers, but its config names {diff_ids} diff IDs; there must \
             be one for each."
        );
        findings.push(
            Finding::error("config.diff-ids", label, text)
                .expected(format!("{layers} diff IDs"))
                .actual(diff_ids),
        );
    }
    let made = config.history.iter().filter(|step| !step.empty_layer).count();
    if made != layers && !config.history.is_empty() {
        let text = format!(
            "The history of the {label} has {made} steps that made a layer, but there are {layers} \
             layers; which step made which layer is not certain."
        );
        findings.push(
            Finding::warning("config.history", label, text)
                .expected(format!("{layers} steps with a layer"))
                .actual(made),
        );
    }
    findings
}
