//! Whether and when a question is asked again. The waiting itself is the caller's.

use std::time::Duration;

use super::error::Error;
use super::transport::TransportErrorKind;

/// Most attempts for one question, the first included.
pub const ATTEMPTS: u32 = 5;
/// Longest wait that is chosen here.
pub const LONGEST: Duration = Duration::from_secs(30);
/// Longest wish of a server that is followed without asking the user.
pub const LONGEST_WISH: Duration = Duration::from_secs(300);

const FIRST: Duration = Duration::from_millis(500);

/// What waiting needs of the world: time and chance.
#[allow(async_fn_in_trait)]
pub trait Pace {
    /// Waits for `time` because of `error`, after which it is tried again.
    async fn wait(&self, time: Duration, error: &Error);

    /// A number between 0 and 1, another one each time, which spreads the waits of many clients.
    fn random(&self) -> f64;

    /// Most attempts for one question, the first included, and the longest wait between two of them.
    fn most(&self) -> (u32, Duration) {
        (ATTEMPTS, LONGEST_WISH)
    }
}

impl<P: Pace> Pace for &P {
    async fn wait(&self, time: Duration, error: &Error) {
        P::wait(self, time, error).await;
    }

    fn random(&self) -> f64 {
        P::random(self)
    }

    fn most(&self) -> (u32, Duration) {
        P::most(self)
    }
}

/// What fails is not tried again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Once;

impl Pace for Once {
    async fn wait(&self, _time: Duration, _error: &Error) {}

    fn random(&self) -> f64 {
        0.0
    }

    fn most(&self) -> (u32, Duration) {
        (1, Duration::ZERO)
    }
}

/// Asks a question that does no harm when it is asked twice, and again as long as that helps.
///
/// # Errors
/// What the last attempt ended with.
pub async fn patiently<A>(
    pace: &impl Pace,
    question: impl AsyncFn() -> Result<A, Error>,
) -> Result<A, Error> {
    let mut attempt = 1;
    loop {
        let error = match question().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let (attempts, longest) = pace.most();
        match delay(attempt, &error, pace.random()) {
            Some(time) if attempt < attempts && time <= longest => pace.wait(time, &error).await,
            _ => return Err(error),
        }
        attempt += 1;
    }
}

/// How long to wait before attempt `attempt + 1` of a question that may be asked twice, after attempt `attempt` (counted
/// from 1) failed with `error`. `None` when another attempt would not help, or not soon.
///
/// `random` is between 0 and 1 and spreads the waits of many clients.
#[must_use]
pub fn delay(attempt: u32, error: &Error, random: f64) -> Option<Duration> {
    if helps(attempt, error) { wait(attempt, error.retry_after(), random) } else { None }
}

/// As [`delay`], where it is known that another attempt may help, and which `wish` the server has.
#[must_use]
pub fn wait(attempt: u32, wish: Option<Duration>, random: f64) -> Option<Duration> {
    if attempt >= ATTEMPTS {
        return None;
    }
    if let Some(wish) = wish {
        return (wish <= LONGEST_WISH).then_some(wish);
    }
    let doubled = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST);
    Some(doubled.mul_f64(if random.is_finite() { random.clamp(0.0, 1.0) } else { 0.5 }))
}

fn helps(attempt: u32, error: &Error) -> bool {
    match error {
        Error::RateLimited { .. } => true,
        Error::Server { status, .. } => {
            matches!(status.as_u16(), 408 | 499 | 500 | 502 | 503 | 504 | 522)
        }
        Error::Transport { error, .. } => match &error.kind {
            TransportErrorKind::Unreachable
            | TransportErrorKind::Timeout
            | TransportErrorKind::Cut { .. } => true,
            // Whoever stands between here and the registry has limits of its own.
            TransportErrorKind::Refused(code) => code == "rate-limited",
            _ => false,
        },
        // Once: a cache on the way may have been filled with a broken answer.
        Error::Mismatch { .. } => attempt == 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::super::error::{Login, Reply, Subject};
    use super::super::transport::TransportError;
    use super::*;
    use crate::descriptor::{Mismatch, verify_digest};
    use crate::digest::Digest;

    fn subject() -> Subject {
        Subject::Api { registry: "a.io".to_owned() }
    }

    fn server(status: u16, retry_after: Option<u64>) -> Error {
        let status = StatusCode::from_u16(status).expect("status");
        let retry_after = retry_after.map(Duration::from_secs);
        Error::Server { subject: subject(), status, retry_after, reply: Reply::default() }
    }

    fn transport(kind: TransportErrorKind) -> Error {
        Error::transport(subject(), TransportError::new(kind, "x"))
    }

    #[test]
    fn what_is_tried_again() {
        for status in [408, 500, 502, 503, 504, 522] {
            assert!(delay(1, &server(status, None), 0.5).is_some(), "{status}");
        }
        for status in [501, 505, 507] {
            assert!(delay(1, &server(status, None), 0.5).is_none(), "{status}");
        }
        let cut = TransportErrorKind::Cut { got: 1, expected: Some(2) };
        let busy = TransportErrorKind::Refused("rate-limited".to_owned());
        for kind in [TransportErrorKind::Unreachable, TransportErrorKind::Timeout, cut, busy] {
            assert!(delay(1, &transport(kind), 0.5).is_some());
        }
        let refused = TransportErrorKind::Refused("private-address".to_owned());
        for kind in [refused, TransportErrorKind::Cancelled, TransportErrorKind::Offline] {
            assert!(delay(1, &transport(kind), 0.5).is_none());
        }
        let reply = Reply::default;
        for error in [
            Error::Unauthorized { subject: subject(), login: Login::Possible, reply: reply() },
            Error::Denied { subject: subject(), logged_in: false, reply: reply() },
            Error::NotFound { subject: subject(), reply: reply() },
            Error::Unexpected {
                subject: subject(),
                status: StatusCode::METHOD_NOT_ALLOWED,
                reply: reply(),
            },
            Error::TooLarge { subject: subject(), limit: 1 },
        ] {
            assert_eq!(delay(1, &error, 0.5), None, "{error}");
        }
    }

    #[test]
    fn wrong_bytes_are_fetched_once_more() {
        let digest = Digest::sha256(b"a");
        let mismatch: Mismatch = verify_digest(&digest, "b".into()).expect_err("differs");
        let error = Error::Mismatch { subject: subject(), mismatch };
        assert!(delay(1, &error, 0.5).is_some());
        assert_eq!(delay(2, &error, 0.5), None);
    }

    #[test]
    fn waits_double_with_full_jitter_up_to_a_limit() {
        let error = server(503, None);
        let whole: Vec<_> = (1..=5).map(|n| delay(n, &error, 1.0)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(whole, [ms(500), ms(1000), ms(2000), ms(4000), None]);
        assert_eq!(delay(3, &error, 0.0), ms(0));
        assert_eq!(delay(3, &error, 0.25), ms(500));
        assert_eq!(delay(1, &error, f64::NAN), ms(250));
    }

    #[test]
    fn a_servers_wish_is_followed_unless_it_is_long() {
        assert_eq!(delay(1, &server(503, Some(7)), 0.1), Some(Duration::from_secs(7)));
        assert_eq!(delay(1, &server(503, Some(301)), 0.1), None);
        let limited = |seconds| Error::RateLimited {
            subject: subject(),
            retry_after: Some(Duration::from_secs(seconds)),
            limit: None,
            reply: Reply::default(),
        };
        assert_eq!(delay(4, &limited(300), 0.1), Some(Duration::from_secs(300)));
        assert_eq!(delay(5, &limited(1), 0.1), None);
    }
}
