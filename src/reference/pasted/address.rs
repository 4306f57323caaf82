//! Pages of the web that show an image.

use std::borrow::Cow;

use super::Pasted;
use crate::reference::{Reference, ReferenceError, Registry, shown};

/// Hosts whose addresses are pages and never names of images.
const PAGES: [&str; 19] = [
    "hub.docker.com",
    "docker.com",
    "github.com",
    "gitlab.com",
    "gallery.ecr.aws",
    "console.cloud.google.com",
    "console.aws.amazon.com",
    "portal.azure.com",
    "mcr.microsoft.com/en-us",
    "images.chainguard.dev",
    "catalog.redhat.com",
    "catalog.ngc.nvidia.com",
    "oci.dag.dev",
    "explore.ggcr.dev",
    "quay.io/repository",
    "artifacthub.io",
    "stackoverflow.com",
    "kubernetes.io",
    "google.com",
];

/// How hosts begin that have pages for people.
const FOR_PEOPLE: [&str; 7] =
    ["docs.", "blog.", "wiki.", "console.", "portal.", "forum.", "forums."];

/// How the names of files end that browsers show.
const SHOWN_FILES: [&str; 14] = [
    ".html", ".htm", ".php", ".asp", ".aspx", ".jsp", ".md", ".pdf", ".txt", ".xml", ".svg",
    ".png", ".yaml", ".yml",
];

/// Whether a text without a scheme is the address of such a page.
pub(super) fn is_known(text: &str) -> bool {
    let text = text.strip_prefix("www.").unwrap_or(text);
    PAGES.iter().any(|page| {
        text.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// What the page at an address shows; the scheme is off already.
pub(super) fn read(address: &str) -> Result<Pasted, ReferenceError> {
    let page = Page::of(address);
    let path: Vec<&str> = page.path.iter().map(AsRef::as_ref).collect();
    if page.host.is_empty() {
        return Err(ReferenceError::Empty);
    }
    let found = match page.host {
        "hub.docker.com" => docker_hub(&page, &path),
        "github.com" => github(&page, &path),
        "gallery.ecr.aws" => {
            page.name("public.ecr.aws", &path, &["tag"]).filter(|_| path.len() > 1)
        }
        "console.cloud.google.com" => google(&path),
        "images.chainguard.dev" => match path.as_slice() {
            ["directory", "image", name, ..] => Some(format!("cgr.dev/chainguard/{name}")),
            _ => None,
        },
        "catalog.redhat.com" => match path.as_slice() {
            [.., "containers", owner, name, _id] => {
                Some(format!("registry.access.redhat.com/{owner}/{name}"))
            }
            _ => None,
        },
        "catalog.ngc.nvidia.com" => match path.as_slice() {
            ["orgs", org, "teams", team, "containers", name, ..] => {
                Some(format!("nvcr.io/{org}/{team}/{name}"))
            }
            ["orgs", org, "containers", name, ..] => Some(format!("nvcr.io/{org}/{name}")),
            _ => None,
        },
        "mcr.microsoft.com" => match path.as_slice() {
            [_, "artifact", "mar", name @ ..] | [_, "product", name @ ..] => {
                let end = name.iter().position(|part| matches!(*part, "about" | "tags"));
                let name = name.get(..end.unwrap_or(name.len())).unwrap_or_default();
                Some(format!("mcr.microsoft.com/{}", name.join("/")))
            }
            _ => return registry_path(&page, &path),
        },
        "oci.dag.dev" | "explore.ggcr.dev" => {
            page.query(&["image", "repo", "blob", "manifest"]).map(Cow::into_owned)
        }
        host if host.ends_with("console.aws.amazon.com")
            || host.ends_with("console.amazonaws.cn") =>
        {
            amazon(&page, &path)
        }
        host if path.contains(&"container_registry") => gitlab(host, &path),
        _ if is_quay(&page, &path) => quay(&page, &path),
        host => match path.as_slice() {
            [owner, "-", "packages", "container", name, rest @ ..] => {
                Some(gitea(host, owner, name, rest))
            }
            _ if page.is_for_people(&path) => None,
            _ => return registry_path(&page, &path),
        },
    };
    let name = found.ok_or_else(|| ReferenceError::Page(shown(page.host)))?;
    let reference = Reference::parse(&name)?;
    let lists = path.last() == Some(&"tags") || page.query(&["tab"]).as_deref() == Some("tags");
    Ok(match lists && reference.tag.is_none() && reference.digest.is_none() {
        true => Pasted::Tags(reference),
        false => Pasted::image(reference),
    })
}

/// An address, taken apart and decoded.
struct Page<'a> {
    host: &'a str,
    path: Vec<Cow<'a, str>>,
    query: &'a str,
    fragment: &'a str,
}

impl<'a> Page<'a> {
    fn of(address: &'a str) -> Self {
        let (address, fragment) = address.split_once('#').unwrap_or((address, ""));
        let (address, query) = address.split_once('?').unwrap_or((address, ""));
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let parts = path.split('/').filter(|part| !part.is_empty());
        Self {
            host: host.strip_prefix("www.").unwrap_or(host),
            path: parts.map(decoded).collect(),
            query,
            fragment,
        }
    }

    /// Whether it can be nothing but a page for people, and does not say which image it shows.
    fn is_for_people(&self, path: &[&str]) -> bool {
        let begins = |start: &&str| self.host.starts_with(*start);
        let is_file = |name: &&str| SHOWN_FILES.iter().any(|end| name.ends_with(end));
        PAGES.contains(&self.host)
            || self.host.matches('.').count() > 1 && FOR_PEOPLE.iter().any(begins)
            || path.last().is_some_and(is_file)
            // A page that finds its way by what only the browser sees.
            || path.is_empty() && !(self.fragment.is_empty() && self.query.is_empty())
            || matches!(path, ["harbor", "projects", ..] | ["ui", _, ..] | ["artifactory", "webapp", ..])
    }

    /// The value of the first of these keys that has one.
    fn query(&self, keys: &[&str]) -> Option<Cow<'a, str>> {
        let pairs = || self.query.split('&').filter_map(|pair| pair.split_once('='));
        let value = |key: &&str| {
            pairs().find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value)
        };
        keys.iter().find_map(value).map(decoded)
    }

    /// A name below a registry, with the tag that the query has under one of these keys.
    fn name(&self, registry: &str, path: &[&str], tag: &[&str]) -> Option<String> {
        let tag = self.query(tag).map(|tag| format!(":{tag}")).unwrap_or_default();
        (!path.is_empty()).then(|| format!("{registry}/{}{tag}", path.join("/")))
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

/// A digest as file names and addresses have it: `sha256-…`.
fn with_colon(digest: &str) -> String {
    digest.replacen("sha256-", "sha256:", 1).replacen("sha512-", "sha512:", 1)
}

fn docker_hub(page: &Page<'_>, path: &[&str]) -> Option<String> {
    let path = match path {
        ["r" | "repository", "docker", rest @ ..] if rest.len() > 1 => rest,
        ["r" | "repository" | "extensions" | "mcp", rest @ ..] => rest,
        ["v2", "repositories" | "namespaces", rest @ ..] => rest,
        ["_", name, ..] => return Some(format!("docker.io/library/{name}")),
        ["hardened-images", "catalog", owner, name, ..] => {
            return Some(format!("{owner}.io/{name}"));
        }
        ["layers", rest @ ..] => {
            let end = rest.iter().position(|part| *part == "images");
            let named = rest.get(..end.unwrap_or(rest.len()))?;
            let digest = end.and_then(|end| rest.get(end + 1));
            let digest = digest.map(|digest| format!("@{}", with_colon(digest)));
            let digest = digest.unwrap_or_default();
            return match named {
                [.., owner, name, tag] => Some(format!("docker.io/{owner}/{name}:{tag}{digest}")),
                _ => None,
            };
        }
        _ => return None,
    };
    match path {
        [owner, "repositories", name, "tags", tag, ..] | [owner, name, "tags", tag, ..] => {
            Some(format!("docker.io/{owner}/{name}:{tag}"))
        }
        [owner, name, ..] => page.name("docker.io", &[owner, name], &["tag"]),
        _ => None,
    }
}

fn github(page: &Page<'_>, path: &[&str]) -> Option<String> {
    let ([owner, _, "pkgs", "container", name, ..]
    | ["orgs" | "users", owner, "packages", "container", "package", name, ..]
    | ["orgs" | "users", owner, "packages", "container", name, ..]) = path
    else {
        return None;
    };
    let (owner, name) = (owner.to_ascii_lowercase(), name.to_ascii_lowercase());
    page.name("ghcr.io", &[&*owner, &*name], &["tag"])
}

fn google(path: &[&str]) -> Option<String> {
    match path {
        ["gcr", "images", project, place, name @ ..] => {
            let place = place.to_ascii_lowercase();
            let registry = match &*place {
                "global" => "gcr.io".to_owned(),
                place => format!("{place}.gcr.io"),
            };
            Some(format!("{registry}/{}/{}", project.replace(':', "/"), image_path(name)?))
        }
        ["artifacts", "docker", project, place, name @ ..] => {
            let project = project.replace(':', "/");
            Some(format!("{place}-docker.pkg.dev/{project}/{}", image_path(name)?))
        }
        _ => None,
    }
}

/// A name that may end in a digest, up to what pages call their parts.
fn image_path(parts: &[&str]) -> Option<String> {
    let end = parts.iter().position(|part| part.contains(';') || *part == "details");
    let parts = parts.get(..end.unwrap_or(parts.len()))?;
    match parts {
        [] => None,
        [name @ .., digest] if digest.starts_with("sha256:") && !name.is_empty() => {
            Some(format!("{}@{digest}", name.join("/")))
        }
        name => Some(name.join("/")),
    }
}

fn amazon(page: &Page<'_>, path: &[&str]) -> Option<String> {
    let ["ecr", "repositories", "private", account, name @ ..] = path else { return None };
    let region = page.query(&["region"]).map(Cow::into_owned);
    let region = region.or_else(|| Some(page.host.split_once(".console.")?.0.to_owned()))?;
    let domain = if page.host.ends_with(".cn") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let end = name.iter().position(|part| *part == "_").unwrap_or(name.len());
    let digest = name.iter().find(|part| part.starts_with("sha256:"));
    let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
    let name = name.get(..end).filter(|name| !name.is_empty())?.join("/");
    Some(format!("{account}.dkr.ecr.{region}.{domain}/{name}{digest}"))
}

/// Only GitLab's own service says by its address which registry goes with it.
fn gitlab(host: &str, path: &[&str]) -> Option<String> {
    let end = path.iter().position(|part| matches!(*part, "-" | "container_registry"))?;
    let project = path.get(..end).filter(|project| project.len() > 1)?;
    (host == "gitlab.com")
        .then(|| format!("registry.gitlab.com/{}", project.join("/").to_ascii_lowercase()))
}

fn is_quay(page: &Page<'_>, path: &[&str]) -> bool {
    let named = matches!(path, ["repository", _, _, ..]);
    named && (page.host.contains("quay") || page.query.contains("tab="))
        || page.host == "quay.io" && matches!(path, ["organization" | "user" | "search", ..])
}

fn quay(page: &Page<'_>, path: &[&str]) -> Option<String> {
    let ["repository", name @ ..] = path else { return None };
    let is_place = |part: &&str| matches!(*part, "manifest" | "tag" | "image" | "build");
    let end = name.iter().skip(2).position(is_place).map_or(name.len(), |at| at + 2);
    let (name, place) = name.split_at_checked(end)?;
    match place {
        ["manifest", digest, ..] => Some(format!("{}/{}@{digest}", page.host, name.join("/"))),
        ["tag", tag, ..] => Some(format!("{}/{}:{tag}", page.host, name.join("/"))),
        _ => page.name(page.host, name, &["tag"]),
    }
}

/// Gitea and Forgejo: the registry is the host itself.
fn gitea(host: &str, owner: &str, name: &str, rest: &[&str]) -> String {
    let owner = owner.to_ascii_lowercase();
    match rest {
        [version, ..] if version.starts_with("sha256:") => {
            format!("{host}/{owner}/{name}@{version}")
        }
        [version, ..] => format!("{host}/{owner}/{name}:{version}"),
        [] => format!("{host}/{owner}/{name}"),
    }
}

/// A registry's own addresses: its API, a name below it, or itself.
fn registry_path(page: &Page<'_>, path: &[&str]) -> Result<Pasted, ReferenceError> {
    match path {
        [] | ["v1" | "v2"] | ["v2", "_catalog"] => Registry::parse(page.host).map(Pasted::Registry),
        ["v2", name @ .., "manifests" | "blobs" | "referrers", reference] => {
            let separator = if reference.contains(':') { '@' } else { ':' };
            let text = format!("{}/{}{separator}{reference}", page.host, name.join("/"));
            Reference::parse(&text).map(Pasted::image)
        }
        ["v2", name @ .., "tags", "list"] => {
            Reference::parse(&format!("{}/{}", page.host, name.join("/"))).map(Pasted::Tags)
        }
        _ => match Reference::parse(&format!("{}/{}", page.host, path.join("/"))) {
            Ok(reference) => Ok(Pasted::image(reference)),
            Err(ReferenceError::Registry(name)) => Err(ReferenceError::Registry(name)),
            Err(_) if path.iter().any(|part| is_page_part(part)) => {
                Err(ReferenceError::Page(shown(page.host)))
            }
            Err(error) => Err(error),
        },
    }
}

/// Whether a part of an address can be no part of a name.
fn is_page_part(part: &str) -> bool {
    part.starts_with('-') || part.contains(['=', '!', ' ', '%'])
}
