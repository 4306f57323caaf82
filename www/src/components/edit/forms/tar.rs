//! Files that are layers.

use drydock::edit::{Action, BaseAnnotations, Edit, LayerEdit, LayerInput, Packing};
use leptos::prelude::*;

use super::{Form, TakesFiles};
use crate::components::edit::Wanted;
use crate::components::edit::fields::Remark;
use crate::components::edit::files::{FilesPicker, Picked};
use crate::components::edit::pickers::{BasePicker, PackingPicker};
use crate::components::edit::scope::On;
use crate::components::format;

/// Tars in the order in which they are added.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TarForm {
    /// The layer of the edit that is changed; it stays unless another file is chosen.
    kept: Option<LayerInput>,
    picked: Picked,
    packing: Packing,
    base: BaseAnnotations,
}

impl TarForm {
    pub(super) fn new(edit: Option<&Edit>, picked: Picked) -> Self {
        match edit.map(|edit| &edit.action) {
            Some(Action::Layers(LayerEdit::Add {
                layer: layer @ LayerInput::Given { packing, .. },
                base,
            })) => Self { kept: Some(layer.clone()), picked, packing: *packing, base: *base },
            _ => {
                let (packing, base) = (Packing::default(), BaseAnnotations::default());
                Self { kept: None, picked, packing, base }
            }
        }
    }

    /// What stays of the edit that is changed.
    fn kept(&self) -> String {
        match self.kept.as_ref().filter(|_| self.picked.is_empty()) {
            Some(LayerInput::Given { name, size, .. }) => {
                let size = format::bytes(*size);
                format!("The layer {name}, {size}, stays; files chosen here take its place.")
            }
            _ => String::new(),
        }
    }
}

impl Form for TarForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let (packing, base) = (self.packing, self.base);
        if let Some(layer) = self.kept.as_ref().filter(|_| self.picked.is_empty()) {
            let mut layer = layer.clone();
            if let LayerInput::Given { packing, .. } = &mut layer {
                *packing = self.packing;
            }
            return Ok(vec![on.edit(Action::Layers(LayerEdit::Add { layer, base }))?]);
        }
        if self.picked.is_empty() {
            return Err("Choose a tar, a .tar.gz or a .tar.zst, or drop it here.".to_owned());
        }
        let (chosen, scope) = (self.picked.files(), on.scope()?);
        Ok(vec![Wanted::Tar { chosen, packing, base, scope }])
    }
}

impl TakesFiles for TarForm {
    fn picked(&mut self) -> &mut Picked {
        &mut self.picked
    }
}

#[component]
pub(super) fn TarFields(form: RwSignal<TarForm>) -> impl IntoView {
    let remark = "Each file is a layer, the first one the lowest. One that is compressed keeps its bytes; a plain tar is packed.";
    view! {
        <Remark text=Signal::derive(move || form.with(TarForm::kept)) />
        <FilesPicker part=slice!(form.picked) ordered=true />
        <Remark text=remark />
        <PackingPicker part=slice!(form.packing) />
        <BasePicker part=slice!(form.base) />
    }
}

#[cfg(test)]
mod tests {
    use drydock::digest::Digest;

    use super::super::{everywhere, only};
    use super::*;
    use crate::components::edit::files::sample;

    #[test]
    fn tars_keep_their_order() {
        let mut form = TarForm::new(None, Picked::default());
        assert!(form.edit(&everywhere()).unwrap_err().starts_with("Choose a tar"));
        form.picked.add(sample(&["a.tar", "b.tar.gz"]), |_| 1);
        form.picked.raise(1);
        form.base = BaseAnnotations::Set;
        let wanted = form.edit(&everywhere()).unwrap();
        let [Wanted::Tar { chosen, base, .. }] = wanted.as_slice() else {
            panic!("tars are wanted")
        };
        let paths: Vec<&str> = chosen.iter().map(|file| &*file.path).collect();
        assert_eq!((paths, *base), (vec!["b.tar.gz", "a.tar"], BaseAnnotations::Set));
    }

    #[test]
    fn an_edit_that_is_changed_keeps_its_tar() {
        let layer = |packing| LayerInput::Given {
            name: "a.tar".to_owned(),
            digest: Digest::sha256(b""),
            size: 1500,
            packing,
        };
        let add = |packing| {
            let (layer, base) = (layer(packing), BaseAnnotations::Drop);
            Edit::all(Action::Layers(LayerEdit::Add { layer, base }))
        };
        let edit = add(Packing::default());
        let mut form = TarForm::new(Some(&edit), Picked::default());
        assert_eq!(only(form.edit(&everywhere())), edit);
        assert!(form.kept().starts_with("The layer a.tar, 1.5 kB, stays"));
        form.packing = Packing::None;
        assert_eq!(only(form.edit(&everywhere())), add(Packing::None));
    }
}
