//! Layers that are written anew: several as one, with other times, packed in another way.

use drydock::edit::{Action, Edit, Family, LayerEdit, Packing, Time, TimeRule};
use leptos::prelude::*;

use super::Form;
use crate::components::edit::check;
use crate::components::edit::fields::{CheckLine, Remark, Segments};
use crate::components::edit::pickers::{
    LayersChoice, LayersPicker, PackingPicker, Repack, RepackPicker, TimeLine,
};
use crate::components::edit::scope::On;
use crate::components::edit::{FormContext, LayerItem, Wanted};
use crate::components::format;

/// One layer of several.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FlattenForm {
    all: bool,
    from: usize,
    to: usize,
    packing: Packing,
    count: usize,
    family: Family,
}

impl FlattenForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let count = context.layers.len();
        let (range, packing) = match edit.map(|edit| &edit.action) {
            Some(Action::Layers(LayerEdit::Flatten { range, packing })) => (*range, *packing),
            _ => (None, Packing::default()),
        };
        let [from, to] = range.unwrap_or([1, count]);
        Self { all: range.is_none(), from, to, packing, count, family: context.family }
    }
}

impl Form for FlattenForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let range = if self.all {
            None
        } else {
            check::layer(self.from, self.count)?;
            check::layer(self.to, self.count)?;
            if self.from > self.to {
                return Err("The first layer must not come behind the last.".to_owned());
            }
            Some([self.from, self.to])
        };
        let packing = has_type(self.packing, self.family)?;
        Ok(vec![on.edit(Action::Layers(LayerEdit::Flatten { range, packing }))?])
    }
}

#[component]
pub(super) fn FlattenFields(form: RwSignal<FlattenForm>, layers: Vec<LayerItem>) -> impl IntoView {
    let remark =
        "Files that a layer above hides are gone. The steps stay in the history, without layers.";
    let bounds = move || {
        view! {
            <div class="fields">
                <LayerSelect name="From" part=slice!(form.from) layers=layers.clone() />
                <LayerSelect name="To" part=slice!(form.to) layers=layers.clone() />
            </div>
        }
    };
    view! {
        <Segments
            name="Layers"
            options=vec![(true, "All"), (false, "A range")]
            part=slice!(form.all)
        />
        <Show when=move || form.with(|form| !form.all)>{bounds.clone()}</Show>
        <PackingPicker part=slice!(form.packing) />
        <Remark text=remark />
    }
}

#[component]
fn LayerSelect(
    name: &'static str,
    #[prop(into)] part: super::super::part::Part<usize>,
    layers: Vec<LayerItem>,
) -> impl IntoView {
    let options = layers.into_iter().map(|layer| {
        let number = layer.number;
        let text = format!("{number} · {}", format::visible(&layer.step));
        view! {
            <option value=number.to_string() prop:selected=move || part.get() == number>
                {text}
            </option>
        }
    });
    let choose = move |event| {
        if let Ok(number) = event_target_value(&event).parse() {
            part.set(number);
        }
    };
    view! {
        <label class="line">
            {name}
            <select class="select" on:change=choose>
                {options.collect_view()}
            </select>
        </label>
    }
}

/// Other times.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TimesForm {
    /// Whether times that are earlier stay.
    clamp: bool,
    time: String,
    layers: LayersChoice,
    /// Whether the times in the config are changed as well.
    config: bool,
    repack: Repack,
}

impl TimesForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let count = context.layers.len();
        match edit.map(|edit| &edit.action) {
            Some(Action::Layers(LayerEdit::Times { rule, layers, config, packing })) => {
                let (clamp, time) = match rule {
                    TimeRule::Set(time) => (false, time),
                    TimeRule::Clamp(time) => (true, time),
                };
                Self {
                    clamp,
                    time: time.to_string(),
                    layers: LayersChoice::new(count, Some(layers)),
                    config: *config,
                    repack: Repack::new(*packing),
                }
            }
            _ => Self {
                clamp: true,
                time: context.created.clone().unwrap_or_default(),
                layers: LayersChoice::new(count, None),
                config: true,
                repack: Repack::new(None),
            },
        }
    }
}

impl Form for TimesForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let time = check::time(self.time.trim())?;
        let rule = if self.clamp { TimeRule::Clamp(time) } else { TimeRule::Set(time) };
        let (layers, config) = (self.layers.which()?, self.config);
        let packing = self.repack.packing();
        Ok(vec![on.edit(Action::Layers(LayerEdit::Times { rule, layers, config, packing }))?])
    }
}

#[component]
pub(super) fn TimesFields(
    form: RwSignal<TimesForm>,
    layers: Vec<LayerItem>,
    now: Callback<(), Time>,
) -> impl IntoView {
    let rules = vec![(true, "None is later than"), (false, "All are")];
    view! {
        <Segments name="Times of files" options=rules part=slice!(form.clamp) />
        <TimeLine name="Time" part=slice!(form.time) now />
        <LayersPicker part=slice!(form.layers) layers />
        <CheckLine text="The times in the config and its history too" part=slice!(form.config) />
        <RepackPicker part=slice!(form.repack) />
    }
}

/// Layers packed in another way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RecompressForm {
    packing: Packing,
    layers: LayersChoice,
    family: Family,
}

impl RecompressForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let (count, family) = (context.layers.len(), context.family);
        match edit.map(|edit| &edit.action) {
            Some(Action::Layers(LayerEdit::Recompress { packing, layers })) => {
                let layers = LayersChoice::new(count, Some(layers));
                Self { packing: *packing, layers, family }
            }
            _ => {
                let layers = LayersChoice::new(count, None);
                Self { packing: Packing::default(), layers, family }
            }
        }
    }
}

impl Form for RecompressForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let (packing, layers) = (has_type(self.packing, self.family)?, self.layers.which()?);
        Ok(vec![on.edit(Action::Layers(LayerEdit::Recompress { packing, layers }))?])
    }
}

#[component]
pub(super) fn RecompressFields(
    form: RwSignal<RecompressForm>,
    layers: Vec<LayerItem>,
) -> impl IntoView {
    let remark = "The tars stay the same, and so do the diff IDs; only the blobs change.";
    view! {
        <PackingPicker part=slice!(form.packing) />
        <LayersPicker part=slice!(form.layers) layers />
        <Remark text=remark />
    }
}

/// The packing, when the family has a media type for layers that are packed so.
fn has_type(packing: Packing, family: Family) -> Result<Packing, String> {
    match (packing, family) {
        (Packing::Zstd, Family::Docker) => {
            Err("Docker's media types have no zstd; convert the image to OCI first.".to_owned())
        }
        _ => Ok(packing),
    }
}

#[cfg(test)]
mod tests {
    use drydock::edit::Which;

    use super::super::{everywhere, only};
    use super::*;

    fn context() -> FormContext {
        let layers = (1..=3).map(|number| LayerItem { number, ..LayerItem::default() }).collect();
        let created = Some("2024-05-01T12:00:00Z".to_owned());
        FormContext { layers, created, ..FormContext::default() }
    }

    fn layers(edit: LayerEdit) -> Edit {
        Edit::all(Action::Layers(edit))
    }

    #[test]
    fn flattening_all_or_a_range() {
        let mut form = FlattenForm::new(&context(), None);
        let packing = Packing::default();
        let all = layers(LayerEdit::Flatten { range: None, packing });
        assert_eq!(only(form.edit(&everywhere())), all);
        (form.all, form.from) = (false, 2);
        let range = layers(LayerEdit::Flatten { range: Some([2, 3]), packing });
        assert_eq!(only(form.edit(&everywhere())), range);
        for edit in [all, range] {
            assert_eq!(only(FlattenForm::new(&context(), Some(&edit)).edit(&everywhere())), edit);
        }
        for (from, to) in [(3, 2), (0, 2), (2, 4)] {
            assert!(FlattenForm { from, to, ..form.clone() }.edit(&everywhere()).is_err());
        }
    }

    #[test]
    fn times_are_set_or_clamped() {
        let mut form = TimesForm::new(&context(), None);
        let time: Time = "2024-05-01T12:00:00Z".parse().unwrap();
        let edit = |rule, which, config, packing| {
            layers(LayerEdit::Times { rule, layers: which, config, packing })
        };
        let clamped = edit(TimeRule::Clamp(time), Which::All, true, None);
        assert_eq!(only(form.edit(&everywhere())), clamped);
        (form.clamp, form.config, form.repack.keep) = (false, false, false);
        form.layers = LayersChoice { all: false, chosen: [2].into(), count: 3 };
        let packing = Some(Packing::default());
        let set = edit(TimeRule::Set(time), Which::These(vec![2]), false, packing);
        assert_eq!(only(form.edit(&everywhere())), set);
        for edit in [clamped, set] {
            assert_eq!(only(TimesForm::new(&context(), Some(&edit)).edit(&everywhere())), edit);
        }
        form.time = "2024".to_owned();
        assert!(form.edit(&everywhere()).is_err());
    }

    #[test]
    fn recompressing() {
        let mut form = RecompressForm::new(&context(), None);
        form.packing = Packing::Zstd;
        let edit = layers(LayerEdit::Recompress { packing: Packing::Zstd, layers: Which::All });
        assert_eq!(only(form.edit(&everywhere())), edit);
        assert_eq!(only(RecompressForm::new(&context(), Some(&edit)).edit(&everywhere())), edit);
        form.family = Family::Docker;
        assert!(form.edit(&everywhere()).unwrap_err().contains("no zstd"));
        form.packing = Packing::None;
        form.layers.all = false;
        assert!(form.edit(&everywhere()).is_err());
    }
}
