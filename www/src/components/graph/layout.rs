//! Places the boxes of a graph: a column per depth, leaves in order, parents beside their first
//! child, so that the root is where one looks first.

use super::{GraphNode, Relation};

/// Most nodes that are drawn; the list shows all.
pub const MAX_DRAWN: usize = 400;
/// Width of a box.
pub(super) const WIDTH: f64 = 236.0;
/// Height of a box.
pub(super) const HEIGHT: f64 = 50.0;
const GAP_X: f64 = 60.0;
const GAP_Y: f64 = 14.0;
const EDGE: f64 = 2.0;

/// Where a box is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Box {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// The places of all boxes, in the order of the nodes.
pub(super) struct Layout {
    pub(super) boxes: Vec<Box>,
}

/// How deep each node hangs. A parent that doesn't come before its child counts as none.
pub(super) fn depths(nodes: &[GraphNode]) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let above = node.parent.and_then(|parent| depths.get(parent).copied());
        depths.push(above.map_or(0, |depth| depth + 1));
    }
    depths
}

impl Layout {
    pub(super) fn new(nodes: &[GraphNode]) -> Self {
        let nodes = nodes.get(..MAX_DRAWN).unwrap_or(nodes);
        let depths = depths(nodes);
        let mut children = vec![Vec::new(); nodes.len()];
        let mut roots = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let above = node.parent.filter(|parent| *parent < at);
            match above.and_then(|parent| children.get_mut(parent)) {
                Some(siblings) => siblings.push(at),
                None => roots.push(at),
            }
        }
        let mut rows = vec![0.0; nodes.len()];
        let mut next = 0.0;
        // Leaves in the order of a walk; with parents always before children, one pass backwards
        // then puts each parent beside the first of its own.
        let mut stack: Vec<usize> = roots.into_iter().rev().collect();
        while let Some(at) = stack.pop() {
            let below = children.get(at).map(Vec::as_slice).unwrap_or_default();
            if below.is_empty()
                && let Some(row) = rows.get_mut(at)
            {
                *row = next;
                next += 1.0;
            }
            stack.extend(below.iter().rev());
        }
        for at in (0..nodes.len()).rev() {
            let below = children.get(at).map(Vec::as_slice).unwrap_or_default();
            let row_of = |child: Option<&usize>| child.and_then(|child| rows.get(*child)).copied();
            if let (Some(first), Some(row)) = (row_of(below.first()), rows.get_mut(at)) {
                *row = first;
            }
        }
        let place = |(depth, row): (&usize, &f64)| Box {
            x: EDGE + *depth as f64 * (WIDTH + GAP_X),
            y: EDGE + row * (HEIGHT + GAP_Y),
        };
        Self { boxes: depths.iter().zip(&rows).map(place).collect() }
    }

    /// Width and height of the picture.
    pub(super) fn size(&self) -> (f64, f64) {
        self.boxes.iter().fold((0.0, 0.0), |(width, height): (f64, f64), place| {
            (width.max(place.x + WIDTH + EDGE), height.max(place.y + HEIGHT + EDGE))
        })
    }

    /// The edges as paths, from the right side of a box to the left side of one in the next column.
    pub(super) fn edges(&self, nodes: &[GraphNode]) -> Vec<(String, Relation)> {
        let edge = |(to, node): (&Box, &GraphNode)| {
            let from = self.boxes.get(node.parent?)?;
            let (x1, y1) = (from.x + WIDTH, from.y + HEIGHT / 2.0);
            let (x2, y2) = (to.x, to.y + HEIGHT / 2.0);
            let bend = (x2 - x1) / 2.0;
            let path = format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend);
            Some((path, node.relation))
        };
        self.boxes.iter().zip(nodes).filter_map(edge).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(parents: &[Option<usize>]) -> Vec<GraphNode> {
        let node = |parent: &Option<usize>| GraphNode {
            parent: *parent,
            relation: Relation::Child,
            title: String::new(),
            detail: String::new(),
            class: "",
            href: None,
        };
        parents.iter().map(node).collect()
    }

    #[test]
    fn boxes_never_overlap_and_edges_stay_between_columns() {
        let nodes =
            nodes(&[None, Some(0), Some(1), Some(1), Some(0), Some(4), Some(4), Some(0), Some(0)]);
        let layout = Layout::new(&nodes);
        for (at, a) in layout.boxes.iter().enumerate() {
            for b in layout.boxes.iter().skip(at + 1) {
                assert!(a.x != b.x || (a.y - b.y).abs() >= HEIGHT, "{a:?} {b:?}");
            }
        }
        for (node, place) in nodes.iter().zip(&layout.boxes) {
            if let Some(parent) = node.parent.and_then(|parent| layout.boxes.get(parent)) {
                assert_eq!(place.x - parent.x, WIDTH + GAP_X);
            }
        }
        assert_eq!(layout.edges(&nodes).len(), 8);
    }

    #[test]
    fn nonsense_is_drawn_too() {
        let layout = Layout::new(&nodes(&[Some(5), Some(0), Some(1)]));
        assert_eq!(layout.boxes.len(), 3);
        assert_eq!(Layout::new(&[]).size(), (0.0, 0.0));
        assert_eq!(Layout::new(&nodes(&vec![None; 1000])).boxes.len(), MAX_DRAWN);
    }
}
