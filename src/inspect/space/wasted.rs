//! Which layers hold files that the image does not have, and which layers took them away?

use std::collections::BTreeMap;

use super::layers::LayerSpace;
use super::sized::sized;
use super::waste::{How, Waste};
use crate::layer::{EntryRef, Hidden, Kind, Overlay};

/// Paths that are given as examples.
const EXAMPLES: usize = 20;

/// A file and its bytes.
type Weighed<'a> = (u64, &'a Hidden);

/// All that is wasted; adds it to what is said of each layer.
pub(super) fn all(overlay: &Overlay, layers: &mut [LayerSpace]) -> Vec<Waste> {
    let mut groups: BTreeMap<(u32, u32, How), Vec<Weighed<'_>>> = BTreeMap::new();
    for hidden in overlay.hidden() {
        let file = hidden.file;
        let index = overlay.layers().get(file.layer as usize);
        let entry = index.and_then(|index| index.entry(file.entry));
        let Some(entry) = entry.filter(|entry| entry.kind == Kind::File) else { continue };
        if let Some(layer) = layers.get_mut(file.layer as usize) {
            layer.wasted_bytes = layer.wasted_bytes.saturating_add(entry.size);
        }
        if entry.size > 0 {
            let group = groups.entry((file.layer, hidden.by, how(overlay, hidden))).or_default();
            group.push((entry.size, hidden));
        }
    }
    let groups = groups.into_iter().map(|((layer, by, how), mut files)| {
        files.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
        let mut waste = Waste {
            layer: layer as usize + 1,
            by: by as usize + 1,
            how,
            files: files.len() as u64,
            bytes: files.iter().fold(0, |sum, (size, _)| sum.saturating_add(*size)),
            largest: Vec::new(),
            advice: String::new(),
        };
        let largest = files.iter().take(EXAMPLES);
        let largest = largest.map(|(size, hidden)| sized(overlay, hidden.node, *size, layer));
        waste.largest = largest.collect();
        waste.advice = waste.sentence();
        waste
    });
    let mut all: Vec<Waste> = groups.collect();
    all.sort_by_key(|waste| std::cmp::Reverse(waste.bytes));
    all
}

fn how(overlay: &Overlay, hidden: &Hidden) -> How {
    let Some(replaced) = hidden.replaced else { return How::Removed };
    let sum = |file: EntryRef| overlay.layers().get(file.layer as usize)?.file_sum(file.entry);
    match (sum(hidden.file), sum(replaced)) {
        (Some(old), Some(new)) if old == new => How::Rewritten,
        _ => How::Replaced,
    }
}
