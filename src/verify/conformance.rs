//! Do the documents of an image fit together, and does the specification allow what they say?
//!
//! What is wrong with a single document is found when it is read; here is what can only be seen
//! from several together.

use std::collections::{BTreeMap, BTreeSet};

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::finding::Finding;
use crate::image::{Graph, Node, Role};
use crate::inspect::dockerfile;
use crate::media_type::Kind;
use crate::platform::Platform;
use crate::spec::{Config, Index, Manifest};
use crate::verify::{Choice, plan};

/// The empty JSON object, which stands for "no config" (image-spec, manifest.md, "Guidance for an
/// Empty Descriptor").
const EMPTY: &[u8] = b"{}";

/// Checks the part of a graph that a verification covers.
#[must_use]
pub fn check(graph: &Graph, choice: &Choice) -> Vec<Finding> {
    let mut findings = Vec::new();
    let nodes = plan::covered(graph, choice);
    for node in &nodes {
        if let Some(index) = node.index() {
            check_index(index, &node.label, &mut findings);
        }
        if let Some(manifest) = node.manifest() {
            check_manifest(node, manifest, &mut findings);
            if let Some(config) = graph.config_of(node.id).filter(|_| manifest.is_image()) {
                check_image(node, manifest, config, &mut findings);
            }
        }
    }
    check_contradictions(&nodes, &mut findings);
    findings
}

fn check_index(index: &Index, subject: &str, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<(&Digest, &Option<Platform>), usize> = BTreeMap::new();
    let mut platforms: BTreeMap<Platform, &Digest> = BTreeMap::new();
    let mut without = 0_usize;
    let listed: BTreeSet<&Digest> = index.manifests.iter().map(|entry| &entry.digest).collect();
    for entry in &index.manifests {
        *seen.entry((&entry.digest, &entry.platform)).or_default() += 1;
        if let Some(of) = entry.attested()
            && !listed.contains(&of)
        {
            let text = format!(
                "An attestation in the {subject} is about {of}, which is not listed there."
            );
            findings.push(Finding::warning("index.attestation", subject, text).actual(of));
        }
        let is_image = entry.media_type.is_manifest() && entry.artifact_type.is_none();
        if entry.is_attestation() || !is_image {
            continue;
        }
        let Some(platform) = entry.platform.as_ref().filter(|own| own.is_named()) else {
            without += 1;
            continue;
        };
        if *platforms.entry(platform.normalised()).or_insert(&entry.digest) != &entry.digest {
            let text = format!(
                "The {subject} lists two images for {platform}; which one is run depends on the tool."
            );
            findings
                .push(Finding::warning("index.duplicate-platform", subject, text).actual(platform));
        }
    }
    for ((digest, _), times) in seen.into_iter().filter(|(_, times)| *times > 1) {
        let text = format!("The {subject} lists {digest} {times} times for the same platform.");
        findings.push(
            Finding::warning("index.duplicate-entry", subject, text).expected(1).actual(times),
        );
    }
    if without > 0 && index.manifests.len() > 1 {
        let text =
            format!("Entries of the {subject} do not say for which platform they are: {without}.");
        findings.push(Finding::note("index.no-platform", subject, text).actual(without));
    }
}

fn check_manifest(node: &Node, manifest: &Manifest, findings: &mut Vec<Finding>) {
    let subject = &node.label;
    // BuildKit gives attestations the config of an image; their layers are statements, not files.
    let image = manifest.is_image() && !node.is_attached();
    let no_list = |finding: &Finding| finding.expected.as_deref() == Some("layers");
    if image && manifest.layer_count == 0 && !node.findings.iter().any(no_list) {
        let text = format!("The {subject} has no layers: the image has no files.");
        findings.push(Finding::note("manifest.no-layers", subject, text));
    }
    let mut seen: BTreeMap<&Digest, usize> = BTreeMap::new();
    for layer in &manifest.layers {
        let descriptor = &layer.descriptor;
        if let Some(first) = seen.insert(&descriptor.digest, layer.number) {
            let text = format!("Layer {} of the {subject} is layer {first} again.", layer.number);
            findings.push(
                Finding::note("manifest.duplicate-layer", subject, text).actual(&descriptor.digest),
            );
        }
    }
    let descriptors = manifest.config.iter().chain(manifest.layers.iter().map(|l| &l.descriptor));
    for descriptor in descriptors.filter(|d| d.media_type.kind() == Kind::Empty) {
        check_empty(descriptor, subject, findings);
    }
}

fn check_empty(descriptor: &Descriptor, subject: &str, findings: &mut Vec<Finding>) {
    let right = descriptor.digest.algorithm().is_none_or(|algorithm| {
        descriptor.digest == Digest::of(algorithm, EMPTY) && descriptor.size == EMPTY.len() as u64
    });
    if !right {
        let text =
            format!("A descriptor of the {subject} is of the empty type, but is not of {{}}.");
        findings.push(
            Finding::error("descriptor.empty", subject, text)
                .expected(Digest::sha256(EMPTY))
                .actual(&descriptor.digest),
        );
    }
}

fn check_image(node: &Node, manifest: &Manifest, config: &Config, findings: &mut Vec<Finding>) {
    let subject = &node.label;
    let (layers, diff_ids) = (manifest.layer_count, config.diff_ids.len());
    if layers != diff_ids {
        let text = format!(
            "The {subject} has {layers} layers, but its config names {diff_ids} diff IDs; there \
             must be one for each."
        );
        findings.push(
            Finding::error("config.diff-ids", subject, text)
                .expected(format!("{layers} diff IDs"))
                .actual(diff_ids),
        );
    }
    findings.extend(dockerfile::steps(config, layers, &format!("config of the {subject}")).1);
    if let Some(listed) = node.platform() {
        compare_platforms(listed, &config.platform, subject, findings);
    }
}

fn compare_platforms(
    listed: &Platform,
    own: &Platform,
    subject: &str,
    findings: &mut Vec<Finding>,
) {
    let known = !own.os.is_empty() && !own.architecture.is_empty();
    let (one, other) = (listed.normalised(), own.normalised());
    if known && (one.os != other.os || one.architecture != other.architecture) {
        let text =
            format!("The index lists the {subject} for {listed}, but its config is for {own}.");
        findings.push(
            Finding::error("config.platform-mismatch", subject, text).expected(listed).actual(own),
        );
        return;
    }
    let variant = listed.variant.is_some() && own.variant.is_some() && one.variant != other.variant;
    let version = one.os_version.is_some()
        && other.os_version.is_some()
        && one.os_version != other.os_version;
    if variant || version {
        let text =
            format!("The index lists the {subject} for {listed}, its config narrows it to {own}.");
        findings.push(
            Finding::warning("config.platform-variant", subject, text).expected(listed).actual(own),
        );
    }
}

/// Two descriptors of one digest must say the same of it.
fn check_contradictions(nodes: &[&Node], findings: &mut Vec<Finding>) {
    let mut first: BTreeMap<&Digest, (&Descriptor, &str)> = BTreeMap::new();
    for node in nodes.iter().filter(|node| node.role != Role::Root) {
        let Some(descriptor) = &node.descriptor else { continue };
        let (other, label) = first.entry(&descriptor.digest).or_insert((descriptor, &node.label));
        if other.size != descriptor.size {
            let subject = &node.label;
            let text = format!(
                "The {subject} and the {label} are the same content, but have {} and {} bytes by \
                 their descriptors.",
                descriptor.size, other.size
            );
            findings.push(
                Finding::error("descriptor.size-conflict", subject, text)
                    .expected(other.size)
                    .actual(descriptor.size),
            );
        }
    }
}
