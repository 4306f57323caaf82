//! What is wrong with a login, or with a place that a registry names.

/// How a login stands after a registry answered 401.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// None was given, and the registry takes one.
    Possible,
    /// The one that was given was not accepted.
    Refused,
    /// One that is kept elsewhere, and was put in there, was not accepted.
    KeptRefused,
    /// The registry says nothing of how to log in.
    NotOffered,
    /// Another host, to which the registry redirects, wants its own login.
    OtherHost(String),
}

/// Why a token service is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RealmProblem {
    /// Not a URL that could be asked.
    NotUrl,
    /// Plain http although the registry uses https.
    Insecure,
    /// An address of this machine or a private network.
    Private,
    /// Another host than the same registry named before.
    Changed {
        /// The origin that it named before.
        before: String,
    },
    /// The token service sends the login elsewhere.
    Redirect,
}

/// Why a next page is not fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageProblem {
    /// Not a URL.
    NotUrl,
    /// On another scheme, host or port.
    OtherOrigin,
    /// The page names itself as the next.
    Loop,
    /// The page brought nothing that was not listed already, and yet names a next one.
    NothingNew,
    /// More pages than are followed.
    TooMany {
        /// Pages that were read.
        pages: usize,
    },
}

/// Why an upload does not go on where the registry wants it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocationProblem {
    /// The registry named no place.
    Missing,
    /// Not a URL that could be asked.
    NotUrl,
    /// Plain http although the registry uses https.
    Insecure,
    /// An address of this machine or a private network.
    Private,
    /// The registry sends the upload on and on.
    Loop,
}
