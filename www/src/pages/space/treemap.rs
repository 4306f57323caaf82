//! Folders as areas: as large as what is in them, in the colour of the layer that has most of it.

use drydock::inspect::space::{Folder, SizedPath};
use leptos::prelude::*;

use super::super::shown::Shown;
use super::places::{href, href_in_layer};
use crate::components::{format, layer_class};

/// Width of the picture, when its height is 1.
const WIDE: f64 = 1.6;
/// Parts of the whole from which on a name has room.
const NAMED: f64 = 0.018;

/// The picture; each area is a link.
#[component]
pub(super) fn Treemap(folders: Vec<Folder>, shown: Shown) -> impl IntoView {
    let sizes: Vec<f64> = folders.iter().map(|folder| folder.bytes as f64).collect();
    let areas = folders.into_iter().zip(areas(&sizes)).map(|(folder, area)| {
        let name = name(&folder);
        let is_wasted = folder.wasted_bytes * 2 > folder.bytes;
        let mut facts = format::bytes(folder.bytes);
        if folder.wasted_bytes > 0 {
            let wasted = match is_wasted && folder.wasted_bytes == folder.bytes {
                true => " · wasted".to_owned(),
                false => format!(" · {} wasted", format::bytes(folder.wasted_bytes)),
            };
            facts.push_str(&wasted);
        }
        let label = format!("{name}, {facts}, most of it in layer {}", folder.layer);
        let path = SizedPath {
            path: folder.path,
            path_hex: folder.path_hex,
            bytes: folder.bytes,
            layer: folder.layer,
        };
        let href = match is_wasted {
            true => href_in_layer(shown, &path),
            false => href(shown, &path),
        };
        let text = (area.share >= NAMED).then(|| {
            view! {
                <b>{format::cut(&name, 120)}</b>
                <span>{facts}</span>
            }
        });
        view! {
            <a
                class=format!("share on-layer {}", layer_class(path.layer))
                class:wasted=is_wasted
                href=href
                title=label.clone()
                aria-label=label
                style:left=format!("{:.3}%", area.left * 100.0)
                style:top=format!("{:.3}%", area.top * 100.0)
                style:width=format!("{:.3}%", area.width * 100.0)
                style:height=format!("{:.3}%", area.height * 100.0)
            >
                {text}
            </a>
        }
    });
    view! {
        <nav class="treemap" aria-label="Folders by size">
            {areas.collect_view()}
        </nav>
    }
}

fn name(folder: &Folder) -> String {
    match (folder.path.is_empty(), folder.is_rest) {
        (true, _) => "the rest of /".to_owned(),
        (false, true) => format!("the rest of /{}", folder.path),
        (false, false) => format!("/{}", folder.path),
    }
}

/// A part of the picture, in shares of its width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Area {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    share: f64,
}

/// Divides the picture by sizes, the largest first, into areas that are as square as they can be: rows
/// along the shorter side of what is left, each as long as one more would make it worse ("squarified
/// treemaps", Bruls, Huizing, van Wijk).
fn areas(sizes: &[f64]) -> Vec<Area> {
    let whole: f64 = sizes.iter().sum();
    let mut areas = Vec::with_capacity(sizes.len());
    if whole <= 0.0 {
        return areas;
    }
    // In units in which the picture has the area of 1.
    let (across, down) = (WIDE.sqrt(), 1.0 / WIDE.sqrt());
    let shares: Vec<f64> = sizes.iter().map(|size| size / whole).collect();
    let (mut left, mut top, mut rest) = (0.0, 0.0, &shares[..]);
    while !rest.is_empty() {
        let (width, height) = (across - left, down - top);
        let short = f64::min(width, height).max(f64::MIN_POSITIVE);
        let mut count = 1;
        while count < rest.len() && worst(&rest[..=count], short) <= worst(&rest[..count], short) {
            count += 1;
        }
        let (row, behind) = rest.split_at(count);
        let thick = row.iter().sum::<f64>() / short;
        let mut at = 0.0;
        for share in row {
            let long = share / thick.max(f64::MIN_POSITIVE);
            let (x, y, w, h) = match width <= height {
                true => (left + at, top, long, thick),
                false => (left, top + at, thick, long),
            };
            at += long;
            // Very thin ones are not exact.
            let (w, h) = (w.min(across - x), h.min(down - y));
            areas.push(Area {
                left: x / across,
                top: y / down,
                width: w / across,
                height: h / down,
                share: *share,
            });
        }
        match width <= height {
            true => top += thick,
            false => left += thick,
        }
        rest = behind;
    }
    areas
}

/// How far from square the worst area of a row is.
fn worst(row: &[f64], short: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let side = sum / short;
    let ratio = row.iter().map(|share| {
        let long = share / side;
        f64::max(long / side, side / long)
    });
    ratio.fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_fill_the_picture_and_are_as_large_as_said() {
        for sizes in [
            vec![1.0],
            vec![6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0],
            vec![1e12, 1.0, 1.0],
            vec![5.0; 32],
        ] {
            let whole: f64 = sizes.iter().sum();
            let areas = areas(&sizes);
            assert_eq!(areas.len(), sizes.len());
            for (area, size) in areas.iter().zip(&sizes) {
                assert!((area.width * area.height - size / whole).abs() < 1e-9, "{area:?}");
                assert!(area.left >= 0.0 && area.left + area.width <= 1.0 + 1e-9, "{area:?}");
                assert!(area.top >= 0.0 && area.top + area.height <= 1.0 + 1e-9, "{area:?}");
            }
        }
        assert_eq!(areas(&[]), []);
        assert_eq!(areas(&[0.0]), []);
    }
}
