//! Another base.

use drydock::edit::{Action, Bases, Edit};
use leptos::prelude::*;

use super::Form;
use crate::components::edit::check;
use crate::components::edit::fields::{CheckLine, Remark, TextLine};
use crate::components::edit::scope::On;
use crate::components::edit::{FormContext, Wanted};

/// The old base and the new one, as they were typed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RebaseForm {
    old: String,
    new: String,
    env: bool,
    named: Named,
}

/// How annotations or labels name the old base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// By digest, so that it is known for certain.
    ByDigest,
    /// By a name that may stand for something else by now.
    ByName,
    Not,
}

impl RebaseForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let (old, new) = named(context);
        let named = match (&old, &new) {
            (Some(_), _) => Named::ByDigest,
            (None, Some(_)) => Named::ByName,
            (None, None) => Named::Not,
        };
        match edit.map(|edit| &edit.action) {
            Some(Action::Rebase(rebase)) => Self {
                old: rebase.old.to_string(),
                new: rebase.new.to_string(),
                env: rebase.env,
                named,
            },
            _ => Self {
                old: old.unwrap_or_default(),
                new: new.unwrap_or_default(),
                env: false,
                named,
            },
        }
    }

    fn remark(&self) -> &'static str {
        match self.named {
            Named::ByDigest => {
                "Both are filled in from what annotations or labels of the image say. The layers must begin with those of the old base."
            }
            Named::ByName => {
                "Annotations or labels of the image name its base, but not by digest: say which one it was made from. The layers must begin with those of the old base."
            }
            Named::Not => {
                "No annotation or label says what the image was made from. The layers must begin with those of the old base."
            }
        }
    }
}

impl Form for RebaseForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let (old, new) = (self.old.trim(), self.new.trim());
        let old_reference = match old {
            "" if self.named == Named::ByDigest => None,
            "" => return Err("Name the image that this one was made from.".to_owned()),
            old => Some(check::reference(old)?),
        };
        if new.is_empty() {
            return Err("Name the image that it shall be made from.".to_owned());
        }
        if old_reference == Some(check::reference(new)?) {
            return Err("The old base and the new one are the same.".to_owned());
        }
        let (old, new) = (old_reference.map(|_| old.to_owned()), new.to_owned());
        Ok(vec![Wanted::Rebase { old, new, env: self.env, scope: on.scope()? }])
    }
}

/// What annotations and labels say: the old base by digest, and its name, which may stand for
/// something newer.
fn named(context: &FormContext) -> (Option<String>, Option<String>) {
    let maps = [
        context.annotations.clone(),
        context.index_annotations.clone(),
        context.entry_annotations.clone(),
        context.run.labels.clone(),
    ];
    let Bases { old, new } = Bases::named(&maps);
    (old.map(|old| old.to_string()), new.map(|new| new.to_string()))
}

#[component]
pub(super) fn RebaseFields(form: RwSignal<RebaseForm>) -> impl IntoView {
    let remark = form.with_untracked(RebaseForm::remark);
    view! {
        <TextLine
            name="Old base"
            part=slice!(form.old)
            placeholder="debian:bookworm-slim@sha256:…"
        />
        <TextLine
            name="New base"
            part=slice!(form.new)
            placeholder="debian:bookworm-slim"
            first=true
        />
        <CheckLine
            text="Take over what the new base changes in the environment"
            part=slice!(form.env)
        />
        <Remark text=remark />
    }
}

#[cfg(test)]
mod tests {
    use drydock::digest::Digest;
    use drydock::edit::{Pinned, Rebase};
    use drydock::reference::Reference;

    use super::super::everywhere;
    use super::*;

    fn annotated() -> FormContext {
        let mut context = FormContext::default();
        let digest = Digest::sha256(b"").to_string();
        context
            .index_annotations
            .insert("org.opencontainers.image.base.name".to_owned(), "debian:12".to_owned());
        context.index_annotations.insert("org.opencontainers.image.base.digest".to_owned(), digest);
        context
    }

    #[track_caller]
    fn wanted(form: &RebaseForm) -> (Option<String>, String, bool) {
        match form.edit(&everywhere()).unwrap().as_slice() {
            [Wanted::Rebase { old, new, env, .. }] => (old.clone(), new.clone(), *env),
            _ => panic!("a rebase is wanted"),
        }
    }

    #[test]
    fn annotations_fill_it_in() {
        let mut form = RebaseForm::new(&annotated(), None);
        let pinned = format!("docker.io/library/debian@{}", Digest::sha256(b""));
        assert_eq!(wanted(&form), (Some(pinned), "docker.io/library/debian:12".to_owned(), false));
        form.old = String::new();
        assert_eq!(wanted(&form).0, None);
    }

    #[test]
    fn a_base_that_is_named_without_a_digest_is_asked_for() {
        let mut context = annotated();
        context.index_annotations.remove("org.opencontainers.image.base.digest");
        let form = RebaseForm::new(&context, None);
        assert_eq!((&*form.old, &*form.new), ("", "docker.io/library/debian:12"));
        assert!(form.remark().contains("not by digest"), "{}", form.remark());
        let missing = form.edit(&everywhere()).unwrap_err();
        assert_eq!(missing, "Name the image that this one was made from.");
    }

    #[test]
    fn without_annotations_both_are_asked_for() {
        let mut form = RebaseForm::new(&FormContext::default(), None);
        assert_eq!(
            form.edit(&everywhere()).unwrap_err(),
            "Name the image that this one was made from."
        );
        form.old = "debian:11".to_owned();
        assert_eq!(
            form.edit(&everywhere()).unwrap_err(),
            "Name the image that it shall be made from."
        );
        form.new = "docker.io/library/debian:11".to_owned();
        assert_eq!(
            form.edit(&everywhere()).unwrap_err(),
            "The old base and the new one are the same."
        );
        form.new = " debian:12 ".to_owned();
        assert_eq!(wanted(&form), (Some("debian:11".to_owned()), "debian:12".to_owned(), false));
        form.new = "DEBIAN".to_owned();
        assert!(form.edit(&everywhere()).is_err());
    }

    #[test]
    fn an_edit_that_is_changed_is_shown_as_it_is() {
        let pinned = |name: &str| {
            Pinned::new(Reference::parse(name).unwrap(), Digest::sha256(name.as_bytes()))
        };
        let rebase = Rebase { old: pinned("a"), new: pinned("b"), env: true };
        let edit = Edit::all(Action::Rebase(rebase.clone()));
        let form = RebaseForm::new(&FormContext::default(), Some(&edit));
        let expected = (Some(rebase.old.to_string()), rebase.new.to_string(), true);
        assert_eq!(wanted(&form), expected);
    }
}
