//! What the image runs on.

use drydock::edit::{Action, ConfigEdit, Edit};
use leptos::prelude::*;

use super::{Form, NOTHING};
use crate::components::edit::check;
use crate::components::edit::fields::{Remark, TextLine};
use crate::components::edit::scope::On;
use crate::components::edit::{FormContext, Wanted};

/// System, architecture and what narrows them further. Each is an edit of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlatformForm {
    os: String,
    architecture: String,
    variant: String,
    os_version: String,
    /// With commas between them.
    features: String,
    /// The edits that would change nothing.
    was: Vec<ConfigEdit>,
}

impl PlatformForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let platform = &context.platform;
        let mut form = Self {
            os: platform.os.clone(),
            architecture: platform.architecture.clone(),
            variant: platform.variant.clone().unwrap_or_default(),
            os_version: platform.os_version.clone().unwrap_or_default(),
            features: platform.os_features.join(", "),
            was: Vec::new(),
        };
        form.was = form.edits().to_vec();
        let Some(Action::Config(edit)) = edit.map(|edit| &edit.action) else { return form };
        match edit {
            ConfigEdit::Os { value } => form.os.clone_from(value),
            ConfigEdit::Architecture { value } => form.architecture.clone_from(value),
            ConfigEdit::Variant { value } => form.variant = value.clone().unwrap_or_default(),
            ConfigEdit::OsVersion { value } => form.os_version = value.clone().unwrap_or_default(),
            ConfigEdit::OsFeatures { value } => form.features = value.join(", "),
            _ => {}
        }
        let kind = std::mem::discriminant(edit);
        form.was.retain(|other| std::mem::discriminant(other) != kind);
        form
    }

    fn edits(&self) -> [ConfigEdit; 5] {
        let text = |text: &str| text.trim().to_owned();
        let optional = |value: &str| Some(text(value)).filter(|value| !value.is_empty());
        let features = self.features.split([',', ' ']).filter(|feature| !feature.is_empty());
        [
            ConfigEdit::Os { value: text(&self.os) },
            ConfigEdit::Architecture { value: text(&self.architecture) },
            ConfigEdit::Variant { value: optional(&self.variant) },
            ConfigEdit::OsVersion { value: optional(&self.os_version) },
            ConfigEdit::OsFeatures { value: features.map(str::to_owned).collect() },
        ]
    }
}

impl Form for PlatformForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let changed: Vec<ConfigEdit> =
            self.edits().into_iter().filter(|edit| !self.was.contains(edit)).collect();
        for edit in &changed {
            match edit {
                ConfigEdit::Os { value } => check::platform_part(value, "an operating system")?,
                ConfigEdit::Architecture { value } => {
                    check::platform_part(value, "an architecture")?;
                }
                ConfigEdit::Variant { value: Some(value) } => {
                    check::platform_part(value, "a variant")?;
                }
                ConfigEdit::OsVersion { value: Some(value) } => {
                    check::platform_part(value, "a version")?;
                }
                _ => {}
            }
        }
        if changed.is_empty() {
            return Err(NOTHING.to_owned());
        }
        changed.into_iter().map(|edit| on.edit(Action::Config(edit))).collect()
    }
}

#[component]
pub(super) fn PlatformFields(form: RwSignal<PlatformForm>) -> impl IntoView {
    let remark = "Only the documents change: what is in the layers stays what it is.";
    view! {
        <div class="fields">
            <TextLine
                name="Operating system"
                part=slice!(form.os)
                placeholder="linux"
                list="systems"
                first=true
            />
            <TextLine
                name="Architecture"
                part=slice!(form.architecture)
                placeholder="amd64"
                list="architectures"
            />
            <TextLine name="Variant, may be empty" part=slice!(form.variant) placeholder="v8" />
            <TextLine
                name="Version of the system, may be empty"
                part=slice!(form.os_version)
                placeholder="10.0.20348.2402"
            />
            <TextLine
                name="Features of the system, may be empty"
                part=slice!(form.features)
                placeholder="win32k"
            />
        </div>
        <Suggestions id="systems" values=&["linux", "windows", "freebsd", "darwin"] />
        <Suggestions
            id="architectures"
            values=&["amd64", "arm64", "arm", "386", "riscv64", "ppc64le", "s390x", "loong64"]
        />
        <Remark text=remark />
    }
}

/// What a field may hold, for its list of suggestions.
#[component]
pub(super) fn Suggestions(id: &'static str, values: &'static [&'static str]) -> impl IntoView {
    let options = values.iter().map(|value| view! { <option value=*value></option> });
    view! { <datalist id=id>{options.collect_view()}</datalist> }
}

#[cfg(test)]
mod tests {
    use drydock::platform::Platform;

    use super::super::{actions, everywhere};
    use super::*;

    fn context() -> FormContext {
        let platform =
            Platform { os_features: vec!["a".into()], .."linux/arm/v7".parse().unwrap() };
        FormContext { platform, ..FormContext::default() }
    }

    #[test]
    fn only_what_changed_is_an_edit() {
        let mut form = PlatformForm::new(&context(), None);
        assert_eq!(form.edit(&everywhere()).unwrap_err(), NOTHING);
        form.architecture = "arm64".to_owned();
        form.variant = String::new();
        form.features = "a, b".to_owned();
        assert_eq!(
            actions(form.edit(&everywhere())),
            [
                Action::Config(ConfigEdit::Architecture { value: "arm64".into() }),
                Action::Config(ConfigEdit::Variant { value: None }),
                Action::Config(ConfigEdit::OsFeatures { value: vec!["a".into(), "b".into()] }),
            ]
        );
    }

    #[test]
    fn names_are_checked() {
        for (os, variant) in [("", "v7"), ("lin/ux", "v7"), ("linux", "v 7")] {
            let (os, variant) = (os.to_owned(), variant.to_owned());
            let form = PlatformForm { os, variant, ..PlatformForm::new(&context(), None) };
            assert_ne!(form.edit(&everywhere()).unwrap_err(), NOTHING);
        }
    }

    #[test]
    fn an_edit_that_is_changed_is_one_still() {
        let action = Action::Config(ConfigEdit::Variant { value: Some("v7".into()) });
        let form = PlatformForm::new(&context(), Some(&Edit::all(action.clone())));
        assert_eq!(actions(form.edit(&everywhere())), [action]);
    }
}
