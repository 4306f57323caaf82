//! Files that are taken out of layers.

use drydock::edit::{Action, Edit, LayerEdit};
use leptos::prelude::*;

use super::Form;
use crate::components::edit::check;
use crate::components::edit::fields::{Remark, TextArea};
use crate::components::edit::pickers::{LayersChoice, LayersPicker, Repack, RepackPicker};
use crate::components::edit::scope::On;
use crate::components::edit::{FormContext, LayerItem, Wanted};

/// Paths, and the layers that they are taken out of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StripForm {
    /// One path per line.
    text: String,
    layers: LayersChoice,
    repack: Repack,
}

impl StripForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let count = context.layers.len();
        match edit.map(|edit| &edit.action) {
            Some(Action::Layers(LayerEdit::Strip { paths, layers, packing })) => Self {
                text: paths.join("\n"),
                layers: LayersChoice::new(count, Some(layers)),
                repack: Repack::new(*packing),
            },
            _ => {
                let (layers, repack) = (LayersChoice::new(count, None), Repack::new(None));
                Self { text: String::new(), layers, repack }
            }
        }
    }

    fn paths(&self) -> Result<Vec<String>, String> {
        let lines = self.text.lines().filter(|line| !line.trim().is_empty());
        let paths: Vec<String> = lines.map(str::to_owned).collect();
        paths.iter().try_for_each(|path| check::in_layer(path))?;
        if paths.is_empty() { Err("Type a path, one per line.".to_owned()) } else { Ok(paths) }
    }
}

impl Form for StripForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let (paths, layers) = (self.paths()?, self.layers.which()?);
        let packing = self.repack.packing();
        Ok(vec![on.edit(Action::Layers(LayerEdit::Strip { paths, layers, packing }))?])
    }
}

#[component]
pub(super) fn StripFields(form: RwSignal<StripForm>, layers: Vec<LayerItem>) -> impl IntoView {
    let remark = "The layers are written anew as if these had never been in them. A path of a directory stands for all below it. Whoever has the old image still has the files.";
    view! {
        <TextArea
            name="Paths, one per line"
            part=slice!(form.text)
            placeholder="root/.ssh\nvar/cache/apt"
            first=true
        />
        <LayersPicker part=slice!(form.layers) layers />
        <RepackPicker part=slice!(form.repack) />
        <Remark text=remark />
    }
}

#[cfg(test)]
mod tests {
    use drydock::edit::{Packing, Which};

    use super::super::{everywhere, only};
    use super::*;

    #[test]
    fn one_path_per_line() {
        let mut form = StripForm::new(&FormContext::default(), None);
        assert_eq!(form.edit(&everywhere()).unwrap_err(), "Type a path, one per line.");
        form.text = "/root/.ssh\n\nvar/cache/apt/\n".to_owned();
        let paths = vec!["/root/.ssh".to_owned(), "var/cache/apt/".to_owned()];
        let strip = LayerEdit::Strip { paths, layers: Which::All, packing: None };
        assert_eq!(only(form.edit(&everywhere())), Edit::all(Action::Layers(strip)));
        form.text.push_str("a/../b");
        assert!(form.edit(&everywhere()).is_err());
    }

    #[test]
    fn an_edit_that_is_changed_is_shown_as_it_is() {
        let layers = (1..=2).map(|number| LayerItem { number, ..LayerItem::default() }).collect();
        let context = FormContext { layers, ..FormContext::default() };
        let edit = Edit::all(Action::Layers(LayerEdit::Strip {
            paths: vec!["a b".to_owned(), "c".to_owned()],
            layers: Which::These(vec![2]),
            packing: Some(Packing::None),
        }));
        assert_eq!(only(StripForm::new(&context, Some(&edit)).edit(&everywhere())), edit);
    }
}
