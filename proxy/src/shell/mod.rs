//! `drydock verify` and its like: what the page shows, in a shell and in a pipeline.
//!
//! Results go to standard output, everything else to standard error. A command ends with 0 when all
//! is well, with 1 when an image is not what it says it is, and with 2 when that is not known; with 141
//! when nobody reads the result to its end.

mod about;
mod apply;
mod check;
mod compare;
mod export;
mod files;
mod layers;
mod made;
mod out;
mod packages;
mod progress;
mod rules;
mod sarif;
mod search;
mod show;
mod verify;
mod waste;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use drydock::platform::Platform;
use drydock::reference::Reference;
use drydock::source::{Holder, Source as _};
use drydock_native::{Options, Place, open};

pub use self::about::{Completions, Man, completions, man};
pub use self::apply::{Apply, run as apply};
pub use self::check::{Check, run as check};
pub use self::compare::{Compare, run as compare};
pub use self::export::{Export, run as export};
pub use self::files::{Cat, Files, list, print as cat};
pub use self::out::{out, unread};
pub use self::packages::{Packages, run as packages};
pub use self::search::{Search, run as search};
pub use self::show::{Show, run as show};
pub use self::verify::{Verify, run as verify};
pub use self::waste::{Waste, run as waste};

/// What a command says when it could not do what was asked.
const COULD_NOT: u8 = 2;

/// The image that a command is about.
#[derive(Debug, Clone, Args)]
pub struct Image {
    /// A reference, a tar (of an OCI image layout or of docker save), a folder with an OCI image
    /// layout, or - for a tar that comes through standard input. Behind a tar or folder :TAG or
    /// @DIGEST names one of its images.
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Asks the registry without TLS; one of this machine is always asked so.
    #[arg(long)]
    pub plain_http: bool,
}

/// Which image of an index.
#[derive(Debug, Clone, Args)]
pub struct Only {
    /// Only the image for this platform, such as linux/arm64; an architecture alone is one of Linux.
    #[arg(long, value_name = "[OS/]ARCH[/VARIANT]", value_parser = Platform::named)]
    pub platform: Option<Platform>,
}

impl Image {
    /// What stands for the image in reports.
    fn name(&self, place: &Place, reference: &Reference) -> String {
        match place.holder() {
            Holder::Registry => reference.to_string(),
            Holder::Archive | Holder::Draft => self.image.clone(),
        }
    }

    async fn open(&self) -> Result<(Place, Reference), Failed> {
        let options = Options { plain_http: self.plain_http };
        open(&self.image, options).await.map_err(Failed::told)
    }
}

/// Why a command did nothing: a sentence.
#[derive(Debug)]
pub struct Failed(String);

impl Failed {
    fn told(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self(format!("The result can't be written: {error}."))
    }
}

/// How a command ends that could not do what was asked.
#[must_use]
pub fn could_not() -> ExitCode {
    ExitCode::from(COULD_NOT)
}

/// Runs a command to its end.
pub fn run(work: impl Future<Output = Result<ExitCode, Failed>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => Err(Failed::told(error)),
    };
    done.unwrap_or_else(|Failed(why)| {
        unread().unwrap_or_else(|| {
            say(&why);
            could_not()
        })
    })
}

/// A sentence beside the result.
fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "drydock: {}", plain(sentence));
}

/// Sentences beside the result, each once: what holds for several platforms comes several times.
fn say_each(sentences: impl IntoIterator<Item = String>) {
    let mut said = BTreeSet::new();
    for sentence in sentences {
        if said.insert(sentence.clone()) {
            say(&sentence);
        }
    }
}

/// A text of an image or a registry, which is not to command a terminal.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(' '),
            // What turns the direction of text or is not seen.
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => {
                shown.extend(c.escape_unicode());
            }
            c if c.is_control() => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_an_image_commands_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc"), "a\\u{1b}[2Jb\\u{d} c");
        assert_eq!(plain("\u{202e}gnp.exe"), "\\u{202e}gnp.exe");
        assert_eq!(plain("grüße"), "grüße");
    }
}
