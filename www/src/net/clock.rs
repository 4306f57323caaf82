//! Time, in the page and in workers.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;

use futures_util::future::{Either, select};
use js_sys::{Function, Promise, global};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, Performance};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: i32) -> JsValue;

    #[wasm_bindgen(thread_local_v2, js_name = performance)]
    static PERFORMANCE: Performance;
}

/// Milliseconds since the page or the worker started.
#[must_use]
pub fn now() -> f64 {
    PERFORMANCE.with(Performance::now)
}

/// Seconds since 1970, by the computer's clock.
#[must_use]
pub fn unix_seconds() -> u64 {
    (js_sys::Date::now() / 1000.0) as u64
}

/// Waits.
pub async fn sleep(milliseconds: u32) {
    let wait = Promise::new(&mut |resolve, _| {
        set_timeout(&resolve, i32::try_from(milliseconds).unwrap_or(i32::MAX));
    });
    let _elapsed = JsFuture::from(wait).await;
}

/// What comes within so many milliseconds; later the work is given up.
pub async fn within<T>(milliseconds: u32, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(sleep(milliseconds))).await {
        Either::Left((came, _)) => Some(came),
        Either::Right(_) => None,
    }
}

/// Lets other events have their turn, without the delay that timers have. Of several that wait, one
/// goes on at a time.
pub async fn let_others_run() {
    thread_local! {
        static WAITING: RefCell<VecDeque<Function>> = RefCell::default();
        static CHANNEL: Option<MessageChannel> = channel(|| {
            let first = WAITING.with(|waiting| waiting.borrow_mut().pop_front());
            if let Some(go_on) = first {
                let _told = go_on.call0(&JsValue::NULL);
            }
        });
    }
    let turn = CHANNEL.with(|channel| {
        let channel = channel.as_ref()?;
        Some(Promise::new(&mut |resolve, _| {
            WAITING.with(|waiting| waiting.borrow_mut().push_back(resolve));
            let _sent = channel.port2().post_message(&JsValue::NULL);
        }))
    });
    if let Some(turn) = turn {
        let _turn = JsFuture::from(turn).await;
    }
}

/// Parts of long work, between which others have their turn when one has taken its time.
#[derive(Debug)]
pub struct Turns(f64);

impl Turns {
    /// Milliseconds of work after which others come first.
    const SLICE: f64 = 12.0;

    /// The first part begins.
    #[must_use]
    pub fn begin() -> Self {
        Self(now())
    }

    /// A part is done.
    pub async fn pass(&mut self) {
        if now() - self.0 >= Self::SLICE {
            let_others_run().await;
            self.0 = now();
        }
    }
}

/// A channel to itself, whose messages are told to `heard`.
fn channel(heard: impl Fn() + 'static) -> Option<MessageChannel> {
    let channel = MessageChannel::new().ok()?;
    let heard = Closure::<dyn Fn()>::new(heard).into_js_value();
    channel.port1().set_onmessage(Some(heard.unchecked_ref()));
    Some(channel)
}

/// A number between 0 and 1, to spread retries; good for nothing secret.
#[must_use]
pub fn jitter() -> f64 {
    js_sys::Math::random()
}

/// Whether the browser says that there is no network at all.
#[must_use]
pub fn offline() -> bool {
    let navigator = js_sys::Reflect::get(&global(), &"navigator".into()).unwrap_or_default();
    js_sys::Reflect::get(&navigator, &"onLine".into()).is_ok_and(|online| online == false)
}

/// Calls back after a while; dropping the result does not stop it.
#[cfg(feature = "page")]
pub(crate) fn later(milliseconds: u32, callback: impl FnOnce() + 'static) {
    let callback = Closure::once_into_js(callback);
    set_timeout(callback.unchecked_ref(), i32::try_from(milliseconds).unwrap_or(i32::MAX));
}
