use serde_json::{Value, json};

use super::*;
use crate::descriptor::verify_digest;
use crate::spec::{self, Claims, View};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

fn blob(media_type: &str, title: Option<&str>) -> Value {
    let mut value =
        json!({"mediaType": media_type, "digest": Digest::sha256(b"x").to_string(), "size": 1});
    if let Some(title) = title {
        value["annotations"] = json!({TITLE: title});
    }
    value
}

fn read(document: &Value) -> (Descriptor, View) {
    let bytes = bytes::Bytes::from(document.to_string());
    let digest = Digest::sha256(&bytes);
    let verified = verify_digest(&digest, bytes.clone()).expect("same bytes");
    let view = spec::read(&verified, &digest, &Claims::default(), "test").view;
    let media_type = document["mediaType"].as_str().unwrap_or(OCI);
    (Descriptor::new(media_type, digest, bytes.len() as u64), view)
}

fn of(artifact_type: &str, config: Value, layers: Vec<Value>, annotations: Value) -> Face {
    let mut document = json!({"schemaVersion": 2, "mediaType": OCI});
    document["config"] = config;
    document["layers"] = Value::Array(layers);
    document["annotations"] = annotations;
    if !artifact_type.is_empty() {
        document["artifactType"] = json!(artifact_type);
    }
    match read(&document) {
        (descriptor, View::Manifest(manifest)) => face(&descriptor, &manifest),
        (_, other) => panic!("{other:?}"),
    }
}

fn empty() -> Value {
    blob("application/vnd.oci.empty.v1+json", None)
}

/// One line per artifact: kind, title, version, then every part with its name, form and words.
fn line(face: &Face) -> String {
    let parts = face
        .parts
        .iter()
        .map(|part| format!("{} [{:?}] {}", part.file_name(), part.form, part.what));
    let kind = [&*face.kind.name, &*face.kind.detail].join(" ");
    format!(
        "{} | {} | {} | {}",
        kind.trim(),
        face.title.as_deref().unwrap_or("-"),
        face.version.as_deref().unwrap_or("-"),
        parts.collect::<Vec<_>>().join("; ")
    )
}

#[test]
fn artifacts_of_known_kinds_have_a_face() {
    let version = |title: &str, version: &str| json!({TITLE: title, VERSION: version});
    for (face, expected) in [
        (
            of(
                "",
                blob("application/vnd.cncf.helm.config.v1+json", None),
                vec![
                    blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", None),
                    blob("application/vnd.cncf.helm.chart.provenance.v1.prov", None),
                ],
                version("demo", "0.1.0"),
            ),
            "chart Helm | demo | 0.1.0 | config.json [Json] config; demo-0.1.0-1.tgz [Archive] chart, Helm; demo-0.1.0-2.prov [Bytes] chart, Helm",
        ),
        (
            of(
                "application/vnd.unknown.artifact.v1",
                empty(),
                vec![blob("application/vnd.oci.image.layer.v1.tar", Some("notes/readme.md"))],
                json!({}),
            ),
            "files ORAS | notes/readme.md | - | readme.md [Archive] application/vnd.oci.image.layer.v1.tar",
        ),
        (
            of(
                "application/spdx+json",
                empty(),
                vec![blob("application/spdx+json", Some("sbom.spdx.json"))],
                json!({}),
            ),
            "SBOM SPDX | sbom.spdx.json | - | sbom.spdx.json [Json] SBOM, SPDX",
        ),
        (
            of(
                "application/vnd.dev.sigstore.bundle.v0.3+json",
                empty(),
                vec![blob("application/vnd.dev.sigstore.bundle.v0.3+json", None)],
                json!({}),
            ),
            "signature cosign bundle | - | - | signature.json [Json] signature, cosign bundle",
        ),
        (
            of(
                "",
                blob("application/vnd.wasm.config.v0+json", None),
                vec![blob("application/wasm", None)],
                version("wasi:http", "0.2.0"),
            ),
            "module WebAssembly | wasi:http | 0.2.0 | config.json [Json] config; wasi_http-0.2.0.wasm [Bytes] module, WebAssembly",
        ),
        (
            of(
                "",
                blob("application/vnd.cncf.flux.config.v1+json", None),
                vec![blob("application/vnd.cncf.flux.content.v1.tar+gzip", None)],
                json!({}),
            ),
            "source Flux | - | - | config.json [Json] config; source.tar.gz [Archive] source, Flux",
        ),
        (
            of(
                "",
                blob("application/vnd.cncf.openpolicyagent.config.v1+json", None),
                vec![
                    blob(
                        "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego",
                        Some("a.rego"),
                    ),
                    blob("application/vnd.cncf.openpolicyagent.data.layer.v1+json", Some("d.json")),
                ],
                json!({}),
            ),
            "policy Open Policy Agent | - | - | config.json [Json] config; a.rego [Text] policy, Open Policy Agent; d.json [Json] policy, Open Policy Agent",
        ),
        (
            of(
                "",
                blob("application/vnd.cncf.kyverno.config.v1+json", None),
                vec![blob("application/vnd.cncf.kyverno.policy.layer.v1+yaml", None)],
                json!({}),
            ),
            "policy Kyverno | - | - | config.json [Json] config; policy.yaml [Text] policy, Kyverno",
        ),
        (
            of(
                "application/vnd.cncf.model.manifest.v1+json",
                blob("application/vnd.cncf.model.config.v1+json", None),
                vec![
                    blob("application/vnd.cncf.model.weight.v1.raw", Some("w.gguf")),
                    blob("application/vnd.cncf.model.doc.v1.tar", None),
                ],
                json!({}),
            ),
            "AI model ModelPack | - | - | config.json [Json] config; w.gguf [Bytes] AI model, ModelPack; AI model-2.tar [Archive] AI model, ModelPack",
        ),
        (
            of(
                "application/x.nobody.knows",
                empty(),
                vec![blob("application/x.it", None)],
                json!({}),
            ),
            "artifact application/x.nobody.knows | - | - | artifact [Bytes] application/x.it",
        ),
        (
            of("application/x.nobody.knows", empty(), vec![empty()], json!({})),
            "artifact application/x.nobody.knows | - | - | ",
        ),
        (
            of(
                "application/x.secret",
                empty(),
                vec![blob("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", None)],
                json!({}),
            ),
            "artifact application/x.secret | - | - | artifact.encrypted [Encrypted] application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
        ),
    ] {
        assert_eq!(line(&face), expected);
    }
}

#[test]
fn a_chart_is_called_what_its_config_says() {
    let chart = |annotations| {
        let config = blob("application/vnd.cncf.helm.config.v1+json", None);
        let file =
            blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", Some("demo-0.1.0.tgz"));
        of("", config, vec![file], annotations)
    };
    let config = json!({"name": "demo", "version": "0.1.0", "appVersion": "1.16.0",
        "description": "A demo", "type": "application"});
    let face = chart(json!({})).with_config(&config);
    assert_eq!(line(&face).split(" | config").next(), Some("chart Helm | demo | 0.1.0"));
    assert_eq!(face.application.as_deref(), Some("1.16.0"));
    assert_eq!(face.description.as_deref(), Some("A demo"));
    // What the manifest says comes first; what is no text says nothing.
    let face = chart(json!({TITLE: "own", VERSION: "2"})).with_config(&config);
    assert_eq!((face.title.as_deref(), face.version.as_deref()), (Some("own"), Some("2")));
    let face = chart(json!({})).with_config(&json!({"name": 1, "version": " ", "appVersion": []}));
    assert_eq!(
        (face.title.as_deref(), face.version, face.application),
        (Some("demo-0.1.0.tgz"), None, None)
    );
    assert_eq!(chart(json!({})).with_config(&json!([])).title.as_deref(), Some("demo-0.1.0.tgz"));
}

#[test]
fn a_build_cache_that_is_an_index_has_a_face() {
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            blob("application/vnd.oci.image.layer.v1.tar+gzip", None),
            blob("application/vnd.oci.image.layer.v1.tar+gzip", None),
            blob("application/vnd.buildkit.cacheconfig.v0", None),
        ],
    });
    let (descriptor, View::Index(index)) = read(&index) else { panic!("no index") };
    let face = index_face(&descriptor, &index);
    assert_eq!((&*face.kind.name, &*face.kind.detail), ("build cache", "BuildKit"));
    let names: Vec<&str> = face.parts.iter().map(|part| &*part.name).collect();
    assert_eq!(names, ["layer-1.tar.gz", "layer-2.tar.gz", "build cache"]);
}

#[test]
fn an_index_of_artifacts_lists_its_entries() {
    let entry = json!({
        "mediaType": OCI, "digest": Digest::sha256(b"y").to_string(), "size": 2,
        "artifactType": "application/vnd.amazon.soci.index.v1+json",
    });
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "artifactType": "application/x.set", "manifests": [entry],
    });
    let (descriptor, View::Index(index)) = read(&index) else { panic!("no index") };
    let face = index_face(&descriptor, &index);
    assert_eq!(face.media_type, "application/x.set");
    assert_eq!(face.parts.len(), 1);
    assert_eq!(face.parts[0].form, Form::Manifest);
    assert_eq!(face.parts[0].what, "lazy index, SOCI");
}

#[test]
fn archives_are_listed_by_their_compression() {
    for (media_type, title, layer) in [
        ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", None, Some("+gzip")),
        ("application/vnd.cncf.model.weight.v1.tar", None, Some("")),
        ("application/octet-stream", Some("dist.tgz"), Some("+gzip")),
        ("application/octet-stream", Some("dist.tar.zst"), Some("+zstd")),
        ("application/octet-stream", Some("dist.zip"), None),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", None, None),
    ] {
        let descriptor = serde_json::from_value(blob(media_type, title)).expect("descriptor");
        let found = Part::alone(&descriptor).as_layer().map(|layer| layer.media_type.to_string());
        let expected = layer.map(|end| format!("application/vnd.oci.image.layer.v1.tar{end}"));
        assert_eq!(found, expected, "{media_type} {title:?}");
    }
}

#[test]
fn names_for_saving_stay_one_component() {
    let name = |title: &str| {
        let descriptor: Descriptor =
            serde_json::from_value(blob("text/plain", Some(title))).expect("descriptor");
        Part::of(&descriptor, "file").file_name()
    };
    for (title, expected) in [
        ("readme.md", "readme.md"),
        ("../../etc/passwd", "passwd"),
        ("..", "sha256-2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881.txt"),
        ("a\\b:c", "b_c"),
        (".bashrc", "_bashrc"),
        ("x\u{202e}gpj.exe\n", "x_gpj.exe_"),
        ("dir/", "sha256-2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881.txt"),
    ] {
        assert_eq!(name(title), expected, "{title:?}");
    }
    assert_eq!(name(&"a".repeat(4000)).len(), NAME);
}
