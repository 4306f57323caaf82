//! The address of every view: one parser of the raw path and query, and its inverse.
//!
//! `/<reference>` is an image, `/<reference>/-/<view>…` a view of it. `-` alone is no repository
//! component, so the first `/-/` separates the two. Images that lie in this browser have the same
//! form below `/-/local` and `/-/draft`. `/<registry>/` is a registry; one whose name could be an
//! image's, such as `registry:5000`, is `/-/registry/<registry>/`. Nothing here knows the browser.

mod compare;
mod copy;
mod here;
mod lines;
mod packages;
mod pasted;
mod percent;
mod place;
mod search;
mod tabs;

use std::num::NonZeroU32;

use drydock::digest::Digest;
use drydock::inspect::tree::Shown as Statuses;
use drydock::reference::{Reference, Registry};

pub use compare::CompareView;
pub use copy::{CopyView, Extent};
pub use here::Here;
pub use lines::LineRange;
pub use packages::PackagesView;
pub use pasted::{Pasted, pasted};
pub use place::EntryPath;
pub use search::SearchView;
pub use tabs::{TABS, ViewTab};

/// What an address shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The first page.
    Home,
    /// All drafts of this browser.
    Drafts,
    /// A view of an image.
    Image(ImageRoute),
    /// The repositories of a registry.
    Registry {
        /// The registry.
        registry: Registry,
        /// Shows only repositories that contain this.
        filter: String,
    },
    /// An address that shows nothing; `why` is a sentence for the reader.
    Unknown {
        /// Path and query as they came.
        address: String,
        /// What is wrong with them.
        why: String,
    },
}

/// A view of an image, for one platform when the address names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRoute {
    /// The image, always with its registry, and with a tag or a digest; only the tags of a repository
    /// need neither.
    pub reference: Reference,
    /// The view.
    pub view: View,
    /// The platform as the address has it; the image decides whether it has such a one.
    pub platform: Option<String>,
}

/// The views of an image and where in them the reader is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// What the image is.
    Overview,
    /// Sizes by layer; one may be chosen.
    Layers(Option<NonZeroU32>),
    /// What weighs, and what of it is for nothing.
    Space,
    /// The file tree.
    Files(FilesView),
    /// Which software is in it.
    Packages(PackagesView),
    /// Which files have a text in them.
    Search(SearchView),
    /// Index, children, attestations, referrers.
    Graph {
        /// As an indented list, not a picture.
        outline: bool,
    },
    /// All documents, or one.
    Documents {
        /// The one that is open.
        digest: Option<Digest>,
        /// Byte for byte, not pretty-printed.
        raw: bool,
    },
    /// The repository's tags.
    Tags {
        /// Shows only tags that contain this.
        filter: String,
        /// The newest version first.
        newest_first: bool,
    },
    /// Everything checked against the bytes.
    Verify,
    /// What another image has otherwise.
    Compare(CompareView),
    /// What shall be another, and what becomes of it.
    Edit,
    /// To another registry, to another tag, to a file.
    Copy(CopyView),
}

/// The file tree: which files, and which one is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesView {
    /// The entry that is open; empty for none.
    pub path: EntryPath,
    /// Which files are listed.
    pub tree: Tree,
    /// Shows only paths to which this fits.
    pub filter: String,
    /// Order of siblings.
    pub by_size: bool,
    /// Which statuses are listed, when the reader chose.
    pub statuses: Option<Statuses>,
    /// The lines of the file that is open that are meant.
    pub lines: Option<LineRange>,
}

/// Which files a tree lists. Layers count from 1 at the base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tree {
    /// All layers over one another, as a container would see them.
    #[default]
    Merged,
    /// What one layer holds.
    Layer(NonZeroU32),
    /// What one layer added, changed and removed.
    Changes(NonZeroU32),
}

impl Tree {
    /// The one layer that is listed.
    #[must_use]
    pub fn layer(self) -> Option<NonZeroU32> {
        match self {
            Self::Merged => None,
            Self::Layer(layer) | Self::Changes(layer) => Some(layer),
        }
    }
}

impl View {
    /// The view's name in addresses.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Layers(_) => "layers",
            Self::Space => "space",
            Self::Files(_) => "files",
            Self::Packages(_) => "packages",
            Self::Search(_) => "search",
            Self::Graph { .. } => "graph",
            Self::Documents { .. } => "documents",
            Self::Tags { .. } => "tags",
            Self::Verify => "verify",
            Self::Compare(_) => "compare",
            Self::Edit => "edit",
            Self::Copy(_) => "copy",
        }
    }

    /// Whether both are the same tab, wherever in it.
    #[must_use]
    pub fn same_tab(&self, other: &Self) -> bool {
        self.name() == other.name()
    }

    /// The tree of all layers, nothing open.
    #[must_use]
    pub fn files() -> Self {
        Self::Files(FilesView::default())
    }

    /// All packages.
    #[must_use]
    pub fn packages() -> Self {
        Self::Packages(PackagesView::default())
    }

    /// Nothing is looked for yet.
    #[must_use]
    pub fn search() -> Self {
        Self::Search(SearchView::default())
    }

    /// All tags, the oldest version first.
    #[must_use]
    pub fn tags() -> Self {
        Self::Tags { filter: String::new(), newest_first: false }
    }

    /// The whole image, nowhere yet.
    #[must_use]
    pub fn copy() -> Self {
        Self::Copy(CopyView::default())
    }

    /// Compared with nothing yet.
    #[must_use]
    pub fn compare() -> Self {
        Self::Compare(CompareView::default())
    }

    /// The list of documents, or one of them.
    #[must_use]
    pub fn documents(digest: Option<Digest>) -> Self {
        Self::Documents { digest, raw: false }
    }
}

impl ImageRoute {
    /// The overview of an image; a missing tag is written out.
    #[must_use]
    pub fn new(reference: Reference) -> Self {
        Self { reference: reference.normalised(), view: View::Overview, platform: None }
    }

    /// The tags of a repository.
    #[must_use]
    pub fn tags_of(reference: Reference) -> Self {
        Self { reference, view: View::tags(), platform: None }
    }

    /// The same image and platform, another view; one of the image itself wants a tag.
    #[must_use]
    pub fn with_view(&self, view: View) -> Self {
        let reference = match &view {
            View::Tags { .. } => self.reference.clone(),
            _ => self.reference.clone().normalised(),
        };
        Self { view, reference, ..self.clone() }
    }

    /// The same view of another platform. What is only right for one platform is dropped.
    #[must_use]
    pub fn with_platform(&self, platform: Option<String>) -> Self {
        let view = match &self.view {
            View::Layers(_) => View::Layers(None),
            View::Files(files) => View::Files(FilesView { tree: Tree::Merged, ..files.clone() }),
            View::Documents { .. } => View::documents(None),
            other => other.clone(),
        };
        Self { platform, view, ..self.clone() }
    }

    /// The same place in exactly these bytes, for a link that will not change its meaning.
    #[must_use]
    pub fn pinned(&self, digest: &Digest) -> Self {
        Self { reference: self.reference.pinned(digest), ..self.clone() }
    }

    /// The address: path and query.
    #[must_use]
    pub fn href(&self) -> String {
        let mut path = String::new();
        percent::encode_path(Here::path(&self.reference).as_bytes(), &mut path);
        let mut query = Vec::new();
        if let Some(platform) = &self.platform {
            query.push(("platform", platform.as_bytes().to_vec()));
        }
        match &self.view {
            View::Overview => {}
            view => {
                path.push_str("/-/");
                path.push_str(view.name());
                view.write(&mut path, &mut query);
            }
        }
        let address = percent::append_query(path, &query);
        match &self.view {
            View::Files(FilesView { lines: Some(lines), .. }) => format!("{address}#{lines}"),
            _ => address,
        }
    }
}

impl View {
    fn write(&self, path: &mut String, query: &mut Vec<(&'static str, Vec<u8>)>) {
        match self {
            Self::Layers(Some(layer)) => query.push(("layer", layer.to_string().into_bytes())),
            Self::Overview | Self::Layers(None) | Self::Space | Self::Verify | Self::Edit => {}
            Self::Copy(copy) => copy.write(query),
            Self::Packages(packages) => packages.write(query),
            Self::Search(search) => search.write(query),
            Self::Compare(compare) => compare.write(query),
            Self::Files(files) => files.write(path, query),
            Self::Graph { outline } => {
                if *outline {
                    query.push(("form", b"outline".to_vec()));
                }
            }
            Self::Documents { digest, raw } => {
                if let Some(digest) = digest {
                    path.push('/');
                    percent::encode_path(digest.as_str().as_bytes(), path);
                }
                if *raw {
                    query.push(("form", b"raw".to_vec()));
                }
            }
            Self::Tags { filter, newest_first } => {
                if *newest_first {
                    query.push(("sort", b"newest".to_vec()));
                }
                if !filter.is_empty() {
                    query.push(("q", filter.clone().into_bytes()));
                }
            }
        }
    }

    fn read(name: &str, rest: &str, query: &Query) -> Result<Self, String> {
        let view = match name {
            "" | "overview" => Self::Overview,
            "layers" => Self::Layers(query.layer()),
            "space" => Self::Space,
            "files" => return Ok(Self::Files(FilesView::read(rest, query))),
            "packages" => Self::Packages(PackagesView::read(query)),
            "search" => Self::Search(SearchView::read(query)),
            "graph" => Self::Graph { outline: query.is("form", "outline") },
            "documents" => return Self::read_documents(rest, query),
            "tags" => Self::Tags {
                filter: query.text("q").unwrap_or_default(),
                newest_first: query.is("sort", "newest"),
            },
            "verify" => Self::Verify,
            "compare" => Self::Compare(CompareView::read(query)),
            "edit" => Self::Edit,
            "copy" => Self::Copy(CopyView::read(query)),
            other => {
                return Err(format!(
                    "There is no view \"{}\": an image has overview, layers, space, files, packages, search, graph, documents, tags, verify, compare, edit and copy.",
                    percent::shown(other)
                ));
            }
        };
        match rest {
            "" => Ok(view),
            _ => Err(format!("The view {} takes nothing after its name.", view.name())),
        }
    }

    fn read_documents(rest: &str, query: &Query) -> Result<Self, String> {
        let digest = match percent::decode_text(rest).as_deref() {
            Some("") => None,
            Some(text) => Some(Digest::parse(text).map_err(|error| format!("{error}."))?),
            None => return Err("The document's digest is not readable text.".to_owned()),
        };
        Ok(Self::Documents { digest, raw: query.is("form", "raw") })
    }
}

impl Route {
    /// Reads an address: `pathname` and `search` (with or without `?`, perhaps with what stands behind
    /// `#`) as the browser has them, percent-encoded.
    #[must_use]
    pub fn parse(pathname: &str, search: &str) -> Self {
        let search = search.strip_prefix('?').unwrap_or(search);
        Self::read(pathname, &Query::new(search)).unwrap_or_else(|why| {
            let mark = if search.is_empty() || search.starts_with('#') { "" } else { "?" };
            Self::Unknown { address: format!("{pathname}{mark}{search}"), why }
        })
    }

    fn read(pathname: &str, query: &Query) -> Result<Self, String> {
        if pathname.trim_end_matches('/') == "/-/drafts" {
            return Ok(Self::Drafts);
        }
        if pathname.trim_end_matches('/') == "/-/compare" {
            return Self::read_compare(query);
        }
        if let Some(name) = pathname.strip_prefix("/-/registry/") {
            return Self::read_registry(name, query);
        }
        let (here, pathname) = match Here::split(pathname) {
            Some((here, rest)) => (Some(here), rest),
            None if pathname == "/-" || pathname.starts_with("/-/") => {
                return Err("This address is no page of Drydock and names no image.".to_owned());
            }
            None => (None, pathname),
        };
        let (reference, place) = match pathname.split_once("/-/") {
            Some((reference, place)) => (reference, place),
            None => (pathname.trim_end_matches('/').trim_end_matches("/-"), ""),
        };
        let reference = reference.trim_matches('/');
        if reference.is_empty() && here.is_none() {
            return Ok(Self::Home);
        }
        let reference = percent::decode_text(reference)
            .ok_or_else(|| "The name of the image is not readable text.".to_owned())?;
        if here.is_none() && !pathname.contains("/-/") && Registry::alone(&reference).is_some() {
            return Self::read_registry(&reference, query);
        }
        let reference = match here {
            Some(here) => here.reference(&reference),
            None => Reference::parse(&reference),
        };
        let reference = reference.map_err(|error| format!("{error}."))?;
        let (name, rest) = place.split_once('/').unwrap_or((place, ""));
        let view = View::read(name, rest.trim_end_matches('/'), query)?;
        let route = ImageRoute { reference, view, platform: query.text("platform") };
        Ok(Self::Image(route.with_view(route.view.clone())))
    }

    /// Two images by their names alone: the view of the first one.
    fn read_compare(query: &Query) -> Result<Self, String> {
        let (Some(one), Some(with)) = (query.text("a"), query.text("b")) else {
            return Err(
                "To compare two images, an address names both: /-/compare?a=…&b=…".to_owned()
            );
        };
        let reference = Reference::parse(&one).map_err(|error| format!("{error}."))?;
        let view = View::Compare(CompareView { with, ..CompareView::read(query) });
        let platform = query.text("platform");
        Ok(Self::Image(ImageRoute { platform, ..ImageRoute::new(reference).with_view(view) }))
    }

    fn read_registry(name: &str, query: &Query) -> Result<Self, String> {
        let name = percent::decode_text(name.trim_matches('/'))
            .ok_or_else(|| "The name of the registry is not readable text.".to_owned())?;
        let registry = Registry::parse(&name).map_err(|error| format!("{error}."))?;
        match Here::of(&registry) {
            Some(_) => Err("What lies in this browser has no list of its own.".to_owned()),
            None => Ok(Self::Registry { registry, filter: query.text("q").unwrap_or_default() }),
        }
    }

    /// All repositories of a registry.
    #[must_use]
    pub fn registry(registry: Registry) -> Self {
        Self::Registry { registry, filter: String::new() }
    }

    /// The overview of an image.
    #[must_use]
    pub fn image(reference: Reference) -> Self {
        Self::Image(ImageRoute::new(reference))
    }

    /// The address: path and query. For an unknown one it is what came.
    #[must_use]
    pub fn href(&self) -> String {
        match self {
            Self::Home => "/".to_owned(),
            Self::Drafts => "/-/drafts".to_owned(),
            Self::Image(image) => image.href(),
            Self::Registry { registry, filter } => {
                let mut path = match Registry::alone(registry.as_str()) {
                    Some(_) => "/".to_owned(),
                    None => "/-/registry/".to_owned(),
                };
                percent::encode_path(registry.as_str().as_bytes(), &mut path);
                path.push('/');
                let filter = (!filter.is_empty()).then(|| ("q", filter.clone().into_bytes()));
                percent::append_query(path, filter.as_slice())
            }
            Self::Unknown { address, .. } => address.clone(),
        }
    }
}

use place::Query;

#[cfg(test)]
mod tests;
