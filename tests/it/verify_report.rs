//! Verifications from graph to report.

use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::verify::{Choice, Outcome, Report, RowState, Session, Verdict};
use serde_json::json;

use crate::image_support::{Store, digest};
use crate::layer_support::{file, tar};
use crate::verify_support::{read, rules, simple, verify};

#[test]
fn a_good_image_is_verified() {
    let mut store = Store::default();
    let tar = tar(&[file("a", "a")]);
    let layer = store.put(MediaType::LAYER, tar.clone());
    let config = store.config("linux/amd64", &[Digest::sha256(&tar)]);
    let manifest = store.manifest(&config, &[layer]);
    store.tag("v1", &manifest);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
    assert_eq!(report.headline(), "Every byte is what the image says it is");
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).expect("json"), @r#"
    {
      "reference": "localhost:5000/a:v1",
      "digest": "sha256:861feba4c816985c8ba23dee7bd245fa810ec429bdfa473d5e5c8171929c4206",
      "verdict": "verified",
      "findings": [],
      "statements": 0,
      "blobs": [
        {
          "digest": "sha256:861feba4c816985c8ba23dee7bd245fa810ec429bdfa473d5e5c8171929c4206",
          "diffId": null,
          "mediaType": "application/vnd.oci.image.manifest.v1+json",
          "size": 397,
          "uncompressedSize": null,
          "entries": null,
          "verdict": "verified"
        },
        {
          "digest": "sha256:d1cdaf9e0821e9cc6596d4917f4e16d685b8f4a5bbf260dfbdd8275f7cceed38",
          "diffId": null,
          "mediaType": "application/vnd.oci.image.config.v1+json",
          "size": 252,
          "uncompressedSize": null,
          "entries": null,
          "verdict": "verified"
        },
        {
          "digest": "sha256:c69cf65f254f39e4b8b2df4e96fdeda0fd2be5e9dcac59a39aaf2588eeca8263",
          "diffId": "sha256:c69cf65f254f39e4b8b2df4e96fdeda0fd2be5e9dcac59a39aaf2588eeca8263",
          "mediaType": "application/vnd.oci.image.layer.v1.tar",
          "size": 2048,
          "uncompressedSize": 2048,
          "entries": 1,
          "verdict": "verified"
        }
      ],
      "elapsedMs": 42,
      "bytes": 2697
    }
    "#);
    insta::assert_snapshot!(report.detail(), @"Three documents and blobs, 2 697 bytes in all, were read and hashed; all match.");
}

#[test]
fn reports_are_read_back() {
    let mut store = Store::default();
    simple(&mut store);
    let report = verify(&mut store);
    let text = serde_json::to_string(&report).expect("json");
    assert_eq!(serde_json::from_str::<Report>(&text).expect("report"), report);
}

#[test]
fn missing_and_broken_blobs_make_it_incomplete() {
    let mut store = Store::default();
    let (_, _, layer) = simple(&mut store);
    store.content.remove(&digest(&layer));
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Incomplete, vec!["blob.missing"]));
    assert_eq!(report.headline(), "Not everything could be checked");

    let graph = store.load_all("v1");
    let mut session = Session::new("a", &graph, &Choice::All);
    for job in session.jobs().to_vec() {
        let reason = "The connection was cut.".to_owned();
        session.finish(job.id, &Outcome::Broken { reason, bytes: 5 });
        session.finish(job.id, &Outcome::Absent);
    }
    let report = session.report(0);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Incomplete, vec!["blob.unreadable"; 2]));
    insta::assert_snapshot!(report.detail(), @"Layer 1 could not be read to its end; 5 of 83 bytes came: The connection was cut. There is one more finding like it.");
}

/// Which connection was faster is no part of a report.
#[test]
fn the_order_in_which_blobs_came_plays_no_part() {
    let mut store = Store::default();
    let tars = [&["/a", "/b"], &["/c", "/d"]].map(|names| tar(&names.map(|name| file(name, name))));
    let layers = tars.clone().map(|tar| store.put(MediaType::LAYER, tar));
    let config = store.config("linux/amd64", &tars.map(|tar| Digest::sha256(&tar)));
    let manifest = store.manifest(&config, &layers);
    store.tag("v1", &manifest);
    let graph = store.load_all("v1");
    let reported = |backwards: bool| {
        let mut session = Session::new("a", &graph, &Choice::All);
        let mut jobs = session.jobs().to_vec();
        if backwards {
            jobs.reverse();
        }
        jobs.iter().for_each(|job| session.finish(job.id, &read(&store, job)));
        session.report(0)
    };
    let subjects: Vec<_> = reported(false).findings.into_iter().map(|it| it.subject).collect();
    assert_eq!(subjects, ["layer 1, /a", "layer 1, /b", "layer 2, /c", "layer 2, /d"]);
    assert_eq!(reported(false), reported(true));
}

#[test]
fn failed_wins_over_incomplete() {
    let mut store = Store::default();
    let (_, _, layer) = simple(&mut store);
    let graph = store.load_all("v1");
    store.tamper(&layer, "x");
    let mut session = Session::new("a", &graph, &Choice::All);
    let jobs = session.jobs().to_vec();
    let bad = jobs.iter().find(|job| job.descriptor.digest == digest(&layer)).expect("job");
    session.finish(bad.id, &read(&store, bad));
    session.stop();
    assert_eq!(session.verdict(), Verdict::Failed);
    assert!(session.rows().iter().any(|row| row.state == RowState::Done(Verdict::Incomplete)));
}

#[test]
fn stopped_by_the_user_is_incomplete() {
    let mut store = Store::default();
    simple(&mut store);
    let graph = store.load_all("v1");
    let mut session = Session::new("a", &graph, &Choice::All);
    let first = session.jobs()[0].clone();
    session.finish(first.id, &read(&store, &first));
    session.stop();
    let report = session.report(1);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Incomplete, vec!["verify.stopped"]));
    assert_eq!(report.detail(), "Stopped before 1 of 4 documents and blobs were checked.");
}

#[test]
fn a_foreign_layer_that_is_not_there_is_not_checked() {
    let mut store = Store::default();
    let layer = json!({"digest": Digest::sha256(b"w"), "size": 9, "urls": ["https://example.org/w"],
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"});
    let config = store.config("windows/amd64", &[Digest::sha256(b"y")]);
    let manifest = store.manifest(&config, &[layer]);
    store.tag("v1", &manifest);
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Incomplete);
    assert_eq!(rules(&report), ["layer.foreign", "descriptor.urls"]);
}

#[test]
fn a_root_that_is_not_there_ends_in_a_report() {
    let report = verify(&mut Store::default());
    assert_eq!((report.verdict, report.digest.clone()), (Verdict::Incomplete, None));
    assert_eq!(rules(&report), ["document.missing"]);
    assert_eq!(report.headline(), "The image could not be read");
    assert!(report.blobs.is_empty());
}

#[test]
fn a_root_that_is_no_json_ends_in_a_report() {
    let mut store = Store::default();
    let root = store.put("text/html", "<html>");
    store.tag("v1", &root);
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Failed);
    assert_eq!(rules(&report)[0], "json.syntax");
    assert_eq!(report.digest, Some(digest(&root)));
}

/// How far a blob came is only told when some of it came.
#[test]
fn b9_no_bytes_came_only_when_none_came() {
    let mut store = Store::default();
    simple(&mut store);
    let graph = store.load_all("v1");
    let mut session = Session::new("a", &graph, &Choice::All);
    let jobs = session.jobs().to_vec();
    for (job, bytes) in jobs.iter().zip([0, 5]) {
        let reason = "The connection was cut.".to_owned();
        session.finish(job.id, &Outcome::Broken { reason, bytes });
    }
    let mut said: Vec<&str> = session.findings().iter().map(|it| it.message.as_str()).collect();
    said.sort_unstable();
    let size = jobs[1].descriptor.size;
    assert_eq!(
        said,
        [
            "Layer 1 could not be read: The connection was cut.",
            &*format!(
                "Layer 2 could not be read to its end; 5 of {size} bytes came: The connection was cut."
            ),
        ]
    );
}
