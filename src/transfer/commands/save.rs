//! Images as files, as other tools write them.

use super::{Image, Line, Tool, Words, path};
use crate::platform::Platform;

/// What kind of file an image becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An OCI image layout.
    Layout,
    /// What `docker load` takes.
    DockerSave,
    /// The files that a container would see.
    RootFs,
}

const FOLDER: &str = "It writes a folder, no tar.";
const UNPACKED: &str = "It stores the layers without compression, so that their digests change.";
const LEFT: &str = "It leaves a container behind.";

pub(super) fn save(
    image: &Image,
    form: Form,
    platform: Option<&Platform>,
    attached: bool,
    to: &str,
) -> Vec<Line> {
    let to = path(to);
    match form {
        Form::Layout => layout(image, platform, attached, &to),
        Form::DockerSave => docker_save(image, platform, &to),
        Form::RootFs => root_fs(image, platform, &to),
    }
}

fn layout(image: &Image, platform: Option<&Platform>, attached: bool, to: &str) -> Vec<Line> {
    let tag = image.reference.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
    let skopeo = skopeo(platform)
        .word("copy")
        .flag("--all", platform.is_none())
        .flag("--preserve-digests", true)
        .flag("--src-tls-verify=false", image.plain_http)
        .word(image.docker())
        .word(format!("oci-archive:{to}{tag}"));
    let folder = to.strip_suffix(".tar").unwrap_or(to);
    let crane = pull(image, platform, "oci", folder);
    let oras = Words::of("oras copy")
        .flag("--recursive", attached)
        .option("--platform", platform.map(ToString::to_string))
        .flag("--from-plain-http", image.plain_http)
        .flag("--to-oci-layout", true)
        .word(image.name())
        .word(format!("{folder}{tag}"));
    vec![
        skopeo.line(Tool::Skopeo, attached.then_some(super::NO_ATTACHED)),
        crane.line(Tool::Crane, Some(FOLDER)),
        oras.line(Tool::Oras, Some(FOLDER)),
    ]
}

fn docker_save(image: &Image, platform: Option<&Platform>, to: &str) -> Vec<Line> {
    let crane = pull(image, platform, "tarball", to);
    let skopeo = skopeo(platform)
        .word("copy")
        .flag("--src-tls-verify=false", image.plain_http)
        .word(image.docker())
        .word(match &image.reference.tag {
            Some(tag) => format!("docker-archive:{to}:{}:{tag}", image.repository()),
            None => format!("docker-archive:{to}"),
        });
    let pull = Words::of("docker pull")
        .option("--platform", platform.map(ToString::to_string))
        .word(image.name());
    let save = Words::of("docker save").word(format!("--output={to}")).word(image.name());
    let docker = Words(format!("{} && {}", pull.0, save.0));
    vec![
        crane.line(Tool::Crane, None),
        skopeo.line(Tool::Skopeo, Some(UNPACKED)),
        docker.line(Tool::Docker, None),
    ]
}

fn root_fs(image: &Image, platform: Option<&Platform>, to: &str) -> Vec<Line> {
    let crane = Words::of("crane export")
        .flag("--insecure", image.plain_http)
        .option("--platform", platform.map(ToString::to_string))
        .word(image.name())
        .word(to);
    let create = Words::of("docker create")
        .option("--platform", platform.map(ToString::to_string))
        .word(image.name());
    let export = Words::of("docker export").word(format!("--output={to}"));
    let docker = Words(format!("{} \"$({})\"", export.0, create.0));
    vec![crane.line(Tool::Crane, None), docker.line(Tool::Docker, Some(LEFT))]
}

fn pull(image: &Image, platform: Option<&Platform>, format: &str, to: &str) -> Words {
    Words::of("crane pull")
        .flag("--insecure", image.plain_http)
        .option("--format", Some(format.to_owned()))
        .option("--platform", platform.map(ToString::to_string))
        .word(image.name())
        .word(to)
}

/// skopeo takes the platform before its command.
fn skopeo(platform: Option<&Platform>) -> Words {
    let Some(platform) = platform else { return Words::of("skopeo") };
    Words::of("skopeo")
        .option("--override-os", Some(platform.os.clone()))
        .option("--override-arch", Some(platform.architecture.clone()))
        .option("--override-variant", platform.variant.clone())
}
