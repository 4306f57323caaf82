use proptest::prelude::*;

use super::*;

fn rules(parsed: &Parsed) -> Vec<&str> {
    parsed.findings.iter().map(|finding| &*finding.rule).collect()
}

#[track_caller]
fn refused(bytes: &[u8], rule: &str) {
    let parsed = parse(bytes, "manifest");
    assert_eq!(rules(&parsed), [rule], "{}", String::from_utf8_lossy(bytes));
    assert_eq!(parsed.value, None);
    assert!(parsed.findings[0].message.contains("manifest"), "{}", parsed.findings[0].message);
}

#[test]
fn m10_duplicate_keys_in_any_spelling_and_place() {
    for (text, path) in [
        (r#"{"layers":[1],"layers":[2]}"#, "layers"),
        (r#"{"layers":[1],"\u006cayers":[2]}"#, "layers"),
        (r#"{"a":{"b":[{"digest":1,"digest":2}]}}"#, "a.b[0].digest"),
        (r#"{"":1,"":2}"#, ""),
        (r#"{"a\nb":1,"a\u000ab":2}"#, r"a\nb"),
    ] {
        let parsed = parse(text.as_bytes(), "manifest");
        assert_eq!(rules(&parsed), ["json.duplicate-key"], "{text}");
        let message = &parsed.findings[0].message;
        assert!(message.contains(&format!("Duplicate key {path} ")), "{message}");
        assert!(parsed.value.is_some());
    }
}

#[test]
fn m10_the_last_of_two_values_is_kept_and_the_order_of_keys_stays() {
    let parsed = parse(br#"{"b":1,"a":{"x":0},"b":3}"#, "manifest");
    assert_eq!(parsed.value.expect("value").to_string(), r#"{"b":3,"a":{"x":0}}"#);
}

#[test]
fn m10_a_thousand_duplicates_are_counted_not_listed() {
    let body = vec![r#""a":1"#; 1000].join(",");
    let parsed = parse(format!("{{{body}}}").as_bytes(), "manifest");
    assert_eq!(parsed.findings.len(), limits::FINDINGS_PER_RULE + 1);
    assert!(parsed.findings[limits::FINDINGS_PER_RULE].message.starts_with("899 more"));
}

#[test]
fn m11_keys_that_differ_only_in_case() {
    let known = ["layers", "mediaType", "fork"];
    for key in ["Layers", "LAYERS", "layer\u{17f}", "MediaType", "mediatype", "for\u{212a}"] {
        let parsed = parse(format!(r#"{{"{key}":1}}"#).as_bytes(), "manifest");
        let object = parsed.value.expect("value");
        let findings = case_variants(object.as_object().expect("object"), &known, "manifest");
        assert_eq!(findings.len(), 1, "{key}");
        assert_eq!(findings[0].rule, "json.key-case");
        assert!(findings[0].message.contains("differs only in case"));
    }
    for key in ["layers", "mediaType", "layer", "layerss", "schicht", "läyers"] {
        let parsed = parse(format!(r#"{{"{key}":1}}"#).as_bytes(), "manifest");
        let object = parsed.value.expect("value");
        assert_eq!(case_variants(object.as_object().expect("object"), &known, "manifest"), []);
    }
}

#[test]
fn m12_not_utf8() {
    refused(b"\xef\xbb\xbf{}", "json.encoding");
    refused(b"\xff\xfe{\0}\0", "json.encoding");
    refused(b"\xfe\xff\0{\0}", "json.encoding");
    refused(b"{\0}\0", "json.encoding");
    refused(b"\0{\0}", "json.encoding");
    refused(b"{\"a\":\"\xff\"}", "json.encoding");
    refused(b"{\"a\":\"\xed\xa0\x80\"}", "json.encoding");
    refused(b"{\"a\":\"\xc0\x80\"}", "json.encoding");
}

#[test]
fn m12_not_json() {
    for text in [
        "",
        " ",
        "{",
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":1e400}"#,
        r#"{"a":-1e400}"#,
        r#"{"a":01}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00\ud800"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":1,}"#,
        r#"{'a':1}"#,
        "// comment\n{}",
        "{/* comment */}",
        "<html>",
    ] {
        refused(text.as_bytes(), "json.syntax");
    }
}

#[test]
fn m12_something_behind_the_end() {
    for text in ["{} x", "{}{}", "{}\0", "{} // comment", "{}]"] {
        refused(text.as_bytes(), "json.trailing");
    }
    assert_eq!(parse(b" {}\r\n\t ", "manifest").findings, []);
}

#[test]
fn m12_depth_is_bounded() {
    for depth in [limits::JSON_DEPTH, 10_000, 1_000_000] {
        refused("[".repeat(depth).as_bytes(), "json.depth");
        refused("{\"a\":".repeat(depth).as_bytes(), "json.depth");
    }
    let deep = limits::JSON_DEPTH - 1;
    let text = format!("{}{}", "[".repeat(deep), "]".repeat(deep));
    assert_eq!(parse(text.as_bytes(), "manifest").findings, []);
}

#[test]
fn numbers_stay_what_they_are() {
    let text = "[9223372036854775807,18446744073709551615,-1,1000.0,0.5,true,null,\"é\"]";
    let parsed = parse(text.as_bytes(), "manifest");
    assert_eq!(parsed.findings, []);
    assert_eq!(parsed.value.expect("value").to_string(), text);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes, "manifest");
    }

    #[test]
    fn text_like_json_does_not_panic(text in r#"[\{\}\[\]":,a\\u0-9e\. \-ntf]{0,120}"#) {
        let parsed = parse(text.as_bytes(), "manifest");
        let usual: Result<Value, _> = serde_json::from_str(&text);
        prop_assert_eq!(parsed.value, usual.ok());
    }
}
