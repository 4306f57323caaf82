//! Which media types a manifest may have.

use drydock::media_type::MediaType;

/// Whether a manifest may be stored and served as this. Only JSON is a manifest: what is here comes
/// from anyone and is served on the page's own origin, so it is never a type that a browser shows or
/// runs. Nor is it several of them: where a browser is given a list it takes the last one that it
/// understands.
pub(crate) fn is_allowed(media_type: &MediaType) -> bool {
    let Some(name) = media_type.as_str().strip_prefix("application/") else { return false };
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
    name.len() <= 127
        && name.bytes().all(is_name)
        && (name == "json" || name.ends_with("+json") || name.ends_with("+prettyjws"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        for good in
            MediaType::MANIFESTS.into_iter().chain(["application/json", "application/x+json"])
        {
            assert!(is_allowed(&MediaType::new(good)), "{good}");
        }
        for bad in [
            "",
            "application/",
            "json",
            "text/json",
            "application/xjson",
            "application/x,text/html,x+json",
            "application/x +json",
            "application/x\t+json",
            "application/x/y+json",
            "application/x\u{e9}+json",
            "image/svg+xml",
            &format!("application/{}+json", "x".repeat(123)),
        ] {
            assert!(!is_allowed(&MediaType::new(bad)), "{bad}");
        }
    }
}
