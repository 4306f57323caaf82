//! What tabs of this page tell each other about what all of them keep: who writes, and what was
//! written.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{BroadcastChannel, MessageEvent};

/// Holds a turn until it is dropped.
#[derive(Debug)]
pub struct Turn(Option<Function>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

/// Waits until no tab has this turn, and takes it (Web Locks API). A browser without locks gives it
/// at once.
pub async fn take(name: &str) -> Turn {
    let locks = web_sys::window()
        .and_then(|window| Reflect::get(&window.navigator(), &"locks".into()).ok())
        .filter(|locks| !locks.is_undefined());
    let request = locks
        .as_ref()
        .and_then(|locks| Reflect::get(locks, &"request".into()).ok())
        .and_then(|request| request.dyn_into::<Function>().ok());
    let (Some(locks), Some(request)) = (locks, request) else { return Turn(None) };
    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    // Dropped on the way, the turn is given back as soon as it comes.
    let turn = Turn(release);
    let mut granted = None;
    let waiting = Promise::new(&mut |resolve, _| granted = Some(resolve));
    let grant = Closure::once_into_js(move |_: JsValue| {
        if let Some(granted) = granted {
            let _ = granted.call0(&JsValue::NULL);
        }
        held
    });
    let asked = request.call2(&locks, &format!("drydock.{name}").into(), &grant);
    if asked.is_ok() {
        let _ = JsFuture::from(waiting).await;
    }
    turn
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Listening {
    channel: BroadcastChannel,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

/// Calls back for whatever is told under a name, in this tab or in others.
#[must_use]
pub fn listen(name: &str, mut heard: impl FnMut(String) + 'static) -> Option<Listening> {
    let channel = BroadcastChannel::new(name).ok()?;
    let heard = Closure::new(move |event: MessageEvent| {
        if let Some(text) = event.data().as_string() {
            heard(text);
        }
    });
    channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    Some(Listening { channel, _heard: heard })
}

/// Tells everybody who listens under a name.
pub fn tell(name: &str, text: &str) {
    if let Ok(channel) = BroadcastChannel::new(name) {
        let _ = channel.post_message(&text.into());
        channel.close();
    }
}
