//! The bytes of a file as text, or as hex when they are none.

use leptos::prelude::*;

use super::super::shown::shown;
use super::reader::Form;
use crate::components::{LineMarks, TextView, Windowed};
use crate::jobs::file::FilePreview;
use crate::route::{FilesView, LineRange, View};

/// Bytes per line of the hex view.
const LINE: usize = 16;

/// The content, as text where it is text, unless the reader chose the other form.
#[component]
pub(super) fn ContentView(
    preview: FilePreview,
    form: RwSignal<Option<Form>>,
    /// What makes links of line numbers.
    marks: Option<LineMarks>,
) -> impl IntoView {
    if preview.bytes.is_empty() {
        return view! { <p class="empty grow">"This file is empty."</p> }.into_any();
    }
    let text = as_text(&preview.bytes);
    let bytes = StoredValue::new(preview.bytes);
    let shown = move || match (form.get(), &text) {
        (None | Some(Form::Text), Some(text)) => {
            view! { <TextView text=text.clone() marks /> }.into_any()
        }
        _ => view! { <HexView bytes /> }.into_any(),
    };
    shown.into_any()
}

/// Line numbers of the file that is open as links; a second one with the shift key ends the range.
pub(super) fn marks() -> LineMarks {
    let shown = shown();
    let files = move || {
        shown.route.with(|route| match &route.view {
            View::Files(files) => files.clone(),
            _ => FilesView::default(),
        })
    };
    let to = move |lines: LineRange| {
        let files = untrack(files);
        View::Files(FilesView { lines: Some(lines), ..files })
    };
    LineMarks {
        lines: Signal::derive(move || files().lines),
        href: Callback::new(move |line| untrack(move || shown.href(to(LineRange::one(line))))),
        up_to: Callback::new(move |line| {
            let first = untrack(files).lines.map_or(line, |lines| lines.first);
            shown.replace(to(LineRange::between(first, line)));
        }),
    }
}

/// Whether bytes are shown as text.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    text_of(bytes).is_some()
}

fn as_text(bytes: &[u8]) -> Option<String> {
    text_of(bytes).map(str::to_owned)
}

/// Text is UTF-8 without NUL; a character that the end of the preview cuts in two is left out.
fn text_of(bytes: &[u8]) -> Option<&str> {
    if bytes.contains(&0) {
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()
        }
        Err(_) => None,
    }
}

#[component]
fn HexView(bytes: StoredValue<Vec<u8>>) -> impl IntoView {
    let rows = bytes.with_value(|bytes| bytes.len().div_ceil(LINE));
    let row = Callback::new(move |at: usize| {
        let line = bytes.with_value(|bytes| {
            let end = (at * LINE + LINE).min(bytes.len());
            bytes.get(at * LINE..end).map(|part| hex_line(at * LINE, part))
        });
        view! { <div class="line hex">{line}</div> }.into_any()
    });
    view! { <Windowed rows height=20.0 row class="document mono" label="Bytes" /> }
}

/// `00000010  7f 45 4c 46 …  .ELF`
fn hex_line(offset: usize, bytes: &[u8]) -> String {
    let mut line = format!("{offset:08x}  ");
    for at in 0..LINE {
        match bytes.get(at) {
            Some(byte) => line.push_str(&format!("{byte:02x} ")),
            None => line.push_str("   "),
        }
        if at == LINE / 2 - 1 {
            line.push(' ');
        }
    }
    line.push(' ');
    let shown = |byte: &u8| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '.' };
    line.extend(bytes.iter().map(shown));
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_cut_in_a_character() {
        assert_eq!(as_text("aä".as_bytes()).as_deref(), Some("aä"));
        assert_eq!(as_text(&"aä".as_bytes()[..2]).as_deref(), Some("a"));
        assert_eq!(as_text(b"a\xffb"), None);
        assert_eq!(as_text(b"a\0b"), None);
    }

    #[test]
    fn lines_of_hex() {
        assert_eq!(hex_line(16, b"\x7fELF"), format!("00000010  7f 45 4c 46 {:38}.ELF", ""));
    }
}
