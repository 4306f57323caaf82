//! What happens to a 3xx answer.

use http::{HeaderMap, Method, StatusCode, header};

use super::allow::Hosts;
use super::path::Shape;
use super::target::{Scheme, Target};
use super::{Code, Refusal};

/// How many redirects are followed for one request.
pub const MAX_REDIRECTS: usize = 5;

/// What to do with an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It is no redirect: pass it on.
    Answer,
    /// Ask this URL instead, with the same method and the same body.
    Follow(Target),
    /// Do not follow. The page is told the status, and the URL where it may ask that by itself;
    /// the answer that it gets is no redirect.
    Tell(Option<Target>),
}

/// Decides about one answer of `from` to `method`. `hops` counts the redirects followed before.
///
/// Addresses are not judged here: whoever follows resolves the new host and checks again.
pub fn decide(
    hosts: &Hosts,
    (method, shape): (&Method, Shape),
    from: &Target,
    status: StatusCode,
    headers: &HeaderMap,
    hops: usize,
) -> Result<Step, Refusal> {
    if !status.is_redirection() {
        return Ok(Step::Answer);
    }
    let keeps_method = matches!(status.as_u16(), 307 | 308);
    let reading = method == Method::GET || method == Method::HEAD;
    let can_be_followed = keeps_method || (reading && matches!(status.as_u16(), 301..=303));
    if !can_be_followed {
        // Others are no redirects, or would make a GET of what changes something.
        return Ok(Step::Tell(None));
    }
    let to = location(hosts, from, headers)?;
    if !reading && !sends_content(method, shape) && to.origin != from.origin {
        return Ok(Step::Tell(None));
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

/// Whether the request brings a registry what it is to keep: that may be wanted elsewhere.
/// Deletions and logins (the body of a token request) are for the host alone that was asked.
fn sends_content(method: &Method, shape: Shape) -> bool {
    let content =
        matches!(shape, Shape::Manifest | Shape::Upload | Shape::Session | Shape::Location);
    content && method != Method::DELETE
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

/// The refusal for a request that goes nowhere else: it has a login of this machine.
pub fn stays(from: &Target) -> Refusal {
    refuse(
        from,
        "a login of this machine goes to the place that the registry named, and no further",
    )
}

/// Names both hosts in a refusal that a redirect from `from` met.
pub fn wrap(from: &Target, to: Option<&Target>, refusal: &Refusal) -> Refusal {
    let to = to.map_or_else(|| refusal.host.clone(), |to| to.origin.authority());
    let from = from.origin.authority();
    Refusal::new(
        Code::Redirect,
        from.clone(),
        format!("{from} pointed to {to}, which was not followed: {}", refusal.message),
    )
    .advise(&*refusal.advice)
}

fn refuse(from: &Target, why: &str) -> Refusal {
    let host = from.origin.authority();
    let message = format!("A redirect from {host} was not followed: {why}.");
    Refusal::new(Code::Redirect, host, message)
}
