//! Documents: pretty-printed without reading any meaning into them, or byte for byte.

mod lines;

use std::sync::Arc;

use leptos::prelude::*;

use self::lines::{Kind, Lines, Token};
use super::{Windowed, format};
use crate::route::LineRange;

/// Height of a line in pixels, as in the style sheet.
const LINE: f64 = 20.0;

/// A JSON document: each token as it came, only the white space between them made anew. What is
/// no JSON is shown as plain text.
#[component]
pub fn JsonView(
    /// The document.
    #[prop(into)]
    text: String,
    /// Where a string leads, as a digest does; none for plain strings.
    #[prop(into)]
    link: Callback<String, Option<String>>,
) -> impl IntoView {
    view! { <LinesView lines=Arc::new(Lines::pretty(text)) link marks=None /> }
}

/// A text byte for byte, its lines numbered.
#[component]
pub fn TextView(
    /// The text.
    #[prop(into)]
    text: String,
    /// What makes links of its line numbers.
    #[prop(default = None)]
    marks: Option<LineMarks>,
) -> impl IntoView {
    view! { <LinesView lines=Arc::new(Lines::plain(text)) link=Callback::new(|_| None) marks /> }
}

/// Lines that are meant, and where each line leads.
#[derive(Clone, Copy)]
pub struct LineMarks {
    /// The lines that are meant.
    pub lines: Signal<Option<LineRange>>,
    /// The address of a line, by its number from 1.
    pub href: Callback<u64, String>,
    /// Called when a number is clicked while the shift key is held.
    pub up_to: Callback<u64>,
}

#[component]
fn LinesView(
    lines: Arc<Lines>,
    link: Callback<String, Option<String>>,
    marks: Option<LineMarks>,
) -> impl IntoView {
    let rows = lines.len();
    // The row that begins the lines that are meant.
    let first = marks.map(|marks| {
        let lines = Arc::clone(&lines);
        Signal::derive(move || {
            let first = marks.lines.get()?.first;
            lines.row_of(usize::try_from(first).ok()?)
        })
    });
    let first = first.unwrap_or_else(|| Signal::stored(None));
    let row = Callback::new(move |at: usize| {
        let Some(line) = lines.get(at) else { return ().into_any() };
        let tokens = line.tokens.iter().map(|token| view_token(token, link)).collect_view();
        let place = line.number.zip(marks).map(|(number, marks)| numbered(number as u64, marks));
        let is_meant = move || {
            let number = line.number.zip(marks);
            number.is_some_and(|(number, marks)| {
                marks.lines.get().is_some_and(|lines| lines.has(number as u64))
            })
        };
        let number = line.number.map(|number| number.to_string());
        let indent = " ".repeat(usize::from(line.indent) * 2);
        view! {
            <div class="line" class:meant=is_meant data-line=number.unwrap_or_default()>
                {place}
                <span>{indent} <bdi>{tokens}</bdi></span>
            </div>
        }
        .into_any()
    });
    view! { <Windowed rows=rows height=LINE row class="document mono" label="Document" at=first /> }
}

/// A line's number as a link to it; the style sheet draws the number.
fn numbered(number: u64, marks: LineMarks) -> AnyView {
    let click = move |event: web_sys::MouseEvent| {
        if event.shift_key() {
            event.prevent_default();
            marks.up_to.run(number);
        }
    };
    let href = marks.href.run(number);
    let label = format!("Line {number}");
    view! { <a class="lineno" href=href tabindex="-1" aria-label=label on:click=click /> }
        .into_any()
}

fn view_token(token: &Token, link: Callback<String, Option<String>>) -> AnyView {
    let text = format::visible(&token.text);
    let class = match token.kind {
        Kind::Plain => return text.into_any(),
        Kind::Punctuation => "punctuation",
        Kind::Key => "key",
        Kind::Number => "number-value",
        Kind::Word => "word-value",
        Kind::Text => {
            let inner = token.text.trim_matches('"').to_owned();
            match link.run(inner) {
                Some(href) => return view! { <a href=href>{text}</a> }.into_any(),
                None => "string",
            }
        }
    };
    view! { <span class=class>{text}</span> }.into_any()
}
