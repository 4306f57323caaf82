//! `drydock apply`: a draft that was made in a browser, carried out in a shell.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use drydock::archive::Name;
use drydock::edit::{Change, Draft, Time, link};
use drydock::finding::Finding;
use drydock::limits;
use drydock::platform::Platform;
use drydock::reference::{Reference, Tag};
use drydock::transfer::{Before, Event, Plan, Step, TagStep};
use drydock_native::{Drafting, Form, Options, Saving, With};

use super::export::Target;
use super::made::Made;
use super::progress::Progress;
use super::{Failed, out, say, say_each};

/// The options of `drydock apply`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  drydock apply draft.json
  drydock apply draft.json --push ghcr.io/owner/app:1.2.1
  drydock apply draft.json --base ghcr.io/owner/app:1.3 --files ./etc --save app.tar
  drydock apply draft.json --save app.tar --format docker --platform linux/arm64 --tag app:1.2.1

A draft is saved to a file, or copied as a link, in the edit view of the page. The same draft on the \
same base gives the same digests here as there. The digest of the result is printed, and a line for \
each artifact that the draft attaches; without --push and --save that is all that is done.")]
pub struct Apply {
    /// A file with a draft, a link to a draft, or - for a draft that comes through standard input.
    draft: String,
    /// The image that the edits are done to, in place of the one that the draft was made on.
    #[arg(long, value_name = "IMAGE")]
    base: Option<String>,
    /// A tar, a folder with an OCI image layout, or a repository in which the images that the draft
    /// names are looked for first, by their digests; may be given several times. Those that were opened
    /// from a file in a browser are in no other place.
    #[arg(long = "image", value_name = "IMAGE")]
    images: Vec<String>,
    /// A file or folder with files that the draft names by their digests; may be given several times.
    #[arg(long, value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Pushes the result under this reference.
    #[arg(long, value_name = "TARGET")]
    push: Option<String>,
    /// Saves the result as a tar, or as - to standard output.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// What the tar is for.
    #[arg(long, value_enum, default_value_t = SaveAs::Oci, requires = "save")]
    format: SaveAs,
    /// Only the image for this platform goes into the tar; an architecture alone is one of Linux.
    #[arg(
        long,
        value_name = "[OS/]ARCH[/VARIANT]",
        requires = "save",
        value_parser = Platform::named
    )]
    platform: Option<Platform>,
    /// The tag that the result has in the tar. docker load needs the name before it, too.
    #[arg(long, value_name = "[NAME:]TAG", requires = "save", value_parser = name)]
    tag: Option<Name>,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
    /// Asks registries without TLS; those of this machine are always asked so.
    #[arg(long)]
    plain_http: bool,
}

/// What a tar is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SaveAs {
    /// An OCI image layout.
    Oci,
    /// What `docker load` takes.
    Docker,
}

/// Carries a draft out.
pub async fn run(asked: &Apply) -> Result<ExitCode, Failed> {
    let draft = read(&asked.draft)?;
    let target = asked.push.as_deref().map(target).transpose()?;
    if let Some(path) = asked.save.as_deref().filter(|path| *path != Path::new("-")) {
        Target::foresee(path)?;
    }
    let progress = Arc::new(Progress::new("Loading the documents"));
    let shown = Arc::clone(&progress);
    let told: drydock_native::Told = Arc::new(move |what: &str, bytes: u64| {
        let so_far = match bytes {
            0 => String::new(),
            bytes => format!(", {} MB", bytes / 1_000_000),
        };
        shown.say(format!("{what}{so_far}"));
    });
    let options = Options { plain_http: asked.plain_http };
    let made_on = match &draft.base {
        drydock::edit::Base::Image(pinned) => Some(pinned.digest().clone()),
        _ => None,
    };
    let with = With { base: asked.base.clone(), images: asked.images.clone() };
    let drafting = Drafting::open(draft, &with, options, told).await.map_err(Failed::told)?;
    if let (Some(made_on), Some(base)) = (made_on, drafting.base())
        && made_on != *base
    {
        say(&format!("The draft was made on {made_on}; its edits are done to {base}."));
    }
    let done = drafting.done(&asked.files, now()).await.map_err(Failed::told)?;
    let change = done.change;
    say_each(done.remarks);
    warn(&change);
    // What can be taken back comes first.
    if let Some(path) = &asked.save {
        save(asked, &drafting, &change, path).await?;
    }
    if let Some(target) = &target {
        push(&drafting, &change, target, &progress).await?;
    }
    drop(progress);
    let made = Made::of(&change, target.as_ref());
    // What is saved to standard output has it for itself.
    match asked.save.as_deref() == Some(Path::new("-")) {
        true => made.lines().iter().for_each(|line| say(line)),
        false if asked.json => writeln!(out(), "{:#}", made.json())?,
        false => made.lines().iter().try_for_each(|line| writeln!(out(), "{line}"))?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn push(
    drafting: &Drafting,
    change: &Change,
    target: &Reference,
    progress: &Progress,
) -> Result<(), Failed> {
    progress.say(format!("Asking {} what it has", target.registry));
    let (registry, plan) = drafting.plan(change, target).await.map_err(Failed::told)?;
    say_each(plan.findings.iter().map(|finding| finding.message.clone()));
    say(&summary(&plan));
    for step in &plan.steps {
        if let Step::Tag(TagStep { tag, before: Before::Other(before), .. }) = step {
            say(&format!("The tag {tag} stood for {before} and is moved."));
        }
    }
    let (all, sent) = (plan.totals().upload_bytes, RefCell::new(BTreeMap::new()));
    let on = |event: Event<'_>| {
        if let Event::Sent { step, bytes } = event {
            sent.borrow_mut().insert(step, bytes);
            progress.bytes("sent".to_owned(), sent.borrow().values().sum(), all);
        }
        if let Event::Waiting { error, .. } = event {
            progress.say(format!("waiting, as {error}"));
        }
    };
    drafting.push(&registry, &plan, &on).await.map_err(Failed::told)
}

fn summary(plan: &Plan) -> String {
    let totals = plan.totals();
    format!(
        "{}: {} blobs are sent, {} mounted, {} are there; {} manifests are put.",
        plan.target, totals.uploads, totals.mounts, totals.existing, totals.manifests
    )
}

async fn save(
    asked: &Apply,
    drafting: &Drafting,
    change: &Change,
    path: &Path,
) -> Result<(), Failed> {
    let form = match asked.format {
        SaveAs::Oci => Form::Layout,
        SaveAs::Docker => Form::DockerSave,
    };
    let saving = Saving { form, name: asked.tag.clone(), platform: asked.platform.clone() };
    if form == Form::DockerSave && !matches!(saving.name, Some(Name::Reference(_))) {
        say("docker load will give it no name: --tag app:1.2 does.");
    }
    let saved = if path == Path::new("-") {
        let mut out = io::BufWriter::with_capacity(1 << 20, out());
        drafting.save(change, &saving, &mut out).await.map_err(Failed::told)?
    } else {
        let mut file = Target::open(path)?;
        let saved = drafting.save(change, &saving, &mut file).await.map_err(Failed::told)?;
        file.keep()?;
        saved
    };
    say_each(saved.remarks);
    if let Some(platform) = &asked.platform {
        say(&format!("What is saved is the image for {platform}: {}.", saved.digest));
    }
    Ok(())
}

/// A draft by what was given for it.
fn read(given: &str) -> Result<Draft, Failed> {
    let most = limits::DRAFT_FILE_BYTES;
    let text = match given {
        "-" => {
            let mut text = String::new();
            let stdin = io::stdin().lock();
            stdin.take(most + 1).read_to_string(&mut text).map_err(Failed::told)?;
            text
        }
        folder if Path::new(folder).is_dir() => {
            return Err(Failed::told(format!("{folder} is a folder, and a draft is a file.")));
        }
        path if Path::new(path).exists() => {
            let failed = |error: io::Error| Failed::told(format!("{path} can't be read: {error}."));
            let mut text = String::new();
            let file = fs::File::open(path).map_err(failed)?;
            file.take(most + 1).read_to_string(&mut text).map_err(failed)?;
            text
        }
        link if link.contains(link::MARK) || link.starts_with('{') => link.to_owned(),
        missing => {
            return Err(Failed::told(format!(
                "There is no file {missing}, and it is no link to a draft (which has {} in it) either.",
                link::MARK
            )));
        }
    };
    if text.len() as u64 > most {
        return Err(Failed::told(format!("A draft may have {most} bytes; this one has more.")));
    }
    let has_draft = text.contains(link::MARK) || text.trim_start().starts_with('{');
    link::from_text(&text).map_err(|error| match has_draft {
        true => Failed::told(format!("{error}.")),
        false => Failed::told(format!(
            "There is no draft in what was given: expected the JSON that the page saves, or a link to \
             a draft, which has {} in it.",
            link::MARK
        )),
    })
}

/// What an image is called in an archive: by a tag alone, or by all of its name.
fn name(text: &str) -> Result<Name, String> {
    if !text.contains([':', '/']) {
        return Tag::parse(text).map(Name::Tag).map_err(|error| error.to_string());
    }
    let reference = Reference::parse(text).map_err(|error| error.to_string())?.normalised();
    match (&reference.tag, &reference.digest) {
        (Some(_), None) => Ok(Name::Reference(reference)),
        _ => Err(format!("\"{text}\" has no tag: expected one such as 1.2, or app:1.2")),
    }
}

fn target(text: &str) -> Result<Reference, Failed> {
    let target = Reference::parse(text).map_err(|error| Failed::told(format!("{error}.")))?;
    if target.digest.is_some() {
        let why = format!("{text} names a digest, but the digest of a result comes of the draft.");
        return Err(Failed::told(why));
    }
    Ok(target.normalised())
}

fn warn(change: &Change) {
    say_each(change.findings.iter().map(|Finding { subject, message, .. }| {
        match message.contains(subject.as_str()) {
            true => message.clone(),
            false => format!("{subject}: {message}"),
        }
    }));
    let mut lost = BTreeMap::<_, usize>::new();
    for one in &change.lost {
        *lost.entry((&one.label, &one.before)).or_default() += 1;
    }
    for ((label, before), count) in lost {
        say(&format!(
            "{count} that refer to {label}, such as signatures, stay with {before}: the result has none of them."
        ));
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since.as_secs()).ok().and_then(Time::from_unix);
    now.or_else(|| Time::from_unix(0)).unwrap_or_else(|| unreachable!("1970 can be written"))
}
