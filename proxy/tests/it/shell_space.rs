//! `drydock waste`, `check` and `compare`, as processes.

use std::fs;
use std::process::{Command, Output, Stdio};

use drydock_registry::{Store, router, sample};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::shell::text;

/// A registry of this machine with the sample image; gives the image's name.
async fn image() -> String {
    let store = Store::memory();
    sample::install(&store).unwrap();
    sealed(&store);
    let app = router(store.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("{address}/sample/hello:latest")
}

/// An image with a layer that is encrypted: `odd/sealed:latest`.
fn sealed(store: &Store) {
    let put = |media_type: &str, bytes: &[u8]| {
        let digest = store.put_blob("odd/sealed", bytes.to_vec().into()).unwrap();
        serde_json::json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    };
    let rootfs = serde_json::json!({ "type": "layers", "diff_ids": [format!("sha256:{:064}", 1)] });
    let config = serde_json::json!({ "architecture": "amd64", "os": "linux", "rootfs": rootfs });
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": put("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes()),
        "layers": [put("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", b"sealed")],
    });
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let bytes = manifest.to_string().into_bytes().into();
    store.put_manifest("odd/sealed", media_type, bytes, &["latest"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_can_not_be_read_passes_nothing() {
    let image = image().await.replace("sample/hello", "odd/sealed");
    for arguments in [
        &["check", "--no-setuid", "--lowest-efficiency", "1", &image][..],
        &["compare", &image, &image],
    ] {
        let output = drydock(arguments, &[]).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_eq!(text(&output.stdout), "");
        assert!(text(&output.stderr).contains("is encrypted"), "{output:?}");
        assert!(text(&output.stderr).contains("is not known"), "{output:?}");
    }
}

/// Runs in a folder of its own, in which files with rules may lie.
async fn drydock(arguments: &[&str], files: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_drydock"));
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
    command.env("DOCKER_CONFIG", "/nowhere").env_remove("XDG_RUNTIME_DIR");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    drop(folder);
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wasted_is_the_same_as_text_and_as_json() {
    let image = image().await;
    let output = drydock(&["waste", "--json", &image], &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let space: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sum = |field: &str| -> u64 {
        let layers = space["layers"].as_array().unwrap().iter();
        layers.map(|layer| layer[field].as_u64().unwrap()).sum()
    };
    assert_eq!(space["bytes"], sum("bytes"));
    assert_eq!(space["wastedBytes"], sum("wastedBytes"));
    assert!(sum("wastedBytes") > 0, "the sample changes and deletes files");
    let printed = drydock(&["waste", &image], &[]).await;
    for waste in space["waste"].as_array().unwrap() {
        let advice = waste["advice"].as_str().unwrap();
        assert!(text(&printed.stdout).contains(advice), "{advice}");
    }
    assert!(text(&printed.stdout).contains("dive says: efficiency "));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_kept_or_broken() {
    let image = image().await;
    let strict = "rules:\n  lowestEfficiency: 1\n";
    let lax = "rules:\n  lowestEfficiency: 0.0001\n  highestUserWastedPercent: disabled\n";
    for (arguments, files, code) in [
        (&["--lowest-efficiency", "0.0001"][..], &[][..], 0),
        (&["--lowest-efficiency", "1"], &[], 1),
        (&["--highest-wasted", "1GB", "--no-setuid"], &[], 0),
        (&["--highest-wasted", "0"], &[], 1),
        (&[], &[(".drydock-ci", strict)], 1),
        (&[], &[(".dive-ci", lax)], 0),
        (&[], &[(".drydock-ci", lax), (".dive-ci", strict)], 0),
        (&["--lowest-efficiency", "0.0001"], &[(".drydock-ci", strict)], 0),
        (&["--rules", "mine.yaml"], &[("mine.yaml", strict)], 1),
        (&["--rules", "absent.yaml"], &[], 2),
        (&[], &[(".drydock-ci", "rules:\n  lowestEficiency: 1\n")], 2),
        (&["--lowest-efficiency", "95"], &[], 2),
        (&[], &[], 2),
    ] {
        let all: Vec<&str> =
            ["check"].into_iter().chain(arguments.to_vec()).chain([&*image]).collect();
        let output = drydock(&all, files).await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {files:?} {output:?}");
        assert_eq!(text(&output.stdout).is_empty(), code == 2, "{output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_rules_are_told_to_code_scanning() {
    let image = image().await;
    let asked = ["check", "--lowest-efficiency", "1", "--no-devices", "--sarif", &image];
    let output = drydock(&asked, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let log: Value = serde_json::from_slice(&output.stdout).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{log:#}");
    assert_eq!(results[0]["ruleId"], "space.efficiency");
    let asked = ["check", "--lowest-efficiency", "1", "--json", &image];
    let output = drydock(&asked, &[]).await;
    let came: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&came["passed"], &came["rules"][0]["passed"]),
        (&Value::Bool(false), &Value::Bool(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_images_are_compared() {
    let image = image().await;
    let packed = image.replace(":latest", ":zstd");
    let amd64 = ["--platform", "linux/amd64"];
    for (other, arguments, likeness, code) in [
        (&image, &amd64[..], "identical", 0),
        (&packed, &amd64[..], "same-files", 0),
        (
            &packed,
            &["--platform", "linux/amd64", "--fail-on", "files,config,larger=0%,setuid"],
            "same-files",
            0,
        ),
        (&packed, &["--platform", "linux/amd64", "--fail-on", "layers"], "same-files", 1),
    ] {
        let all: Vec<&str> =
            ["compare"].into_iter().chain(arguments.to_vec()).chain([&*image, other]).collect();
        let output = drydock(&all, &[]).await;
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let last = text(&output.stdout).lines().last().unwrap();
        assert!(last.starts_with(&format!("{likeness} added=0 removed=0 changed=0 ")), "{last}");
        let all: Vec<&str> =
            ["compare", "--json"].into_iter().chain(amd64).chain([&*image, other]).collect();
        let json: Value = serde_json::from_slice(&drydock(&all, &[]).await.stdout).unwrap();
        assert_eq!(json["likeness"], likeness);
    }
    let other = drydock(&["compare", "--fail-on", "nonsense", &image, &packed], &[]).await;
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("expected larger, layers"), "{other:?}");
}
