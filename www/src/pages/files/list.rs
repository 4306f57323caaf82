//! The rows that are in view: asked for as the list scrolls, and walked through by keys.

use drydock::inspect::tree::{Row, Shown, Status};
use drydock::layer::Kind;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::state::Files;
use crate::components::{LayerDot, format};
use crate::route::EntryPath;

/// Height of a row in pixels, as in the style sheet.
const ROW: f64 = 26.0;
/// The same where it has two lines, as there is no room for all columns.
const TALL_ROW: f64 = 46.0;
/// Width of the page in pixels up to which it has.
const NARROW: f64 = 720.0;
/// Rows above and below the window that are asked for too.
const MARGIN: usize = 40;

/// The rows that are here, and which they are.
#[derive(Clone, Debug, Default)]
struct Window {
    from: usize,
    rows: Vec<Row>,
}

#[derive(Clone, Copy)]
struct List {
    files: Files,
    /// First row in view and number of rows in view.
    port: RwSignal<(usize, usize)>,
    window: RwSignal<Window>,
    /// The row that keys move.
    cursor: RwSignal<usize>,
    /// Height of a row in pixels.
    height: RwSignal<f64>,
    node: NodeRef<html::Div>,
}

/// The tree.
#[component]
pub(super) fn TreeList() -> impl IntoView {
    let list = List {
        files: expect_context::<Files>(),
        port: RwSignal::new((0, 60)),
        window: RwSignal::new(Window::default()),
        cursor: RwSignal::new(0),
        height: RwSignal::new(row_height()),
        node: NodeRef::new(),
    };
    list.fetch();
    list.scroll_when_asked();
    Effect::new(move |_| {
        if list.node.get().is_some() {
            request_animation_frame(move || list.measure());
        }
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| {
        if list.height.get_untracked() != row_height() {
            list.height.set(row_height());
        }
        list.measure();
    });
    on_cleanup(move || resized.remove());
    let rows = move || list.files.summary.with(|summary| summary.rows);
    let by_size = move || list.files.view.with(|view| view.by_size);
    let order = move |by_size: bool| list.files.go(false, |view| view.by_size = by_size);
    view! {
        <div class="treehead" role="presentation">
            <button
                type="button"
                aria-pressed=move || (!by_size()).to_string()
                on:click=move |_| order(false)
            >
                "Name"
            </button>
            <button
                type="button"
                class="number"
                aria-pressed=move || by_size().to_string()
                on:click=move |_| order(true)
            >
                "Size"
            </button>
            <span>"Mode"</span>
            <span class="owner">"Owner"</span>
            <span></span>
        </div>
        <div
            class="tree mono"
            id="tree"
            node_ref=list.node
            role="tree"
            tabindex="0"
            aria-label="Files"
            aria-activedescendant=move || {
                let at = list.cursor.get();
                let here = list.window.with(|window| {
                    (window.from..window.from + window.rows.len()).contains(&at)
                });
                here.then(|| format!("row-{at}"))
            }
            on:scroll=move |_| list.measure()
            on:keydown=move |event| list.key(&event)
        >
            <div class="window" style:height=move || format!("{}px", rows() as f64 * list.height.get())>
                <div style:transform=move || {
                    let from = list.window.with(|window| window.from);
                    format!("translateY({}px)", from as f64 * list.height.get())
                }>
                    {move || {
                        let Window { from, rows } = list.window.get();
                        let rows = rows.into_iter().enumerate();
                        rows.map(|(at, row)| view! { <RowView list at=from + at row /> }).collect_view()
                    }}
                </div>
            </div>
        </div>
        <Show when=move || rows() == 0>
            <p class="empty nomatch" role="status">"No path matches."</p>
        </Show>
    }
}

/// Height of a row in pixels in a window as wide as this one.
fn row_height() -> f64 {
    let width = window().inner_width().ok().and_then(|width| width.as_f64());
    if width.is_some_and(|width| width <= NARROW) { TALL_ROW } else { ROW }
}

impl List {
    /// Notices which rows are in view.
    fn measure(self) {
        let Some(element) = self.node.try_get_untracked().flatten() else { return };
        let top = f64::from(element.scroll_top()).max(0.0);
        let seen = f64::from(element.client_height()).max(1.0);
        let Some(row) = self.height.try_get_untracked() else { return };
        let next = ((top / row) as usize, (seen / row).ceil() as usize + 1);
        if self.port.try_get_untracked().is_some_and(|now| now != next) {
            self.port.try_set(next);
        }
    }

    /// Asks for the rows in view whenever these or the tree change; of several answers only the
    /// last one that was asked for is shown.
    fn fetch(self) {
        let asked = StoredValue::new(0_u64);
        let known = StoredValue::new((0_u64, 0_usize, 0_usize));
        Effect::new(move |_| {
            let (first, seen) = self.port.get();
            let turn = self.files.turn.get();
            let (old_turn, from, to) = known.get_value();
            if old_turn == turn && from <= first && first + seen <= to {
                return;
            }
            let (from, to) = (first.saturating_sub(MARGIN), first + seen + MARGIN);
            let Some(tree) = self.files.tree() else { return };
            asked.update_value(|asked| *asked += 1);
            let number = asked.get_value();
            spawn_local(async move {
                let answer = tree.rows(from..to).await;
                if asked.try_get_value() != Some(number) {
                    return;
                }
                match answer {
                    Ok(rows) => {
                        known.try_set_value((turn, from, to));
                        self.window.try_set(Window { from, rows });
                    }
                    Err(problem) => {
                        self.files.trouble.try_set(Some(problem.to_string()));
                    }
                }
            });
        });
    }

    fn scroll_when_asked(self) {
        Effect::new(move |_| {
            let Some(row) = self.files.scroll_to.get() else { return };
            self.files.scroll_to.set(None);
            self.cursor.set(row);
            request_animation_frame(move || self.bring(row));
        });
    }

    /// Scrolls as little as needed for a row to be in view.
    fn bring(self, row: usize) {
        let Some(element) = self.node.try_get_untracked().flatten() else { return };
        let (top, height) = (f64::from(element.scroll_top()), f64::from(element.client_height()));
        let Some(own) = self.height.try_get_untracked() else { return };
        let at = row as f64 * own;
        if at < top {
            element.set_scroll_top(at as i32);
        } else if at + own > top + height {
            element.set_scroll_top((at + own - height).ceil() as i32);
        }
        self.measure();
    }

    fn row(self, at: usize) -> Option<Row> {
        self.window.with_untracked(|window| {
            at.checked_sub(window.from).and_then(|at| window.rows.get(at)).cloned()
        })
    }

    fn move_to(self, row: usize) {
        let rows = self.files.summary.with_untracked(|summary| summary.rows);
        let row = row.min(rows.saturating_sub(1));
        self.cursor.set(row);
        self.bring(row);
    }

    /// A click, or Enter.
    fn choose(self, at: usize, row: &Row) {
        self.cursor.set(at);
        if row.has_children {
            self.files.toggle(row);
        }
        let path = path_of(row);
        self.files.folder.set(row.kind == Kind::Directory);
        self.files.go(row.kind != Kind::Directory, |view| view.path = path);
    }

    fn key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let at = self.cursor.get_untracked();
        let row = self.row(at);
        let page = self.port.get_untracked().1.saturating_sub(2).max(1);
        match event.key().as_str() {
            "ArrowDown" | "j" => self.move_to(at + 1),
            "ArrowUp" | "k" => self.move_to(at.saturating_sub(1)),
            "PageDown" => self.move_to(at + page),
            "PageUp" => self.move_to(at.saturating_sub(page)),
            "Home" => self.move_to(0),
            "End" => self.move_to(usize::MAX),
            "ArrowRight" | "l" => match row {
                Some(row) if row.has_children && !row.expanded => self.files.toggle(&row),
                Some(row) if row.has_children => self.move_to(at + 1),
                _ => {}
            },
            "ArrowLeft" | "h" => match row {
                Some(row) if row.expanded => self.files.toggle(&row),
                Some(row) => self.move_to(self.parent(at, row.depth)),
                None => {}
            },
            " " => {
                if let Some(row) = row.filter(|row| row.has_children) {
                    self.files.toggle(&row);
                }
            }
            "Enter" => {
                if let Some(row) = row {
                    self.choose(at, &row);
                }
            }
            "a" => self.flip(|shown| shown.added ^= true),
            "r" => self.flip(|shown| shown.removed ^= true),
            "m" => self.flip(|shown| shown.changed ^= true),
            "u" => self.flip(|shown| shown.same ^= true),
            "f" => focus_filter(),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    fn flip(self, flip: impl FnOnce(&mut Shown)) {
        self.files.flip(flip);
    }

    /// The row of the directory above, as far as it is here.
    fn parent(self, at: usize, depth: u32) -> usize {
        (0..at)
            .rev()
            .map_while(|row| self.row(row).map(|found| (row, found.depth)))
            .find(|(_, above)| *above < depth)
            .map_or(at, |(row, _)| row)
    }
}

fn focus_filter() {
    use wasm_bindgen::JsCast as _;
    let field = document().get_element_by_id("file-filter");
    if let Some(field) = field.and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = field.focus();
    }
}

/// The bytes of a row's path.
pub(super) fn path_of(row: &Row) -> EntryPath {
    match row.path_hex.as_deref().and_then(unhex) {
        Some(bytes) => EntryPath::new(&bytes),
        None => EntryPath::from(row.path.as_str()),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

#[component]
fn RowView(list: List, at: usize, row: Row) -> impl IntoView {
    // A sign beside the colour, and a word for those who hear it.
    let (class, sign, word) = match row.status {
        Status::Added => ("added", "+", "added"),
        Status::Changed => ("changed", "±", "changed"),
        Status::Removed => ("removed", "−", "removed"),
        Status::Same => ("", "", "unchanged"),
    };
    let path = path_of(&row);
    let current = move || list.files.view.with(|view| view.path == path);
    let selected = current.clone();
    let fold = match (row.has_children, row.expanded) {
        (false, _) => "",
        (true, false) => "▸",
        (true, true) => "▾",
    };
    let arrow = match row.kind {
        Kind::Symlink => " → ",
        Kind::Hardlink => " = ",
        _ => "",
    };
    let leads_to = row.leads_to.clone();
    let link = row.link.clone().map(|link| {
        let target = match leads_to {
            Some(to) => {
                let href = move || list.files.href(|view| view.path = EntryPath::from(&*to));
                // Only keys go through the rows one by one; a link is for the pointer here.
                view! { <a href=href tabindex="-1"><bdi>{format::cut(&link, 200)}</bdi></a> }
                    .into_any()
            }
            None => view! { <bdi>{format::cut(&link, 200)}</bdi> }.into_any(),
        };
        view! { <span class="link">{arrow} {target}</span> }
    });
    let size = match row.kind {
        Kind::File => format::bytes(row.size),
        Kind::Directory if row.total > 0 => format::bytes(row.total),
        _ => String::new(),
    };
    let exact = format!("{} bytes", format::count(row.total.max(row.size)));
    let owner = owner(row.uid, row.gid);
    let expanded = row.has_children.then(|| row.expanded.to_string());
    let title = {
        let title = format!("{} · {word} · layer {}", row.kind, row.layer);
        move || match list.files.rests_on_a_list(row.layer) {
            true => format!(
                "{title}; it rests on a list that was not compared with its layer: not checked"
            ),
            false => title.clone(),
        }
    };
    let indent = format!("padding-inline-start: {}px", 14 + row.depth.min(40) * 18);
    let said = (row.status != Status::Same)
        .then(|| view! { <span class="unseen">{format!(", {word}")}</span> });
    let layer = row.layer;
    let clicked = row.clone();
    let click = move |event: web_sys::MouseEvent| {
        if !in_link(&event) {
            list.choose(at, &clicked);
        }
    };
    view! {
        <div
            class=format!("treerow {class}")
            class:cursor=move || list.cursor.get() == at
            class:provisional=move || !list.files.is_settled(layer)
            class:listed=move || list.files.rests_on_a_list(layer)
            id=format!("row-{at}")
            role="treeitem"
            prop:ariaLevel=(row.depth + 1).to_string()
            aria-expanded=expanded
            aria-selected=move || selected().to_string()
            aria-current=move || current().then_some("true")
            title=title
            on:click=click
        >
            <span class="name" style=indent>
                <span class="fold" aria-hidden="true">
                    {fold}
                </span>
                <span class="sign" aria-hidden="true">
                    {sign}
                </span>
                <bdi class="text">{row.name}</bdi>
                {said}
                {link}
            </span>
            <span class="number" title=exact>{size}</span>
            <span class="mode">{row.mode}</span>
            <span class="owner">{owner}</span>
            <LayerDot layer=Some(layer) />
        </div>
    }
}

/// Whether a click was on a link, which the browser or the page follows.
fn in_link(event: &web_sys::MouseEvent) -> bool {
    use wasm_bindgen::JsCast as _;
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.closest("a[href]").is_ok_and(|link| link.is_some()))
}

/// `root`, `65532`, `root:42`: ids as numbers, since names in an image are the image's own; only
/// 0 means the same everywhere.
pub(super) fn owner(uid: u32, gid: u32) -> String {
    let name = |id: u32| if id == 0 { "root".to_owned() } else { id.to_string() };
    if uid == gid { name(uid) } else { format!("{}:{}", name(uid), name(gid)) }
}
