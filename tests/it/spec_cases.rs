//! What typed views make of good and bad documents.

use bytes::Bytes;
use drydock::descriptor::{Descriptor, identify};
use drydock::digest::{Algorithm, Digest};
use drydock::finding::Finding;
use drydock::limits;
use drydock::media_type::{Kind, MediaType};
use drydock::spec::{self, Claims, ReadDocument, View, check_data, classify, read_descriptor};
use proptest::prelude::*;
use serde_json::{Value, json};

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| &*finding.rule).collect()
}

fn hex(digit: char) -> String {
    format!("sha256:{}", String::from(digit).repeat(64))
}

fn read_as(text: &str, content_type: Option<&str>, descriptor: Option<&str>) -> ReadDocument {
    let (digest, bytes) = identify(Bytes::copy_from_slice(text.as_bytes()));
    let claims = Claims {
        content_type: content_type.map(MediaType::new),
        descriptor: descriptor.map(MediaType::new),
    };
    spec::read(&bytes, &digest, &claims, "manifest")
}

fn descriptor() -> Value {
    json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": hex('a'), "size": 2})
}

fn manifest() -> Value {
    json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST, "config": descriptor(), "layers": []})
}

fn index() -> Value {
    json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": []})
}

fn with(mut value: Value, key: &str, field: Value) -> Value {
    value[key] = field;
    value
}

fn read_config(config: &Value) -> ReadDocument {
    read_as(&config.to_string(), None, Some(MediaType::CONFIG))
}

fn config() -> Value {
    json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
}

#[test]
fn m3_a_document_of_4_mib_is_read_and_one_byte_more_is_not() {
    let most = usize::try_from(limits::DOCUMENT_BYTES).expect("small");
    let body = manifest().to_string();
    let full = format!("{body}{}", " ".repeat(most - body.len()));
    assert_eq!(rules(&read_as(&full, None, None).findings), Vec::<&str>::new());
    let more = read_as(&format!("{full} "), None, None);
    assert_eq!(rules(&more.findings), ["document.size-limit"]);
    assert!(more.findings[0].message.contains("exceeds the 4194304 byte limit"));
    assert_eq!((more.document, more.view), (None, View::Raw));
}

#[test]
fn m4_sizes() {
    for (size, rule, read) in [
        (json!(0), None, Some(0)),
        (json!((1_u64 << 53) - 1), None, Some((1 << 53) - 1)),
        (json!((1_u64 << 53) + 1), Some("descriptor.size-inexact"), Some((1 << 53) + 1)),
        (json!(i64::MAX), Some("descriptor.size-inexact"), Some(i64::MAX as u64)),
        (json!(1_u64 << 63), Some("descriptor.size"), None),
        (json!(u64::MAX), Some("descriptor.size"), None),
        (json!(-1), Some("descriptor.size"), None),
        (json!(1e3), Some("descriptor.size"), None),
        (json!(1.5), Some("descriptor.size"), None),
        (json!("1"), Some("descriptor.size"), None),
        (json!(null), Some("descriptor.size"), None),
        (json!([1]), Some("descriptor.size"), None),
    ] {
        let value = with(descriptor(), "size", size.clone());
        let (descriptor, findings) = read_descriptor(&value, "config");
        assert_eq!(rules(&findings), Vec::from_iter(rule), "{size}");
        assert_eq!(descriptor.map(|descriptor| descriptor.size), read, "{size}");
    }
}

#[test]
fn m6_ambiguous_manifests_are_not_followed() {
    for (body, keys) in [
        (with(manifest(), "manifests", json!([])), "manifests, config, layers"),
        (with(index(), "layers", json!([])), "manifests, layers"),
        (with(index(), "config", descriptor()), "manifests, config"),
        (with(manifest(), "fsLayers", json!([])), "config, layers, fsLayers"),
        (with(index(), "history", json!([])), "manifests, history"),
        (json!({"schemaVersion": 2, "manifests": [], "layers": []}), "manifests, layers"),
        (json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "layers": []}), "layers"),
    ] {
        let read = read_as(&body.to_string(), None, None);
        assert_eq!(rules(&read.findings), ["manifest.ambiguous"], "{body}");
        assert_eq!(read.findings[0].actual.as_deref(), Some(keys), "{body}");
        assert!(read.findings[0].message.starts_with("Ambiguous manifest"));
        assert_eq!(read.view, View::Raw);
        assert!(read.document.is_some(), "it can still be shown");
    }
    let null = with(manifest(), "manifests", Value::Null);
    assert_eq!(rules(&read_as(&null.to_string(), None, None).findings), Vec::<&str>::new());
}

#[test]
fn m7_three_say_three_things() {
    let read =
        read_as(&manifest().to_string(), Some(MediaType::INDEX), Some(MediaType::DOCKER_LIST));
    assert_eq!(rules(&read.findings), ["manifest.media-type-conflict"]);
    let message = &read.findings[0].message;
    for name in [MediaType::MANIFEST, MediaType::INDEX, MediaType::DOCKER_LIST] {
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn m7_names_of_the_same_kind() {
    let body = manifest().to_string();
    let by_descriptor = read_as(&body, None, Some(MediaType::DOCKER_MANIFEST));
    assert_eq!(rules(&by_descriptor.findings), ["manifest.media-type"]);
    let by_header = read_as(&body, Some(MediaType::DOCKER_MANIFEST), None);
    assert_eq!(rules(&by_header.findings), ["manifest.content-type"]);
    assert!(matches!(by_header.view, View::Manifest(_)));
}

#[test]
fn m8_the_type_is_inferred_only_where_that_is_certain() {
    let bare = json!({"schemaVersion": 2, "config": descriptor(), "layers": []}).to_string();
    for content_type in [None, Some("text/plain"), Some("application/octet-stream")] {
        let read = read_as(&bare, content_type, None);
        assert_eq!(rules(&read.findings), ["manifest.media-type-inferred"]);
        assert!(matches!(read.view, View::Manifest(_)));
    }
    let named =
        read_as(&bare, Some("application/vnd.oci.image.manifest.v1+json; charset=utf-8"), None);
    assert_eq!(rules(&named.findings), ["manifest.media-type-missing"]);
    let nothing = read_as(r#"{"hello":1}"#, Some("text/html"), None);
    assert_eq!(rules(&nothing.findings), ["manifest.unknown"]);
    assert_eq!(nothing.view, View::Raw);
    let docker = json!({"schemaVersion": 2, "manifests": [
        {"mediaType": MediaType::DOCKER_MANIFEST, "digest": hex('a'), "size": 1}]});
    let (kind, media_type, _) = classify(&docker, &Claims::default(), "index");
    assert_eq!((kind, media_type.as_str()), (Kind::Index, MediaType::DOCKER_LIST));
}

#[test]
fn m9_schema_1_is_recognised_and_explained() {
    let signed = json!({"schemaVersion": 1, "name": "library/a", "tag": "1", "architecture": "amd64",
        "fsLayers": [{"blobSum": hex('b')}, {"blobSum": 7}],
        "history": [{"v1Compatibility": "{\"container_config\":{\"Cmd\":[\"/bin/sh\",\"-c\",\"x\"]}}"}, {}],
        "signatures": [{}]});
    for content_type in [None, Some(MediaType::SCHEMA1_SIGNED)] {
        let read = read_as(&signed.to_string(), content_type, None);
        assert!(rules(&read.findings).contains(&"manifest.schema1"));
        let View::Schema1(view) = read.view else { panic!("{:?}", read.view) };
        assert_eq!(view.layers.len(), 1);
        assert_eq!(view.history, ["/bin/sh -c x", ""]);
        assert!(view.signed);
    }
}

#[test]
fn m9_signed_payload_of_schema_1() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let payload = "{\n   \"schemaVersion\": 1\n}";
    let (head, tail) = payload.split_at(payload.len() - 2);
    let protected = json!({"formatLength": head.len(), "formatTail": BASE64.encode(tail)});
    let protected = BASE64.encode(protected.to_string());
    let signed = format!("{head},\n   \"signatures\": [{{\"protected\": \"{protected}\"}}]\n}}");
    assert_eq!(spec::signed_payload(signed.as_bytes()).as_deref(), Some(payload.as_bytes()));
    assert_eq!(spec::signed_payload(payload.as_bytes()), None);
    let lying =
        signed.replace(&protected, &BASE64.encode(r#"{"formatLength":99999,"formatTail":""}"#));
    assert_eq!(spec::signed_payload(lying.as_bytes()), None);
}

#[test]
fn m9_types_that_are_not_followed_are_shown_raw() {
    for media_type in
        ["application/vnd.oci.artifact.manifest.v1+json", "application/vnd.example.thing+json"]
    {
        let body = json!({"mediaType": media_type, "blobs": [], "layers": 7}).to_string();
        let read = read_as(&body, Some(media_type), None);
        assert_eq!(rules(&read.findings), ["manifest.unknown-type"]);
        assert_eq!(read.view, View::Raw);
    }
    let list = json!({"schemaVersion": 2, "mediaType": MediaType::DOCKER_LIST, "manifests": []});
    assert!(matches!(read_as(&list.to_string(), None, None).view, View::Index(_)));
}

#[test]
fn m10_m11_keys_reach_the_report() {
    let twice = manifest().to_string().replace("\"layers\":[]", r#""layers":[],"\u006cayers":[]"#);
    assert_eq!(rules(&read_as(&twice, None, None).findings), ["json.duplicate-key"]);
    for key in ["Layers", "LAYERS", "layer\u{17f}", "fslayers", "MediaType"] {
        let body = with(manifest(), key, json!([]));
        assert_eq!(
            rules(&read_as(&body.to_string(), None, None).findings),
            ["json.key-case"],
            "{key}"
        );
    }
    let nested = with(manifest(), "config", with(descriptor(), "Digest", json!(hex('b'))));
    assert_eq!(rules(&read_as(&nested.to_string(), None, None).findings), ["json.key-case"]);
    let run = with(config(), "config", json!({"entrypoint": ["sh"]}));
    assert_eq!(rules(&read_config(&run).findings), ["json.key-case"]);
    let only = read_as(r#"{"schemaVersion":2,"Layers":[]}"#, None, None);
    assert_eq!(rules(&only.findings), ["json.key-case", "manifest.unknown"]);
}

#[test]
fn m13_unknown_fields_and_bytes_are_kept() {
    let text = "{ \"schemaVersion\":2, \"x\":[1.50],\n\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[] }";
    let document = read_as(text, None, None).document.expect("document");
    assert_eq!(document.bytes(), text.as_bytes());
    assert_eq!(document.digest(), &Digest::sha256(text.as_bytes()));
    assert!(document.value().get("x").is_some());
}

#[test]
fn m14_descriptors_with_good_and_bad_digests() {
    let hex64 = "a".repeat(64);
    for good in [format!("sha256:{hex64}"), format!("sha512:{}", "a".repeat(128))] {
        let (_, findings) = read_descriptor(&with(descriptor(), "digest", json!(good)), "layer 1");
        assert_eq!(findings, [], "{good}");
    }
    for unverifiable in [
        "sha256+b64:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
        "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
        "blake3:abcdef",
    ] {
        let value = with(descriptor(), "digest", json!(unverifiable));
        let (descriptor, findings) = read_descriptor(&value, "layer 1");
        assert_eq!(rules(&findings), ["descriptor.digest-unverifiable"]);
        assert!(descriptor.is_some());
    }
    for bad in [
        json!(format!("SHA256:{hex64}")),
        json!(format!("sha256:{}", "A".repeat(64))),
        json!("sha256"),
        json!(":abc"),
        json!("sha256+foo+-b:abc"),
        json!(""),
        json!(format!("sha256:{}", "a".repeat(63))),
        json!(format!("sha256:{}", "a".repeat(65))),
        json!(format!("sha512:{hex64}")),
        Value::Null,
    ] {
        let (descriptor, findings) =
            read_descriptor(&with(descriptor(), "digest", bad.clone()), "layer 1");
        assert_eq!((rules(&findings), descriptor), (vec!["descriptor.digest"], None), "{bad}");
    }
    let (_, findings) = read_descriptor(&with(descriptor(), "digest", json!(7)), "layer 1");
    assert_eq!(rules(&findings), ["spec.type", "descriptor.digest"]);
}

#[test]
fn m14_media_types_of_descriptors() {
    for (media_type, expected) in [
        (json!("application/vnd.oci.image.layer.v1.tar+gzip"), vec![]),
        (json!(""), vec!["descriptor.media-type"]),
        (Value::Null, vec!["descriptor.media-type"]),
        (json!("invalid"), vec!["spec.media-type"]),
        (json!("a/b/c"), vec!["spec.media-type"]),
        (json!("application/ü"), vec!["spec.media-type"]),
    ] {
        let (_, findings) =
            read_descriptor(&with(descriptor(), "mediaType", media_type.clone()), "x");
        assert_eq!(rules(&findings), expected, "{media_type}");
    }
}

#[test]
fn m15_weak_algorithms_are_refused() {
    for weak in
        ["md5:d41d8cd98f00b204e9800998ecf8427e", "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"]
    {
        let (descriptor, findings) =
            read_descriptor(&with(descriptor(), "digest", json!(weak)), "x");
        assert_eq!((rules(&findings), descriptor), (vec!["descriptor.digest-weak"], None));
    }
}

#[test]
fn m16_data_must_be_the_content() {
    let base = |data: &str| {
        let mut descriptor = Descriptor::new(MediaType::EMPTY, Digest::sha256(b"{}"), 2);
        descriptor.data = Some(data.to_owned());
        check_data(&descriptor, "config").expect("data")
    };
    assert_eq!(base("e30=").expect("same"), Bytes::from_static(b"{}"));
    for bad in ["e30", "e3 0=", "W10=", "e30K", "", "e30=e30="] {
        assert_eq!(base(bad).expect_err(bad).rule, "descriptor.data", "{bad}");
    }
    let value = with(descriptor(), "data", json!("e30="));
    assert_eq!(rules(&read_descriptor(&value, "config").1), ["descriptor.data"]);
}

#[test]
fn m17_other_places_are_noted() {
    let value = with(descriptor(), "urls", json!(["http://169.254.169.254/x"]));
    assert_eq!(rules(&read_descriptor(&value, "layer 1").1), ["descriptor.urls"]);
}

#[test]
fn m19_platforms() {
    let read = |platform: Value| {
        let (descriptor, findings) =
            read_descriptor(&with(descriptor(), "platform", platform), "entry");
        let text = descriptor.expect("read").platform.map(|platform| platform.to_string());
        (text, rules(&findings).into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(read(json!(null)), (None, none.clone()));
    assert_eq!(
        read(
            json!({"os": "windows", "architecture": "amd64", "os.version": "10.0", "os.features": ["x"]})
        ),
        (Some("windows/amd64:10.0".to_owned()), none)
    );
    assert_eq!(read(json!({"os": "linux"})).1, ["descriptor.platform"]);
    assert_eq!(read(json!({"os": 1, "architecture": "a"})).1, ["spec.type", "descriptor.platform"]);
    assert_eq!(read(json!("linux/amd64")), (None, vec!["spec.type".to_owned()]));
}

#[test]
fn m21_configs() {
    for (key, value, expected) in [
        ("rootfs", json!({"type": "layers", "diff_ids": [hex('a')]}), vec![]),
        ("rootfs", json!({"type": "files", "diff_ids": []}), vec!["config.rootfs-type"]),
        ("rootfs", json!({"diff_ids": []}), vec!["config.rootfs-type"]),
        ("rootfs", Value::Null, vec!["config.rootfs"]),
        ("rootfs", json!([]), vec!["spec.type"]),
        ("rootfs", json!({"type": "layers", "diff_ids": ["md5:a", 7]}), vec!["config.diff-id"; 2]),
        ("created", json!("2024-05-01T12:00:00.123456789Z"), vec![]),
        ("created", json!("2024-05-01T12:00:00+02:00"), vec![]),
        ("created", json!("0000-01-01T00:00:00Z"), vec![]),
        ("created", json!("9999-12-31T23:59:59Z"), vec![]),
        ("created", json!("2024-13-01T12:00:00Z"), vec!["config.created"]),
        ("created", json!("yesterday"), vec!["config.created"]),
        ("created", json!(-5), vec!["spec.type"]),
        ("architecture", json!(""), vec!["config.platform"]),
        ("architecture", json!(64), vec!["spec.type", "config.platform"]),
        ("config", json!({"Env": ["A=b", "=c", "D"]}), vec!["config.env"; 2]),
        ("config", json!({"Env": {"A": "b"}}), vec!["spec.type"]),
        ("config", json!({"User": 1234}), vec!["spec.type"]),
        ("config", json!({"Labels": {"a": 1, "b": "x"}}), vec!["spec.type"]),
        ("config", json!({"Cmd": "sh"}), vec!["spec.type"]),
        ("config", json!({"Cmd": null, "Env": null, "Volumes": null}), vec![]),
        ("config", json!({"ExposedPorts": ["80"]}), vec!["spec.type"]),
        ("config", json!({"Healthcheck": {"Test": ["NONE"], "Interval": 1.5}}), vec!["spec.type"]),
        ("history", json!([{"created_by": "x", "empty_layer": true}]), vec![]),
        ("history", json!([{"empty_layer": "yes"}, 5]), vec!["spec.type"; 2]),
        ("history", json!({}), vec!["spec.type"]),
    ] {
        let read = read_config(&with(config(), key, value.clone()));
        assert_eq!(rules(&read.findings), expected, "{key}: {value}");
        assert!(matches!(read.view, View::Config(_)));
    }
}

#[test]
fn m21_the_view_has_what_the_config_says() {
    let read = read_config(&json!({
        "architecture": "arm64", "os": "linux", "variant": "v8", "created": "2024-05-01T12:00:00Z",
        "config": {"User": "1000:1000", "ExposedPorts": {"80/tcp": {}}, "Env": ["A=b"],
            "Entrypoint": ["/app"], "Volumes": {"/data": {}}, "WorkingDir": "/", "Labels": {"a": "\u{202e}x"},
            "StopSignal": "SIGINT", "Healthcheck": {"Test": ["CMD", "x"], "Retries": 3}},
        "rootfs": {"type": "layers", "diff_ids": [hex('a'), hex('b')]}
    }));
    assert_eq!(read.findings, []);
    let View::Config(config) = read.view else { panic!("config") };
    assert_eq!(config.platform.to_string(), "linux/arm64/v8");
    assert_eq!(config.config.exposed_ports, ["80/tcp"]);
    assert_eq!(config.config.labels["a"], "\u{202e}x");
    assert_eq!(config.config.healthcheck.expect("check").retries, Some(3));
    assert_eq!(config.diff_ids.len(), 2);
}

#[test]
fn chains_of_layers() {
    let config = json!({"architecture": "a", "os": "b", "rootfs": {"type": "layers",
        "diff_ids": [hex('a'), hex('b'), "nonsense"]}});
    let View::Config(config) = read_config(&config).view else { panic!("config") };
    let pair = Digest::sha256(format!("{} {}", hex('a'), hex('b')).as_bytes());
    assert_eq!(config.chain_id(1).map(|chain| chain.to_string()), Some(hex('a')));
    assert_eq!(config.chain_id(2).map(|chain| chain.0), Some(pair));
    assert_eq!((config.chain_id(0), config.chain_id(3), config.chain_id(4)), (None, None, None));
    assert_eq!((config.diff_id(0), config.diff_id(3)), (None, None));
}

#[test]
fn manifests_say_what_they_are() {
    for (body, expected) in [
        (with(manifest(), "schemaVersion", json!(1)), vec!["manifest.schema-version"]),
        (with(manifest(), "schemaVersion", json!("2")), vec!["manifest.schema-version"]),
        (with(manifest(), "layers", json!({})), vec!["spec.type", "manifest.missing"]),
        (
            json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST}),
            vec!["manifest.missing"; 2],
        ),
        (json!({"schemaVersion": 2, "mediaType": MediaType::INDEX}), vec!["index.manifests"]),
        (with(manifest(), "annotations", json!({"a": 1})), vec!["spec.type"]),
        (with(manifest(), "subject", json!("x")), vec!["spec.type"]),
        (
            with(
                manifest(),
                "config",
                json!({"mediaType": MediaType::EMPTY,
            "digest": Digest::sha256(b"{}"), "size": 2}),
            ),
            vec!["manifest.artifact-type"],
        ),
    ] {
        let read = read_as(&body.to_string(), None, None);
        assert_eq!(rules(&read.findings), expected, "{body}");
    }
}

#[test]
fn layers_keep_their_numbers_when_one_is_bad() {
    let layer = |digit| json!({"mediaType": MediaType::LAYER, "digest": hex(digit), "size": 1});
    let layers =
        json!([layer('a'), {"mediaType": MediaType::LAYER, "digest": "x", "size": 1}, layer('c')]);
    let read = read_as(&with(manifest(), "layers", layers).to_string(), None, None);
    assert_eq!(read.findings[0].subject, "layer 2 of the manifest");
    let View::Manifest(view) = read.view else { panic!("manifest") };
    let numbers: Vec<usize> = view.layers.iter().map(|layer| layer.number).collect();
    assert_eq!((numbers, view.layer_count), (vec![1, 3], 3));
}

#[test]
fn sha512_documents_are_documents_too() {
    let text = index().to_string();
    let digest = Digest::of(Algorithm::Sha512, text.as_bytes());
    let bytes = drydock::descriptor::verify_digest(&digest, Bytes::from(text)).expect("same");
    let read = spec::read(&bytes, &digest, &Claims::default(), "index");
    assert_eq!(read.document.expect("document").descriptor().digest, digest);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z/:+ü]{0,12}".prop_map(Value::from),
        Just(json!(hex('a'))),
        Just(json!(MediaType::INDEX)),
        Just(json!(MediaType::MANIFEST)),
    ];
    let keys = [
        "schemaVersion",
        "mediaType",
        "config",
        "layers",
        "manifests",
        "digest",
        "size",
        "platform",
        "rootfs",
        "diff_ids",
        "history",
        "subject",
        "data",
        "annotations",
        "fsLayers",
        "signatures",
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(proptest::sample::select(keys.to_vec()), inner, 0..6)
                .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_panics(value in any_json(), declared in 0_usize..7) {
        let types = [None, Some(MediaType::INDEX), Some(MediaType::MANIFEST), Some(MediaType::CONFIG),
            Some(MediaType::SCHEMA1), Some("text/plain"), Some("x")];
        let read = read_as(&value.to_string(), None, types[declared]);
        prop_assert!(read.document.is_some());
        let _ = spec::signed_payload(value.to_string().as_bytes());
    }
}
