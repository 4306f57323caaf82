//! One blob, or a range of it, across broken connections and expired tokens.

use std::ops::Range;
use std::time::Duration;

use drydock::digest::Digest;
use drydock::registry::course::{Brings, Course, End, Head};
use drydock::registry::retry;
use http::StatusCode;
use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};

use super::clock;
use super::fetch::{Answer, Body, Call, send};
use super::place::Place;
use super::problem::{Problem, ProblemKind};

/// Times that leave to read is asked for anew for one connection: a token that another reader has
/// just got may be at its end, too.
pub(super) const RENEWALS: u32 = 3;
/// Bytes in front of a range that may come along; a registry that gives more knows no ranges.
const IN_FRONT: u64 = 4 << 20;

/// How to ask for a blob: what the registry client would send, made for this origin.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Where the blob lies.
    pub place: Place,
    /// Its digest.
    pub digest: Digest,
    /// Path and query on this origin.
    pub path: String,
    /// Header fields, `Authorization` among them.
    pub headers: Vec<(String, String)>,
}

/// Gives leave to read, anew whenever a registry no longer accepts the last one.
pub trait Grant {
    /// Asks for another [`Access`] after the registry answered 401 with these challenges
    /// (`WWW-Authenticate`).
    fn renew(
        &self,
        refused: &Access,
        challenges: Vec<String>,
    ) -> impl Future<Output = Result<Access, Problem>>;
}

/// A blob being read. Dropping it ends the transfer.
#[derive(Debug)]
pub struct BlobStream<G> {
    grant: G,
    access: Access,
    size: u64,
    body: Option<Body>,
    course: Course,
}

impl<G: Grant> BlobStream<G> {
    /// A stream that asks for its first byte when it is first read. `size` is what the descriptor
    /// says.
    #[must_use]
    pub fn new(grant: G, access: Access, size: u64) -> Self {
        Self { grant, access, size, body: None, course: Course::new(size) }
    }

    /// Likewise for a range of it. Where the registry gives all of the blob instead, and the range is
    /// far from its beginning, that is an error: who asks for a range wants little.
    #[must_use]
    pub fn range(grant: G, access: Access, range: Range<u64>, size: u64) -> Self {
        Self { grant, access, size, body: None, course: Course::of(range, size) }
    }

    /// The next bytes, still in the browser's memory, where the ones after them take their place;
    /// `None` at the end. A blob much longer than expected ends early.
    ///
    /// # Errors
    /// When the blob can't be read on, tries included.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, Problem> {
        loop {
            if self.course.is_too_long() || self.course.is_over() {
                self.body = None;
                return Ok(None);
            }
            let Some(body) = &mut self.body else {
                match self.connect().await {
                    Ok(None) => return Ok(None),
                    Ok(body) => self.body = body,
                    Err(problem) => self.wait_or_give_up(problem).await?,
                }
                continue;
            };
            match body.next().await {
                Ok(Some(piece)) => {
                    let length = piece.byte_length();
                    let new = self.course.came(length.into());
                    let at = |offset: u64| u32::try_from(offset).unwrap_or(u32::MAX);
                    match (at(new.start), at(new.end)) {
                        (0, end) if end == length && end > 0 => return Ok(Some(piece)),
                        (start, end) if start < end => return Ok(Some(piece.subarray(start, end))),
                        _ => {}
                    }
                }
                Ok(None) => match self.course.ended() {
                    End::OfAll => return Ok(None),
                    End::OfSome => self.body = None,
                    End::Early => {
                        self.body = None;
                        self.wait_or_give_up(self.cut()).await?;
                    }
                },
                Err(problem) => {
                    self.body = None;
                    // What came on earlier connections has come.
                    let is_cut = problem.kind == ProblemKind::Cut;
                    let problem = if is_cut { self.cut() } else { problem };
                    self.wait_or_give_up(problem).await?;
                }
            }
        }
    }

    /// Bytes read so far.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.course.offset()
    }

    /// How often the connection had to be made anew.
    #[must_use]
    pub fn resumed(&self) -> u32 {
        self.course.resumed()
    }

    fn cut(&self) -> Problem {
        Problem::cut(self.offset(), Some(self.size)).at(self.access.host())
    }

    /// Asks for the rest; `None` when there is none.
    async fn connect(&mut self) -> Result<Option<Body>, Problem> {
        let mut renewals = 0;
        loop {
            let answer = self.ask().await?;
            match answer.status {
                401 if renewals < RENEWALS => {
                    renewals += 1;
                    let challenges = challenges(&answer);
                    drop(answer);
                    self.access = self.grant.renew(&self.access, challenges).await?;
                }
                _ => return self.judge(answer),
            }
        }
    }

    /// Takes what an answer brings of the blob.
    fn judge(&mut self, answer: Answer) -> Result<Option<Body>, Problem> {
        let asked = self.course.asked();
        let names = ["x-upstream-content-type", "content-type"];
        let head = Head {
            status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::IM_A_TEAPOT),
            content_range: answer.header("content-range"),
            content_type: names.iter().find_map(|name| answer.header(name)),
            length: answer.body.announced(),
        };
        let host = self.access.host();
        match self.course.answered(&head) {
            Brings::Bytes if self.course.is_range() && self.course.skips() > IN_FRONT => {
                let headline = format!("{host} gives blobs as a whole only, and no parts of them.");
                Err(Problem::new(ProblemKind::Denied, headline).at(host))
            }
            Brings::Bytes => Ok(Some(answer.body)),
            Brings::Nothing => Ok(None),
            Brings::Page => {
                let headline =
                    format!("{host} sent a web page instead of the blob: perhaps a login page.");
                Err(Problem::new(ProblemKind::Registry, headline)
                    .advise("Check that it is a registry, and log in.")
                    .at(host))
            }
            Brings::OtherPart(other) => {
                let headline =
                    format!("{host} was asked for a blob from byte {asked} on and sent {other}.");
                Err(Problem::new(ProblemKind::Cut, headline)
                    .advise("Nothing is wrong with the image by that; try again.")
                    .at(host))
            }
            Brings::Refusal => Err(refused(&answer, host)),
        }
    }

    async fn ask(&self) -> Result<Answer, Problem> {
        let range = self.course.range();
        let mut headers: Vec<(&str, &str)> =
            self.access.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        headers.extend(range.as_deref().map(|range| ("Range", range)));
        send(Call { method: "GET", path: &self.access.path, headers, body: None }).await
    }

    async fn wait_or_give_up(&mut self, problem: Problem) -> Result<(), Problem> {
        let wait = self.course.failed(|failures| {
            let wish = problem.retry_after.map(Duration::from_secs);
            // Servers that failed often recover at once.
            let wish = wish.filter(|wish| !wish.is_zero());
            if passing(&problem) { retry::wait(failures, wish, clock::jitter()) } else { None }
        });
        let Some(wait) = wait else { return Err(problem) };
        clock::sleep(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)).await;
        Ok(())
    }
}

impl Access {
    /// The registry's host, for messages.
    #[must_use]
    pub fn host(&self) -> &str {
        self.place.registry.as_str()
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Access({})", self.path)
    }
}

/// Whether a problem may be gone the next time.
pub(super) fn passing(problem: &Problem) -> bool {
    match &problem.kind {
        ProblemKind::Cut | ProblemKind::Offline | ProblemKind::RateLimited => true,
        ProblemKind::Registry => problem.retry_after.is_some(),
        ProblemKind::Proxy(code) => matches!(&**code, "connect" | "timeout" | "upstream-protocol"),
        _ => false,
    }
}

/// What a status other than success says about a blob.
pub(super) fn refused(answer: &Answer, host: &str) -> Problem {
    let status = answer.status;
    let retry_after = answer.header("retry-after").and_then(|after| after.parse().ok());
    let (kind, headline, advice) = match status {
        401 => (
            ProblemKind::Login,
            format!("{host} asks for a login to read this blob."),
            "Log in and try again.",
        ),
        403 => (ProblemKind::Denied, format!("{host} does not let this login read the blob."), ""),
        404 => (
            ProblemKind::NotFound,
            format!("{host} has no such blob, although a manifest names it."),
            "",
        ),
        429 => (
            ProblemKind::RateLimited,
            format!("The rate limit of {host} is reached (status 429)."),
            "Wait a while and try again.",
        ),
        _ => (
            ProblemKind::Registry,
            format!("{host} failed to give the blob (status {status})."),
            "Try again later.",
        ),
    };
    // Servers that failed often recover at once.
    let retry_after = match status {
        408 | 500 | 502 | 503 | 504 => Some(retry_after.unwrap_or(0)),
        _ => retry_after,
    };
    Problem { retry_after, ..Problem::new(kind, headline).advise(advice).at(host) }
}

/// Through the proxy they have another name; the scratch registry is asked directly.
pub(super) fn challenges(answer: &Answer) -> Vec<String> {
    let challenge =
        |name: &str| name == "x-upstream-www-authenticate" || name == "www-authenticate";
    let fields = answer.headers.iter().filter(|(name, _)| challenge(name));
    fields.map(|(_, value)| value.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let problem = |kind| Problem::new(kind, "");
        assert!(passing(&problem(ProblemKind::Cut)));
        assert!(passing(&problem(ProblemKind::Proxy("connect".to_owned()))));
        assert!(!passing(&problem(ProblemKind::Proxy("private-address".to_owned()))));
        assert!(!passing(&problem(ProblemKind::NotFound)));
        assert!(!passing(&problem(ProblemKind::Registry)));
    }
}
