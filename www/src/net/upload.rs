//! One request whose body is a Blob, with news of how much of it has been sent.
//!
//! `fetch` says nothing of that and can't stream a request body over HTTP/1.1, so this is
//! XMLHttpRequest, which reads the Blob from disk as it sends it.

use futures_channel::oneshot;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;
use web_sys::{Blob, ProgressEvent, XmlHttpRequest, XmlHttpRequestResponseType};

use super::fetch::{self, Answer, Body};
use super::problem::{Problem, ProblemKind};

/// Sends `body` and waits for the whole answer. `sent` is told the number of bytes sent so far.
/// Dropping the future ends the transfer.
///
/// # Errors
/// When there is no answer at all, or the server answers for itself (`X-Drydock-Error`).
pub async fn send(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Blob,
    sent: impl Fn(u64) + 'static,
) -> Result<Answer, Problem> {
    let request = AbortOnDrop(XmlHttpRequest::new().map_err(|_| broken())?);
    let xhr = &request.0;
    xhr.open(method, path).map_err(|_| broken())?;
    xhr.set_response_type(XmlHttpRequestResponseType::Arraybuffer);
    for (name, value) in fetch::OWN.iter().chain(headers) {
        xhr.set_request_header(name, value).map_err(|_| broken())?;
    }
    let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        sent(event.loaded() as u64);
    });
    if let Ok(upload) = xhr.upload() {
        upload.set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
    }
    let (ended, end) = oneshot::channel();
    let mut ended = Some(ended);
    let on_end = Closure::<dyn FnMut()>::new(move || {
        if let Some(ended) = ended.take() {
            let _unheard = ended.send(());
        }
    });
    xhr.set_onloadend(Some(on_end.as_ref().unchecked_ref()));
    xhr.send_with_opt_blob(Some(body)).map_err(|_| broken())?;
    let _ended = end.await;
    let status = xhr.status().unwrap_or(0);
    if status == 0 {
        return Err(broken());
    }
    let headers = xhr.get_all_response_headers().unwrap_or_default();
    let headers = headers.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    });
    let headers: Vec<(String, String)> = headers.collect();
    let bytes = xhr.response().ok().filter(|value| value.is_object());
    let bytes = bytes.map(|buffer| js_sys::Uint8Array::new(&buffer));
    let refused = headers.iter().find(|(name, _)| name == "x-drydock-error");
    let refused = refused.map(|(_, code)| code.clone());
    let status = fetch::status(status, &headers);
    let answer = Answer { status, headers, body: Body::whole(bytes) };
    match refused {
        Some(code) => Err(answer.refusal(code).await),
        None => Ok(answer),
    }
}

/// The request ends when nobody waits for it any more.
struct AbortOnDrop(XmlHttpRequest);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.set_onloadend(None);
        if let Ok(upload) = self.0.upload() {
            upload.set_onprogress(None);
        }
        let _over = self.0.abort();
    }
}

fn broken() -> Problem {
    if super::clock::offline() {
        return Problem::new(ProblemKind::Offline, "This computer is offline.")
            .advise("Connect it to the network and try again.");
    }
    Problem::new(ProblemKind::Cut, "The connection broke while the bytes were being sent.")
        .advise("Try again: what has arrived is not sent twice.")
}
