//! What is this artifact, in a person's words?

use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::spec::Manifest;

/// What an artifact is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Says who vouches for the image.
    Signature,
    /// Says how and from what the image was built.
    Provenance,
    /// Lists what is in the image.
    Sbom,
    /// Lists known weaknesses, or why they do not matter.
    Vulnerabilities,
    /// Another statement about the image.
    Attestation,
    /// An index by which files of the image can be found.
    Lazy,
    /// Something of its own: a chart, a module, a model, files.
    Package,
    /// Not known.
    Other,
}

/// What an artifact is, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactKind {
    /// What it is good for.
    pub category: Category,
    /// One or two words: `signature`, `SBOM`, `provenance`.
    pub name: String,
    /// What narrows it: `cosign bundle`, `SPDX`, `SLSA v1`; empty when there is nothing to add.
    pub detail: String,
}

type Row = (&'static str, Category, &'static str, &'static str);

/// Artifact, config and layer types. The first row whose text the type begins with is taken.
const TYPES: &[Row] = &[
    ("application/vnd.dev.cosign.simplesigning.", Category::Signature, "signature", "cosign"),
    ("application/vnd.dev.cosign.artifact.sig.", Category::Signature, "signature", "cosign"),
    ("application/vnd.dev.cosign.artifact.sbom.", Category::Sbom, "SBOM", "cosign"),
    ("application/vnd.dev.sigstore.bundle.", Category::Signature, "signature", "cosign bundle"),
    ("application/vnd.cncf.notary.signature", Category::Signature, "signature", "Notation"),
    ("application/vnd.cncf.notary.payload.", Category::Signature, "signature", "Notation"),
    ("application/jose+json", Category::Signature, "signature", "JWS"),
    ("application/cose", Category::Signature, "signature", "COSE"),
    ("application/pgp-signature", Category::Signature, "signature", "OpenPGP"),
    ("application/vnd.docker.attestation.", Category::Attestation, "attestation", "BuildKit"),
    ("application/vnd.in-toto", Category::Attestation, "attestation", "in-toto"),
    ("application/vnd.dsse.envelope.", Category::Attestation, "attestation", "DSSE"),
    ("application/vnd.slsa.provenance", Category::Provenance, "provenance", "SLSA"),
    ("application/spdx+json", Category::Sbom, "SBOM", "SPDX"),
    ("application/spdx", Category::Sbom, "SBOM", "SPDX"),
    ("text/spdx", Category::Sbom, "SBOM", "SPDX"),
    ("application/vnd.cyclonedx", Category::Sbom, "SBOM", "CycloneDX"),
    ("application/vnd.syft+json", Category::Sbom, "SBOM", "Syft"),
    ("application/sarif+json", Category::Vulnerabilities, "vulnerabilities", "SARIF"),
    ("application/vnd.aquasecurity.trivy", Category::Vulnerabilities, "vulnerabilities", "Trivy"),
    ("application/vnd.security.vulnerability", Category::Vulnerabilities, "vulnerabilities", ""),
    ("application/vnd.openvex", Category::Vulnerabilities, "VEX", "OpenVEX"),
    ("application/openvex", Category::Vulnerabilities, "VEX", "OpenVEX"),
    ("application/vnd.amazon.soci.index.", Category::Lazy, "lazy index", "SOCI"),
    ("application/vnd.nydus.", Category::Lazy, "lazy image", "Nydus"),
    ("application/vnd.oci.image.layer.nydus.", Category::Lazy, "lazy image", "Nydus"),
    ("application/vnd.cncf.helm.", Category::Package, "chart", "Helm"),
    ("application/vnd.wasm.", Category::Package, "module", "WebAssembly"),
    ("application/vnd.module.wasm", Category::Package, "module", "WebAssembly"),
    ("application/wasm", Category::Package, "module", "WebAssembly"),
    ("application/vnd.cncf.flux.", Category::Package, "source", "Flux"),
    ("application/vnd.cncf.openpolicyagent.", Category::Package, "policy", "Open Policy Agent"),
    ("application/vnd.opa.", Category::Package, "policy", "Open Policy Agent"),
    ("application/vnd.cncf.kyverno.", Category::Package, "policy", "Kyverno"),
    ("application/vnd.cncf.gatekeeper.", Category::Package, "policy", "Gatekeeper"),
    ("application/vnd.cncf.falco.", Category::Package, "rules", "Falco"),
    ("application/vnd.cncf.artifacthub.", Category::Package, "metadata", "Artifact Hub"),
    ("application/vnd.ollama.", Category::Package, "AI model", "Ollama"),
    ("application/vnd.docker.ai.", Category::Package, "AI model", "Docker"),
    ("application/vnd.cncf.model.", Category::Package, "AI model", "ModelPack"),
    ("application/vnd.kitops.modelkit.", Category::Package, "AI model", "KitOps"),
    ("application/vnd.devcontainers", Category::Package, "dev container part", ""),
    ("application/vnd.ms.bicep.", Category::Package, "module", "Bicep"),
    ("application/vnd.opentofu.", Category::Package, "module", "OpenTofu"),
    ("application/vnd.sylabs.sif.", Category::Package, "image", "Singularity"),
    ("application/vnd.cnab.", Category::Package, "bundle", "CNAB"),
    ("application/vnd.docker.compose.", Category::Package, "application", "Compose"),
    ("application/vnd.docker.plugin.", Category::Package, "plugin", "Docker"),
    ("application/vnd.dev.tekton.", Category::Package, "pipeline", "Tekton"),
    ("application/vnd.zarf.", Category::Package, "package", "Zarf"),
    ("application/vnd.buildkit.cacheconfig.", Category::Package, "build cache", "BuildKit"),
    ("application/vnd.homebrew.", Category::Package, "package", "Homebrew"),
    ("application/vnd.microsoft.artifact.lifecycle", Category::Other, "lifecycle", "Microsoft"),
    ("application/vnd.unknown.", Category::Package, "files", "ORAS"),
];

/// Predicates of in-toto statements. The first row whose text the predicate begins with is taken.
const PREDICATES: &[Row] = &[
    ("https://slsa.dev/provenance/v0.1", Category::Provenance, "provenance", "SLSA v0.1"),
    ("https://slsa.dev/provenance/v0.2", Category::Provenance, "provenance", "SLSA v0.2"),
    ("https://slsa.dev/provenance/v1", Category::Provenance, "provenance", "SLSA v1"),
    ("https://slsa.dev/provenance", Category::Provenance, "provenance", "SLSA"),
    (
        "https://slsa.dev/verification_summary",
        Category::Attestation,
        "verification summary",
        "SLSA",
    ),
    ("https://spdx.dev/Document", Category::Sbom, "SBOM", "SPDX"),
    ("https://cyclonedx.org/bom", Category::Sbom, "SBOM", "CycloneDX"),
    ("https://sigstore.dev/cosign/sign/", Category::Signature, "signature", "cosign bundle"),
    (
        "https://cosign.sigstore.dev/attestation/vuln/",
        Category::Vulnerabilities,
        "vulnerabilities",
        "cosign",
    ),
    (
        "https://in-toto.io/attestation/vulns",
        Category::Vulnerabilities,
        "vulnerabilities",
        "in-toto",
    ),
    ("https://openvex.dev/ns", Category::Vulnerabilities, "VEX", "OpenVEX"),
    ("https://in-toto.io/attestation/scai", Category::Attestation, "attributes", "SCAI"),
    ("https://in-toto.io/attestation/test-result", Category::Attestation, "test result", "in-toto"),
    ("https://in-toto.io/attestation/release", Category::Attestation, "release", "in-toto"),
    (
        "https://in-toto.io/attestation/runtime-trace",
        Category::Attestation,
        "runtime trace",
        "in-toto",
    ),
    ("https://in-toto.io/attestation/svr", Category::Attestation, "verification result", "in-toto"),
    ("https://in-toto.io/attestation/link", Category::Attestation, "link", "in-toto"),
];

const PREDICATE_KEYS: [&str; 3] =
    ["in-toto.io/predicate-type", "dev.sigstore.bundle.predicateType", "predicateType"];

impl ArtifactKind {
    fn of(row: &Row) -> Self {
        Self { category: row.1, name: row.2.to_owned(), detail: row.3.to_owned() }
    }

    fn other(name: &str, detail: &str) -> Self {
        Self { category: Category::Other, name: name.to_owned(), detail: detail.to_owned() }
    }
}

/// Names an artifact by what points to it and, once it was read, by its manifest.
#[must_use]
pub fn artifact_kind(descriptor: &Descriptor, manifest: Option<&Manifest>) -> ArtifactKind {
    let by_predicate = PREDICATE_KEYS.iter().find_map(|key| descriptor.annotations.get(*key));
    if let Some(predicate) = by_predicate {
        return of_predicate(predicate);
    }
    if let Some(kind) = manifest.and_then(of_contents) {
        return kind;
    }
    let artifact_type = manifest
        .and_then(Manifest::effective_type)
        .or(descriptor.artifact_type.as_ref())
        .unwrap_or(&descriptor.media_type);
    if descriptor.is_attestation() {
        return ArtifactKind {
            category: Category::Attestation,
            name: "attestation".to_owned(),
            detail: "BuildKit".to_owned(),
        };
    }
    look_up(TYPES, artifact_type.as_str())
        .unwrap_or_else(|| ArtifactKind::other("artifact", artifact_type.as_str()))
}

/// Names a part of an artifact by its descriptor.
#[must_use]
pub fn content_kind(descriptor: &Descriptor) -> ArtifactKind {
    let predicate = PREDICATE_KEYS.iter().find_map(|key| descriptor.annotations.get(*key));
    if let Some(predicate) = predicate {
        return of_predicate(predicate);
    }
    let title = descriptor.annotations.get("org.opencontainers.image.title");
    look_up(TYPES, descriptor.media_type.as_str()).unwrap_or_else(|| {
        ArtifactKind::other("file", title.map_or(descriptor.media_type.as_str(), String::as_str))
    })
}

fn of_predicate(predicate: &str) -> ArtifactKind {
    look_up(PREDICATES, predicate).unwrap_or_else(|| ArtifactKind {
        category: Category::Attestation,
        name: "attestation".to_owned(),
        detail: predicate.to_owned(),
    })
}

/// What the contents of a manifest say, where they say more than its type.
fn of_contents(manifest: &Manifest) -> Option<ArtifactKind> {
    let bundle = PREDICATE_KEYS.iter().find_map(|key| manifest.annotations.get(*key));
    if let Some(predicate) = bundle {
        return Some(of_predicate(predicate));
    }
    let mut kinds: Vec<ArtifactKind> = Vec::new();
    for layer in &manifest.layers {
        let has_predicate =
            PREDICATE_KEYS.iter().any(|key| layer.descriptor.annotations.contains_key(*key));
        let telling =
            has_predicate || look_up(TYPES, layer.descriptor.media_type.as_str()).is_some();
        let kind = content_kind(&layer.descriptor);
        if telling && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let own = manifest.effective_type().and_then(|own| look_up(TYPES, own.as_str()));
    match (own, kinds.as_slice()) {
        (Some(own), _) if own.category != Category::Attestation => Some(own),
        (_, [kind]) => Some(kind.clone()),
        (own, []) => own,
        (_, [first, ..]) => {
            let join = |part: fn(&ArtifactKind) -> &str, glue: &str| {
                let mut parts: Vec<&str> = kinds.iter().map(part).collect();
                parts.dedup();
                parts.join(glue)
            };
            let same = kinds.iter().all(|kind| kind.category == first.category);
            Some(ArtifactKind {
                category: if same { first.category } else { Category::Attestation },
                name: join(|kind| &kind.name, " and "),
                detail: join(|kind| &kind.detail, ", "),
            })
        }
    }
}

fn look_up(table: &[Row], text: &str) -> Option<ArtifactKind> {
    table.iter().find(|row| text.starts_with(row.0)).map(ArtifactKind::of)
}
