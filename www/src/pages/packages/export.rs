//! The packages as a bill of materials: saved, or attached to the image.

use std::rc::Rc;

use drydock::edit::{Scope, Time};
use drydock::inspect::packages::sbom::Subject;
use drydock::media_type::MediaType;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::Blob;

use super::super::model::Load;
use super::super::shown::{Shown, shown};
use crate::chosen::Chosen;
use crate::components::{Card, ErrorPanel, Problem};
use crate::jobs::packages::{self, Installed, SbomFormat};
use crate::jobs::{self, ProblemKind, Task, blob, drafts};
use crate::pages::data;
use crate::route::View;

/// What came of a click.
#[derive(Clone)]
enum Said {
    Nothing,
    /// It is in the draft.
    Attached,
    Failed(Problem),
}

/// Both formats, each to be saved or attached.
#[component]
pub(super) fn ExportCard(installed: Rc<Installed>) -> impl IntoView {
    let shown = shown();
    let said = RwSignal::new(Said::Nothing);
    let busy = RwSignal::new(false);
    let task = StoredValue::new_local(None);
    let installed = StoredValue::new_local(installed);
    let run = move |format: SbomFormat, attaches: bool| {
        let installed = installed.get_value();
        busy.set(true);
        said.set(Said::Nothing);
        task.set_value(Some(Task::spawn(async move {
            let done = async {
                let about = About::of(shown)?;
                let blob = installed.sbom(format, about.subject.clone()).await?;
                match attaches {
                    true => about.attach(format, blob).await.map(|()| Said::Attached),
                    false => blob::save(&blob, &about.file_name(format)).map(|()| Said::Nothing),
                }
            };
            said.try_set(match done.await {
                Ok(done) => done,
                Err(problem) => Said::Failed(data::problem(problem)),
            });
            busy.try_set(false);
        })));
    };
    let formats = [(SbomFormat::CycloneDx, "CycloneDX"), (SbomFormat::Spdx, "SPDX")];
    let rows = formats.map(|(format, name)| {
        view! {
            <li>
                <b class="grow">{name}</b>
                <button
                    type="button"
                    class="button small"
                    aria-label=format!("Save as {name}")
                    disabled=busy
                    on:click=move |_| run(format, false)
                >
                    "Save"
                </button>
                <button
                    type="button"
                    class="button small"
                    aria-label=format!("Attach to the image as {name}")
                    disabled=busy
                    on:click=move |_| run(format, true)
                >
                    "Attach to the image"
                </button>
            </li>
        }
    });
    let outcome = move || match said.get() {
        Said::Nothing => ().into_any(),
        Said::Attached => view! {
            <p class="beyond" role="status">
                "It is in the draft, and will be pushed with it. "
                <a href=shown.href(View::Edit)>"Open the draft"</a>
            </p>
        }
        .into_any(),
        Said::Failed(problem) => view! { <ErrorPanel problem /> }.into_any(),
    };
    view! {
        <Card title="Bill of materials" note="as the records say it; no content was compared with them">
            <ul class="rows">{rows.collect_view()}</ul>
            {outcome}
        </Card>
    }
}

/// The image that it is about.
struct About {
    shown: Shown,
    subject: Subject,
    /// The images that it may be attached to.
    scope: Option<Scope>,
}

impl About {
    fn of(shown: Shown) -> Result<Self, jobs::Problem> {
        let platform = shown.platform.with_untracked(|platform| match platform {
            Load::Ready(Some(platform)) => Some(platform.clone()),
            _ => None,
        });
        let (digest, is_index) = shown.image.with_untracked(|image| {
            let image = image.ready();
            let is_index = image.is_some_and(|image| image.what.is_index());
            (image.map(|image| image.digest.clone()), is_index)
        });
        let of_platform = platform.as_ref().filter(|_| is_index);
        let manifest = of_platform.map(|platform| platform.manifest.clone()).or(digest);
        let now = (js_sys::Date::now() / 1000.0) as i64;
        let created = Time::from_unix(now).map(|now| now.to_string());
        let (digest, created) = manifest.zip(created).ok_or_else(jobs::no_sense)?;
        let name = shown.route.with_untracked(|route| route.reference.to_string());
        // An entry whose name is no platform is none that an edit can mean.
        let scope = match of_platform {
            None => Some(Scope::All),
            Some(platform) => platform.name.parse().ok().map(|it| Scope::Platforms(vec![it])),
        };
        Ok(Self { shown, subject: Subject { name, digest, created }, scope })
    }

    /// `app-1.4.cdx.json`
    fn file_name(&self, format: SbomFormat) -> String {
        let end = match format {
            SbomFormat::CycloneDx => "cdx",
            SbomFormat::Spdx => "spdx",
        };
        let name = self.subject.name.rsplit('/').next().unwrap_or_default();
        let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
        let name: String = name.chars().map(safe).take(80).collect();
        format!("{}.{end}.json", name.trim_matches(['.', '-']))
    }

    async fn attach(&self, format: SbomFormat, blob: Blob) -> Result<(), jobs::Problem> {
        let shown = self.shown;
        let image = shown.image.with_untracked(|image| image.ready().cloned());
        let image = image.ok_or_else(jobs::no_sense)?;
        let reference = shown.route.with_untracked(|route| route.reference.clone());
        let artifact_type = MediaType::new(match format {
            SbomFormat::CycloneDx => "application/vnd.cyclonedx+json",
            SbomFormat::Spdx => "application/spdx+json",
        });
        let file = Chosen { path: self.file_name(format), blob, mtime: 0 };
        let scope = self.scope.clone().ok_or_else(|| {
            let headline = "This image has no platform by which a draft could mean it alone.";
            jobs::Problem::new(ProblemKind::Content, headline)
                .advise("Save the bill, open the image by its digest, and attach it there.")
        })?;
        packages::attach(&reference, &image.digest, scope, file, artifact_type).await?;
        let ui = shown.ui;
        spawn_local(async move {
            if let Ok(count) = drafts::count().await {
                ui.drafts.try_set(count);
            }
        });
        Ok(())
    }
}
