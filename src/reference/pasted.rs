//! From whatever people paste to a reference.

use super::{Reference, ReferenceError};

/// Reads a reference out of what people paste: the reference itself, a command
/// (`docker pull …`, `crane manifest …`, `FROM … AS build`), a `docker://` or `oci://` name, or the
/// address of an image on Docker Hub, Quay, GitHub or another viewer.
///
/// # Errors
/// As [`Reference::parse`], for the part that looked most like a reference.
pub fn from_pasted(text: &str) -> Result<Reference, ReferenceError> {
    let text = text.trim().trim_start_matches(['$', '#', '>']).trim();
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [] => Err(ReferenceError::Empty),
        [one] => from_word(unquoted(one)),
        [command, rest @ ..] => from_command(command, rest),
    }
}

/// Options of well-known commands that take their value as the next word.
const VALUE_OPTIONS: [&str; 24] = [
    "--platform",
    "--name",
    "-e",
    "--env",
    "-v",
    "--volume",
    "-p",
    "--publish",
    "-u",
    "--user",
    "-w",
    "--workdir",
    "--network",
    "--entrypoint",
    "--mount",
    "-h",
    "--hostname",
    "-l",
    "--label",
    "-m",
    "--memory",
    "--pull",
    "--format",
    "--env-file",
];

fn from_command(command: &str, rest: &[&str]) -> Result<Reference, ReferenceError> {
    let is_from = command.eq_ignore_ascii_case("from");
    let mut words = rest.iter();
    let mut first_error = None;
    while let Some(word) = words.next() {
        if VALUE_OPTIONS.contains(word) {
            words.next();
            continue;
        }
        if word.starts_with('-') || (!is_from && is_verb(word)) {
            continue;
        }
        match from_word(unquoted(word)) {
            Ok(reference) => return Ok(reference),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or(ReferenceError::Empty))
}

/// Words that stand between a command and the reference.
fn is_verb(word: &str) -> bool {
    const VERBS: [&str; 29] = [
        "docker",
        "podman",
        "nerdctl",
        "image",
        "buildx",
        "imagetools",
        "manifest",
        "pull",
        "run",
        "push",
        "inspect",
        "create",
        "save",
        "history",
        "copy",
        "cp",
        "config",
        "digest",
        "export",
        "validate",
        "ls",
        "discover",
        "verify",
        "tree",
        "fetch",
        "scan",
        "get",
        "raw",
        "sudo",
    ];
    VERBS.contains(&word)
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\'', '`', ','])
}

fn from_word(word: &str) -> Result<Reference, ReferenceError> {
    for scheme in ["docker://", "oci://"] {
        if let Some(rest) = word.strip_prefix(scheme) {
            return Reference::parse(rest.trim_end_matches('/'));
        }
    }
    match word.strip_prefix("https://").or_else(|| word.strip_prefix("http://")) {
        Some(address) => from_address(address),
        None => Reference::parse(word.trim_end_matches('/')),
    }
}

fn from_address(address: &str) -> Result<Reference, ReferenceError> {
    let path_end = address.find(['?', '#']).unwrap_or(address.len());
    let (address, query) = address.split_at(path_end);
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let wanted = |key: &str| {
        query.trim_start_matches('?').split('&').find_map(|pair| {
            pair.strip_prefix(key)?.strip_prefix('=').filter(|value| !value.is_empty())
        })
    };
    match (host.trim_start_matches("www."), parts.as_slice()) {
        ("hub.docker.com", ["_", name, ..]) => Reference::parse(name),
        ("hub.docker.com", ["r" | "repository", rest @ ..]) => match rest {
            ["docker", owner, name, ..] | [owner, name, ..] => {
                Reference::parse(&format!("docker.io/{owner}/{name}"))
            }
            _ => Err(ReferenceError::Repository(path.to_owned())),
        },
        ("hub.docker.com", ["layers", owner, name, tag, ..]) => {
            Reference::parse(&format!("docker.io/{owner}/{name}:{tag}"))
        }
        ("quay.io", ["repository", owner, name, ..]) => {
            let tag = wanted("tag").map(|tag| format!(":{tag}")).unwrap_or_default();
            Reference::parse(&format!("quay.io/{owner}/{name}{tag}"))
        }
        ("github.com", [owner, _, "pkgs", "container", name, ..])
        | ("github.com", ["orgs" | "users", owner, "packages", "container", name]) => {
            Reference::parse(&format!("ghcr.io/{}/{name}", owner.to_ascii_lowercase()))
        }
        ("oci.dag.dev", _) => {
            let image = wanted("image").unwrap_or_default();
            Reference::parse(&image.replace("%3A", ":").replace("%2F", "/").replace("%40", "@"))
        }
        (host, ["v2", name @ .., "manifests", reference]) => {
            let separator = if reference.contains(':') { '@' } else { ':' };
            Reference::parse(&format!("{host}/{}{separator}{reference}", name.join("/")))
        }
        (host, _) => Reference::parse(&format!("{host}/{}", parts.join("/"))),
    }
}
