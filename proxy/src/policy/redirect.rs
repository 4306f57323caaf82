//! What happens to a 3xx answer.

use http::{HeaderMap, Method, StatusCode, header};

use super::allow::Hosts;
use super::target::{Scheme, Target};
use super::{Code, Refusal};

/// How many redirects are followed for one request.
pub const MAX_REDIRECTS: usize = 5;

/// What to do with an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It is no redirect: pass it on.
    Answer,
    /// Ask this URL instead, with the same method.
    Follow(Target),
    /// The request had a body, which is not sent twice: give the URL to the page, sealed.
    HandBack(Target),
}

/// Decides about one answer of `from` to `method`. `hops` counts the redirects followed before.
///
/// Addresses are not judged here: whoever follows resolves the new host and checks again.
pub fn decide(
    hosts: &Hosts,
    method: &Method,
    from: &Target,
    status: StatusCode,
    headers: &HeaderMap,
    hops: usize,
) -> Result<Step, Refusal> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(Step::Answer);
    }
    let to = location(hosts, from, headers)?;
    if method != Method::GET && method != Method::HEAD {
        return Ok(Step::HandBack(to));
    }
    if hops >= MAX_REDIRECTS {
        let to = to.origin.authority();
        return Err(refuse(
            from,
            &format!("too many redirects (more than {MAX_REDIRECTS}), the last one to {to}"),
        ));
    }
    Ok(Step::Follow(to))
}

/// The URL in the Location field of an answer, absolute and acceptable by scheme, port and host.
pub fn location(hosts: &Hosts, from: &Target, headers: &HeaderMap) -> Result<Target, Refusal> {
    let mut fields = headers.get_all(header::LOCATION).iter();
    let Some(field) = fields.next() else {
        return Err(refuse(from, "the answer has no Location"));
    };
    if fields.next().is_some() {
        return Err(refuse(from, "the answer has more than one Location"));
    }
    let text = field
        .to_str()
        .ok()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| refuse(from, "the answer's Location is empty or not plain ASCII"))?;
    let to = from.join(text).map_err(|refusal| wrap(from, None, &refusal))?;
    if from.origin.scheme == Scheme::Https && to.origin.scheme == Scheme::Http {
        return Err(refuse(
            from,
            &format!("{} has no TLS, and the registry has", to.origin.authority()),
        ));
    }
    hosts
        .check(&to.origin, Some(&from.origin))
        .map_err(|refusal| wrap(from, Some(&to), &refusal))?;
    Ok(to)
}

/// Names both hosts in a refusal that a redirect from `from` met.
pub fn wrap(from: &Target, to: Option<&Target>, refusal: &Refusal) -> Refusal {
    let to = to.map_or_else(|| refusal.host.clone(), |to| to.origin.authority());
    let from = from.origin.authority();
    Refusal::new(
        Code::Redirect,
        from.clone(),
        format!("{from} pointed to {to}, which was not followed. {}", refusal.message),
    )
}

fn refuse(from: &Target, why: &str) -> Refusal {
    let host = from.origin.authority();
    let message = format!("A redirect from {host} was not followed: {why}.");
    Refusal::new(Code::Redirect, host, message)
}
