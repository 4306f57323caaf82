//! What needs few words: media types, the subject, an index above the image, attestations.

use drydock::descriptor::Descriptor;
use drydock::edit::{Action, Edit, Family, IndexEdit};
use drydock::media_type::MediaType;
use leptos::prelude::*;

use super::platform::Suggestions;
use super::{Form, NOTHING};
use crate::components::edit::check;
use crate::components::edit::fields::{Remark, Segments, SetOrRemove, TextLine};
use crate::components::edit::scope::On;
use crate::components::edit::{EditKind, FormContext, Wanted};

/// An edit without any choice of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BareForm {
    kind: EditKind,
}

impl BareForm {
    pub(super) fn new(kind: EditKind) -> Self {
        Self { kind }
    }
}

impl Form for BareForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        Ok(vec![match self.kind {
            EditKind::Promote => on.edit(Action::Promote)?,
            _ => Wanted::from(Edit::all(Action::Index(IndexEdit::Create))),
        }])
    }

    fn is_scoped(&self) -> bool {
        self.kind == EditKind::Promote
    }
}

#[component]
pub(super) fn BareFields(form: RwSignal<BareForm>) -> impl IntoView {
    let remark = match form.with_untracked(|form| form.kind) {
        EditKind::Promote => {
            "Attestations that BuildKit lists in the index become referrers of their images, which other tools find. The index lists them no longer."
        }
        _ => "The image becomes the one entry of a new index. Other images can be added then.",
    };
    view! { <Remark text=remark /> }
}

/// Whose media types the documents shall have.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ConvertForm {
    to: Family,
    /// What they have, when that is known of all of them.
    was: Option<Family>,
}

impl ConvertForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let other = match context.family {
            Family::Oci => Family::Docker,
            Family::Docker => Family::Oci,
        };
        match edit.map(|edit| &edit.action) {
            Some(Action::Convert { to }) => Self { to: *to, was: None },
            _ => Self { to: other, was: (!context.is_index).then_some(context.family) },
        }
    }
}

impl Form for ConvertForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        if self.was == Some(self.to) {
            return Err(format!("The image has {}'s media types already.", self.to.name()));
        }
        Ok(vec![on.edit(Action::Convert { to: self.to })?])
    }
}

#[component]
pub(super) fn ConvertFields(form: RwSignal<ConvertForm>) -> impl IntoView {
    let options = vec![(Family::Oci, "OCI"), (Family::Docker, "Docker")];
    let remark = Signal::derive(move || {
        form.with(|form| match form.to {
            Family::Oci => "Only the names of types change; layers keep their bytes.",
            Family::Docker => "Only the names of types change; layers keep their bytes. Docker's types have no zstd, and most tools ignore annotations and the subject there.",
        })
        .to_owned()
    });
    view! {
        <Segments name="Media types of" options part=slice!(form.to) />
        <Remark text=remark />
    }
}

/// What the manifest or index at the root is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SubjectForm {
    remove: bool,
    digest: String,
    size: String,
    media_type: String,
    /// The edit that would change nothing.
    was: Option<Action>,
}

impl SubjectForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let changed = match edit.map(|edit| &edit.action) {
            Some(Action::Subject { subject }) => Some(subject),
            _ => None,
        };
        let subject = changed.unwrap_or(&context.subject).as_ref();
        let media_type = subject.map(|subject| subject.media_type.as_str());
        Self {
            remove: changed == Some(&None),
            digest: subject.map(|subject| subject.digest.to_string()).unwrap_or_default(),
            size: subject.map(|subject| subject.size.to_string()).unwrap_or_default(),
            media_type: media_type.unwrap_or(MediaType::MANIFEST).to_owned(),
            was: edit.is_none().then(|| Action::Subject { subject: plain(context) }),
        }
    }

    fn subject(&self) -> Result<Option<Descriptor>, String> {
        if self.remove {
            return Ok(None);
        }
        let digest = check::digest(self.digest.trim())?;
        let size = self.size.trim().parse();
        let size = size.map_err(|_| "The size is a number of bytes.".to_owned())?;
        let media_type = check::artifact_type(self.media_type.trim())?;
        Ok(Some(Descriptor::new(media_type, digest, size)))
    }
}

impl Form for SubjectForm {
    fn edit(&self, _: &On) -> Result<Vec<Wanted>, String> {
        let action = Action::Subject { subject: self.subject()? };
        if self.was.as_ref() == Some(&action) {
            return Err(NOTHING.to_owned());
        }
        Ok(vec![Wanted::from(Edit::all(action))])
    }

    fn is_scoped(&self) -> bool {
        false
    }
}

/// The subject there is, by type, digest and size alone.
fn plain(context: &FormContext) -> Option<Descriptor> {
    let subject = context.subject.as_ref()?;
    Some(Descriptor::new(subject.media_type.as_str(), subject.digest.clone(), subject.size))
}

#[component]
pub(super) fn SubjectFields(form: RwSignal<SubjectForm>) -> impl IntoView {
    let fields = move || {
        view! {
            <TextLine
                name="Digest"
                part=slice!(form.digest)
                placeholder="sha256:…"
                first=true
            />
            <div class="fields">
                <TextLine name="Size in bytes" part=slice!(form.size) placeholder="1469" />
                <TextLine name="Media type" part=slice!(form.media_type) list="subject-types" />
            </div>
            <Suggestions
                id="subject-types"
                values=&[
                    MediaType::MANIFEST,
                    MediaType::INDEX,
                    MediaType::DOCKER_MANIFEST,
                    MediaType::DOCKER_LIST,
                ]
            />
        }
    };
    view! {
        <SetOrRemove part=slice!(form.remove) />
        <Show when=move || form.with(|form| !form.remove)>{fields}</Show>
        <Remark text="A registry lists what is pushed as a referrer of its subject." />
    }
}

#[cfg(test)]
mod tests {
    use drydock::digest::Digest;

    use super::super::{everywhere, only};
    use super::*;

    #[test]
    fn edits_without_choices() {
        let create = Edit::all(Action::Index(IndexEdit::Create));
        assert_eq!(only(BareForm::new(EditKind::MakeIndex).edit(&everywhere())), create);
        let promote = Edit::all(Action::Promote);
        assert_eq!(only(BareForm::new(EditKind::Promote).edit(&everywhere())), promote);
    }

    #[test]
    fn the_other_family_is_offered() {
        let mut form = ConvertForm::new(&FormContext::default(), None);
        let docker = Edit::all(Action::Convert { to: Family::Docker });
        assert_eq!(only(form.edit(&everywhere())), docker);
        form.to = Family::Oci;
        assert!(form.edit(&everywhere()).is_err());
        let index = FormContext { is_index: true, ..FormContext::default() };
        form = ConvertForm { to: Family::Oci, ..ConvertForm::new(&index, None) };
        assert!(form.edit(&everywhere()).is_ok());
        assert_eq!(only(ConvertForm::new(&index, Some(&docker)).edit(&everywhere())), docker);
    }

    #[test]
    fn a_subject_is_set_and_removed() {
        let subject = Descriptor::new(MediaType::INDEX, Digest::sha256(b""), 7);
        let context = FormContext { subject: Some(subject.clone()), ..FormContext::default() };
        let mut form = SubjectForm::new(&context, None);
        assert_eq!(form.edit(&everywhere()).unwrap_err(), NOTHING);
        form.size = "8".to_owned();
        let set = Edit::all(Action::Subject { subject: Some(Descriptor { size: 8, ..subject }) });
        assert_eq!(only(form.edit(&everywhere())), set);
        form.remove = true;
        let removed = Edit::all(Action::Subject { subject: None });
        assert_eq!(only(form.edit(&everywhere())), removed);
        for edit in [set, removed] {
            assert_eq!(only(SubjectForm::new(&context, Some(&edit)).edit(&everywhere())), edit);
        }
        let nothing =
            SubjectForm { remove: true, ..SubjectForm::new(&FormContext::default(), None) };
        assert_eq!(nothing.edit(&everywhere()).unwrap_err(), NOTHING);
    }

    #[test]
    fn subjects_are_checked() {
        let good = SubjectForm {
            digest: Digest::sha256(b"").to_string(),
            size: "1".to_owned(),
            ..SubjectForm::new(&FormContext::default(), None)
        };
        assert!(good.edit(&everywhere()).is_ok());
        for wrong in [
            SubjectForm { digest: "sha256:1".into(), ..good.clone() },
            SubjectForm { size: "-1".into(), ..good.clone() },
            SubjectForm { media_type: "manifest".into(), ..good },
        ] {
            assert!(wrong.edit(&everywhere()).is_err());
        }
    }
}
