//! What a token allows.
//!
//! Docker Registry v2 token scopes: `repository:library/alpine:pull,push`.

use std::collections::BTreeSet;
use std::fmt;

use crate::reference::Repository;

/// What is done to a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Reading.
    Pull,
    /// Writing.
    Push,
    /// Deleting.
    Delete,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }
}

/// A resource and what may be done with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    kind: String,
    name: String,
    actions: BTreeSet<String>,
}

impl Scope {
    /// Actions on a repository.
    #[must_use]
    pub fn repository(repository: &Repository, actions: &[Action]) -> Self {
        Self {
            kind: "repository".to_owned(),
            name: repository.to_string(),
            actions: actions.iter().map(|action| action.name().to_owned()).collect(),
        }
    }

    /// Listing the repositories of a registry.
    #[must_use]
    pub fn catalog() -> Self {
        Self {
            kind: "registry".to_owned(),
            name: "catalog".to_owned(),
            actions: BTreeSet::from(["*".to_owned()]),
        }
    }

    /// Reads the scopes of a challenge. Words without the form `kind:name:actions` are left out.
    #[must_use]
    pub fn parse_list(text: &str) -> Vec<Self> {
        let parse = |word: &str| {
            let (kind, rest) = word.split_once(':')?;
            let (name, actions) = rest.rsplit_once(':')?;
            let actions = actions.split(',').filter(|action| !action.is_empty());
            Some(Self {
                kind: kind.to_owned(),
                name: name.to_owned(),
                actions: actions.map(str::to_owned).collect(),
            })
        };
        text.split_ascii_whitespace().filter_map(parse).collect()
    }

    /// Whether a token with this scope does for `other`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name && other.actions.is_subset(&self.actions)
    }

    /// This scope, and of what a challenge asks beyond it only that which reads the same
    /// resource. A registry never gets a token for more than the user is about to do. Who is about
    /// to delete may do everything: older registries know no less for it than `*`.
    #[must_use]
    pub fn widened(&self, challenge: &[Self]) -> Self {
        let same =
            challenge.iter().filter(|other| other.kind == self.kind && other.name == self.name);
        let deletes = self.actions.contains(Action::Delete.name());
        let asked = same.flat_map(|other| &other.actions);
        let allowed = asked.filter(|action| reads(action) || deletes && action.as_str() == "*");
        let mut widened = self.clone();
        widened.actions.extend(allowed.cloned());
        widened
    }
}

/// `metadata_read` is what one large registry wants for lists of tags.
fn reads(action: &str) -> bool {
    matches!(action, "pull" | "metadata_read")
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.kind, self.name)?;
        for (at, action) in self.actions.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{action}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(name: &str, actions: &[Action]) -> Scope {
        Scope::repository(&Repository::parse(name).expect("repository"), actions)
    }

    #[test]
    fn p22_scopes_as_they_are_written() {
        let both = repository("a/b", &[Action::Push, Action::Pull]);
        assert_eq!(both.to_string(), "repository:a/b:pull,push");
        assert_eq!(Scope::catalog().to_string(), "registry:catalog:*");
        let list = Scope::parse_list("repository:a/b:pull,push repository:h:5000/c:pull aws ::");
        let written: Vec<String> = list.iter().map(Scope::to_string).collect();
        assert_eq!(written, ["repository:a/b:pull,push", "repository:h:5000/c:pull", "::"]);
    }

    #[test]
    fn p22_a_challenge_never_widens_reading_to_writing_or_another_repository() {
        let pull = repository("a/b", &[Action::Pull]);
        for (challenge, asked) in [
            ("repository:a/b:pull,push", "repository:a/b:pull"),
            ("repository:a/b:*", "repository:a/b:pull"),
            ("repository:a/b:delete repository:other:pull", "repository:a/b:pull"),
            ("registry:catalog:*", "repository:a/b:pull"),
            ("repository:a/b:metadata_read", "repository:a/b:metadata_read,pull"),
            ("", "repository:a/b:pull"),
        ] {
            let widened = pull.widened(&Scope::parse_list(challenge));
            assert_eq!(widened.to_string(), asked, "{challenge}");
        }
    }

    #[test]
    fn who_deletes_may_be_asked_for_everything_in_the_repository() {
        let delete = repository("a/b", &[Action::Delete]);
        for (challenge, asked) in [
            ("repository:a/b:*", "repository:a/b:*,delete"),
            ("repository:other:*", "repository:a/b:delete"),
            ("repository:a/b:delete", "repository:a/b:delete"),
        ] {
            assert_eq!(delete.widened(&Scope::parse_list(challenge)).to_string(), asked);
        }
        let push = repository("a/b", &[Action::Push]);
        let widened = push.widened(&Scope::parse_list("repository:a/b:*"));
        assert_eq!(widened.to_string(), "repository:a/b:push");
    }

    #[test]
    fn a_token_covers_what_it_names() {
        let both = repository("a", &[Action::Pull, Action::Push]);
        let pull = repository("a", &[Action::Pull]);
        assert!(both.covers(&pull) && pull.covers(&pull));
        assert!(!pull.covers(&both));
        assert!(!both.covers(&repository("b", &[Action::Pull])));
    }
}
