//! Where the pages meet the work behind them: what they ask for, and how its failures read.

mod lists;
mod logins;

use std::sync::Arc;

use drydock::descriptor::Descriptor;
use drydock::image::{Graph, Options};
use drydock::inspect;
use drydock::inspect::model::{Beside, Headers, root_unread};
use drydock::platform::Platform;
use drydock::reference::{Reference, Registry, Repository, Tag};
use drydock::registry::Subject;
use drydock::registry::page::Names;
use leptos::prelude::*;

use super::model::{ImageModel, Load};
use crate::components::{Meant, Problem, Transfer, format};
use crate::jobs::{self, ProblemKind, Task, drafts, tab};
use crate::net::clock::{self, Turns};
use crate::net::place::Place;
use crate::net::registries::{Client, ask};
use crate::route::{Here, Route};

pub use lists::{RepositoryList, TagList, load_repositories, load_tags};
pub use logins::{
    accept_realm, all_registries, known_registries, log_in, log_out, login_goes_to, shell_token,
    take_docker_config, use_machine_login,
};

/// Milliseconds between two looks at a graph that grows.
const LOOK: f64 = 120.0;
/// How much longer than a look the time between two looks is at least.
const LOOK_SHARE: f64 = 8.0;
/// Most repositories of the scratch registry that the first page lists.
const OWN_REPOSITORIES: usize = 50;

/// How a failure reads on screen.
#[must_use]
pub fn problem(problem: jobs::Problem) -> Problem {
    let login =
        matches!(problem.kind, ProblemKind::Login | ProblemKind::Denied | ProblemKind::RateLimited);
    let retry = !matches!(problem.kind, ProblemKind::Consent(_));
    let mut reason = problem.rest();
    if let Some(seconds) = problem.retry_after {
        let at = js_sys::Date::now() + seconds as f64 * 1000.0;
        let at = js_sys::Date::new(&at.into());
        let at = format!("{:02}:{:02}", at.get_hours(), at.get_minutes());
        let after = format::span(seconds as f64 * 1000.0);
        reason.push_str(&format!(" The registry asks to wait {after}, until {at}."));
    }
    // What limits requests may be a host behind the registry, for which there is no login.
    let host = problem.host.filter(|_| problem.kind != ProblemKind::RateLimited);
    let consent = match problem.kind {
        ProblemKind::Consent(host) => Some(host),
        _ => None,
    };
    Problem {
        sentence: problem.headline,
        reason,
        login: login || consent.is_some(),
        retry,
        consent,
        host,
        ..Problem::default()
    }
}

/// Reads the documents under a reference into `image`, which grows until all are there. Stops when
/// the task is dropped.
pub fn load_image(
    reference: Reference,
    first: Option<&str>,
    image: RwSignal<Load<Arc<ImageModel>>>,
) -> Task {
    let options = Options {
        first: first.and_then(|platform| platform.parse::<Platform>().ok()),
        referrers: true,
        ..Options::default()
    };
    image.set(Load::Waiting(match Here::of(&reference.registry) {
        Some(here) => format!("Reading {} from {}…", Here::named(&reference), here.label()),
        None => format!("Asking {} for {}…", reference.registry, reference.target()),
    }));
    Task::spawn(async move {
        let name = reference.clone();
        let (mut next, none, mut turns) = (0.0, Headers::new(), Turns::begin());
        let look = async |graph: &Graph, _open: usize| {
            let now = js_sys::Date::now();
            if now < next || graph.root().is_none_or(|root| root.view.is_none()) {
                return;
            }
            let beside = Beside { reference: &name, headers: &none, warnings: &[], growing: true };
            let before = image.try_with_untracked(|image| image.ready().cloned()).flatten();
            let model = ImageModel::of(&Arc::new(graph.clone()), beside, before.as_deref());
            if let Some(model) = model {
                // To draw it is a task of its own.
                turns.pass().await;
                image.try_set(Load::Ready(Arc::new(model)));
            }
            // What takes long to look at is looked at less often.
            let done = js_sys::Date::now();
            next = done + LOOK.max((done - now) * LOOK_SHARE);
        };
        let loaded = jobs::graph::load(&reference, options, look).await;
        clock::let_others_run().await;
        let graph = Arc::new(loaded.graph);
        if let Some(failed) = loaded.problem {
            let absent = failed.kind == ProblemKind::NotFound;
            let failed = match changed_draft(&reference).await.filter(|_| absent) {
                Some(changed) => changed,
                None => problem(failed),
            };
            let failed = Problem { absent, ..failed };
            image.try_set(Load::Failed(failed.clone()));
            if absent {
                image.try_set(Load::Failed(lists::not_there(&reference, failed).await));
            }
            return;
        }
        if let Some(failed) = root_unread(&graph) {
            image.try_set(Load::Failed(failed.into()));
            return;
        }
        let known = tab().registries.known();
        let warnings = known.get(&reference.registry).map(|client| client.warnings());
        let warnings = warnings.unwrap_or_default();
        let headers = loaded.headers.into_iter().map(|(digest, headers)| {
            let text =
                |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let pairs = headers.iter().map(|(name, value)| (name.to_string(), text(value)));
            (digest, pairs.collect())
        });
        let (headers, warnings) = (&headers.collect(), &warnings);
        let beside = Beside { reference: &reference, headers, warnings, growing: false };
        let before = image.try_with_untracked(|image| image.ready().cloned()).flatten();
        let model = ImageModel::of(&graph, beside, before.as_deref());
        turns.pass().await;
        image.try_set(match model {
            Some(model) => Load::Ready(Arc::new(model)),
            None => Load::Failed(Problem {
                sentence: format!("Nothing came for {reference}."),
                reason: "Try again.".to_owned(),
                retry: true,
                ..Problem::default()
            }),
        });
    })
}

/// What is to be said of a link to what a draft once was.
async fn changed_draft(reference: &Reference) -> Option<Problem> {
    let pinned = reference.digest.is_some();
    let name = reference.repository.to_string();
    let is_draft = Here::of(&reference.registry) == Some(Here::Draft);
    (is_draft && pinned && drafts::edits(&name).await.ok()?.is_some()).then_some(())?;
    let now = Route::image(Here::Draft.image(&name, None).ok()?);
    Some(Problem {
        sentence: "The draft was changed since this link was made.".to_owned(),
        reason: "What it was then is not kept.".to_owned(),
        links: vec![Meant { name: "The draft as it is now".to_owned(), href: now.href() }],
        ..Problem::default()
    })
}

/// An image of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What to open.
    pub reference: Reference,
    /// What is known of it.
    pub note: String,
}

/// The images of this server's own registry, and the registry's name; none when it has none.
///
/// # Errors
/// When the list can't be read.
pub async fn own_images() -> Result<Option<(String, Vec<Listed>)>, Problem> {
    read_own_images().await.map_err(problem)
}

async fn read_own_images() -> Result<Option<(String, Vec<Listed>)>, jobs::Problem> {
    let config = tab().registries.config().await?;
    let Some(host) = config.scratch.clone() else { return Ok(None) };
    let Ok(registry) = Registry::parse(&host) else { return Ok(None) };
    let client = tab().registries.client(&registry).await?;
    let subject = Subject::Catalog { registry: host.clone() };
    let mut images = Vec::new();
    let (mut names, mut next) = (Names::default(), None);
    loop {
        let page = ask(async || client.catalog(next.as_ref()).await).await?;
        let (new, then) = names.take(page, &subject);
        for name in &new {
            if images.len() >= OWN_REPOSITORIES {
                return Ok(Some((host, images)));
            }
            if let Ok(repository) = Repository::parse(name) {
                images.extend(listed(&client, &registry, repository).await?);
            }
        }
        next = then?;
        if next.is_none() {
            return Ok(Some((host, images)));
        }
    }
}

async fn listed(
    client: &Client,
    registry: &Registry,
    repository: Repository,
) -> Result<Option<Listed>, jobs::Problem> {
    let page = ask(async || client.tags(&repository, None).await).await?;
    let more = page.next.is_some();
    // What tools keep under tags that are made of digests is no image of its own.
    let names = page.names.iter().filter(|name| !name.starts_with("sha256-"));
    let tags: Vec<Tag> = names.filter_map(|name| name.parse().ok()).collect();
    let names: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    let Some(tag) = inspect::tags::foremost(&names).and_then(|name| name.parse::<Tag>().ok())
    else {
        return Ok(None);
    };
    let note = match (tags.as_slice(), more) {
        ([one], false) => format!("tag {one}"),
        (tags, false) => format!("{} tags", tags.len()),
        (tags, true) => format!("{} tags and more", tags.len()),
    };
    let registry = registry.clone();
    let reference = Reference { registry, repository, tag: Some(tag), digest: None };
    Ok(Some(Listed { reference, note }))
}

/// The download of one blob: started, watched and stopped from the page.
#[derive(Clone, Copy)]
pub struct Download {
    /// How far it is; none when it isn't running.
    pub transfer: RwSignal<Option<Transfer>>,
    /// Why it ended without the blob.
    pub problem: RwSignal<Option<Problem>>,
    what: StoredValue<(Place, Descriptor, String)>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Download {
    /// Of a blob in the repository of a reference, to be saved under a name; not started.
    #[must_use]
    pub fn new(reference: &Reference, descriptor: Descriptor, name: String) -> Self {
        Self {
            transfer: RwSignal::new(None),
            problem: RwSignal::new(None),
            what: StoredValue::new((Place::from(reference), descriptor, name)),
            task: StoredValue::new_local(None),
        }
    }

    /// Starts it; the file is saved when its bytes are what the descriptor says.
    pub fn start(self) {
        let Self { transfer, problem: failed, what, task } = self;
        let (place, descriptor, name) = what.get_value();
        let total = Some(descriptor.size);
        let began = js_sys::Date::now();
        let progress = move |done| {
            let elapsed = js_sys::Date::now() - began;
            transfer.try_set(Some(Transfer { done, total, elapsed }));
        };
        failed.set(None);
        progress(0);
        let work = async move {
            let on_progress = move |now: jobs::Progress| progress(now.downloaded);
            let saved = jobs::blob::download(&place, &descriptor, on_progress).await;
            let saved = saved.and_then(|blob| jobs::blob::save(&blob, &name));
            transfer.try_set(None);
            failed.try_set(saved.err().map(problem));
        };
        task.set_value(Some(Task::spawn(work)));
    }

    /// Stops it.
    pub fn stop(self) {
        self.task.set_value(None);
        self.transfer.set(None);
    }
}
