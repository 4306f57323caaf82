//! What `www/index.html` is made of. Trunk's own attributes name it, so that `trunk serve` reads the same file.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

/// Marks an element that the build replaces.
const MARK: &str = "data-trunk";

/// The elements that it is on, without their ends.
const ELEMENTS: [&str; 2] = ["<link ", "<script "];

/// A line of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Goes into the page as it is.
    Text(String),
    /// Asks for files; the element that links them takes its place, behind the same white space.
    Asset { indent: String, asset: Asset },
}

/// What an element asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asset {
    Icon(String),
    Style(String),
    Script(String),
    /// A file that is asked for by its name.
    File(String),
    Program(Program),
}

/// A program that is compiled to WebAssembly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) name: String,
    /// Cargo's profile for a quick look, and the one for everything else.
    pub(super) quick: String,
    pub(super) release: String,
    pub(super) is_worker: bool,
}

/// Reads the lines of `index.html`; every marked element has a line for itself.
pub(super) fn parse(html: &str) -> Result<Vec<Line>> {
    html.lines()
        .enumerate()
        .map(|(at, line)| {
            parse_line(line)
                .with_context(|| format!("line {} of www/index.html: {}", at + 1, line.trim()))
        })
        .collect()
}

fn parse_line(line: &str) -> Result<Line> {
    if !line.contains(MARK) {
        return Ok(Line::Text(line.to_owned()));
    }
    let element = line.trim();
    let indent = line.chars().take_while(|c| c.is_whitespace()).collect();
    let inside = ELEMENTS
        .iter()
        .find_map(|start| element.strip_prefix(start))
        .and_then(|rest| rest.split_once('>'))
        .filter(|(_, after)| matches!(*after, "" | "</script>"));
    let Some((inside, _)) = inside else {
        bail!(
            "expected one <link {MARK} …> or <script {MARK} …></script> and nothing else on the line"
        );
    };
    let attributes = attributes(inside.trim_end_matches('/'))?;
    Ok(Line::Asset { indent, asset: asset(&attributes)? })
}

fn asset(attributes: &BTreeMap<String, String>) -> Result<Asset> {
    let get = |name: &str| {
        attributes.get(name).cloned().with_context(|| format!("expected an attribute {name}"))
    };
    Ok(match attributes.get("rel").map(String::as_str) {
        Some("icon") => Asset::Icon(get("href")?),
        Some("css") => Asset::Style(get("href")?),
        Some("copy-file") => Asset::File(get("href")?),
        Some("rust") => Asset::Program(Program {
            name: get("data-bin")?,
            quick: get("data-cargo-profile-dev")?,
            release: get("data-cargo-profile-release")?,
            is_worker: match attributes.get("data-type").map(String::as_str) {
                None => false,
                Some("worker") => true,
                Some(other) => bail!("expected data-type=\"worker\", not {other}"),
            },
        }),
        None => Asset::Script(get("src")?),
        Some(other) => bail!(
            "expected rel to be icon, css, copy-file or rust, not {other}; xtask/src/page/html.rs reads it"
        ),
    })
}

/// `name="value"` and bare names, with white space between.
fn attributes(text: &str) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let value;
        (value, rest) = match after.strip_prefix('=') {
            Some(quoted) => quoted
                .strip_prefix('"')
                .and_then(|value| value.split_once('"'))
                .with_context(|| format!("expected {name}=\"…\", in double quotes"))?,
            None => ("", after),
        };
        found.insert(name.to_owned(), value.to_owned());
        rest = rest.trim_start();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Asset, Line, Program, parse};

    fn asset(line: &str) -> Asset {
        match parse(line).expect(line).remove(0) {
            Line::Asset { asset, .. } => asset,
            Line::Text(text) => panic!("{text} is no asset"),
        }
    }

    #[test]
    fn reads_every_kind_of_element() {
        assert_eq!(
            asset(r#"  <link data-trunk rel="icon" href="assets/i.svg" />"#),
            Asset::Icon("assets/i.svg".into())
        );
        assert_eq!(
            asset(r#"<link data-trunk rel="css" href="style/a.css"/>"#),
            Asset::Style("style/a.css".into())
        );
        assert_eq!(
            asset(r#"<link data-trunk rel="copy-file" href="assets/a.js" />"#),
            Asset::File("assets/a.js".into())
        );
        assert_eq!(
            asset(r#"<script data-trunk src="assets/boot.js"></script>"#),
            Asset::Script("assets/boot.js".into())
        );
        let worker = r#"<link data-trunk rel="rust" data-bin="w" data-type="worker" data-cargo-profile-dev="q" data-cargo-profile-release="r" />"#;
        assert_eq!(
            asset(worker),
            Asset::Program(Program {
                name: "w".into(),
                quick: "q".into(),
                release: "r".into(),
                is_worker: true
            })
        );
    }

    #[test]
    fn leaves_all_other_lines_alone() {
        let html = "<!doctype html>\n  <title>D</title>";
        assert_eq!(
            parse(html).expect("plain lines"),
            [Line::Text("<!doctype html>".into()), Line::Text("  <title>D</title>".into())]
        );
    }

    #[test]
    fn names_the_line_that_it_does_not_understand() {
        for odd in [
            r#"<link data-trunk rel="sass" href="a.scss" />"#,
            r#"<link data-trunk rel="css" />"#,
            r#"<link data-trunk rel=css href="a.css" />"#,
            r#"<link data-trunk rel="css" href="a.css" /><br />"#,
            r#"<link data-trunk rel="rust" data-bin="app" />"#,
            r#"<img data-trunk src="a.png" />"#,
        ] {
            let error = format!("{:#}", parse(&format!("<p>\n{odd}")).expect_err(odd));
            assert!(error.contains("line 2") && error.contains("expected"), "{error}");
        }
    }

    #[test]
    fn understands_the_page() {
        let html = include_str!("../../../www/index.html");
        let programs = parse(html)
            .expect("www/index.html")
            .into_iter()
            .filter(|line| matches!(line, Line::Asset { asset: Asset::Program(_), .. }));
        assert_eq!(programs.count(), 2);
    }
}
