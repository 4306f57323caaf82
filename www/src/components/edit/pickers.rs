//! The fields that several forms have: platforms, layers, packing, times, annotations of the base.

use std::collections::BTreeSet;

use drydock::edit::view::{LayerItem, PlatformFacts};
use drydock::edit::{BaseAnnotations, Packing, Time, Which};
use leptos::prelude::*;

use super::check;
use super::fields::{CheckLine, Segments, TextLine};
use super::part::Part;
use super::scope::On;
use crate::components::{ByteSize, LayerDot, format};

/// Levels of gzip.
const LEVELS: [u8; 9] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/// All layers, or some of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LayersChoice {
    pub(super) all: bool,
    pub(super) chosen: BTreeSet<usize>,
    /// Number of layers that there are.
    pub(super) count: usize,
}

/// Packed as before, or in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repack {
    pub(super) keep: bool,
    pub(super) packing: Packing,
}

impl LayersChoice {
    pub(super) fn new(count: usize, which: Option<&Which>) -> Self {
        match which {
            None | Some(Which::All) => Self { all: true, chosen: BTreeSet::new(), count },
            Some(Which::These(numbers)) => {
                Self { all: false, chosen: numbers.iter().copied().collect(), count }
            }
        }
    }

    pub(super) fn which(&self) -> Result<Which, String> {
        if self.all {
            return Ok(Which::All);
        }
        if self.chosen.is_empty() {
            return Err("Choose a layer, or all of them.".to_owned());
        }
        self.chosen.iter().try_for_each(|number| check::layer(*number, self.count))?;
        Ok(Which::These(self.chosen.iter().copied().collect()))
    }
}

impl Repack {
    pub(super) fn new(packing: Option<Packing>) -> Self {
        Self { keep: packing.is_none(), packing: packing.unwrap_or_default() }
    }

    pub(super) fn packing(self) -> Option<Packing> {
        (!self.keep).then_some(self.packing)
    }
}

/// Which images an edit is for.
#[component]
pub(super) fn ScopePicker(
    /// The choice.
    on: RwSignal<On>,
    /// The platforms that there are.
    platforms: Vec<PlatformFacts>,
) -> impl IntoView {
    let mut platforms = platforms;
    // Those of an edit that is changed may have gone by another edit.
    for platform in on.with_untracked(|on| on.chosen.clone()) {
        if !platforms.iter().any(|facts| facts.platform.is_same(&platform)) {
            let label = platform.to_string();
            platforms.push(PlatformFacts { platform, label });
        }
    }
    let boxes = move || {
        let boxes = platforms.iter().cloned().map(|facts| {
            let (shown, changed) = (facts.platform.clone(), facts.platform);
            view! {
                <label class="choice">
                    <input
                        type="checkbox"
                        prop:checked=move || on.with(|on| on.has(&shown))
                        on:change=move |event| {
                            let wanted = event_target_checked(&event);
                            on.update(|on| on.toggle(&changed, wanted));
                        }
                    />
                    <bdi>{format::visible(&facts.label)}</bdi>
                </label>
            }
        });
        boxes.collect_view()
    };
    let some = move || on.with(|on| !on.all);
    view! {
        <Segments
            name="For"
            options=vec![(true, "All platforms"), (false, "Some")]
            part=slice!(on.all)
        />
        <Show when=some>
            <div class="choices" role="group" aria-label="Platforms">
                {boxes.clone()}
            </div>
        </Show>
    }
}

/// Which layers an edit is for.
#[component]
pub(super) fn LayersPicker(
    /// The choice.
    #[prop(into)]
    part: Part<LayersChoice>,
    /// The layers that there are.
    layers: Vec<LayerItem>,
) -> impl IntoView {
    let all = part.field(|choice| choice.all, |choice, all| choice.all = all);
    let chosen =
        part.field(|choice| choice.chosen.clone(), |choice, chosen| choice.chosen = chosen);
    view! {
        <Segments name="Layers" options=vec![(true, "All"), (false, "Some")] part=all />
        <Show when=move || part.with(|choice| !choice.all)>
            <LayerBoxes chosen layers=layers.clone() />
        </Show>
    }
}

/// A box for each layer.
#[component]
pub(super) fn LayerBoxes(
    /// Numbers of the chosen ones.
    #[prop(into)]
    chosen: Part<BTreeSet<usize>>,
    /// The layers.
    layers: Vec<LayerItem>,
) -> impl IntoView {
    let rows = layers.into_iter().map(|layer| {
        let number = layer.number;
        let toggle = move |event| {
            let wanted = event_target_checked(&event);
            chosen.update(|chosen| {
                if wanted {
                    chosen.insert(number)
                } else {
                    chosen.remove(&number)
                };
            });
        };
        view! {
            <li>
                <label class="picked">
                    <input
                        type="checkbox"
                        prop:checked=move || chosen.with(|chosen| chosen.contains(&number))
                        on:change=toggle
                    />
                    <LayerDot layer=Some(number) />
                    <span class="at">{number}</span>
                    <code>{format::visible(&layer.digest)}</code>
                    <span class="number">
                        {layer.size.map(|bytes| view! { <ByteSize bytes /> })}
                    </span>
                    <bdi class="clip muted">{format::visible(&layer.step)}</bdi>
                </label>
            </li>
        }
    });
    view! {
        <ul class="picks" aria-label="Layers">
            {rows.collect_view()}
        </ul>
    }
}

/// How a layer is packed.
#[component]
pub(super) fn PackingPicker(
    /// The packing.
    #[prop(into)]
    part: Part<Packing>,
) -> impl IntoView {
    let level = move || {
        part.with(|packing| match packing {
            Packing::Gzip { level } => Some(*level),
            _ => None,
        })
    };
    // The level is no part of this choice: it stays the usual one until it is changed.
    let kind = part.field(
        |packing| Packing::usual(packing.compression()),
        |packing, kind| {
            if packing.compression() != kind.compression() {
                *packing = kind;
            }
        },
    );
    let options =
        vec![(Packing::default(), "gzip"), (Packing::Zstd, "zstd"), (Packing::None, "plain")];
    let levels = move || {
        let options = LEVELS.map(|each| {
            let text = match each {
                1 => "level 1, fast".to_owned(),
                9 => "level 9, small".to_owned(),
                each => format!("level {each}"),
            };
            view! {
                <option value=each.to_string() prop:selected=move || level() == Some(each)>
                    {text}
                </option>
            }
        });
        options.into_iter().collect_view()
    };
    let choose = move |event| {
        if let Ok(level) = event_target_value(&event).parse() {
            part.set(Packing::Gzip { level });
        }
    };
    view! {
        <div class="beside">
            <Segments name="Packing" options part=kind />
            <Show when=move || level().is_some()>
                <select class="select" aria-label="Level of gzip" on:change=choose>
                    {levels}
                </select>
            </Show>
        </div>
    }
}

/// How layers that are written anew are packed.
#[component]
pub(super) fn RepackPicker(
    /// The choice.
    #[prop(into)]
    part: Part<Repack>,
) -> impl IntoView {
    let keep = part.field(|repack| repack.keep, |repack, keep| repack.keep = keep);
    let packing = part.field(|repack| repack.packing, |repack, packing| repack.packing = packing);
    view! {
        <CheckLine text="Pack them as they were" part=keep />
        <Show when=move || part.with(|repack| !repack.keep)>
            <PackingPicker part=packing />
        </Show>
    }
}

/// A time, which may be now.
#[component]
pub(super) fn TimeLine(
    /// What stands above it.
    name: &'static str,
    /// The time as RFC 3339.
    #[prop(into)]
    part: Part<String>,
    /// What time is it?
    now: Callback<(), Time>,
) -> impl IntoView {
    view! {
        <div class="beside">
            <TextLine name part placeholder="2024-05-01T12:00:00Z" first=true />
            <button
                type="button"
                class="button"
                on:click=move |_| part.set(now.run(()).to_string())
            >
                "Now"
            </button>
            <button
                type="button"
                class="button"
                title="The usual choice for reproducible builds"
                on:click=move |_| part.set("1970-01-01T00:00:00Z".to_owned())
            >
                "1970"
            </button>
        </div>
    }
}

/// What becomes of the annotations that name the base.
#[component]
pub(super) fn BasePicker(
    /// The choice.
    #[prop(into)]
    part: Part<BaseAnnotations>,
) -> impl IntoView {
    let options = vec![
        (BaseAnnotations::Drop, "Drop"),
        (BaseAnnotations::Keep, "Keep"),
        (BaseAnnotations::Set, "Name this image"),
    ];
    view! { <Segments name="Annotations that name the base" options part /> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_that_are_there() {
        let mut choice = LayersChoice::new(3, None);
        assert_eq!(choice.which(), Ok(Which::All));
        choice.all = false;
        assert_eq!(choice.which(), Err("Choose a layer, or all of them.".to_owned()));
        choice.chosen.extend([3, 1]);
        assert_eq!(choice.which(), Ok(Which::These(vec![1, 3])));
        choice.chosen.insert(4);
        assert_eq!(choice.which(), Err("There is no layer 4: the image has 3 layers.".to_owned()));
    }

    #[test]
    fn an_edit_that_is_changed_keeps_its_choices() {
        let which = Which::These(vec![2]);
        assert_eq!(LayersChoice::new(3, Some(&which)).which(), Ok(which));
        for packing in [None, Some(Packing::Zstd), Some(Packing::Gzip { level: 9 })] {
            assert_eq!(Repack::new(packing).packing(), packing);
        }
    }
}
