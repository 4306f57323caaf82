//! The same with other tools: command lines of crane, skopeo, oras and docker.
//!
//! What a tool does otherwise is said beside its line. Names come from images and people, so each
//! word is quoted.

mod edits;
mod quote;
mod save;

use crate::platform::Platform;
use crate::reference::{Reference, Tag};

pub use edits::{Edited, Script};
pub use quote::quote;
pub use save::Form;

/// An image for a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its name.
    pub reference: Reference,
    /// Whether its registry is asked without TLS.
    pub plain_http: bool,
}

/// A file for a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path.
    pub path: String,
    /// Its media type.
    pub media_type: String,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// An image goes from one repository to another.
    Copy {
        /// From where.
        from: Image,
        /// To where.
        to: Image,
        /// Only the image for this platform.
        platform: Option<Platform>,
        /// What refers to it comes along.
        attached: bool,
    },
    /// All images of a repository go to another one.
    CopyTags {
        /// From where; its tag says nothing.
        from: Image,
        /// To where; its tag says nothing.
        to: Image,
        /// Tags that the target has are left as they are.
        keep_tags: bool,
    },
    /// An image on disk goes to a repository.
    Push {
        /// An OCI layout, as a tar.
        archive: String,
        /// To where.
        to: Image,
    },
    /// An image becomes a file.
    Save {
        /// The image.
        image: Image,
        /// What kind of file.
        form: Form,
        /// Only the image for this platform.
        platform: Option<Platform>,
        /// What refers to it comes along.
        attached: bool,
        /// Path of the file.
        to: String,
    },
    /// An image gets more tags in its own repository.
    Tag {
        /// The image.
        image: Image,
        /// The tags.
        tags: Vec<Tag>,
    },
    /// A tag, or a manifest with all its tags, is deleted.
    Delete {
        /// The image.
        image: Image,
    },
    /// Files become an artifact that refers to an image.
    Attach {
        /// The image.
        subject: Image,
        /// What the artifact is.
        artifact_type: String,
        /// What is in it.
        files: Vec<File>,
        /// Annotations of its manifest.
        annotations: Vec<(String, String)>,
    },
}

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// go-containerregistry's.
    Crane,
    /// The tool of the container libraries.
    Skopeo,
    /// The tool for artifacts.
    Oras,
    /// Docker, with buildx.
    Docker,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The tool.
    pub tool: Tool,
    /// The line, to be pasted into a shell.
    pub text: String,
    /// What the tool does otherwise; a sentence.
    pub note: Option<&'static str>,
}

const NO_ATTACHED: &str = "It leaves behind what refers to the image.";
const NO_DIGEST: &str = "It removes the manifest with all its tags, not only this one.";

/// The lines that come nearest to a task; none of tools that can't do it.
#[must_use]
pub fn lines(task: &Task) -> Vec<Line> {
    match task {
        Task::Copy { from, to, platform, attached } => copy(from, to, platform.as_ref(), *attached),
        Task::CopyTags { from, to, keep_tags } => copy_tags(from, to, *keep_tags),
        Task::Push { archive, to } => push(archive, to),
        Task::Save { image, form, platform, attached, to } => {
            save::save(image, *form, platform.as_ref(), *attached, to)
        }
        Task::Tag { image, tags } => tag(image, tags),
        Task::Delete { image } => delete(image),
        Task::Attach { subject, artifact_type, files, annotations } => {
            vec![attach(subject, artifact_type, files, annotations)]
        }
    }
}

fn copy(from: &Image, to: &Image, platform: Option<&Platform>, attached: bool) -> Vec<Line> {
    let note = attached.then_some(NO_ATTACHED);
    let plain = from.plain_http || to.plain_http;
    let crane = Words::of("crane copy")
        .flag("--insecure", plain)
        .option("--platform", platform.map(ToString::to_string))
        .word(from.name())
        .word(to.name());
    let mut skopeo = Words::of("skopeo");
    if let Some(platform) = platform {
        skopeo = skopeo
            .option("--override-os", Some(platform.os.clone()))
            .option("--override-arch", Some(platform.architecture.clone()))
            .option("--override-variant", platform.variant.clone());
    }
    let skopeo = skopeo
        .word("copy")
        .flag("--all", platform.is_none())
        .flag("--preserve-digests", true)
        .flag("--src-tls-verify=false", from.plain_http)
        .flag("--dest-tls-verify=false", to.plain_http)
        .word(from.docker())
        .word(to.docker());
    let oras = Words::of("oras copy")
        .flag("--recursive", attached)
        .option("--platform", platform.map(ToString::to_string))
        .flag("--from-plain-http", from.plain_http)
        .flag("--to-plain-http", to.plain_http)
        .word(from.name())
        .word(to.name());
    let mut lines = vec![
        crane.line(Tool::Crane, note),
        skopeo.line(Tool::Skopeo, note),
        oras.line(
            Tool::Oras,
            attached.then_some("It leaves behind what lies under cosign's tags."),
        ),
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
        let words = Words::of("docker buildx imagetools create")
            .option("--tag", Some(to.name()))
            .word(from.name());
        return (!plain).then(|| words.line(Tool::Docker, note));
    };
    let pull =
        Words::of("docker pull").option("--platform", Some(platform.to_string())).word(from.name());
    let tag = Words::of("docker tag").word(from.name()).word(to.name());
    let push = Words::of("docker push").word(to.name());
    let text = format!("{} && {} && {}", pull.0, tag.0, push.0);
    let note = "It may compress the layers anew, which changes their digests.";
    Some(Line { tool: Tool::Docker, text, note: Some(note) })
}

fn copy_tags(from: &Image, to: &Image, keep_tags: bool) -> Vec<Line> {
    let crane = Words::of("crane copy")
        .flag("--insecure", from.plain_http || to.plain_http)
        .flag("--all-tags", true)
        .flag("--no-clobber", keep_tags)
        .word(from.repository())
        .word(to.repository());
    let skopeo = Words::of("skopeo sync")
        .option("--src", Some("docker".to_owned()))
        .option("--dest", Some("docker".to_owned()))
        .flag("--all", true)
        .flag("--preserve-digests", true)
        .flag("--src-tls-verify=false", from.plain_http)
        .flag("--dest-tls-verify=false", to.plain_http)
        .word(from.repository())
        .word(to.parent());
    let note = "It keeps the last part of the repository's name, and overwrites tags.";
    vec![crane.line(Tool::Crane, None), skopeo.line(Tool::Skopeo, Some(note))]
}

fn push(archive: &str, to: &Image) -> Vec<Line> {
    let skopeo = Words::of("skopeo copy")
        .flag("--all", true)
        .flag("--preserve-digests", true)
        .flag("--dest-tls-verify=false", to.plain_http)
        .word(format!("oci-archive:{}", path(archive)))
        .word(to.docker());
    let oras = Words::of("oras copy")
        .flag("--from-oci-layout", true)
        .flag("--to-plain-http", to.plain_http)
        .word(format!("{}:latest", path(archive)))
        .word(to.name());
    let crane = Words::of("crane push")
        .flag("--insecure", to.plain_http)
        .flag("--index", true)
        .word(path(archive))
        .word(to.name());
    vec![
        skopeo.line(Tool::Skopeo, None),
        oras.line(Tool::Oras, Some("Put the tag that the layout has in place of latest.")),
        crane.line(Tool::Crane, Some("Unpack the layout first: it takes a folder, no tar of one.")),
    ]
}

fn tag(image: &Image, tags: &[Tag]) -> Vec<Line> {
    let crane: Vec<String> = tags
        .iter()
        .map(|tag| {
            Words::of("crane tag")
                .flag("--insecure", image.plain_http)
                .word(image.name())
                .word(tag.as_str())
                .0
        })
        .collect();
    let skopeo: Vec<String> = tags
        .iter()
        .map(|tag| {
            Words::of("skopeo copy")
                .flag("--all", true)
                .flag("--preserve-digests", true)
                .flag("--src-tls-verify=false", image.plain_http)
                .flag("--dest-tls-verify=false", image.plain_http)
                .word(image.docker())
                .word(format!("docker://{}:{tag}", image.repository()))
                .0
        })
        .collect();
    let names = tags.iter().map(Tag::as_str);
    let oras = Words::of("oras tag").flag("--plain-http", image.plain_http).word(image.name());
    let oras = names.fold(oras, Words::word);
    let docker = tags.iter().fold(Words::of("docker buildx imagetools create"), |words, tag| {
        words.option("--tag", Some(format!("{}:{tag}", image.repository())))
    });
    let mut lines = vec![
        Line { tool: Tool::Crane, text: crane.join(" && "), note: None },
        Line { tool: Tool::Skopeo, text: skopeo.join(" && "), note: None },
        oras.line(Tool::Oras, None),
    ];
    if !image.plain_http {
        lines.push(docker.word(image.name()).line(Tool::Docker, None));
    }
    lines
}

fn delete(image: &Image) -> Vec<Line> {
    let note = image.reference.digest.is_none().then_some(NO_DIGEST);
    let crane = Words::of("crane delete").flag("--insecure", image.plain_http).word(image.name());
    let oras = Words::of("oras manifest delete")
        .flag("--force", true)
        .flag("--plain-http", image.plain_http)
        .word(image.name());
    let skopeo = Words::of("skopeo delete")
        .flag("--tls-verify=false", image.plain_http)
        .word(image.docker());
    vec![
        crane.line(Tool::Crane, None),
        oras.line(Tool::Oras, note),
        skopeo.line(Tool::Skopeo, note),
    ]
}

fn attach(
    subject: &Image,
    artifact_type: &str,
    files: &[File],
    annotations: &[(String, String)],
) -> Line {
    let words = Words::of("oras attach")
        .flag("--plain-http", subject.plain_http)
        .option("--artifact-type", Some(artifact_type.to_owned()));
    let words = annotations.iter().fold(words, |words, (key, value)| {
        words.option("--annotation", Some(format!("{key}={value}")))
    });
    let words = files.iter().fold(words.word(subject.name()), |words, file| {
        words.word(format!("{}:{}", path(&file.path), file.media_type))
    });
    words.line(Tool::Oras, None)
}

/// A path that no tool takes for an option.
fn path(path: &str) -> String {
    if path.starts_with('-') { format!("./{path}") } else { path.to_owned() }
}

impl Image {
    fn name(&self) -> String {
        self.reference.clone().normalised().to_string()
    }

    /// As skopeo wants it: a digest stands alone.
    fn docker(&self) -> String {
        let reference = match &self.reference.digest {
            Some(digest) => self.reference.pinned(digest),
            None => self.reference.clone().normalised(),
        };
        format!("docker://{reference}")
    }

    fn repository(&self) -> String {
        self.reference.name()
    }

    /// The repository without the last part of its name.
    fn parent(&self) -> String {
        let name = self.repository();
        name.rsplit_once('/').map_or_else(|| name.clone(), |(parent, _)| parent.to_owned())
    }
}

/// A command line that is being put together.
struct Words(String);

impl Words {
    fn of(command: &str) -> Self {
        Self(command.to_owned())
    }

    fn word(self, word: impl AsRef<str>) -> Self {
        Self(format!("{} {}", self.0, quote(word.as_ref())))
    }

    fn flag(self, flag: &str, is_set: bool) -> Self {
        if is_set { self.word(flag) } else { self }
    }

    fn option(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.word(format!("{name}={value}")),
            None => self,
        }
    }

    fn line(self, tool: Tool, note: Option<&'static str>) -> Line {
        Line { tool, text: self.0, note }
    }
}
