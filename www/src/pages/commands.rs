//! The same with other tools, in the words of a page.

use drydock::commands::{self, Image, Line, Task, Tool};
use drydock::platform::Platform;
use drydock::reference::{Reference, Registry};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::CommandLine;
use crate::jobs::tab;
use crate::net::address::Config;
use crate::pages::model::Load;
use crate::pages::shown::Shown;
use crate::route::Here;
use crate::state::ui;

/// What gets the files of an artifact that is shown; `None` when an image is.
pub(super) fn artifact(shown: Shown, server: Server) -> Option<Task> {
    let is_index = shown.image.with(|image| {
        let image = image.ready()?;
        image.face.as_ref()?;
        let root = image.graph.root()?;
        Some(root.index().is_some())
    })?;
    Some(Task::Artifact { image: server.image(&shown.route.get().reference)?, is_index })
}

/// What this page's server says of itself, which decides how tools reach its registries.
#[derive(Clone, Copy)]
pub struct Server(RwSignal<Config>);

impl Server {
    /// Asks it; until it answers nothing is known.
    #[must_use]
    pub fn ask() -> Self {
        let server = Self(RwSignal::new(Config::default()));
        spawn_local(async move {
            if let Ok(config) = tab().registries.config().await {
                server.0.try_set(Config::clone(&config));
            }
        });
        server
    }

    /// An image as command lines name it; none for what lies in this browser, where no tool
    /// reaches it.
    #[must_use]
    pub fn image(self, reference: &Reference) -> Option<Image> {
        if Here::of(&reference.registry).is_some() {
            return None;
        }
        let host = reference.registry.api_host();
        let plain_http = self.0.with(|config| config.scheme(host) == "http");
        Some(Image { reference: reference.clone(), plain_http })
    }

    /// The image that is shown, and the platform that tools have to be told of an index. One of
    /// several entries for the same platform has no name that they know, and goes by its digest.
    #[must_use]
    pub fn shown(self, shown: Shown) -> Option<(Image, Option<Platform>)> {
        let is_index =
            shown.image.with(|image| image.ready().is_some_and(|image| image.what.is_index()));
        let entry = match shown.platform.get() {
            Load::Ready(Some(entry)) if is_index => Some(entry),
            _ => None,
        };
        let platform = entry.as_ref().and_then(|entry| entry.name.parse().ok());
        let mut reference = shown.route.get().reference;
        if let Some(entry) = entry.filter(|_| platform.is_none()) {
            reference = reference.pinned(&entry.manifest);
        }
        Some((self.image(&reference)?, platform))
    }

    /// Whether a registry is asked without TLS.
    #[must_use]
    pub fn plain_http(self, registry: &Registry) -> bool {
        self.0.with(|config| config.scheme(registry.api_host()) == "http")
    }

    /// The scratch registry under the name by which others know it, when there is one.
    #[must_use]
    pub fn scratch(self) -> Option<String> {
        self.0.with(|config| config.scratch.clone())
    }

    /// Whether an image lies in the scratch registry.
    #[must_use]
    pub fn is_own(self, reference: &Reference) -> bool {
        self.0.with(|config| config.is_own(reference.registry.api_host()))
    }
}

/// Keeps the bar at the bottom at what a view shows; it is empty where no tool does the same.
pub fn follow(task: impl Fn(Server) -> Option<Task> + 'static) {
    let (ui, server) = (ui(), Server::ask());
    Effect::new(move |_| {
        let lines = task(server).map(|task| lines(&task)).unwrap_or_default();
        ui.command.set(first(&lines));
    });
}

/// The lines of a task.
#[must_use]
pub fn lines(task: &Task) -> Vec<CommandLine> {
    commands::lines(task).into_iter().map(line).collect()
}

/// A line as it is shown.
#[must_use]
pub fn line(line: Line) -> CommandLine {
    let tool = format!("{} {}", line.tool, line.tool.version());
    CommandLine { tool, text: line.text, note: line.note.unwrap_or_default() }
}

/// The line for the bar at the bottom: that of crane, when it has one.
#[must_use]
pub fn first(lines: &[CommandLine]) -> String {
    let crane = Tool::Crane.to_string();
    let crane = lines.iter().find(|line| line.tool.starts_with(&crane));
    crane.or_else(|| lines.first()).map(|line| line.text.clone()).unwrap_or_default()
}
