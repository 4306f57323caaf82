//! Text from outside, sizes, times, links.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{CopyButton, Dialog, TextView, format};

/// Characters of a text that are shown without being asked for.
const SHOWN: usize = 1000;

/// Text that an image or a registry chose: isolated, nothing hidden in it, never markup. Of a very
/// long one the beginning is shown, and all of it on a click.
#[component]
pub fn Untrusted(
    /// The text.
    #[prop(into)]
    text: String,
    /// It stands in a link or on a button, where nothing else can be clicked.
    #[prop(optional)]
    inert: bool,
) -> impl IntoView {
    let start = format::cut(&text, SHOWN);
    let all =
        (!inert && text.char_indices().nth(SHOWN).is_some()).then(|| view! { <ShowAll text /> });
    view! {
        <bdi>{start}</bdi>
        {all}
    }
}

/// A button that opens all of a text.
#[component]
fn ShowAll(text: String) -> impl IntoView {
    let open = RwSignal::new(false);
    let length = format::count(text.chars().count() as u64);
    let text = StoredValue::new(text);
    view! {
        " "
        <button type="button" class="button small" on:click=move |_| open.set(true)>
            {format!("Show all {length} characters")}
        </button>
        {move || {
            open.get()
                .then(|| {
                    let text = text.get_value();
                    let close = move |()| open.set(false);
                    view! {
                        <Dialog title="The whole text" class="large" close>
                            <div class="content">
                                <div>
                                    <CopyButton text=text.clone() label="Copy the text" />
                                </div>
                                <TextView text />
                            </div>
                        </Dialog>
                    }
                })
        }}
    }
}

/// A size, rounded; the exact number of bytes on hover.
#[component]
pub fn ByteSize(
    /// Bytes.
    bytes: u64,
) -> impl IntoView {
    let exact = format!("{} bytes", format::count(bytes));
    view! { <span class="nowrap" title=exact>{format::bytes(bytes)}</span> }
}

/// A time relative to now; exact on hover. What is no time is shown as it came.
#[component]
pub fn Time(
    /// RFC 3339, as documents have it.
    #[prop(into)]
    at: String,
) -> impl IntoView {
    let then = js_sys::Date::parse(&at);
    match then.is_nan() {
        true => view! { <Untrusted text=at /> }.into_any(),
        false => view! { <Moment then /> }.into_any(),
    }
}

/// A time relative to now; exact on hover.
#[component]
pub fn Moment(
    /// Milliseconds since 1970.
    then: f64,
) -> impl IntoView {
    // Reproducible builds say 1970, or nearly so, on purpose.
    let relative = if then < 86_400_000.0 * 366.0 {
        "with time set to zero".to_owned()
    } else {
        format::ago(then, js_sys::Date::now())
    };
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(then));
    let iso = String::from(date.to_iso_string());
    let exact = format::exact_time(&iso);
    view! { <time datetime=iso title=exact>{relative}</time> }
}

/// A link out of the page: https only, its host shown, nothing told about where it came from.
/// Anything else is shown as text.
#[component]
pub fn OutLink(
    /// The address that was claimed.
    #[prop(into)]
    address: String,
) -> impl IntoView {
    let link = url::Url::parse(&address).ok().filter(|link| {
        link.scheme() == "https" && link.username().is_empty() && link.password().is_none()
    });
    match link {
        Some(link) => {
            let host = link.host_str().unwrap_or_default().to_owned();
            let rest = format!("{}{}", link.path().trim_end_matches('/'), query_of(&link));
            let shown = format::visible(&format!("{host}{rest}"));
            view! {
                <a
                    class="outlink"
                    href=link.to_string()
                    rel="noopener noreferrer"
                    target="_blank"
                    title=format!("Leaves Drydock for {host}")
                >
                    <bdi>{shown}</bdi>
                </a>
            }
            .into_any()
        }
        None => view! { <Untrusted text=address /> }.into_any(),
    }
}

fn query_of(link: &url::Url) -> String {
    link.query().map(|query| format!("?{query}")).unwrap_or_default()
}

/// Hands bytes to the reader as a file.
pub fn save_bytes(name: &str, bytes: &[u8]) {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("application/octet-stream");
    let Ok(blob) = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options) else {
        return;
    };
    let Ok(address) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    if let Ok(link) = document().create_element("a")
        && let Ok(link) = link.dyn_into::<web_sys::HtmlAnchorElement>()
    {
        link.set_href(&address);
        link.set_download(name);
        link.click();
    }
    // The browser has the blob from here on; the address may go once the click has been handled.
    set_timeout(
        move || {
            let _ = web_sys::Url::revoke_object_url(&address);
        },
        std::time::Duration::from_secs(60),
    );
}
