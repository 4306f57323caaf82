//! The same with other tools, in the words of a page.

use drydock::reference::Reference;
use drydock::transfer::commands::{self, Image, Line, Task, Tool};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::CommandLine;
use crate::jobs::tab;
use crate::net::address::Config;

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

    /// An image as command lines name it.
    #[must_use]
    pub fn image(self, reference: &Reference) -> Image {
        let host = reference.registry.api_host();
        let plain_http = self.0.with(|config| config.scheme(host) == "http");
        Image { reference: reference.clone(), plain_http }
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

/// The lines of a task.
#[must_use]
pub fn lines(task: &Task) -> Vec<CommandLine> {
    commands::lines(task).into_iter().map(line).collect()
}

/// A line as it is shown.
#[must_use]
pub fn line(line: Line) -> CommandLine {
    CommandLine { tool: name(line.tool), text: line.text, note: line.note.unwrap_or_default() }
}

/// The line for the bar at the bottom: that of crane, when it has one.
#[must_use]
pub fn first(lines: &[CommandLine]) -> String {
    let crane = lines.iter().find(|line| line.tool == name(Tool::Crane));
    crane.or_else(|| lines.first()).map(|line| line.text.clone()).unwrap_or_default()
}

fn name(tool: Tool) -> &'static str {
    match tool {
        Tool::Crane => "crane",
        Tool::Skopeo => "skopeo",
        Tool::Oras => "oras",
        Tool::Docker => "docker",
    }
}
