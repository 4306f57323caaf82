//! The few pictures beside words.

use leptos::prelude::*;

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// The basin of the logo.
    Dock,
    /// Two sheets.
    Copy,
    /// Done.
    Check,
    /// Wrong, or close.
    Cross,
    /// Nothing said.
    Ring,
    /// Under way.
    Dashes,
    /// Look out.
    Triangle,
    /// To the light theme.
    Sun,
    /// To the dark theme.
    Moon,
    /// Who is logged in.
    Person,
    /// There is more below.
    Down,
}

impl Picture {
    fn path(self) -> &'static str {
        match self {
            Self::Dock => "M2 2.5v7.5A4 4 0 0 0 6 14h4a4 4 0 0 0 4-4V2.5M5 2.5v5.5h6V2.5M5 5.5h6",
            Self::Copy => "M6 6h7.5v7.5H6zM3.5 10H2.5V2.5H10v1",
            Self::Check => "m3 8.5 3.2 3.2L13 4.8",
            Self::Cross => "m4 4 8 8m0-8-8 8",
            Self::Ring => "M13 8A5 5 0 1 1 3 8a5 5 0 0 1 10 0Z",
            Self::Dashes => {
                "M8 3a5 5 0 0 1 3.5 1.5M13 8a5 5 0 0 1-1.5 3.5M8 13a5 5 0 0 1-3.5-1.5M3 8a5 5 0 0 1 1.5-3.5"
            }
            Self::Triangle => "M8 2.5 14.5 13.5h-13ZM8 6.5v3.2M8 11.6v.2",
            Self::Sun => {
                "M10.5 8a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0ZM8 1.5v1.3m0 10.4v1.3M1.5 8h1.3m10.4 0h1.3M3.4 3.4l.9.9m7.4 7.4.9.9m0-9.2-.9.9m-7.4 7.4-.9.9"
            }
            Self::Moon => "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
            Self::Person => {
                "M10.7 5.2a2.7 2.7 0 1 1-5.4 0 2.7 2.7 0 0 1 5.4 0ZM2.8 14a5.2 5.2 0 0 1 10.4 0"
            }
            Self::Down => "m4 6 4 4 4-4",
        }
    }
}

/// A picture; it says nothing that the text beside it doesn't.
#[component]
pub fn Icon(
    /// Which.
    picture: Picture,
    /// Width and height in pixels.
    #[prop(default = 14)]
    size: u32,
) -> impl IntoView {
    view! {
        <svg
            width=size
            height=size
            viewBox="0 0 16 16"
            fill="none"
            stroke="currentColor"
            stroke-width=if picture == Picture::Dock { "1.8" } else { "1.5" }
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=picture.path() />
        </svg>
    }
}
