//! Lists that a registry gives page by page: tags, repositories.

use drydock::inspect::tags::{self, Key};
use drydock::reference::{Reference, Registry, Repository, Tag};
use drydock::registry::Subject;
use drydock::registry::page::{Names, Next};
use leptos::prelude::*;

use super::problem;
use crate::components::{Meant, Problem};
use crate::jobs::{self, ProblemKind, Task, tab};
use crate::net::registries::{Client, ask};
use crate::route::{Here, Route};

/// Most tags that are offered in place of one that is not there.
const MEANT: usize = 5;
/// Pages of tags that are looked at to find them.
const MEANT_PAGES: usize = 10;
/// Repositories after which the reader is asked before more are.
const AT_A_TIME: usize = 5000;

/// How far the list is. Pages are added as they come.
#[derive(Clone, Default)]
pub struct TagList {
    /// The tags so far, in the order of their versions.
    pub tags: Vec<(Key, Tag)>,
    /// Whether the registry has more that is still asked for.
    pub growing: bool,
    /// Why it ended early.
    pub problem: Option<Problem>,
    /// Whether the registry says that it has no such list.
    pub absent: bool,
}

/// How far the list is. Pages are added as they come.
#[derive(Clone, Debug, Default)]
pub struct RepositoryList {
    /// The repositories so far, by name.
    pub repositories: Vec<Repository>,
    /// Names that can be no repository's.
    pub unreadable: usize,
    /// Where the list goes on.
    pub next: Option<Next>,
    /// Whether anything has come yet.
    pub asked: bool,
    /// Whether it is asked for more.
    pub growing: bool,
    /// Why it ended early.
    pub problem: Option<Problem>,
}

/// Reads the tags of a repository into `list`, page by page.
pub fn load_tags(reference: Reference, list: RwSignal<TagList>) -> Task {
    list.set(TagList { growing: true, ..TagList::default() });
    Task::spawn(async move {
        let outcome = read_tags(&reference, list).await;
        list.try_update(|list| {
            list.growing = false;
            list.absent = matches!(&outcome, Err(failed) if failed.kind == ProblemKind::NotFound);
            list.problem = outcome.err().map(problem);
        });
    })
}

async fn read_tags(reference: &Reference, list: RwSignal<TagList>) -> Result<(), jobs::Problem> {
    let client = tab().registries.client(&reference.registry).await?;
    let subject = Subject::Tags { name: reference.name() };
    let (mut names, mut next) = (Names::default(), None);
    loop {
        let page = ask(async || client.tags(&reference.repository, next.as_ref()).await).await?;
        let (new, then) = names.take(page, &subject);
        let tags: Vec<Tag> = new.iter().filter_map(|name| name.parse().ok()).collect();
        let there = list.try_update(|list| {
            list.tags.extend(tags.into_iter().map(|tag| (Key::of(tag.as_str()), tag)));
            // Two runs that are in order already: the sort only merges them.
            list.tags.sort();
            list.tags.dedup();
            list.tags.len()
        });
        next = then?;
        if next.is_none() || there.is_none_or(|there| there >= drydock::limits::TAGS) {
            return Ok(());
        }
    }
}

/// A tag that is not there: which ones may have been meant, and whether it is listed all the same.
pub(super) async fn not_there(reference: &Reference, failed: Problem) -> Problem {
    let Some(wanted) = reference.normalised_tag() else { return failed };
    let Ok(tags) = some_tags(reference).await else { return failed };
    let links = meant(reference, &wanted, &tags);
    if !tags.iter().any(|tag| tag == wanted.as_str()) {
        return Problem { links, ..failed };
    }
    Problem {
        sentence: format!(
            "{} lists the tag {wanted}, but has no manifest for it.",
            reference.name()
        ),
        reason: format!(
            "The manifest may have been deleted, or never arrived whole: push the image again, or delete the tag. The registry's answer was: {} {}",
            failed.sentence, failed.reason
        ),
        links,
        ..failed
    }
}

/// The tags that may have been meant by one that is not there.
fn meant(reference: &Reference, wanted: &Tag, tags: &[String]) -> Vec<Meant> {
    let names: Vec<&str> = tags.iter().map(String::as_str).collect();
    let found = tags::instead(wanted.as_str(), &names, MEANT).into_iter();
    let meant = found.filter_map(|tag| {
        let image = reference.tagged(tag.parse().ok()?);
        Some(Meant { name: tag.to_owned(), href: Route::image(image).href() })
    });
    meant.collect()
}

async fn some_tags(reference: &Reference) -> Result<Vec<String>, jobs::Problem> {
    if Here::of(&reference.registry).is_some() {
        return Ok(Vec::new());
    }
    let client = tab().registries.client(&reference.registry).await?;
    let mut tags = Vec::new();
    let mut next = None;
    for _ in 0..MEANT_PAGES {
        let page = client.tags(&reference.repository, next.as_ref()).await?;
        tags.extend(page.names);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    Ok(tags)
}

/// Reads the repositories of a registry into `list`, page by page, from where it ended before.
pub fn load_repositories(registry: Registry, list: RwSignal<RepositoryList>) -> Task {
    list.update(|list| {
        list.growing = true;
        list.problem = None;
    });
    Task::spawn(async move {
        let outcome = read_repositories(&registry, list).await;
        list.try_update(|list| {
            list.growing = false;
            list.problem = outcome.err().map(|failed| match list.asked {
                true => problem(failed),
                false => unlisted(&registry, failed),
            });
        });
    })
}

async fn read_repositories(
    registry: &Registry,
    list: RwSignal<RepositoryList>,
) -> Result<(), jobs::Problem> {
    let client: Client = tab().registries.client(registry).await?;
    let subject = Subject::Catalog { registry: registry.to_string() };
    let mut names = Names::default();
    let mut next = list.with_untracked(|list| list.next.clone());
    loop {
        let page = ask(async || client.catalog(next.as_ref()).await).await?;
        let (new, then) = names.take(page, &subject);
        let ended = then.as_ref().err().cloned();
        next = then.ok().flatten();
        let goes_on = next.clone();
        let there = list.try_update(|list| {
            for name in new {
                match Repository::parse(&name) {
                    Ok(repository) => list.repositories.push(repository),
                    Err(_) => list.unreadable += 1,
                }
            }
            list.repositories.sort();
            list.repositories.dedup();
            list.next = goes_on;
            list.asked = true;
        });
        if let Some(error) = ended {
            return Err(error.into());
        }
        if there.is_none() || next.is_none() || names.len() >= AT_A_TIME {
            return Ok(());
        }
    }
}

/// The list is no part of the specification: that a registry has none is no failure.
fn unlisted(registry: &Registry, failed: jobs::Problem) -> Problem {
    let none = matches!(
        failed.kind,
        ProblemKind::NotFound | ProblemKind::Login | ProblemKind::Denied | ProblemKind::Registry
    );
    let told = problem(failed);
    if !none {
        return told;
    }
    let sentence = match told.login {
        true => format!("{registry} does not list its repositories to everybody."),
        false => format!("{registry} does not list its repositories."),
    };
    Problem {
        reason: format!(
            "Most public registries don't. Open an image by its name, such as {registry}/owner/app. The registry's answer was: {} {}",
            told.sentence, told.reason
        ),
        sentence,
        calm: true,
        ..told
    }
}
