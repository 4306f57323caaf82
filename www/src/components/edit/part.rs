//! One part of a form's model, as its field shows and changes it.

use leptos::prelude::*;

/// A part of a model: `Part::from(slice!(form.text))`.
pub(super) struct Part<T: Send + Sync + 'static> {
    value: Signal<T>,
    put: SignalSetter<T>,
}

impl<T: Send + Sync + 'static> Clone for Part<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Part<T> {}

impl<T: Clone + Send + Sync + 'static> Part<T> {
    pub(super) fn get(self) -> T {
        self.value.get()
    }

    pub(super) fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.value.with(read)
    }

    pub(super) fn set(self, value: T) {
        self.put.set(value);
    }

    pub(super) fn update(self, change: impl FnOnce(&mut T)) {
        let mut value = self.value.get_untracked();
        change(&mut value);
        self.put.set(value);
    }

    /// A part of this part.
    pub(super) fn field<U: Send + Sync + 'static>(
        self,
        get: impl Fn(&T) -> U + Send + Sync + 'static,
        set: impl Fn(&mut T, U) + Send + Sync + 'static,
    ) -> Part<U> {
        Part {
            value: Signal::derive(move || self.with(&get)),
            put: SignalSetter::map(move |value| self.update(|whole| set(whole, value))),
        }
    }
}

impl<T: Send + Sync + 'static> From<(Signal<T>, SignalSetter<T>)> for Part<T> {
    fn from((value, put): (Signal<T>, SignalSetter<T>)) -> Self {
        Self { value, put }
    }
}
