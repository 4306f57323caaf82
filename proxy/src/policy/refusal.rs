use std::fmt;

/// Why the proxy answers for itself. The words are stable: they are the value of the response
/// header `X-Drydock-Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The host is, or resolves to, an address that is not public, and was not allowed.
    PrivateAddress,
    /// The host's name is one that never leaves a network, or the server is told to talk to
    /// allowed hosts only.
    HostNotAllowed,
    /// Plain HTTP to a host that was not allowed over HTTP, or a scheme that is no HTTP.
    SchemeNotAllowed,
    /// A port that registries do not use, and that was not allowed.
    PortNotAllowed,
    /// Neither a path of the distribution-spec nor a URL with a valid seal.
    PathNotAllowed,
    /// The name has no usable address.
    Unresolvable,
    /// No TCP connection, or it broke before there was an answer.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// Something took longer than its limit.
    Timeout,
    /// A redirect, or another URL chosen by a registry, that is not followed.
    Redirect,
    /// An answer longer than its kind may be, or a request that is too long.
    TooLarge,
    /// Bytes came encoded although they were asked for as they are.
    ContentEncoding,
    /// Another web site, or another name for this server, is behind the request.
    ForeignOrigin,
    /// The request itself is malformed.
    BadRequest,
    /// Too many requests at once or in a short time.
    RateLimited,
    /// The registry's answer breaks HTTP.
    UpstreamProtocol,
    /// The target is this server itself.
    Itself,
    /// A registry gave other bytes than those that its blob should have.
    WrongBytes,
    /// A login of this machine was asked for, and is not given.
    Login,
    /// What is kept of layers can't be read or written.
    LayerCache,
}

impl Code {
    /// The word in `X-Drydock-Error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrivateAddress => "private-address",
            Self::HostNotAllowed => "host-not-allowed",
            Self::SchemeNotAllowed => "scheme-not-allowed",
            Self::PortNotAllowed => "port-not-allowed",
            Self::PathNotAllowed => "path-not-allowed",
            Self::Unresolvable => "unresolvable",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Redirect => "redirect",
            Self::TooLarge => "too-large",
            Self::ContentEncoding => "content-encoding",
            Self::ForeignOrigin => "foreign-origin",
            Self::BadRequest => "bad-request",
            Self::RateLimited => "rate-limited",
            Self::UpstreamProtocol => "upstream-protocol",
            Self::Itself => "self",
            Self::WrongBytes => "wrong-bytes",
            Self::Login => "login",
            Self::LayerCache => "layer-cache",
        }
    }
}

/// A request that the proxy does not carry out, or an answer that it does not pass on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which rule or failure.
    pub code: Code,
    /// The host that it is about (`host[:port]`); empty when there is none.
    pub host: String,
    /// One sentence for the person in front of the page: what came.
    pub message: String,
    /// What to do about it; empty when there is nothing to say.
    pub advice: String,
}

impl Refusal {
    /// A refusal about `host`.
    pub fn new(code: Code, host: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, host: host.into(), message: message.into(), advice: String::new() }
    }

    /// With what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// A malformed request, about no host.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, "", message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, " {}", self.advice) }
    }
}

impl std::error::Error for Refusal {}
