//! The text of a document, as a last resort.

use drydock::edit::{Action, Edit, RawDocument, Scope, present, with_breaks_of};
use drydock::{json, limits};
use leptos::prelude::*;

use super::{Form, NOTHING};
use crate::components::edit::fields::{Remark, TextArea};
use crate::components::edit::part::Part;
use crate::components::edit::scope::On;
use crate::components::edit::{FormContext, Wanted};

/// A document and its text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RawForm {
    document: RawDocument,
    text: String,
    /// The documents that there are, and their texts; one for an edit that is changed.
    texts: Vec<(RawDocument, String)>,
    /// The image of manifest and config.
    scope: Scope,
    /// Its name, for people.
    label: String,
    /// Whether an edit is changed.
    changing: bool,
}

impl RawForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        if let Some(Edit { scope, action: Action::Raw { document, text }, .. }) = edit {
            return Self {
                document: *document,
                text: text.clone(),
                texts: vec![(*document, text.clone())],
                scope: scope.clone(),
                label: scope.to_string(),
                changing: true,
            };
        }
        let texts = [
            (RawDocument::Manifest, &context.manifest_text),
            (RawDocument::Config, &context.config_text),
            (RawDocument::Index, &context.index_text),
        ];
        let texts = texts.into_iter().filter_map(|(of, text)| Some((of, text.clone()?)));
        let texts: Vec<(RawDocument, String)> = texts.collect();
        let (document, text) =
            texts.first().cloned().unwrap_or((RawDocument::Manifest, String::new()));
        let shown = context.shown.clone().filter(|_| context.has_platforms());
        let label = shown.as_ref().map(ToString::to_string).unwrap_or_default();
        let scope = shown.map_or(Scope::All, |platform| Scope::Platforms(vec![platform]));
        Self { document, text, texts, scope, label, changing: false }
    }

    /// Turns to another document; what was typed is gone.
    fn choose(&mut self, document: RawDocument) {
        if document == self.document {
            return;
        }
        let text = self.texts.iter().find(|(of, _)| *of == document).map(|(_, text)| text.clone());
        (self.document, self.text) = (document, text.unwrap_or_default());
    }

    /// The text as it was before anything was typed.
    fn before(&self) -> &str {
        let text = self.texts.iter().find(|(of, _)| *of == self.document);
        text.map_or("", |(_, text)| text)
    }

    /// What was typed, with the line breaks that the text has.
    fn typed(&self) -> String {
        with_breaks_of(self.before(), &self.text)
    }

    fn is_untouched(&self) -> bool {
        self.text == self.before() || self.typed() == self.before()
    }

    fn remark(&self) -> String {
        let of = match self.document {
            RawDocument::Index => return "The text is taken byte for byte. Digests in it must be those of what it names.".to_owned(),
            RawDocument::Manifest | RawDocument::Config if self.label.is_empty() => String::new(),
            RawDocument::Manifest | RawDocument::Config => format!(" of {}", self.label),
        };
        format!(
            "The text{of} is taken byte for byte. Layers are changed by edits of layers, not here."
        )
    }
}

impl Form for RawForm {
    fn edit(&self, _: &On) -> Result<Vec<Wanted>, String> {
        if self.is_untouched() && !self.changing {
            return Err(NOTHING.to_owned());
        }
        let text = self.typed();
        let size = text.len() as u64;
        if size > limits::DOCUMENT_BYTES {
            let limit = limits::DOCUMENT_BYTES;
            return Err(format!("It has {size} bytes, but registries take at most {limit}."));
        }
        let parsed = json::parse(text.as_bytes(), "text");
        if let Some(finding) = parsed.findings.into_iter().next() {
            return Err(finding.message);
        }
        if !parsed.value.is_some_and(|value| value.is_object()) {
            return Err("A document is a JSON object: { … }.".to_owned());
        }
        let document = self.document;
        let scope = match document {
            RawDocument::Index => Scope::All,
            RawDocument::Manifest | RawDocument::Config => self.scope.clone(),
        };
        let action = Action::Raw { document, text };
        Ok(vec![Wanted::from(Edit { scope, record: false, action })])
    }

    fn is_scoped(&self) -> bool {
        false
    }
}

#[component]
pub(super) fn RawFields(form: RwSignal<RawForm>) -> impl IntoView {
    let names =
        form.with_untracked(|form| form.texts.clone()).into_iter().map(|(of, _)| match of {
            RawDocument::Index => (of, "Index"),
            RawDocument::Manifest => (of, "Manifest"),
            RawDocument::Config => (of, "Config"),
        });
    let buttons = names.map(|(of, name)| {
        // What was typed is not thrown away by one click: the way is closed until it is undone.
        let locked = move || form.with(|form| form.document != of && !form.is_untouched());
        view! {
            <button
                type="button"
                aria-pressed=move || form.with(|form| form.document == of).to_string()
                disabled=locked
                on:click=move |_| form.update(|form| form.choose(of))
            >
                {name}
            </button>
        }
    });
    let reset = move |_| {
        form.update(|form| form.text = form.before().to_owned());
    };
    let spread = move |_| {
        form.update(|form| {
            if let Some(text) = present::spread(&form.text) {
                form.text = text;
            }
        });
    };
    let text: Part<String> = slice!(form.text).into();
    view! {
        <div class="buttons">
            <div class="segments" role="group" aria-label="Document">
                {buttons.collect_view()}
            </div>
            <button
                type="button"
                class="button small"
                disabled=move || form.with(RawForm::is_untouched)
                on:click=reset
            >
                "As it was"
            </button>
            <button
                type="button"
                class="button small"
                title="One value on each line; this changes the bytes"
                on:click=spread
            >
                "Indent it"
            </button>
        </div>
        <TextArea name="Text" part=text rows=18 first=true />
        <Remark text=Signal::derive(move || form.with(RawForm::remark)) />
    }
}

#[cfg(test)]
mod tests {
    use super::super::{everywhere, only};
    use super::*;
    use crate::components::edit::PlatformFacts;

    fn context() -> FormContext {
        let facts =
            |text: &str| PlatformFacts { platform: text.parse().unwrap(), label: text.to_owned() };
        FormContext {
            is_index: true,
            platforms: vec![facts("linux/amd64"), facts("linux/arm64")],
            shown: Some("linux/arm64".parse().unwrap()),
            index_text: Some("{\"i\":1}".to_owned()),
            manifest_text: Some("{\"m\":1}".to_owned()),
            ..FormContext::default()
        }
    }

    #[test]
    fn a_manifest_is_that_of_the_platform_that_is_shown() {
        let mut form = RawForm::new(&context(), None);
        assert_eq!(form.edit(&everywhere()).unwrap_err(), NOTHING);
        form.text = "{\"m\":2}\n".to_owned();
        let (document, text) = (RawDocument::Manifest, form.text.clone());
        let scope = vec!["linux/arm64".parse().unwrap()];
        let edit = Edit::on(scope, Action::Raw { document, text });
        assert_eq!(only(form.edit(&everywhere())), edit);
        assert_eq!(only(RawForm::new(&context(), Some(&edit)).edit(&everywhere())), edit);
    }

    #[test]
    fn the_index_has_no_scope() {
        let mut form = RawForm::new(&context(), None);
        form.choose(RawDocument::Index);
        assert_eq!(form.text, "{\"i\":1}");
        form.text = "{}".to_owned();
        assert!(only(form.edit(&everywhere())).scope.is_all());
    }

    #[test]
    fn what_was_not_typed_keeps_its_bytes() {
        let before = "{\r\n\t\"a\":1,\r\n\t\"b\" : [ ]\n}";
        let context = FormContext { config_text: Some(before.to_owned()), ..Default::default() };
        let mut form = RawForm::new(&context, None);
        assert_eq!(form.text, before);
        // As a browser's field gives it back.
        form.text = before.replace("\r\n", "\n");
        assert_eq!(form.edit(&everywhere()).unwrap_err(), NOTHING);
        form.text = form.text.replace("1", "2");
        let text = before.replace('1', "2");
        let action = Action::Raw { document: RawDocument::Config, text };
        assert_eq!(only(form.edit(&everywhere())).action, action);
    }

    #[test]
    fn only_clear_json_is_taken() {
        for text in ["", "{", "[]", "7", "{\"a\":1,\"a\":2}", "{} x", "\u{feff}{}"] {
            let form = RawForm { text: text.to_owned(), ..RawForm::new(&context(), None) };
            let why = form.edit(&everywhere()).unwrap_err();
            assert!(why != NOTHING && why.ends_with('.'), "{text}: {why}");
        }
    }
}
