//! Command lines of other tools, and what a shell makes of them.

use std::process::Command;

use drydock::commands::{
    Edited, File, Form, Image, Line, Start, Stored, Task, Tool, TreePart, lines, quote,
};
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::media_type::Compression;
use drydock::platform::Platform;
use drydock::reference::{Reference, Registry, Tag};
use insta::assert_snapshot;
use proptest::prelude::*;

fn image(text: &str) -> Image {
    let plain_http = text.starts_with("localhost");
    Image { reference: Reference::parse(text).expect("reference"), plain_http }
}

fn shown(task: &Task) -> String {
    let line = |line: &Line| match line.note {
        Some(note) => format!("{}    # {note}", line.text),
        None => line.text.clone(),
    };
    lines(task).iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn looks() {
    let platform = || Some("linux/arm64/v8".parse::<Platform>().expect("platform"));
    let digest = || Digest::sha256(b"x");
    let app = || image("ghcr.io/a/b:1");
    let files = |part| Task::Files { image: app(), platform: platform(), part };
    let tasks = [
        Task::Config { image: image("localhost:5000/b"), platform: platform() },
        Task::Artifact { image: image("localhost:5000/b:1"), is_index: false },
        Task::Artifact { image: app(), is_index: true },
        Task::Layers { image: app(), platform: None },
        Task::Document { image: app(), digest: digest(), is_blob: false },
        Task::Document { image: app(), digest: digest(), is_blob: true },
        Task::Referrers { image: image("localhost:5000/b:1") },
        Task::Tags { image: app() },
        Task::Catalog {
            registry: Registry::parse("localhost:5000").expect("registry"),
            plain_http: true,
        },
        Task::Token { image: app(), push: true },
        Task::Verify { image: app(), platform: platform() },
        Task::Weigh { image: image("localhost:5000/b:1"), platform: platform() },
        Task::Packages { image: image("localhost:5000/b:1"), platform: platform() },
        Task::Search {
            image: image("localhost:5000/b:1"),
            platform: None,
            text: "-a 'b'".to_owned(),
            is_regex: true,
            case_matters: true,
            paths: "/etc *.conf".to_owned(),
        },
        Task::Compare { before: app(), after: image("alpine"), platform: platform() },
        files(TreePart::All),
        files(TreePart::Entry(b"etc".to_vec())),
        files(TreePart::File(b"--checkpoint-action=exec=sh x".to_vec())),
        files(TreePart::File(b"a\\nb".to_vec())),
        files(TreePart::File(b"caf\xe9".to_vec())),
        Task::LayerFiles { image: app(), layer: digest(), compression: Compression::Gzip },
        Task::LayerFiles { image: app(), layer: digest(), compression: Compression::Zstd },
        Task::Pull { image: image("alpine") },
    ];
    let all: Vec<String> = tasks.iter().map(shown).collect();
    assert_snapshot!(all.join("\n"), @r##"
    crane config --insecure --platform=linux/arm64/v8 -- localhost:5000/b:latest
    oras pull --plain-http -- localhost:5000/b:1    # Only files that the artifact names are written, into the folder that it is run in.
    crane manifest -- ghcr.io/a/b:1 | jq .manifests
    crane manifest -- ghcr.io/a/b:1 | jq .layers
    crane manifest -- ghcr.io/a/b@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
    crane blob -- ghcr.io/a/b@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
    oras discover --plain-http -- localhost:5000/b:1
    crane ls -- ghcr.io/a/b
    crane catalog --insecure -- localhost:5000
    crane auth token --push -- ghcr.io/a/b
    crane validate --platform=linux/arm64/v8 --remote=ghcr.io/a/b:1
    drydock waste --plain-http --platform=linux/arm64/v8 -- localhost:5000/b:1
    drydock packages --plain-http --platform=linux/arm64/v8 -- localhost:5000/b:1
    drydock search --plain-http --regex --case-sensitive '--paths=/etc *.conf' -- localhost:5000/b:1 '-a '\''b'\'''
    drydock compare --platform=linux/arm64/v8 -- ghcr.io/a/b:1 docker.io/library/alpine:latest
    crane export --platform=linux/arm64/v8 -- ghcr.io/a/b:1 - | tar -tvf -
    crane export --platform=linux/arm64/v8 -- ghcr.io/a/b:1 - | tar -tvf - -- etc
    crane export --platform=linux/arm64/v8 -- ghcr.io/a/b:1 - | tar -xOf - -- '--checkpoint-action=exec=sh x'
    crane export --platform=linux/arm64/v8 -- ghcr.io/a/b:1 - | tar -xOf - --no-unquote -- 'a\nb'
    crane export --platform=linux/arm64/v8 -- ghcr.io/a/b:1 - | tar -xOf - -- "$(printf 'caf\351')"
    crane blob -- ghcr.io/a/b@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 | tar -tvzf -
    crane blob -- ghcr.io/a/b@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 | tar --zstd -tvf -
    docker pull -- docker.io/library/alpine:latest
    "##);
}

#[test]
fn copies() {
    let task = |from: &str, to: &str, platform: Option<&str>, attached| Task::Copy {
        from: image(from),
        to: image(to),
        platform: platform.map(|text| text.parse().expect("platform")),
        attached,
    };
    assert_snapshot!(shown(&task("alpine:3.20", "ghcr.io/me/alpine:3", None, false)), @r##"
    crane copy -- docker.io/library/alpine:3.20 ghcr.io/me/alpine:3
    skopeo copy --all --preserve-digests -- docker://docker.io/library/alpine:3.20 docker://ghcr.io/me/alpine:3
    oras copy -- docker.io/library/alpine:3.20 ghcr.io/me/alpine:3
    docker buildx imagetools create --tag=ghcr.io/me/alpine:3 -- docker.io/library/alpine:3.20
    "##);
    let to = "localhost:5000/app:1";
    assert_snapshot!(shown(&task("ghcr.io/a/b:1", to, Some("linux/arm/v7"), true)), @r##"
    crane copy --insecure --platform=linux/arm/v7 -- ghcr.io/a/b:1 localhost:5000/app:1    # It leaves behind what refers to the image.
    skopeo --override-os=linux --override-arch=arm --override-variant=v7 copy --preserve-digests --dest-tls-verify=false -- docker://ghcr.io/a/b:1 docker://localhost:5000/app:1    # It leaves behind what refers to the image.
    oras copy --recursive --platform=linux/arm/v7 --to-plain-http -- ghcr.io/a/b:1 localhost:5000/app:1    # It leaves behind what lies under cosign's tags.
    docker pull --platform=linux/arm/v7 -- ghcr.io/a/b:1 && docker tag -- ghcr.io/a/b:1 localhost:5000/app:1 && docker push -- localhost:5000/app:1    # It may compress the layers anew, which changes their digests.
    "##);
    let tags = Task::CopyTags {
        from: image("ghcr.io/a/b"),
        to: image("localhost:5000/x/b"),
        keep_tags: true,
    };
    assert_snapshot!(shown(&tags), @r##"
    crane copy --insecure --all-tags --no-clobber -- ghcr.io/a/b localhost:5000/x/b
    skopeo sync --src=docker --dest=docker --all --preserve-digests --dest-tls-verify=false -- ghcr.io/a/b localhost:5000/x    # It keeps the last part of the repository's name, and overwrites tags.
    "##);
}

#[test]
fn files() {
    let task = |from: &str, form, platform: Option<&str>, attached| Task::Save {
        image: image(from),
        form,
        platform: platform.map(|text| text.parse().expect("platform")),
        attached,
        to: "app.tar".to_owned(),
    };
    let from = "localhost:5000/app:1";
    assert_snapshot!(shown(&task(from, Form::Layout, None, true)), @r##"
    skopeo copy --all --preserve-digests --src-tls-verify=false -- docker://localhost:5000/app:1 oci-archive:app.tar:1    # It leaves behind what refers to the image.
    crane pull --insecure --format=oci -- localhost:5000/app:1 app    # It writes a folder, no tar.
    oras copy --recursive --from-plain-http --to-oci-layout -- localhost:5000/app:1 app:1    # It writes a folder, no tar.
    "##);
    let amd64 = Some("linux/amd64");
    assert_snapshot!(shown(&task("ghcr.io/a/b:1", Form::Layout, amd64, false)), @r##"
    skopeo --override-os=linux --override-arch=amd64 copy --preserve-digests -- docker://ghcr.io/a/b:1 oci-archive:app.tar:1
    crane pull --format=oci --platform=linux/amd64 -- ghcr.io/a/b:1 app    # It writes a folder, no tar.
    oras copy --platform=linux/amd64 --to-oci-layout -- ghcr.io/a/b:1 app:1    # It writes a folder, no tar.
    "##);
    assert_snapshot!(shown(&task(from, Form::DockerSave, amd64, false)), @r##"
    crane pull --insecure --format=tarball --platform=linux/amd64 -- localhost:5000/app:1 app.tar
    skopeo --override-os=linux --override-arch=amd64 copy --src-tls-verify=false -- docker://localhost:5000/app:1 docker-archive:app.tar:localhost:5000/app:1    # It stores the layers without compression, so that their digests change.
    docker pull --platform=linux/amd64 -- localhost:5000/app:1 && docker save --output=app.tar -- localhost:5000/app:1
    "##);
    assert_snapshot!(shown(&task(from, Form::RootFs, amd64, false)), @r##"
    crane export --insecure --platform=linux/amd64 -- localhost:5000/app:1 app.tar
    docker export --output=app.tar -- "$(docker create --platform=linux/amd64 -- localhost:5000/app:1)"    # It leaves a container behind.
    "##);
}

#[test]
fn pushes_tags_deletions_and_artifacts() {
    let push = |form, name: Option<&str>| Task::Push {
        from: Stored { path: "-my image.tar".to_owned(), form, name: name.map(str::to_owned) },
        to: image("ghcr.io/a/b:1"),
    };
    assert_snapshot!(shown(&push(Form::DockerSave, None)), @r##"
    crane push -- './-my image.tar' ghcr.io/a/b:1
    skopeo copy -- 'docker-archive:./-my image.tar' docker://ghcr.io/a/b:1    # It may compress layers, which changes their digests.
    "##);
    assert_snapshot!(shown(&push(Form::DockerSave, Some("docker.io/a/b:2"))), @r##"skopeo copy -- 'docker-archive:./-my image.tar:docker.io/a/b:2' docker://ghcr.io/a/b:1    # It may compress layers, which changes their digests."##);
    assert_snapshot!(shown(&push(Form::Folder, None)), @r##"
    skopeo copy --all --preserve-digests -- 'oci:./-my image.tar' docker://ghcr.io/a/b:1
    oras copy --from-oci-layout -- './-my image.tar:latest' ghcr.io/a/b:1    # Put the tag that the layout has in place of latest.
    crane push -- './-my image.tar' ghcr.io/a/b:1
    "##);
    assert_snapshot!(shown(&push(Form::Layout, Some("1.2"))), @r##"
    skopeo copy --all --preserve-digests -- 'oci-archive:./-my image.tar:1.2' docker://ghcr.io/a/b:1
    oras copy --from-oci-layout -- './-my image.tar:1.2' ghcr.io/a/b:1
    "##);
    assert_snapshot!(shown(&push(Form::Layout, None)), @r##"
    skopeo copy --all --preserve-digests -- 'oci-archive:./-my image.tar' docker://ghcr.io/a/b:1
    oras copy --from-oci-layout -- './-my image.tar:latest' ghcr.io/a/b:1    # Put the tag that the layout has in place of latest.
    crane push -- './-my image.tar' ghcr.io/a/b:1    # Unpack the layout first: it takes a folder, no tar of one.
    "##);
    let tags = ["1", "latest"].map(|tag| Tag::parse(tag).expect("tag")).to_vec();
    let tag = Task::Tag { image: image("ghcr.io/a/b:1.2"), tags };
    assert_snapshot!(shown(&tag), @r##"
    crane tag -- ghcr.io/a/b:1.2 1 && crane tag -- ghcr.io/a/b:1.2 latest
    skopeo copy --all --preserve-digests -- docker://ghcr.io/a/b:1.2 docker://ghcr.io/a/b:1 && skopeo copy --all --preserve-digests -- docker://ghcr.io/a/b:1.2 docker://ghcr.io/a/b:latest
    oras tag -- ghcr.io/a/b:1.2 1 latest
    docker buildx imagetools create --tag=ghcr.io/a/b:1 --tag=ghcr.io/a/b:latest -- ghcr.io/a/b:1.2
    "##);
    assert_snapshot!(shown(&Task::Delete { image: image("localhost:5000/b:1") }), @r##"
    crane delete --insecure -- localhost:5000/b:1
    oras manifest delete --force --plain-http -- localhost:5000/b:1    # It removes the manifest with all its tags, not only this one.
    skopeo delete --tls-verify=false -- docker://localhost:5000/b:1    # It removes the manifest with all its tags, not only this one.
    "##);
    let attach = Task::Attach {
        subject: image("ghcr.io/a/b:1"),
        artifact_type: "application/spdx+json".to_owned(),
        files: vec![File {
            path: "it's an sbom.json".to_owned(),
            media_type: "application/spdx+json".to_owned(),
        }],
        annotations: vec![("note".to_owned(), "$(id) `id` \"".to_owned())],
    };
    assert_snapshot!(shown(&attach), @r##"oras attach --artifact-type=application/spdx+json '--annotation=note=$(id) `id` "' -- ghcr.io/a/b:1 'it'\''s an sbom.json:application/spdx+json'"##);
}

#[test]
fn every_task_has_a_line_and_no_line_runs_over() {
    let task = Task::Attach {
        subject: image("ghcr.io/a/b:1"),
        artifact_type: "a\n; rm -rf /".to_owned(),
        files: Vec::new(),
        annotations: vec![("\u{1b}[201~".to_owned(), "\r".to_owned())],
    };
    let lines = lines(&task);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].tool, Tool::Oras);
    assert!(!lines[0].text.contains(['\n', '\r', '\u{1b}']), "{:?}", lines[0].text);
}

/// What `sh` gives to a command for a quoted word.
fn through_sh(quoted: &str) -> Vec<u8> {
    let script = format!("printf %s {quoted}");
    let output = Command::new("sh").arg("-c").arg(&script).output().expect("sh");
    assert!(output.status.success(), "{script:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn nasty_words_come_out_of_a_shell_as_they_went_in() {
    for word in [
        "",
        " ",
        "-n",
        "--",
        "~",
        "*",
        "a'b",
        "''",
        "\\",
        "\\n",
        "%s%d%%",
        "$HOME",
        "$(id)",
        "`id`",
        "${IFS}",
        "a;b|c&d<e>f",
        "!history",
        "#comment",
        "\n",
        "\n\n",
        "a\n",
        "\na",
        "a\nb\n\n",
        "\u{1b}[31m\\'%",
        "-\n\"",
        "\u{7f}",
        "\u{85}",
        "\u{202e}txt.exe",
        "日本語",
        "{a,b}",
        "a=b",
        "=cmd",
    ] {
        assert_eq!(through_sh(&quote(word)), word.as_bytes(), "{word:?}");
    }
    assert_eq!(through_sh(&quote("a\0b")), b"ab");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_word_comes_out_of_a_shell_as_it_went_in(
        word in "([ -~]|\\PC|[\\x01-\\x1f]|'|\\\\|%|\\$|`|\\n|\"|0|7){0,24}"
    ) {
        let quoted = quote(&word);
        prop_assert_eq!(through_sh(&quoted), word.as_bytes());
        let lone = quoted.trim_end_matches(['\n', '\'']);
        prop_assert!(!lone.chars().any(char::is_control), "{quoted:?}");
    }

    /// Two words stay two.
    #[test]
    fn words_do_not_run_into_each_other(a in "\\PC{0,12}", b in "\\PC{0,12}") {
        let script = format!("printf '%s|%s' {} {}", quote(&a), quote(&b));
        let output = Command::new("sh").arg("-c").arg(&script).output().expect("sh");
        prop_assert_eq!(output.stdout, format!("{a}|{b}").into_bytes());
    }
}

#[test]
fn edits_are_lines_that_follow_each_other() {
    use drydock::edit::{
        Action, Annotated, BaseAnnotations, ConfigEdit, Edit, Family, IndexEdit, LayerEdit,
        LayerInput, Packing, Pinned, Rebase, Which,
    };
    let pinned = |text: &str| {
        let digest = Digest::sha256(text.as_bytes());
        Pinned::new(Reference::parse(text).expect("reference"), digest)
    };
    let config = Action::Config;
    let text = |text: &str| Some(text.to_owned());
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    let amd64 = || "linux/amd64".parse::<Platform>().expect("platform");
    let script = |base: Option<&str>, is_index, target: &str, actions: Vec<Action>| {
        let edits = actions.into_iter().map(Edit::all).collect();
        let start = match (base.map(image), is_index) {
            (Some(image), true) => Start::Index(image),
            (Some(image), false) => Start::Image { image, platform: Some(amd64()) },
            (None, true) => Start::EmptyIndex(Family::Docker),
            (None, false) => Start::Empty { family: Family::Oci, platform: amd64() },
        };
        let edited = Edited { start, target: image(target), edits };
        let script = edited.script();
        let line = |line: &Line| match line.note {
            Some(note) => format!("{}    # {note}", line.text),
            None => line.text.clone(),
        };
        let lines: Vec<String> = script.lines.iter().map(line).collect();
        format!("{}\nleft out: {:?}", lines.join("\n"), script.left_out)
    };
    let given = |name: &str| {
        Action::Layers(LayerEdit::Add {
            layer: LayerInput::Given {
                name: name.to_owned(),
                digest: Digest::sha256(b"layer"),
                size: 5,
                packing: Packing::default(),
            },
            base: BaseAnnotations::Drop,
        })
    };
    let flatten = |range| Action::Layers(LayerEdit::Flatten { range, packing: Packing::default() });
    let rebase =
        Action::Rebase(Rebase { old: pinned("debian:11"), new: pinned("debian:12"), env: false });
    assert_snapshot!(
        script(Some("ghcr.io/a/b:1"), false, "localhost:5000/b:2", vec![
            config(ConfigEdit::Entrypoint { value: words(&["/bin/sh", "a,b"]), clear_cmd: false }),
            config(ConfigEdit::Cmd { value: None }),
            config(ConfigEdit::User { value: text("app") }),
            given("app layer.tar"),
            rebase,
            flatten(Some([1, 2])),
            flatten(None),
            Action::Convert { to: Family::Oci },
            Action::Layers(LayerEdit::Recompress { packing: Packing::Zstd, layers: Which::All }),
        ]),
        @r##"
    crane mutate --insecure '--entrypoint=/bin/sh,"a,b"' --user=app --tag=localhost:5000/b:2 -- ghcr.io/a/b:1    # It takes the command away, which stays here.
    crane append --insecure --base=localhost:5000/b:2 '--new_layer=app layer.tar' --new_tag=localhost:5000/b:2    # It compresses in another way, so that the digest is another one.
    crane rebase --insecure --old_base=docker.io/library/debian:11@sha256:7e5d4b59968fcb44cb7fc4d1f1b143d69b5cb92872b71aea31085e9b9221dfd8 --new_base=docker.io/library/debian:12@sha256:3be3c43cd7ee541bb601f8131132ed025ff97406130f73774fe3ffcf6ee8b86d --tag=localhost:5000/b:2 -- localhost:5000/b:2    # The image gets Docker's media types, and loses variant, author, time and annotations.
    crane flatten --insecure --tag=localhost:5000/b:2 -- localhost:5000/b:2    # The layer and the config get Docker's media types.
    skopeo copy --all --src-tls-verify=false --dest-tls-verify=false --format=oci -- docker://localhost:5000/b:2 docker://localhost:5000/b:2
    regctl image mod --host=reg=localhost:5000,tls=disabled --layer-compress=zstd --create=localhost:5000/b:2 -- localhost:5000/b:2    # It compresses in another way, so that the digest is another one.
    left out: [2, 6]
    "##
    );
    assert_snapshot!(
        script(Some("ghcr.io/a/b:1"), true, "ghcr.io/a/b:2", vec![
            config(ConfigEdit::Label { name: "k".to_owned(), value: text("v") }),
            Action::Index(IndexEdit::Filter { platforms: vec!["linux/arm/v7".parse().expect("platform")] }),
            Action::Index(IndexEdit::Remove { digest: Digest::sha256(b"x") }),
        ]),
        @r##"
    crane mutate --platform=linux/amd64 --label=k=v --tag=ghcr.io/a/b:2 -- ghcr.io/a/b:1    # Of an index it takes one image, which then stands in the place of the index.
    left out: [2, 3]
    "##
    );
    assert_snapshot!(
        script(None, false, "ghcr.io/a/b:2", vec![
            config(ConfigEdit::User { value: text("app") }),
            given("-app.tgz"),
            config(ConfigEdit::User { value: text("app") }),
        ]),
        @r##"
    crane append --oci-empty-base --new_layer=./-app.tgz --new_tag=ghcr.io/a/b:2
    crane mutate --user=app --set-platform=linux/amd64 --tag=ghcr.io/a/b:2 -- ghcr.io/a/b:2
    left out: [1]
    "##
    );
    let pinned = format!("ghcr.io/a/b:1@{}", Digest::sha256(b"base"));
    assert_snapshot!(
        script(Some(&pinned), false, "ghcr.io/a/b:2", vec![
            flatten(None),
            config(ConfigEdit::Architecture { value: "arm64".to_owned() }),
            config(ConfigEdit::Variant { value: text("v8") }),
            config(ConfigEdit::Architecture { value: "a:b".to_owned() }),
            Action::Index(IndexEdit::Create),
            Action::Index(IndexEdit::Remove { digest: Digest::sha256(b"x") }),
        ]),
        @r##"
    crane tag -- "$(crane flatten --tag=ghcr.io/a/b:2 -- ghcr.io/a/b:1@sha256:cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2)" 2    # The layer and the config get Docker's media types.
    crane mutate --set-platform=linux/arm64/v8 --tag=ghcr.io/a/b:2 -- ghcr.io/a/b:2
    crane index append --manifest=ghcr.io/a/b:2 --tag=ghcr.io/a/b:2
    oras manifest index update --remove=sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 --tag=2 -- ghcr.io/a/b:2
    left out: [4]
    "##
    );
    assert_snapshot!(
        script(None, true, "ghcr.io/a/b:2", vec![
            Action::Index(IndexEdit::Add {
                descriptor: Box::new(Descriptor::new("a/b", Digest::sha256(b"x"), 1)),
                from: Some(Pinned::new(
                    Reference::parse("debian:12").expect("reference"),
                    Digest::sha256(b"x"),
                )),
            }),
            Action::Annotation { on: Annotated::Manifest, name: "k".to_owned(), value: text("v") },
            Action::Layers(LayerEdit::Recompress { packing: Packing::Zstd, layers: Which::All }),
        ]),
        @r##"
    crane index append --docker-empty-base --manifest=docker.io/library/debian:12@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 --tag=ghcr.io/a/b:2
    regctl image mod --layer-compress=zstd --create=ghcr.io/a/b:2 -- ghcr.io/a/b:2    # It compresses in another way, so that the digest is another one.
    left out: [2]
    "##
    );
}
