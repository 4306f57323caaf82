//! A token for the shell: for one registry, for what the reader chooses, and shown when asked for.

use drydock::reference::{Reference, Registry, Repository};
use drydock::registry::auth::ShellToken;
use drydock::registry::auth::scope::{Action, Scope};
use leptos::prelude::*;

use super::commands::{self, Server};
use super::data;
use super::trouble::Trouble;
use crate::components::{CommandLines, CopyButton, Dialog, Empty, Problem, format};
use crate::jobs::Task;
use crate::state::ui;

/// What came of the question.
#[derive(Clone)]
enum Answer {
    None,
    Asking,
    Here(ShellToken),
    Failed(Problem),
}

/// The dialog. The token is gone when it closes.
#[component]
pub fn TokenOverlay(
    /// The registry.
    registry: String,
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let image = ui().image().map(|image| image.reference);
    let image = image.filter(|image| image.registry.as_str() == registry);
    let repository = RwSignal::new(image.map(|it| it.repository.to_string()).unwrap_or_default());
    let (push, delete) = (RwSignal::new(false), RwSignal::new(false));
    let catalog = RwSignal::new(false);
    let answer = RwSignal::new(Answer::None);
    let task = StoredValue::new_local(None::<Task>);
    let scope = Memo::new(move |_| {
        if catalog.get() {
            return Ok(Scope::catalog());
        }
        let repository = Repository::parse(repository.get().trim()).map_err(|it| it.to_string())?;
        let mut actions = vec![Action::Pull];
        actions.extend(push.get().then_some(Action::Push));
        actions.extend(delete.get().then_some(Action::Delete));
        Ok::<Scope, String>(Scope::repository(&repository, &actions))
    });
    // A token for something else than what is chosen would be misleading.
    Effect::new(move |_| {
        scope.track();
        task.set_value(None);
        answer.set(Answer::None);
    });
    let of = StoredValue::new(registry.clone());
    let ask = Callback::new(move |()| {
        let (Ok(registry), Ok(scope)) = (Registry::parse(&of.get_value()), scope.get_untracked())
        else {
            return;
        };
        answer.set(Answer::Asking);
        task.set_value(Some(Task::spawn(async move {
            let asked = data::shell_token(&registry, scope).await;
            answer.try_set(asked.map_or_else(Answer::Failed, Answer::Here));
        })));
    });
    let wrong = move || {
        let typed = !repository.with(|text| text.trim().is_empty());
        scope.get().err().filter(|_| typed)
    };
    let server = Server::ask();
    let lines = Signal::derive(move || {
        // It asks for what pulls or pushes, and for nothing else.
        let other = catalog.get() || delete.get();
        let named = (Registry::parse(&of.get_value()), Repository::parse(repository.get().trim()));
        let (false, (Ok(registry), Ok(repository))) = (other, named) else { return Vec::new() };
        let reference = Reference { registry, repository, tag: None, digest: None };
        let image = server.image(&reference);
        let task = image.map(|image| drydock::commands::Task::Token { image, push: push.get() });
        task.map(|task| commands::lines(&task)).unwrap_or_default()
    });
    let shown = move || match answer.get() {
        Answer::None => ().into_any(),
        Answer::Asking => view! { <Empty text="Asking the token service…" /> }.into_any(),
        Answer::Failed(problem) => {
            view! { <Trouble problem registry=of.get_value() retry=ask /> }.into_any()
        }
        Answer::Here(token) => view! { <Shown token /> }.into_any(),
    };
    let box_of = |name: &'static str, signal: RwSignal<bool>| {
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=signal
                    on:change=move |event| signal.set(event_target_checked(&event))
                />
                {name}
            </label>
        }
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        ask.run(());
    };
    view! {
        <Dialog title=format!("Token for {registry}") close>
            <form class="content" on:submit=submit autocomplete="off">
                <p class="muted">
                    "For curl and scripts: it lets whoever has it do what you choose here, until it ends."
                </p>
                <label class="line">
                    "Repository"
                    <span class="field">
                        <input
                            name="repository"
                            placeholder="owner/app"
                            autocapitalize="off"
                            spellcheck="false"
                            disabled=catalog
                            prop:value=repository
                            on:input=move |event| repository.set(event_target_value(&event))
                        />
                    </span>
                </label>
                <p class="problem" role="alert">
                    {wrong}
                </p>
                <div class="checks" role="group" aria-label="What the token allows">
                    <label class="check">
                        <input type="checkbox" checked disabled />
                        "pull"
                    </label>
                    {box_of("push", push)}
                    {box_of("delete", delete)}
                    {box_of("list the repositories, nothing else", catalog)}
                </div>
                <div class="acts">
                    <button
                        type="submit"
                        class="button primary"
                        disabled=move || scope.with(Result::is_err)
                    >
                        "Show a token"
                    </button>
                </div>
                <div role="status">{shown}</div>
                <CommandLines lines />
            </form>
        </Dialog>
    }
}

#[component]
fn Shown(token: ShellToken) -> impl IntoView {
    match token {
        ShellToken::Token { token, seconds } => {
            let text = token.clone();
            let span = format::span(seconds as f64 * 1000.0);
            view! {
                <p>{format!("Good for {span}. It is shown here only, and gone when this closes.")}</p>
                <div class="secret">
                    <code tabindex="0">{token}</code>
                    <CopyButton text label="Copy the token" />
                </div>
            }
            .into_any()
        }
        ShellToken::Own => {
            let text = "You logged in with a token of your own; the registry takes that one.";
            view! { <Empty text /> }.into_any()
        }
        ShellToken::Password => {
            let text = "This registry gives no tokens: it takes user and password at each request.";
            view! { <Empty text /> }.into_any()
        }
        ShellToken::Open => {
            let text = "This registry asks nobody for anything, so no token is needed.";
            view! { <Empty text /> }.into_any()
        }
    }
}
