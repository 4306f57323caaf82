//! Layers that are taken away, by number or by what made them.

use std::collections::BTreeSet;

use drydock::edit::{Action, Edit, LayerEdit};
use leptos::prelude::*;

use super::Form;
use crate::components::edit::check;
use crate::components::edit::fields::{Remark, Segments, TextLine};
use crate::components::edit::pickers::LayerBoxes;
use crate::components::edit::scope::On;
use crate::components::edit::{FormContext, LayerItem, Wanted};
use crate::components::format;

/// Layers by number, or by a part of the command that made them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RemoveForm {
    by_number: bool,
    chosen: BTreeSet<usize>,
    text: String,
    layers: Vec<LayerItem>,
    /// Whether one edit is changed, which is about one layer.
    single: bool,
    /// Whether other platforms may have other layers.
    has_platforms: bool,
}

impl RemoveForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let mut form = Self {
            by_number: true,
            chosen: BTreeSet::new(),
            text: String::new(),
            layers: context.layers.clone(),
            single: edit.is_some(),
            has_platforms: context.has_platforms(),
        };
        match edit.map(|edit| &edit.action) {
            Some(Action::Layers(LayerEdit::Remove { layer })) => form.chosen = [*layer].into(),
            Some(Action::Layers(LayerEdit::RemoveCreatedBy { text })) => {
                form.by_number = false;
                form.text.clone_from(text);
            }
            _ => {}
        }
        form
    }

    /// Numbers of the layers whose steps have the text in them.
    fn found(&self) -> Vec<usize> {
        let made = |layer: &&LayerItem| layer.step.contains(&self.text);
        self.layers.iter().filter(made).map(|layer| layer.number).collect()
    }

    fn remark(&self) -> String {
        if self.by_number || self.text.is_empty() {
            return "What the layer wrote is gone; what it hid of the layers below comes back."
                .to_owned();
        }
        let found: Vec<String> = self.found().iter().map(ToString::to_string).collect();
        match found.as_slice() {
            [] => "No step of the platform that is shown has this in it.".to_owned(),
            [one] => format!("Layer {one} was made by such a step."),
            many => format!("Layers {} were made by such steps.", many.join(", ")),
        }
    }
}

impl Form for RemoveForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let remove = |edit| on.edit(Action::Layers(edit));
        if !self.by_number {
            if self.text.trim().is_empty() {
                return Err("Type a part of the command that made the layers.".to_owned());
            }
            if self.found().is_empty() && !self.has_platforms && !self.single {
                return Err(self.remark());
            }
            return Ok(vec![remove(LayerEdit::RemoveCreatedBy { text: self.text.clone() })?]);
        }
        match (self.chosen.len(), self.single) {
            (0, _) => return Err("Choose a layer.".to_owned()),
            (2.., true) => return Err("This edit is about one layer; add another edit.".to_owned()),
            _ => {}
        }
        self.chosen.iter().try_for_each(|number| check::layer(*number, self.layers.len()))?;
        // From the top, so that the numbers of those below stay what they are.
        self.chosen.iter().rev().map(|layer| remove(LayerEdit::Remove { layer: *layer })).collect()
    }
}

#[component]
pub(super) fn RemoveFields(form: RwSignal<RemoveForm>, layers: Vec<LayerItem>) -> impl IntoView {
    let options = vec![(true, "By number"), (false, "By what made them")];
    let remark = Signal::derive(move || form.with(RemoveForm::remark));
    view! {
        <Segments name="Which layers" options part=slice!(form.by_number) />
        <Show
            when=move || form.with(|form| form.by_number)
            fallback=move || {
                view! {
                    <TextLine
                        name="Part of the command"
                        part=slice!(form.text)
                        placeholder="apt-get install"
                    />
                }
            }
        >
            <LayerBoxes chosen=slice!(form.chosen) layers=layers.clone() />
        </Show>
        <Remark text=Signal::derive(move || format::visible(&remark.get())) />
    }
}

#[cfg(test)]
mod tests {
    use super::super::{actions, everywhere, only};
    use super::*;

    fn context() -> FormContext {
        let steps = ["FROM debian", "RUN apt-get update", "RUN apt-get install curl"];
        let layers = steps.iter().zip(1..).map(|(step, number)| LayerItem {
            number,
            step: (*step).to_owned(),
            ..LayerItem::default()
        });
        FormContext { layers: layers.collect(), ..FormContext::default() }
    }

    #[test]
    fn several_layers_go_from_the_top() {
        let mut form = RemoveForm::new(&context(), None);
        assert!(form.edit(&everywhere()).is_err());
        form.chosen.extend([1, 3]);
        let remove = |layer| Action::Layers(LayerEdit::Remove { layer });
        assert_eq!(actions(form.edit(&everywhere())), [remove(3), remove(1)]);
        form.chosen.insert(4);
        assert!(form.edit(&everywhere()).unwrap_err().starts_with("There is no layer 4"));
    }

    #[test]
    fn layers_by_what_made_them() {
        let mut form = RemoveForm { by_number: false, ..RemoveForm::new(&context(), None) };
        assert!(form.edit(&everywhere()).is_err());
        form.text = "apt-get".to_owned();
        assert_eq!(form.remark(), "Layers 2, 3 were made by such steps.");
        let action = Action::Layers(LayerEdit::RemoveCreatedBy { text: "apt-get".to_owned() });
        assert_eq!(actions(form.edit(&everywhere())), [action]);
        form.text = "yum".to_owned();
        assert!(form.edit(&everywhere()).is_err());
        form.has_platforms = true;
        assert!(form.edit(&everywhere()).is_ok());
    }

    #[test]
    fn an_edit_that_is_changed_is_about_one_layer() {
        let edit = Edit::all(Action::Layers(LayerEdit::Remove { layer: 2 }));
        let mut form = RemoveForm::new(&context(), Some(&edit));
        assert_eq!(only(form.edit(&everywhere())), edit);
        form.chosen.insert(1);
        assert!(form.edit(&everywhere()).is_err());
        let edit = Edit::all(Action::Layers(LayerEdit::RemoveCreatedBy { text: "x".to_owned() }));
        assert_eq!(only(RemoveForm::new(&context(), Some(&edit)).edit(&everywhere())), edit);
    }
}
