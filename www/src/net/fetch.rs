//! One request over the browser's fetch, its body read piece by piece.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, Request, RequestCredentials, RequestInit, RequestMode,
    RequestRedirect, Response,
};

use super::clock;
use super::pieces::Pieces;
use super::problem::{Problem, ProblemKind};

#[wasm_bindgen]
extern "C" {
    /// The same in the page and in workers.
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(request: &Request) -> js_sys::Promise;
}

/// What each request says: that it is the page's own, and that the status of an error is to come in a
/// header field. The browser would write down each look-up that finds nothing.
pub(super) const OWN: [(&str, &str); 2] = [("X-Drydock", "1"), ("X-Drydock-Status", "header")];

/// A request to this origin.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// `GET`, `HEAD`, …
    pub method: &'a str,
    /// Path and query on this origin.
    pub path: &'a str,
    /// Header fields.
    pub headers: Vec<(&'a str, &'a str)>,
    /// What to send.
    pub body: Option<&'a [u8]>,
}

impl<'a> Call<'a> {
    /// Only the head of an answer is asked for.
    #[must_use]
    pub fn head(path: &'a str) -> Self {
        Self { method: "HEAD", path, headers: Vec::new(), body: None }
    }
}

/// An answer whose body has not been read yet. Dropping it ends the transfer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Body,
}

/// A body that is still arriving. Dropping it ends the transfer.
#[derive(Debug)]
pub struct Body {
    pieces: Option<Pieces>,
    /// All of it, when it came at once.
    whole: Option<Uint8Array>,
    announced: Option<u64>,
    arrived: u64,
    abort: AbortOnDrop,
}

#[derive(Debug)]
struct AbortOnDrop(Option<AbortController>);

/// Sends a request and waits for the head of the answer.
///
/// # Errors
/// When there is no answer at all, or the server answers for itself (`X-Drydock-Error`).
pub async fn send(call: Call<'_>) -> Result<Answer, Problem> {
    let abort = AbortOnDrop(AbortController::new().ok());
    let request = request(&call, &abort).map_err(|error| {
        Problem::new(
            ProblemKind::Registry,
            format!("The browser refuses the request: {}", text(&error)),
        )
    })?;
    let response = JsFuture::from(fetch(&request)).await.map_err(|_| unreachable_server())?;
    let response: Response = response.unchecked_into();
    let headers = headers(&response.headers());
    let find = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let bodiless = call.method == "HEAD";
    let announced = find("content-length").and_then(|v| v.parse().ok()).filter(|_| !bodiless);
    let refused = find("x-drydock-error").cloned();
    let pieces = response.body().map(|stream| Pieces::of(&stream, announced));
    let body = Body { pieces, whole: None, announced, arrived: 0, abort };
    let answer = Answer { status: status(response.status(), &headers), headers, body };
    match refused {
        Some(code) => Err(answer.refusal(code).await),
        None => Ok(answer),
    }
}

fn request(call: &Call<'_>, abort: &AbortOnDrop) -> Result<Request, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in OWN {
        headers.set(name, value)?;
    }
    for (name, value) in &call.headers {
        headers.append(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method(call.method);
    init.set_headers(&headers);
    init.set_mode(RequestMode::SameOrigin);
    init.set_credentials(RequestCredentials::Omit);
    init.set_redirect(RequestRedirect::Error);
    init.set_cache(web_sys::RequestCache::NoStore);
    if let Some(body) = call.body {
        init.set_body(&Uint8Array::from(body));
    }
    if let Some(abort) = &abort.0 {
        init.set_signal(Some(&abort.signal()));
    }
    Request::new_with_str_and_init(call.path, &init)
}

/// The registry's own status. Redirects and errors come under another one, so that no browser acts on
/// them.
pub(super) fn status(outer: u16, headers: &[(String, String)]) -> u16 {
    let told = headers.iter().find(|(name, _)| name == "x-upstream-status");
    told.and_then(|(_, status)| status.parse().ok()).unwrap_or(outer)
}

impl Answer {
    /// The first value of a header field; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What the server says when it answers for itself.
    pub(super) async fn refusal(mut self, code: String) -> Problem {
        #[derive(serde::Deserialize)]
        struct Refusal {
            message: String,
            #[serde(default)]
            advice: String,
            host: Option<String>,
        }
        let retry_after = self.header("retry-after").and_then(|after| after.parse().ok());
        let bytes = self.body.read_all(64 << 10).await.unwrap_or_default();
        let said: Option<Refusal> = serde_json::from_slice(&bytes).ok();
        let kind = if code == "rate-limited" {
            ProblemKind::RateLimited
        } else {
            ProblemKind::Proxy(code.clone())
        };
        let problem = match said {
            Some(refusal) => Problem {
                host: refusal.host.filter(|host| !host.is_empty()),
                ..Problem::new(kind, refusal.message).advise(refusal.advice)
            },
            None => Problem::new(kind, format!("This server refused the request ({code}).")),
        };
        Problem { retry_after, ..problem }
    }
}

impl Body {
    /// A body that is there already.
    #[must_use]
    pub fn whole(bytes: Option<Uint8Array>) -> Self {
        Self { pieces: None, whole: bytes, announced: None, arrived: 0, abort: AbortOnDrop(None) }
    }

    /// The next bytes, still in the browser's memory, where the ones after them take their place;
    /// `None` at the end.
    ///
    /// # Errors
    /// When the connection broke, or fewer bytes came than were announced.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, Problem> {
        let Some(pieces) = &mut self.pieces else { return Ok(self.whole.take()) };
        let Ok(piece) = pieces.next().await else { return Err(self.cut()) };
        match &piece {
            Some(piece) => self.arrived += u64::from(piece.byte_length()),
            None => {
                self.pieces = None;
                self.abort.0 = None;
                if self.announced.is_some_and(|announced| announced > self.arrived) {
                    return Err(self.cut());
                }
            }
        }
        Ok(piece)
    }

    /// All bytes, at most `limit`.
    ///
    /// # Errors
    /// As with [`Body::next`], and when there are more.
    pub async fn read_all(&mut self, limit: usize) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next().await? {
            let start = bytes.len();
            let end = start + piece.byte_length() as usize;
            if end > limit {
                let message = format!(
                    "The answer is longer than {limit} bytes, which is no answer to this request."
                );
                return Err(Problem::new(ProblemKind::Registry, message));
            }
            bytes.resize(end, 0);
            piece.copy_to(&mut bytes[start..]);
        }
        Ok(bytes)
    }

    /// Bytes that the answer's head announced.
    #[must_use]
    pub fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// Bytes that have arrived.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    fn cut(&self) -> Problem {
        if clock::offline() {
            return unreachable_server();
        }
        Problem::cut(self.arrived, self.announced)
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(abort) = &self.0 {
            abort.abort();
        }
    }
}

fn unreachable_server() -> Problem {
    let headline = if clock::offline() {
        "This computer is offline."
    } else {
        "The Drydock server that this page came from does not answer."
    };
    Problem::new(ProblemKind::Offline, headline).advise("Try again when it is reachable again.")
}

fn headers(headers: &Headers) -> Vec<(String, String)> {
    let mut list = Vec::new();
    for entry in headers.entries().into_iter().flatten() {
        let pair: js_sys::Array = entry.unchecked_into();
        if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
            list.push((name, value));
        }
    }
    list
}

fn text(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |e| e.message().into())
}
