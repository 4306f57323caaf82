//! Lists that come in pages: which page is next, and whether it is fetched.
//!
//! distribution-spec, "Listing Tags" (`Link` by RFC 8288).

use std::collections::BTreeSet;

use http::HeaderMap;
use url::Url;

use super::error::{Error, PageProblem, Subject, shown};
use crate::limits;

/// The next page of a list: on the registry itself, and not one page too many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    url: Url,
    number: usize,
}

impl Next {
    /// Where the page is.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Which page it is, counted from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }
}

/// One page of names, and the next one if there is more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Tags or repositories as the registry spells them: untrusted text.
    pub names: Vec<String>,
    /// The next page.
    pub next: Option<Next>,
    /// Why the list stops here, when it names a next page that is not fetched.
    pub stops: Option<Error>,
}

/// The names of several pages, each once.
#[derive(Clone, Debug, Default)]
pub struct Names {
    seen: BTreeSet<String>,
    list: Vec<String>,
}

impl Names {
    /// Takes a page, and gives those of its names that are new, and the page to ask for next. A list
    /// that brings the same again is at its end, whatever next page it names.
    ///
    /// # Errors
    /// Why the list stops before its end. What came until then is kept.
    pub fn take(
        &mut self,
        page: Page,
        subject: &Subject,
    ) -> (Vec<String>, Result<Option<Next>, Error>) {
        let Page { names, next, stops } = page;
        let (known, some) = (self.list.len(), !names.is_empty());
        for name in names {
            if self.seen.insert(name.clone()) {
                self.list.push(name);
            }
        }
        let new = self.list.get(known..).unwrap_or_default().to_vec();
        let next = match (stops, next) {
            (Some(stops), _) => Err(stops),
            (None, Some(next)) if some && new.is_empty() => Err(Error::PageRefused {
                subject: subject.clone(),
                next: shown(next.url().as_str()),
                problem: PageProblem::NothingNew,
            }),
            (None, next) => Ok(next),
        };
        (new, next)
    }

    /// All names, in the order in which they came.
    #[must_use]
    pub fn into_list(self) -> Vec<String> {
        self.list
    }

    /// Number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// Reads the next page off the headers of page `number`, which was at `url`.
///
/// # Errors
/// When the next page is no URL, lies on another origin, is the page itself, or is one too many.
pub fn next(
    subject: &Subject,
    headers: &HeaderMap,
    url: &Url,
    number: usize,
) -> Result<Option<Next>, Error> {
    let values = headers.get_all(http::header::LINK).iter();
    let target = values.filter_map(|value| value.to_str().ok()).find_map(next_target);
    let Some(target) = target else { return Ok(None) };
    let refused =
        |problem| Error::PageRefused { subject: subject.clone(), next: shown(&target), problem };
    let mut next = url.join(&target).map_err(|_| refused(PageProblem::NotUrl))?;
    next.set_fragment(None);
    if next.origin() != url.origin() || !next.username().is_empty() || next.password().is_some() {
        return Err(refused(PageProblem::OtherOrigin));
    }
    if next == *url {
        return Err(refused(PageProblem::Loop));
    }
    if number >= limits::LIST_PAGES {
        return Err(refused(PageProblem::TooMany { pages: number }));
    }
    Ok(Some(Next { url: next, number: number + 1 }))
}

/// The target of the first link with the relation `next` in one header value.
fn next_target(value: &str) -> Option<String> {
    let mut rest = value;
    while let Some(open) = rest.find('<') {
        let (_, behind) = rest.split_at_checked(open + 1)?;
        let (target, behind) = behind.split_once('>')?;
        let (params, tail) = split_params(behind);
        if params.iter().any(|(name, value)| is_next(name, value)) {
            return Some(target.trim().to_owned());
        }
        rest = tail;
    }
    None
}

fn is_next(name: &str, value: &str) -> bool {
    let relation = |word: &str| word.eq_ignore_ascii_case("next");
    name.eq_ignore_ascii_case("rel") && value.split_ascii_whitespace().any(relation)
}

/// Splits `; a=b; c="d, e" , <next link>` into parameters and what follows the comma.
fn split_params(text: &str) -> (Vec<(String, String)>, &str) {
    let mut quoted = false;
    let mut escaped = false;
    let mut end = text.len();
    let mut cuts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => cuts.push(at),
            ',' if !quoted => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    cuts.push(end);
    let piece = |pair: &[usize]| {
        let (from, to) = (pair.first().copied()? + 1, pair.get(1).copied()?);
        let (name, value) = text.get(from..to)?.split_once('=')?;
        let value = value.trim().trim_matches('"').replace('\\', "");
        Some((name.trim().to_owned(), value))
    };
    let params = cuts.windows(2).filter_map(piece).collect();
    (params, text.get(end..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PAGE: &str = "https://reg.example/v2/a/tags/list?n=2";

    fn follow(link: &str, number: usize) -> Result<Option<String>, Error> {
        let subject = Subject::Tags { name: "reg.example/a".to_owned() };
        let mut headers = HeaderMap::new();
        headers.insert(http::header::LINK, HeaderValue::from_str(link).expect("value"));
        let url = Url::parse(PAGE).expect("url");
        next(&subject, &headers, &url, number).map(|next| next.map(|next| next.url.to_string()))
    }

    #[test]
    fn p26_links_that_are_followed() {
        for (link, target) in [
            ("</v2/a/tags/list?n=2&last=b>; rel=\"next\"", Some("/v2/a/tags/list?n=2&last=b")),
            ("</v2/a/tags/list?last=b>; rel=next", Some("/v2/a/tags/list?last=b")),
            ("</v2/a/tags/list?last=b>;REL=\"Next\"", Some("/v2/a/tags/list?last=b")),
            ("<?last=b>; rel=\"next\"", Some("/v2/a/tags/list?last=b")),
            ("<https://reg.example/v2/x>; rel=\"next\"", Some("/v2/x")),
            ("<https://reg.example:443/v2/x>; rel=\"next\"", Some("/v2/x")),
            (
                "</prev>; rel=\"prev\", </v2/x?a=1,2>; title=\"a, b; c\"; rel=\"next\"",
                Some("/v2/x?a=1,2"),
            ),
            ("</v2/x>; rel=\"last next\"", Some("/v2/x")),
            ("</v2/x>; rel=\"prev\"", None),
            ("</v2/x>", None),
            ("no link", None),
            ("<unclosed; rel=next", None),
            ("", None),
        ] {
            let target = target.map(|path| format!("https://reg.example{path}"));
            assert_eq!(follow(link, 1).as_ref(), Ok(&target), "{link}");
        }
    }

    #[test]
    fn p26_links_that_are_refused() {
        for (link, problem) in [
            ("<https://evil.example/v2/a/tags/list>; rel=\"next\"", PageProblem::OtherOrigin),
            ("<//evil.example/v2/a>; rel=\"next\"", PageProblem::OtherOrigin),
            ("<http://reg.example/v2/a>; rel=\"next\"", PageProblem::OtherOrigin),
            ("<https://reg.example:8443/v2/a>; rel=\"next\"", PageProblem::OtherOrigin),
            ("<https://sub.reg.example/v2/a>; rel=\"next\"", PageProblem::OtherOrigin),
            ("<https://user@reg.example/v2/a>; rel=\"next\"", PageProblem::OtherOrigin),
            ("<file:///etc/passwd>; rel=\"next\"", PageProblem::OtherOrigin),
            ("<https://[bad>; rel=\"next\"", PageProblem::NotUrl),
            ("</v2/a/tags/list?n=2>; rel=\"next\"", PageProblem::Loop),
            ("</v2/a/tags/list?n=2#x>; rel=\"next\"", PageProblem::Loop),
        ] {
            let got = follow(link, 1);
            assert!(
                matches!(&got, Err(Error::PageRefused { problem: p, .. }) if *p == problem),
                "{link}: {got:?}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn p26_no_link_makes_the_parser_panic_or_leads_away(
            link in "[ -~]{0,60}|(<|>|;|,|rel=|\"|next|/v2/|https:|//|\\\\| ){0,20}"
        ) {
            if let Ok(Some(url)) = follow(&link, 1) {
                proptest::prop_assert!(url.starts_with("https://reg.example/"), "{url}");
            }
        }
    }

    #[test]
    fn p26_the_page_cap_names_itself() {
        let link = "</v2/a/tags/list?last=z>; rel=\"next\"";
        assert!(follow(link, limits::LIST_PAGES - 1).is_ok());
        let error = follow(link, limits::LIST_PAGES).expect_err("one too many").to_string();
        assert!(error.contains("too many pages"), "{error}");
    }
}
