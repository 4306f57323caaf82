//! Images as files, as other tools write and read them.

use super::copies::skopeo_copy;
use super::words::{Words, path};
use super::{Image, Line, Tool};
use crate::platform::Platform;

/// What an image becomes on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An OCI image layout, as a tar.
    Layout,
    /// An OCI image layout, as a folder.
    Folder,
    /// What `docker load` takes.
    DockerSave,
    /// What `docker load` took before version 1.10: a folder per layer, each with a plain tar.
    Legacy,
    /// The files that a container would see.
    RootFs,
}

/// An image that lies on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its file or folder.
    pub path: String,
    /// What that is; no tool reads an image out of a root file system.
    pub form: Form,
    /// What the image is called in there, when it is one of several.
    pub name: Option<String>,
}

const FOLDER: &str = "It writes a folder, no tar.";
const UNPACKED: &str = "It stores the layers without compression, so that their digests change.";
const PACKED_ANEW: &str = "It may compress layers, which changes their digests.";
const LEFT: &str = "It leaves a container behind.";
const NO_ATTACHED: &str = "It leaves behind what refers to the image.";
const TAG: &str = "Put the tag that the layout has in place of latest.";
const UNPACK: &str = "Unpack the layout first: it takes a folder, no tar of one.";

pub(super) fn save(
    image: &Image,
    form: Form,
    platform: Option<&Platform>,
    attached: bool,
    to: &str,
) -> Vec<Line> {
    match form {
        Form::Layout | Form::Folder => layout(image, form, platform, attached, to),
        Form::DockerSave => docker_save(image, platform, to),
        Form::Legacy => vec![pull(image, platform, "legacy", to).line(Tool::Crane, None)],
        Form::RootFs => root_fs(image, platform, to),
    }
}

fn layout(
    image: &Image,
    form: Form,
    platform: Option<&Platform>,
    attached: bool,
    to: &str,
) -> Vec<Line> {
    let tag = image.reference.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
    let (transport, folder) = match form {
        Form::Folder => ("oci", to),
        _ => ("oci-archive", to.strip_suffix(".tar").unwrap_or(to)),
    };
    let skopeo = skopeo_copy(platform)
        .flag("--preserve-digests", true)
        .flag("--src-tls-verify=false", image.plain_http)
        .names([image.docker(), format!("{transport}:{}{tag}", path(to))]);
    let crane = pull(image, platform, "oci", folder);
    let oras = Words::of("oras copy")
        .flag("--recursive", attached)
        .option("--platform", platform.map(ToString::to_string))
        .flag("--from-plain-http", image.plain_http)
        .flag("--to-oci-layout", true)
        .names([image.name(), format!("{}{tag}", path(folder))]);
    let folder = (form == Form::Layout).then_some(FOLDER);
    let left = attached.then_some(NO_ATTACHED);
    vec![
        skopeo.line(Tool::Skopeo, left),
        crane.line(Tool::Crane, folder.or(left)),
        oras.line(Tool::Oras, folder),
    ]
}

fn docker_save(image: &Image, platform: Option<&Platform>, to: &str) -> Vec<Line> {
    let crane = pull(image, platform, "tarball", to);
    let skopeo = match platform {
        Some(_) => skopeo_copy(platform),
        None => Words::of("skopeo copy"),
    };
    let archive = match &image.reference.tag {
        Some(tag) => format!("docker-archive:{}:{}:{tag}", path(to), image.repository()),
        None => format!("docker-archive:{}", path(to)),
    };
    let skopeo =
        skopeo.flag("--src-tls-verify=false", image.plain_http).names([image.docker(), archive]);
    let pull = Words::of("docker pull")
        .option("--platform", platform.map(ToString::to_string))
        .names([image.name()]);
    let save = Words::of("docker save").option("--output", Some(to)).names([image.name()]);
    vec![
        crane.line(Tool::Crane, None),
        skopeo.line(Tool::Skopeo, Some(UNPACKED)),
        pull.and(&save).line(Tool::Docker, None),
    ]
}

fn root_fs(image: &Image, platform: Option<&Platform>, to: &str) -> Vec<Line> {
    let crane = Words::of("crane export")
        .flag("--insecure", image.plain_http)
        .option("--platform", platform.map(ToString::to_string))
        .names([image.name(), path(to)]);
    let create = Words::of("docker create")
        .option("--platform", platform.map(ToString::to_string))
        .names([image.name()]);
    let export = create.named_by(&Words::of("docker export").option("--output", Some(to)));
    vec![crane.line(Tool::Crane, None), export.line(Tool::Docker, Some(LEFT))]
}

fn pull(
    image: &Image,
    platform: Option<&Platform>,
    format: &'static str,
    to: &str,
) -> super::words::Command {
    Words::of("crane pull")
        .flag("--insecure", image.plain_http)
        .option("--format", Some(format))
        .option("--platform", platform.map(ToString::to_string))
        .names([image.name(), path(to)])
}

pub(super) fn push(from: &Stored, to: &Image) -> Vec<Line> {
    let file = path(&from.path);
    let (transport, keeps) = match from.form {
        Form::Layout => ("oci-archive", true),
        Form::Folder => ("oci", true),
        Form::DockerSave | Form::Legacy => ("docker-archive", false),
        Form::RootFs => return Vec::new(),
    };
    // skopeo ends the path at the first colon.
    let skopeo = (!file.contains(':')).then(|| {
        let name = from.name.as_ref().map(|name| format!(":{name}")).unwrap_or_default();
        let words = Words::of("skopeo copy")
            .flag("--all", keeps)
            .flag("--preserve-digests", keeps)
            .flag("--dest-tls-verify=false", to.plain_http)
            .names([format!("{transport}:{file}{name}"), to.docker()]);
        words.line(Tool::Skopeo, (!keeps).then_some(PACKED_ANEW))
    });
    let crane = Words::of("crane push").flag("--insecure", to.plain_http);
    if !keeps {
        // It takes the only image of a tar, or none.
        let crane = (from.form == Form::DockerSave && from.name.is_none())
            .then(|| crane.names([&*file, &*to.name()]).line(Tool::Crane, None));
        return crane.into_iter().chain(skopeo).collect();
    }
    let tag = from.name.as_deref().unwrap_or("latest");
    let oras = Words::of("oras copy")
        .flag("--from-oci-layout", true)
        .flag("--to-plain-http", to.plain_http)
        .names([format!("{file}:{tag}"), to.name()]);
    let mut lines: Vec<Line> = skopeo.into_iter().collect();
    lines.push(oras.line(Tool::Oras, from.name.is_none().then_some(TAG)));
    if from.name.is_none() {
        let note = (from.form == Form::Layout).then_some(UNPACK);
        lines.push(crane.names([&*file, &*to.name()]).line(Tool::Crane, note));
    }
    lines
}
