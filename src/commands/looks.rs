//! Looking at an image: what the views show.

use super::words::Words;
use super::{Image, Line, Tool, TreePart};
use crate::digest::Digest;
use crate::media_type::Compression;
use crate::platform::Platform;
use crate::reference::Registry;

pub(super) fn config(image: &Image, platform: Option<&Platform>) -> Vec<Line> {
    let words = crane("crane config", image, platform).names([image.name()]);
    vec![words.line(Tool::Crane, None)]
}

pub(super) fn artifact(image: &Image, is_index: bool) -> Vec<Line> {
    if is_index {
        let manifest = crane("crane manifest", image, None).names([image.name()]);
        return vec![manifest.pipe(&Words::of("jq .manifests").done()).line(Tool::Crane, None)];
    }
    let pull = Words::of("oras pull").flag("--plain-http", image.plain_http);
    let note = "Only files that the artifact names are written, into the folder that it is run in.";
    vec![pull.names([image.name()]).line(Tool::Oras, Some(note))]
}

pub(super) fn layers(image: &Image, platform: Option<&Platform>) -> Vec<Line> {
    let manifest = crane("crane manifest", image, platform).names([image.name()]);
    vec![manifest.pipe(&Words::of("jq .layers").done()).line(Tool::Crane, None)]
}

pub(super) fn document(image: &Image, digest: &Digest, is_blob: bool) -> Vec<Line> {
    let command = if is_blob { "crane blob" } else { "crane manifest" };
    let name = image.reference.pinned(digest).to_string();
    vec![crane(command, image, None).names([name]).line(Tool::Crane, None)]
}

pub(super) fn referrers(image: &Image) -> Vec<Line> {
    let words = Words::of("oras discover").flag("--plain-http", image.plain_http);
    vec![words.names([image.name()]).line(Tool::Oras, None)]
}

pub(super) fn tags(image: &Image) -> Vec<Line> {
    vec![crane("crane ls", image, None).names([image.repository()]).line(Tool::Crane, None)]
}

pub(super) fn catalog(registry: &Registry, plain_http: bool) -> Vec<Line> {
    let words = Words::of("crane catalog").flag("--insecure", plain_http);
    vec![words.names([registry.as_str()]).line(Tool::Crane, None)]
}

pub(super) fn token(image: &Image, push: bool) -> Vec<Line> {
    let words = crane("crane auth token", image, None).flag("--push", push);
    vec![words.names([image.repository()]).line(Tool::Crane, None)]
}

pub(super) fn verify(image: &Image, platform: Option<&Platform>) -> Vec<Line> {
    let words = crane("crane validate", image, platform).option("--remote", Some(image.name()));
    vec![words.done().line(Tool::Crane, None)]
}

pub(super) fn weigh(image: &Image, platform: Option<&Platform>) -> Vec<Line> {
    let words = drydock("drydock waste", image.plain_http, platform).names([image.name()]);
    vec![words.line(Tool::Drydock, None)]
}

pub(super) fn packages(image: &Image, platform: Option<&Platform>) -> Vec<Line> {
    let words = drydock("drydock packages", image.plain_http, platform).names([image.name()]);
    vec![words.line(Tool::Drydock, None)]
}

/// How a text is looked for.
pub(super) struct How<'a> {
    pub(super) is_regex: bool,
    pub(super) case_matters: bool,
    pub(super) paths: &'a str,
}

pub(super) fn search(
    image: &Image,
    platform: Option<&Platform>,
    text: &str,
    how: &How<'_>,
) -> Vec<Line> {
    let words = drydock("drydock search", image.plain_http, platform)
        .flag("--regex", how.is_regex)
        .flag("--case-sensitive", how.case_matters)
        .option("--paths", Some(how.paths).filter(|paths| !paths.is_empty()));
    vec![words.names([&*image.name(), text]).line(Tool::Drydock, None)]
}

pub(super) fn compare(before: &Image, after: &Image, platform: Option<&Platform>) -> Vec<Line> {
    let plain_http = before.plain_http || after.plain_http;
    let words = drydock("drydock compare", plain_http, platform);
    vec![words.names([before.name(), after.name()]).line(Tool::Drydock, None)]
}

pub(super) fn files(image: &Image, platform: Option<&Platform>, part: &TreePart) -> Vec<Line> {
    let export = crane("crane export", image, platform).names([&*image.name(), "-"]);
    let tar = match part {
        TreePart::All => Words::of("tar -tvf -").done(),
        TreePart::File(path) => literal("tar -xOf -", path).path(path),
        TreePart::Entry(path) => literal("tar -tvf -", path).path(path),
    };
    vec![export.pipe(&tar).line(Tool::Crane, None)]
}

pub(super) fn layer_files(image: &Image, layer: &Digest, compression: Compression) -> Vec<Line> {
    let name = image.reference.pinned(layer).to_string();
    let blob = crane("crane blob", image, None).names([name]);
    let tar = match compression {
        Compression::None => "tar -tvf -",
        Compression::Gzip => "tar -tvzf -",
        Compression::Zstd => "tar --zstd -tvf -",
    };
    vec![blob.pipe(&Words::of(tar).done()).line(Tool::Crane, None)]
}

pub(super) fn pull(image: &Image) -> Vec<Line> {
    vec![Words::of("docker pull").names([image.name()]).line(Tool::Docker, None)]
}

fn crane(command: &'static str, image: &Image, platform: Option<&Platform>) -> Words {
    Words::of(command)
        .flag("--insecure", image.plain_http)
        .option("--platform", platform.map(ToString::to_string))
}

fn drydock(command: &'static str, plain_http: bool, platform: Option<&Platform>) -> Words {
    Words::of(command)
        .flag("--plain-http", plain_http)
        .option("--platform", platform.map(ToString::to_string))
}

/// GNU tar reads a backslash in a name as the beginning of an escape unless it is told not to;
/// others do not, and do not know that option.
fn literal(command: &'static str, path: &[u8]) -> Words {
    Words::of(command).flag("--no-unquote", path.contains(&b'\\'))
}
