//! Documents: pretty-printed without reading any meaning into them, or byte for byte.

mod lines;

use std::sync::Arc;

use leptos::prelude::*;

use self::lines::{Kind, Lines, Token};
use super::{Windowed, format};

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
    view! { <LinesView lines=Arc::new(Lines::pretty(text)) link /> }
}

/// A text byte for byte, its lines numbered.
#[component]
pub fn TextView(
    /// The text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <LinesView lines=Arc::new(Lines::plain(text)) link=Callback::new(|_| None) /> }
}

#[component]
fn LinesView(lines: Arc<Lines>, link: Callback<String, Option<String>>) -> impl IntoView {
    let rows = lines.len();
    let row = Callback::new(move |at: usize| {
        let Some(line) = lines.get(at) else { return ().into_any() };
        let tokens = line.tokens.iter().map(|token| view_token(token, link)).collect_view();
        let number = line.number.map(|number| number.to_string());
        let indent = " ".repeat(usize::from(line.indent) * 2);
        view! {
            <div class="line" data-line=number.unwrap_or_default()>
                <span>{indent} <bdi>{tokens}</bdi></span>
            </div>
        }
        .into_any()
    });
    view! { <Windowed rows=rows height=LINE row class="document mono" label="Document" /> }
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
