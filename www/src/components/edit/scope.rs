//! To which images is an edit done?

use drydock::edit::view::FormContext;
use drydock::edit::{Action, Edit, Scope};
use drydock::platform::Platform;

use super::kind::EditKind;
use super::wanted::Wanted;

/// The part that all forms share.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct On {
    /// All images, or those that were chosen.
    pub(super) all: bool,
    /// The platforms that were chosen.
    pub(super) chosen: Vec<Platform>,
    /// Whether the edit leaves a step in the history where it would leave none.
    pub(super) record: bool,
}

impl On {
    /// As an edit has it; a new edit is for all images, one of the platform for the one shown.
    pub(super) fn new(kind: EditKind, context: &FormContext, edit: Option<&Edit>) -> Self {
        let record = edit.is_some_and(|edit| edit.record);
        match edit.map(|edit| &edit.scope) {
            Some(Scope::All) => Self { all: true, chosen: Vec::new(), record },
            Some(Scope::Platforms(chosen)) => Self { all: false, chosen: chosen.clone(), record },
            None => {
                let one = kind == EditKind::Platform && context.has_platforms();
                let shown = context.shown.clone().filter(|_| one);
                Self { all: shown.is_none(), chosen: shown.into_iter().collect(), record }
            }
        }
    }

    pub(super) fn scope(&self) -> Result<Scope, String> {
        match (self.all, self.chosen.is_empty()) {
            (true, _) => Ok(Scope::All),
            (false, true) => Err("Choose a platform, or all of them.".to_owned()),
            (false, false) => Ok(Scope::Platforms(self.chosen.clone())),
        }
    }

    pub(super) fn edit(&self, action: Action) -> Result<Wanted, String> {
        let (scope, record) = (self.scope()?, self.record);
        Ok(Wanted::from(Edit { scope, record, action }))
    }

    /// Whether a platform is chosen, however it is spelled.
    pub(super) fn has(&self, platform: &Platform) -> bool {
        self.chosen.iter().any(|chosen| chosen.is_same(platform))
    }

    pub(super) fn toggle(&mut self, platform: &Platform, wanted: bool) {
        self.chosen.retain(|other| !other.is_same(platform));
        if wanted {
            self.chosen.push(platform.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::edit::PlatformFacts;

    fn context(platforms: &[&str]) -> FormContext {
        let platforms: Vec<PlatformFacts> = platforms
            .iter()
            .map(|text| PlatformFacts {
                platform: text.parse().unwrap(),
                label: (*text).to_owned(),
            })
            .collect();
        let shown = platforms.first().map(|facts| facts.platform.clone());
        FormContext { platforms, shown, ..FormContext::default() }
    }

    #[test]
    fn a_new_edit_is_for_all_but_one_of_the_platform() {
        let context = context(&["linux/amd64", "linux/arm64"]);
        assert_eq!(On::new(EditKind::User, &context, None).scope(), Ok(Scope::All));
        let shown = Scope::Platforms(vec!["linux/amd64".parse().unwrap()]);
        assert_eq!(On::new(EditKind::Platform, &context, None).scope(), Ok(shown));
    }

    #[test]
    fn a_lone_image_has_no_choice() {
        let on = On::new(EditKind::Platform, &context(&["linux/amd64"]), None);
        assert_eq!(on.scope(), Ok(Scope::All));
    }

    #[test]
    fn platforms_are_chosen_and_let_go() {
        let mut on = On::new(EditKind::User, &context(&["linux/amd64", "linux/arm64"]), None);
        on.all = false;
        assert!(on.scope().is_err());
        let arm: Platform = "linux/arm64".parse().unwrap();
        on.toggle(&arm, true);
        on.toggle(&arm, true);
        assert_eq!(on.scope(), Ok(Scope::Platforms(vec![arm.clone()])));
        on.toggle(&arm, false);
        assert!(on.scope().is_err());
    }

    #[test]
    fn b7_a_platform_is_let_go_however_it_is_spelled() {
        let eight: Platform = "linux/arm64/v8".parse().unwrap();
        let edit = Edit::on(vec![eight], Action::Promote);
        let mut on = On::new(EditKind::Promote, &context(&["linux/arm64"]), Some(&edit));
        let arm: Platform = "linux/arm64".parse().unwrap();
        assert!(on.has(&arm));
        on.toggle(&arm, false);
        assert!(!on.has(&arm) && on.scope().is_err());
    }

    #[test]
    fn an_edit_that_is_changed_keeps_its_scope() {
        let arm: Platform = "linux/arm64".parse().unwrap();
        let mut edit = Edit::on(vec![arm.clone()], Action::Promote);
        edit.record = true;
        let on = On::new(EditKind::Promote, &context(&["linux/amd64"]), Some(&edit));
        assert_eq!((on.scope(), on.record), (Ok(Scope::Platforms(vec![arm])), true));
    }
}
