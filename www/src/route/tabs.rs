//! The views of an image in the order in which people see them, by title, key and other words.

use super::View;

/// A view as it is offered: as a tab, by its key behind `g`, and among all actions.
#[derive(Clone, Copy, Debug)]
pub struct ViewTab {
    /// What it is called.
    pub title: &'static str,
    /// Its key, behind `g`.
    pub key: &'static str,
    /// Other words under which people look for it.
    pub words: &'static str,
    /// The view, nothing in it chosen.
    pub view: fn() -> View,
}

/// All of them.
pub const TABS: [ViewTab; 13] = [
    tab("Overview", "o", "config info inspect labels env entrypoint", || View::Overview),
    tab("Layers", "l", "history sizes dockerfile", || View::Layers(None)),
    tab("Space", "s", "size waste wasted treemap duplicates dive efficiency", || View::Space),
    tab("Files", "f", "tree browse ls", View::files),
    tab("Packages", "p", "software sbom dpkg apk rpm npm python licences", View::packages),
    tab("Search", "r", "grep find text contents regular expression", View::search),
    tab("Graph", "g", "index referrers attestations signatures sbom", || View::Graph {
        outline: false,
    }),
    tab("Documents", "d", "manifest json raw", || View::documents(None)),
    tab("Tags", "t", "versions", View::tags),
    tab("Verify", "v", "check digest signature", || View::Verify),
    tab("Compare", "m", "diff difference changed between versions", View::compare),
    tab("Edit", "e", "change mutate push save", || View::Edit),
    tab("Copy", "c", "push pull save download export", View::copy),
];

const fn tab(
    title: &'static str,
    key: &'static str,
    words: &'static str,
    view: fn() -> View,
) -> ViewTab {
    ViewTab { title, key, words, view }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::TABS;

    #[test]
    fn no_two_views_share_a_key_a_title_or_an_address() {
        let all = |of: fn(&super::ViewTab) -> &'static str| {
            TABS.iter().map(of).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(all(|tab| tab.key), TABS.len());
        assert_eq!(all(|tab| tab.title), TABS.len());
        assert_eq!(all(|tab| (tab.view)().name()), TABS.len());
    }
}
