//! Images that lie in this browser and in no registry.
//!
//! They are named like all others, in one of two registries that can never be reached: no host has
//! a name below `.invalid` (RFC 2606).

use drydock::reference::{Reference, ReferenceError, Registry, Repository, Tag};

/// Where in this browser an image lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// In an archive or a folder that the user chose.
    Local,
    /// In a draft.
    Draft,
}

impl Here {
    const ALL: [Self; 2] = [Self::Local, Self::Draft];

    /// The word for it in addresses, behind `/-/`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Draft => "draft",
        }
    }

    /// The registry that stands for it in references.
    #[must_use]
    pub fn registry(self) -> &'static str {
        match self {
            Self::Local => "local.invalid",
            Self::Draft => "draft.invalid",
        }
    }

    /// What it is called on screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Local => "this computer",
            Self::Draft => "draft",
        }
    }

    /// A reference as it is shown: without a registry where there is none.
    #[must_use]
    pub fn named(reference: &Reference) -> String {
        let text = reference.to_string();
        match Self::of(&reference.registry).and_then(|here| text.strip_prefix(here.registry())) {
            Some(rest) => rest.trim_start_matches('/').to_owned(),
            None => text,
        }
    }

    /// Where an image lies, when it lies in this browser.
    #[must_use]
    pub fn of(registry: &Registry) -> Option<Self> {
        Self::ALL.into_iter().find(|here| registry.as_str() == here.registry())
    }

    /// An image by its name here, and a tag when it has one.
    ///
    /// # Errors
    /// When the name is none.
    pub fn image(self, repository: &str, tag: Option<Tag>) -> Result<Reference, ReferenceError> {
        let registry = Registry::parse(self.registry())?;
        Ok(Reference { registry, repository: Repository::parse(repository)?, tag, digest: None })
    }

    /// A reference from what follows the word in an address.
    pub(super) fn reference(self, rest: &str) -> Result<Reference, ReferenceError> {
        Reference::parse(&format!("{}/{rest}", self.registry()))
    }

    /// Takes `/-/local` or `/-/draft` off an address.
    pub(super) fn split(pathname: &str) -> Option<(Self, &str)> {
        let rest = pathname.strip_prefix("/-/")?;
        Self::ALL.into_iter().find_map(|here| {
            let rest = rest.strip_prefix(here.word())?;
            rest.starts_with('/').then_some((here, rest))
        })
    }

    /// The path of an address up to the view: `/ghcr.io/a/b:1`, `/-/local/b:1`.
    pub(super) fn path(reference: &Reference) -> String {
        let text = reference.to_string();
        let rest = Self::of(&reference.registry).and_then(|here| {
            let rest = text.strip_prefix(here.registry())?;
            Some(format!("/-/{}{rest}", here.word()))
        });
        rest.unwrap_or_else(|| format!("/{text}"))
    }
}
