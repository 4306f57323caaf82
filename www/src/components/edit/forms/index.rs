//! What the index lists.

use drydock::digest::Digest;
use drydock::edit::{Action, Edit, IndexEdit};
use drydock::platform::Platform;
use leptos::prelude::*;

use super::Form;
use crate::components::edit::check;
use crate::components::edit::fields::{Remark, TextLine};
use crate::components::edit::part::Part;
use crate::components::edit::scope::On;
use crate::components::edit::{ChildFacts, FormContext, PlatformFacts, Wanted};
use crate::components::{ByteSize, format};

/// An image or index whose images are listed too.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AddForm {
    reference: String,
}

impl AddForm {
    pub(super) fn new(edit: Option<&Edit>) -> Self {
        let from = match edit.map(|edit| &edit.action) {
            Some(Action::Index(IndexEdit::Add { from, .. })) => from.as_ref(),
            _ => None,
        };
        Self { reference: from.map(ToString::to_string).unwrap_or_default() }
    }
}

impl Form for AddForm {
    fn edit(&self, _: &On) -> Result<Vec<Wanted>, String> {
        let reference = self.reference.trim().to_owned();
        check::reference(&reference)?;
        Ok(vec![Wanted::IndexAdd { reference }])
    }

    fn is_scoped(&self) -> bool {
        false
    }
}

#[component]
pub(super) fn AddFields(form: RwSignal<AddForm>) -> impl IntoView {
    let remark = "It is listed by the digest that it has now. Of an index all entries are listed.";
    view! {
        <TextLine
            name="Image or index"
            part=slice!(form.reference)
            placeholder="ghcr.io/owner/app:1.4-arm64"
            first=true
        />
        <Remark text=remark />
    }
}

/// Entries that are taken away.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RemoveForm {
    children: Vec<ChildFacts>,
    chosen: Vec<Digest>,
    /// Whether one edit is changed, which is about one entry.
    single: bool,
}

impl RemoveForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let chosen = match edit.map(|edit| &edit.action) {
            Some(Action::Index(IndexEdit::Remove { digest })) => vec![digest.clone()],
            _ => Vec::new(),
        };
        Self { children: context.children.clone(), chosen, single: edit.is_some() }
    }
}

impl Form for RemoveForm {
    fn edit(&self, _: &On) -> Result<Vec<Wanted>, String> {
        match (self.chosen.len(), self.single) {
            (0, _) => return Err("Choose an entry.".to_owned()),
            (2.., true) => return Err("This edit is about one entry; add another edit.".to_owned()),
            _ => {}
        }
        let edit = |digest: &Digest| {
            let digest = digest.clone();
            Wanted::from(Edit::all(Action::Index(IndexEdit::Remove { digest })))
        };
        Ok(self.chosen.iter().map(edit).collect())
    }

    fn is_scoped(&self) -> bool {
        false
    }
}

#[component]
pub(super) fn RemoveFields(form: RwSignal<RemoveForm>) -> impl IntoView {
    let part = Part::from(slice!(form.chosen));
    let children = form.with_untracked(|form| form.children.clone());
    let rows = children.into_iter().map(|child| {
        let facts = view! {
            <code>{child.digest.short().to_owned()}</code>
            <span class="number">
                <ByteSize bytes=child.size />
            </span>
        };
        view! {
            <li>
                <Chosen part item=child.digest label=child.label is_same=Digest::eq />
                {facts}
            </li>
        }
    });
    view! {
        <ul class="picks" aria-label="Entries of the index">
            {rows.collect_view()}
        </ul>
        <Remark text="Attestations that are about an image go with it." />
    }
}

/// The platforms that stay.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FilterForm {
    platforms: Vec<PlatformFacts>,
    kept: Vec<Platform>,
    /// Whether an edit is changed, so that the platforms may be fewer already.
    changing: bool,
}

impl FilterForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let mut platforms = context.platforms.clone();
        let kept = match edit.map(|edit| &edit.action) {
            Some(Action::Index(IndexEdit::Filter { platforms })) => platforms.clone(),
            _ => platforms.iter().map(|facts| facts.platform.clone()).collect(),
        };
        for platform in &kept {
            if !platforms.iter().any(|facts| facts.platform.is_same(platform)) {
                let label = platform.to_string();
                platforms.push(PlatformFacts { platform: platform.clone(), label });
            }
        }
        Self { platforms, kept, changing: edit.is_some() }
    }
}

impl Form for FilterForm {
    fn edit(&self, _: &On) -> Result<Vec<Wanted>, String> {
        let kept =
            |facts: &&PlatformFacts| self.kept.iter().any(|kept| kept.is_same(&facts.platform));
        let platforms: Vec<Platform> =
            self.platforms.iter().filter(kept).map(|facts| facts.platform.clone()).collect();
        if platforms.is_empty() {
            return Err("Keep at least one platform.".to_owned());
        }
        if platforms.len() == self.platforms.len() && !self.changing {
            return Err("Take a platform away.".to_owned());
        }
        let filter = Action::Index(IndexEdit::Filter { platforms });
        Ok(vec![Wanted::from(Edit::all(filter))])
    }

    fn is_scoped(&self) -> bool {
        false
    }
}

#[component]
pub(super) fn FilterFields(form: RwSignal<FilterForm>) -> impl IntoView {
    let part = Part::from(slice!(form.kept));
    let platforms = form.with_untracked(|form| form.platforms.clone());
    let boxes = platforms
        .into_iter()
        .map(|facts| view! { <Chosen part item=facts.platform label=facts.label is_same=Platform::is_same /> });
    view! {
        <div class="choices" role="group" aria-label="Platforms that stay">
            {boxes.collect_view()}
        </div>
        <Remark text="Attestations stay with their images; what is for no platform goes." />
    }
}

/// A box of one item of a list.
#[component]
fn Chosen<T: Clone + Send + Sync + 'static>(
    part: Part<Vec<T>>,
    item: T,
    label: String,
    is_same: fn(&T, &T) -> bool,
) -> impl IntoView {
    let shown = item.clone();
    let toggle = move |event| {
        let wanted = event_target_checked(&event);
        part.update(|chosen| {
            chosen.retain(|other| !is_same(other, &item));
            if wanted {
                chosen.push(item.clone());
            }
        });
    };
    view! {
        <label class="choice">
            <input
                type="checkbox"
                prop:checked=move || part.with(|chosen| chosen.iter().any(|other| is_same(other, &shown)))
                on:change=toggle
            />
            <bdi>{format::visible(&label)}</bdi>
        </label>
    }
}

#[cfg(test)]
mod tests {
    use drydock::descriptor::Descriptor;
    use drydock::edit::Pinned;
    use drydock::reference::Reference;

    use super::super::{actions, everywhere, only};
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    fn context() -> FormContext {
        let facts = |text: &str| PlatformFacts { platform: platform(text), label: text.to_owned() };
        let child = |text: &str| ChildFacts {
            digest: Digest::sha256(text.as_bytes()),
            label: text.to_owned(),
            size: 1,
            attestation: false,
        };
        FormContext {
            is_index: true,
            platforms: vec![facts("linux/amd64"), facts("linux/arm64")],
            children: vec![child("a"), child("b")],
            ..FormContext::default()
        }
    }

    #[test]
    fn an_image_is_added_by_reference() {
        let mut form = AddForm::new(None);
        assert!(form.edit(&everywhere()).is_err());
        form.reference = " alpine:3 ".to_owned();
        let wanted = form.edit(&everywhere()).unwrap();
        assert!(matches!(&*wanted, [Wanted::IndexAdd { reference }] if reference == "alpine:3"));
        let digest = Digest::sha256(b"");
        let from = Pinned::new(Reference::parse("alpine:3").unwrap(), digest.clone());
        let descriptor = Descriptor::new("a/b", digest, 0);
        let edit = IndexEdit::Add { descriptor: Box::new(descriptor), from: Some(from.clone()) };
        assert_eq!(AddForm::new(Some(&Edit::all(Action::Index(edit)))).reference, from.to_string());
    }

    #[test]
    fn entries_are_removed() {
        let mut form = RemoveForm::new(&context(), None);
        assert!(form.edit(&everywhere()).is_err());
        form.chosen = vec![Digest::sha256(b"b"), Digest::sha256(b"a")];
        let remove = |text: &str| {
            let digest = Digest::sha256(text.as_bytes());
            Action::Index(IndexEdit::Remove { digest })
        };
        assert_eq!(actions(form.edit(&everywhere())), [remove("b"), remove("a")]);
        let mut form = RemoveForm::new(&context(), Some(&Edit::all(remove("a"))));
        assert_eq!(only(form.edit(&everywhere())).action, remove("a"));
        form.chosen.push(Digest::sha256(b"b"));
        assert!(form.edit(&everywhere()).is_err());
    }

    /// An edit may have come with a draft, which spells platforms as it likes.
    #[test]
    fn b7_platforms_that_stay_may_be_spelled_otherwise() {
        let platforms = vec![platform("linux/x86_64"), platform("linux/arm64/v8")];
        let edit = Edit::all(Action::Index(IndexEdit::Filter { platforms }));
        let mut form = FilterForm::new(&context(), Some(&edit));
        assert_eq!(form.platforms, context().platforms, "no platform is there twice");
        form.kept.remove(0);
        let platforms = vec![platform("linux/arm64")];
        let edit = Edit::all(Action::Index(IndexEdit::Filter { platforms }));
        assert_eq!(only(form.edit(&everywhere())), edit);
    }

    #[test]
    fn some_platforms_stay() {
        let mut form = FilterForm::new(&context(), None);
        assert_eq!(form.edit(&everywhere()).unwrap_err(), "Take a platform away.");
        form.kept.remove(0);
        let platforms = vec![platform("linux/arm64")];
        let edit = Edit::all(Action::Index(IndexEdit::Filter { platforms }));
        assert_eq!(only(form.edit(&everywhere())), edit);
        form.kept.clear();
        assert_eq!(form.edit(&everywhere()).unwrap_err(), "Keep at least one platform.");
        let platforms = vec![platform("linux/s390x")];
        let edit = Edit::all(Action::Index(IndexEdit::Filter { platforms }));
        assert_eq!(only(FilterForm::new(&context(), Some(&edit)).edit(&everywhere())), edit);
    }
}
