//! One blob from its first to its last byte, across broken connections and expired tokens.

use drydock::digest::Digest;
use drydock::registry::range::{self, Rest};
use http::StatusCode;
use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};

use super::clock;
use super::fetch::{Answer, Body, Call, send};
use super::place::Place;
use super::problem::{Problem, ProblemKind};

/// Tries in a row without progress before a transfer is given up.
const TRIES: u32 = 5;
/// First wait before another try, in milliseconds; doubles each time, and half of it is random.
const FIRST_WAIT: u32 = 500;
/// Longest wait before another try, in milliseconds.
const LONGEST_WAIT: u32 = 30_000;
/// Longest wait that a registry may ask for before the transfer is given up, in seconds.
const LONGEST_RETRY_AFTER: u64 = 60;
/// Times that leave to read is asked for anew for one connection: a token that another reader has
/// just got may be at its end, too.
pub(super) const RENEWALS: u32 = 3;
/// Bytes after which a connection counts as working again.
const PROGRESS: u64 = 1 << 20;
/// Bytes beyond the expected size that are still read, to say how much too long a blob is.
const OVERRUN: u64 = 1 << 20;

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
    /// Where the bytes of `body` end, as far as its head says.
    end: Option<u64>,
    /// Where `body` began to bring something new.
    began: u64,
    /// Whether the blob is asked for from its start, as the registry gives wrong parts of it.
    anew: bool,
    /// Where a body without a length ended too early; the same place twice is the blob's end.
    ended: Option<u64>,
    skip: u64,
    offset: u64,
    resumed: u32,
    failures: u32,
    offset_at_failure: u64,
}

impl<G: Grant> BlobStream<G> {
    /// A stream that asks for its first byte when it is first read. `size` is what the descriptor
    /// says.
    #[must_use]
    pub fn new(grant: G, access: Access, size: u64) -> Self {
        Self {
            grant,
            access,
            size,
            body: None,
            end: None,
            began: 0,
            anew: false,
            ended: None,
            skip: 0,
            offset: 0,
            resumed: 0,
            failures: 0,
            offset_at_failure: 0,
        }
    }

    /// The next bytes, still in the browser's memory, where the ones after them take their place;
    /// `None` at the end. A blob much longer than expected ends early.
    ///
    /// # Errors
    /// When the blob can't be read on, tries included.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, Problem> {
        loop {
            if self.offset > self.size.saturating_add(OVERRUN) {
                self.body = None;
                return Ok(None);
            }
            let read = match &mut self.body {
                // What came on earlier connections has come.
                Some(body) => match body.next().await {
                    Err(Problem { kind: ProblemKind::Cut, .. }) => Err(self.cut()),
                    read => read,
                },
                None => match self.connect().await {
                    Ok(Some(body)) => {
                        self.body = Some(body);
                        continue;
                    }
                    Ok(None) => return Ok(None),
                    Err(problem) => Err(problem),
                },
            };
            match read {
                Ok(None) if self.is_cut() => {
                    self.body = None;
                    let cut = self.cut();
                    if self.offset < self.began.saturating_add(PROGRESS) {
                        self.wait_or_give_up(cut).await?;
                    }
                }
                Ok(None) => return Ok(None),
                Ok(Some(piece)) => {
                    if let Some(piece) = self.take(piece) {
                        return Ok(Some(piece));
                    }
                }
                Err(problem) => {
                    self.body = None;
                    self.wait_or_give_up(problem).await?;
                }
            }
        }
    }

    /// Bytes read so far.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How often the connection had to be made anew.
    #[must_use]
    pub fn resumed(&self) -> u32 {
        self.resumed
    }

    fn cut(&self) -> Problem {
        Problem::cut(self.offset, Some(self.size)).at(self.access.host())
    }

    /// Whether a body that came to its end was not all of the blob: it was a part, or nothing said
    /// how long it was.
    fn is_cut(&mut self) -> bool {
        if self.offset >= self.size {
            return false;
        }
        let announced = self.body.as_ref().and_then(Body::announced);
        match (self.end, announced) {
            (Some(end), _) => end < self.size || self.offset < end,
            (None, Some(_)) => false,
            (None, None) => self.ended.replace(self.offset) != Some(self.offset),
        }
    }

    /// Leaves out what was read before, where a registry started again from the beginning.
    fn take(&mut self, piece: Uint8Array) -> Option<Uint8Array> {
        let len = u64::from(piece.byte_length());
        let skipped = self.skip.min(len);
        self.skip -= skipped;
        self.offset += len - skipped;
        if skipped == len {
            return None;
        }
        let start = u32::try_from(skipped).unwrap_or(u32::MAX);
        Some(if start == 0 { piece } else { piece.subarray(start, piece.byte_length()) })
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

    /// Takes what an answer brings of the blob, by the library's rule.
    fn judge(&mut self, answer: Answer) -> Result<Option<Body>, Problem> {
        let asked = if self.anew { 0 } else { self.offset };
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::IM_A_TEAPOT);
        let rest = range::rest(asked, self.size, status, answer.header("content-range"));
        if self.is_page(&answer, asked) {
            let host = self.access.host();
            let message = format!(
                "{host} sent a web page instead of the blob: perhaps a login page. Check that it is a registry, and log in."
            );
            return Err(Problem::new(ProblemKind::Registry, message).at(host));
        }
        self.began = self.offset;
        match rest {
            Some(Rest::From { end }) => {
                (self.skip, self.end) = (0, end);
                Ok(Some(answer.body))
            }
            Some(Rest::Whole { end }) => {
                (self.skip, self.end) = (self.offset, end);
                Ok(Some(answer.body))
            }
            Some(Rest::Over) => Ok(None),
            Some(Rest::Again(what)) => {
                self.anew = true;
                let host = self.access.host();
                let message = format!(
                    "{host} was asked for a blob from byte {asked} on and sent {what}. Nothing is wrong with the image by that; try again."
                );
                Err(Problem::new(ProblemKind::Cut, message).at(host))
            }
            None => Err(refused(&answer, self.access.host())),
        }
    }

    /// Whether an answer is a page for people: it is said to be one, and has another length.
    fn is_page(&self, answer: &Answer, asked: u64) -> bool {
        let names = ["x-upstream-content-type", "content-type"];
        let media_type = names.iter().find_map(|name| answer.header(name)).unwrap_or_default();
        let fits = |length| length == self.size || length == self.size.saturating_sub(asked);
        answer.status == 200
            && media_type.starts_with("text/html")
            && !answer.body.announced().is_some_and(fits)
    }

    async fn ask(&self) -> Result<Answer, Problem> {
        let range = format!("bytes={}-", self.offset);
        let mut headers: Vec<(&str, &str)> =
            self.access.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        if self.offset > 0 && !self.anew {
            headers.push(("Range", &range));
        }
        send(Call { method: "GET", path: &self.access.path, headers, body: None }).await
    }

    async fn wait_or_give_up(&mut self, problem: Problem) -> Result<(), Problem> {
        if self.offset >= self.offset_at_failure + PROGRESS {
            self.failures = 0;
        }
        self.offset_at_failure = self.offset;
        self.failures += 1;
        if !passing(&problem) || self.failures >= TRIES {
            return Err(problem);
        }
        self.resumed += 1;
        let wait = (FIRST_WAIT << (self.failures - 1).min(10)).min(LONGEST_WAIT);
        let wait = wait / 2 + (f64::from(wait / 2) * clock::jitter()) as u32;
        let asked = problem.retry_after.unwrap_or(0);
        if asked > LONGEST_RETRY_AFTER {
            return Err(problem);
        }
        clock::sleep(wait.max(u32::try_from(asked * 1000).unwrap_or(u32::MAX))).await;
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
    let (kind, message) = match status {
        401 => (
            ProblemKind::Login,
            format!("{host} asks for a login to read this blob. Log in and try again."),
        ),
        403 => (ProblemKind::Denied, format!("{host} does not let this login read the blob.")),
        404 => (
            ProblemKind::NotFound,
            format!("{host} has no such blob, although a manifest names it."),
        ),
        429 => (
            ProblemKind::RateLimited,
            format!(
                "The rate limit of {host} is reached (status 429). Wait a while and try again."
            ),
        ),
        _ => (
            ProblemKind::Registry,
            format!("{host} failed to give the blob (status {status}). Try again later."),
        ),
    };
    // Servers that failed often recover at once.
    let retry_after = match status {
        408 | 500 | 502 | 503 | 504 => Some(retry_after.unwrap_or(0)),
        _ => retry_after,
    };
    Problem { kind, message, advice: String::new(), host: Some(host.to_owned()), retry_after }
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
