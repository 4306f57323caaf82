//! What a relayed upload is made of: which bytes of which blob, and the upload itself.

use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use drydock::digest::Digest;
use drydock::registry::range::{self, ByteRange, Rest};
use http::request::Parts as Head;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body::Body as _;

use crate::policy::header::{ERROR, FROM, FROM_AUTHORIZATION, FROM_RANGE, FROM_SIZE, OWN};
use crate::policy::path::Shape;
use crate::policy::target::Target;
use crate::policy::{Code, Refusal};

/// What both halves say of who asks.
const OF_CLIENT: [HeaderName; 5] = [
    header::HOST,
    header::ORIGIN,
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("x-forwarded-for"),
    OWN,
];

/// An upload, and where its body comes from.
pub(crate) struct Order {
    head: Head,
    source: Uri,
    /// The source, for messages: `host[:port]`, or nothing for this server's own registry.
    host: String,
    digest: Digest,
    size: u64,
    range: Range<u64>,
    authorization: Option<HeaderValue>,
}

/// Marks a request whose body nobody has to read to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relayed;

/// Why an answer is not the blob.
pub(super) enum Unfit {
    /// It is an error, to be handed on.
    Refused,
    /// It is another part than was asked for.
    Part,
    /// It is something else.
    Other(Refusal),
}

impl Order {
    /// Whether a request is such an order.
    pub(crate) fn is_one(headers: &HeaderMap) -> bool {
        headers.contains_key(FROM)
    }

    /// Reads an order.
    ///
    /// # Errors
    /// When it names no blob of a registry, or no bytes of it, or has a body of its own.
    pub(crate) fn read(mut head: Head, body: &Body) -> Result<Self, Refusal> {
        let malformed = |what: &str| Refusal::bad_request(format!("A relayed upload {what}."));
        if head.method != Method::PUT && head.method != Method::PATCH {
            return Err(malformed("is a PUT or a PATCH"));
        }
        if head.headers.get(OWN).is_none_or(|value| value != "1") {
            return Err(malformed("needs the header X-Drydock: 1"));
        }
        if !body.is_end_stream() {
            return Err(malformed("has no body of its own"));
        }
        let mut taken = |name: &HeaderName| head.headers.remove(name);
        let text = |value: Option<HeaderValue>| {
            value.and_then(|value| value.to_str().ok().map(str::to_owned)).unwrap_or_default()
        };
        let path = text(taken(&FROM));
        let authorization = taken(&FROM_AUTHORIZATION);
        let size = text(taken(&FROM_SIZE));
        let range = text(taken(&FROM_RANGE));
        let source: Uri = path.parse().map_err(|_| malformed("names a path of this server"))?;
        let (host, digest) = blob(&source)?;
        let size = size.parse().map_err(|_| malformed("says how long the blob is"))?;
        let range = parse(&range).filter(|range| range.start < range.end && range.end <= size);
        let range = range.ok_or_else(|| malformed("says which bytes of the blob it sends"))?;
        Ok(Self { head, source, host, digest, size, range, authorization })
    }

    /// The question for the bytes; not only for a part of the blob, unless `partly`.
    pub(super) fn ask(&self, partly: bool) -> Request<Body> {
        let mut request = self.alike();
        *request.uri_mut() = self.source.clone();
        let headers = request.headers_mut();
        if let Some(value) = &self.authorization {
            headers.insert(header::AUTHORIZATION, value.clone());
        }
        let range = ByteRange::new(self.range.start, self.range.end - self.range.start);
        if let Some(range) = range.filter(|_| partly && !self.is_whole()) {
            headers.insert(header::RANGE, range.header());
        }
        request
    }

    /// How many bytes of an answer come before those that are sent.
    pub(super) fn judge(&self, answer: &Response) -> Result<u64, Unfit> {
        if answer.headers().contains_key(ERROR) {
            return Err(Unfit::Refused);
        }
        let said = answer.headers().get(header::CONTENT_RANGE);
        let said = said.and_then(|value| value.to_str().ok());
        // An answer that is no part is the whole, whatever was asked for.
        let skip = match range::rest(self.range.start, self.size, answer.status(), said) {
            Some(Rest::From { end }) if reaches(end, self.range.end) => 0,
            Some(Rest::Whole { end }) if reaches(end, self.range.end) => self.range.start,
            Some(_) => return Err(Unfit::Part),
            None => return Err(Unfit::Refused),
        };
        let length = answer.headers().get(header::CONTENT_LENGTH);
        match length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok()) {
            Some(came) if said.is_none() && came != self.size => {
                Err(Unfit::Other(self.wrong(&format!("{came} bytes, not {}", self.size))))
            }
            _ => Ok(skip),
        }
    }

    /// The upload with its body.
    pub(super) fn into_upload(self, body: Body) -> Request<Body> {
        let length = HeaderValue::from(self.range.end - self.range.start);
        let mut head = self.head;
        head.headers.insert(header::CONTENT_LENGTH, length);
        head.extensions.insert(Relayed);
        Request::from_parts(head, body)
    }

    /// Which bytes of the blob are sent.
    pub(super) fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// The digest that the bytes can be compared with: when they are all.
    pub(super) fn digest(&self) -> Option<&Digest> {
        self.is_whole().then_some(&self.digest)
    }

    /// The refusal for bytes that are not the blob's.
    pub(super) fn wrong(&self, what: &str) -> Refusal {
        wrong(&self.host, &self.digest, what)
    }

    /// The source, for messages.
    pub(super) fn names(&self) -> (String, Digest) {
        (self.host.clone(), self.digest.clone())
    }

    fn is_whole(&self) -> bool {
        self.range == (0..self.size)
    }

    /// A GET of the same client.
    fn alike(&self) -> Request<Body> {
        let mut request = Request::new(Body::empty());
        *request.extensions_mut() = self.head.extensions.clone();
        for name in OF_CLIENT {
            for value in self.head.headers.get_all(&name) {
                request.headers_mut().append(name.clone(), value.clone());
            }
        }
        request
    }
}

/// The refusal for bytes that are not those of a digest.
pub(super) fn wrong(host: &str, digest: &Digest, what: &str) -> Refusal {
    let who = if host.is_empty() { "This server's registry" } else { host };
    let message =
        format!("{who} was asked for the blob {digest} and gave {what}; it was not passed on.");
    Refusal::new(Code::WrongBytes, host, message)
}

fn reaches(end: Option<u64>, wanted: u64) -> bool {
    end.is_none_or(|end| end >= wanted)
}

/// The host and the digest that a path of this server names.
fn blob(source: &Uri) -> Result<(String, Digest), Refusal> {
    let other =
        || Refusal::bad_request("A relayed upload takes the bytes of a blob of a registry.");
    let path = source.path();
    if source.authority().is_some() {
        return Err(other());
    }
    let (host, path) = match path.strip_prefix("/-/proxy/") {
        Some(rest) => {
            let target = Target::from_proxy_path(rest, source.query())?;
            (target.origin.authority(), target.path)
        }
        None => (String::new(), path.to_owned()),
    };
    if Shape::of(&host, &path, source.query())? != Shape::Blob {
        return Err(other());
    }
    let digest = path.rsplit('/').next().and_then(|digest| Digest::parse(digest).ok());
    digest.map(|digest| (host, digest)).ok_or_else(other)
}

/// `bytes=0-99`, both ends included.
fn parse(text: &str) -> Option<Range<u64>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok())?
    };
    Some(number(first)?..number(last)?.checked_add(1)?)
}
