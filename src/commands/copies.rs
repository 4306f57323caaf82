//! Images between repositories, their tags, and what is attached to them.

use super::words::{Words, path};
use super::{File, Image, Line, Tool};
use crate::platform::Platform;
use crate::reference::Tag;

const NO_ATTACHED: &str = "It leaves behind what refers to the image.";
const NO_COSIGN: &str = "It leaves behind what lies under cosign's tags.";
const NO_DIGEST: &str = "It removes the manifest with all its tags, not only this one.";
const SAME_NAME: &str = "It keeps the last part of the repository's name, and overwrites tags.";
const PACKED_ANEW: &str = "It may compress the layers anew, which changes their digests.";

pub(super) fn copy(
    from: &Image,
    to: &Image,
    platform: Option<&Platform>,
    attached: bool,
) -> Vec<Line> {
    let note = attached.then_some(NO_ATTACHED);
    let plain = from.plain_http || to.plain_http;
    let crane = Words::of("crane copy")
        .flag("--insecure", plain)
        .option("--platform", platform.map(ToString::to_string))
        .names([from.name(), to.name()]);
    let skopeo = skopeo_copy(platform)
        .flag("--preserve-digests", true)
        .flag("--src-tls-verify=false", from.plain_http)
        .flag("--dest-tls-verify=false", to.plain_http)
        .names([from.docker(), to.docker()]);
    let oras = Words::of("oras copy")
        .flag("--recursive", attached)
        .option("--platform", platform.map(ToString::to_string))
        .flag("--from-plain-http", from.plain_http)
        .flag("--to-plain-http", to.plain_http)
        .names([from.name(), to.name()]);
    let mut lines = vec![
        crane.line(Tool::Crane, note),
        skopeo.line(Tool::Skopeo, note),
        oras.line(Tool::Oras, attached.then_some(NO_COSIGN)),
    ];
    if to.reference.digest.is_none() {
        lines.extend(docker_copy(from, to, platform, plain, note));
    }
    lines
}

fn docker_copy(
    from: &Image,
    to: &Image,
    platform: Option<&Platform>,
    plain: bool,
    note: Option<&'static str>,
) -> Option<Line> {
    let Some(platform) = platform else {
        let words = Words::of("docker buildx imagetools create").option("--tag", Some(to.name()));
        return (!plain).then(|| words.names([from.name()]).line(Tool::Docker, note));
    };
    let pull = Words::of("docker pull").option("--platform", Some(platform.to_string()));
    let tag = Words::of("docker tag").names([from.name(), to.name()]);
    let push = Words::of("docker push").names([to.name()]);
    let all = pull.names([from.name()]).and(&tag).and(&push);
    Some(all.line(Tool::Docker, Some(PACKED_ANEW)))
}

pub(super) fn copy_tags(from: &Image, to: &Image, keep_tags: bool) -> Vec<Line> {
    let crane = Words::of("crane copy")
        .flag("--insecure", from.plain_http || to.plain_http)
        .flag("--all-tags", true)
        .flag("--no-clobber", keep_tags)
        .names([from.repository(), to.repository()]);
    let skopeo = Words::of("skopeo sync")
        .option("--src", Some("docker"))
        .option("--dest", Some("docker"))
        .flag("--all", true)
        .flag("--preserve-digests", true)
        .flag("--src-tls-verify=false", from.plain_http)
        .flag("--dest-tls-verify=false", to.plain_http)
        .names([from.repository(), to.parent()]);
    vec![crane.line(Tool::Crane, None), skopeo.line(Tool::Skopeo, Some(SAME_NAME))]
}

pub(super) fn tag(image: &Image, tags: &[Tag]) -> Vec<Line> {
    let crane = tags.iter().map(|tag| {
        Words::of("crane tag")
            .flag("--insecure", image.plain_http)
            .names([&*image.name(), tag.as_str()])
    });
    let skopeo = tags.iter().map(|tag| {
        skopeo_copy(None)
            .flag("--preserve-digests", true)
            .flag("--src-tls-verify=false", image.plain_http)
            .flag("--dest-tls-verify=false", image.plain_http)
            .names([image.docker(), format!("docker://{}:{tag}", image.repository())])
    });
    let mut lines = Vec::new();
    lines.extend(crane.reduce(|all, next| all.and(&next)).map(|it| it.line(Tool::Crane, None)));
    lines.extend(skopeo.reduce(|all, next| all.and(&next)).map(|it| it.line(Tool::Skopeo, None)));
    let oras = Words::of("oras tag").flag("--plain-http", image.plain_http);
    let oras = oras.names([image.name()].into_iter().chain(tags.iter().map(ToString::to_string)));
    lines.push(oras.line(Tool::Oras, None));
    if !image.plain_http {
        let docker =
            tags.iter().fold(Words::of("docker buildx imagetools create"), |words, tag| {
                words.option("--tag", Some(format!("{}:{tag}", image.repository())))
            });
        lines.push(docker.names([image.name()]).line(Tool::Docker, None));
    }
    lines
}

pub(super) fn delete(image: &Image) -> Vec<Line> {
    let note = image.reference.digest.is_none().then_some(NO_DIGEST);
    let crane = Words::of("crane delete").flag("--insecure", image.plain_http);
    let oras = Words::of("oras manifest delete")
        .flag("--force", true)
        .flag("--plain-http", image.plain_http);
    let skopeo = Words::of("skopeo delete").flag("--tls-verify=false", image.plain_http);
    vec![
        crane.names([image.name()]).line(Tool::Crane, None),
        oras.names([image.name()]).line(Tool::Oras, note),
        skopeo.names([image.docker()]).line(Tool::Skopeo, note),
    ]
}

/// `None` when oras would read an annotation or a file as something else.
pub(super) fn attach(
    subject: &Image,
    artifact_type: &str,
    files: &[File],
    annotations: &[(String, String)],
) -> Option<Line> {
    if annotations.iter().any(|(key, _)| key.is_empty() || key.contains('=')) {
        return None;
    }
    let words = Words::of("oras attach")
        .flag("--plain-http", subject.plain_http)
        .option("--artifact-type", Some(artifact_type));
    let words = annotations.iter().fold(words, |words, (key, value)| {
        words.option("--annotation", Some(format!("{key}={value}")))
    });
    let outside =
        |file: &File| file.path.starts_with('/') || file.path.split('/').any(|it| it == "..");
    let words = words.flag("--disable-path-validation", files.iter().any(outside));
    let files = files.iter().map(|file| match file.media_type.as_str() {
        // What stands behind the last colon is taken for the type.
        "" if !file.path.contains(':') => path(&file.path),
        "" => format!("{}:application/octet-stream", path(&file.path)),
        media_type => format!("{}:{media_type}", path(&file.path)),
    });
    let names = [subject.name()].into_iter().chain(files);
    Some(words.names(names).line(Tool::Oras, None))
}

/// skopeo takes the platform before its command.
pub(super) fn skopeo_copy(platform: Option<&Platform>) -> Words {
    let Some(platform) = platform else { return Words::of("skopeo copy").flag("--all", true) };
    skopeo_for(platform).sub("copy")
}

fn skopeo_for(platform: &Platform) -> Words {
    Words::of("skopeo")
        .option("--override-os", Some(&platform.os))
        .option("--override-arch", Some(&platform.architecture))
        .option("--override-variant", platform.variant.as_ref())
}
