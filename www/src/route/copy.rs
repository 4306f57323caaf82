//! The choices of the copy view, as an address has them.

use drydock::commands::Form;

use super::place::Query;

/// What is copied or saved, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyView {
    /// Where to, as it was typed; empty for nowhere yet.
    pub to: String,
    /// How much of it.
    pub extent: Extent,
    /// Of all tags only those like this.
    pub pattern: String,
    /// Tags that the target has stay as they are.
    pub keep_tags: bool,
    /// Signatures and other referrers come along.
    pub attached: bool,
    /// Layers come along that may not be given on.
    pub foreign: bool,
    /// The kind of file.
    pub form: Form,
}

/// How much is copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// The whole image.
    #[default]
    All,
    /// What is for one platform.
    Platform,
    /// All tags of the repository.
    Tags,
}

const FORMS: [(&str, Form); 4] = [
    ("folder", Form::Folder),
    ("docker", Form::DockerSave),
    ("legacy", Form::Legacy),
    ("rootfs", Form::RootFs),
];

impl Default for CopyView {
    fn default() -> Self {
        Self {
            to: String::new(),
            extent: Extent::All,
            pattern: "*".to_owned(),
            keep_tags: true,
            attached: true,
            foreign: false,
            form: Form::Layout,
        }
    }
}

impl CopyView {
    pub(super) fn write(&self, query: &mut Vec<(&'static str, Vec<u8>)>) {
        let plain = Self::default();
        let mut put = |key, value: &str| query.push((key, value.as_bytes().to_vec()));
        if !self.to.is_empty() {
            put("to", &self.to);
        }
        match self.extent {
            Extent::All => {}
            Extent::Platform => put("what", "platform"),
            Extent::Tags => put("what", "tags"),
        }
        if self.pattern != plain.pattern && !self.pattern.is_empty() {
            put("like", &self.pattern);
        }
        let yes_no = |yes: bool| if yes { "yes" } else { "no" };
        for (key, own, usual) in [
            ("keep", self.keep_tags, plain.keep_tags),
            ("referrers", self.attached, plain.attached),
            ("foreign", self.foreign, plain.foreign),
        ] {
            if own != usual {
                put(key, yes_no(own));
            }
        }
        if let Some((name, _)) = FORMS.iter().find(|(_, form)| *form == self.form) {
            put("as", name);
        }
    }

    pub(super) fn read(query: &Query) -> Self {
        let plain = Self::default();
        let is = |key: &str, usual: bool| match usual {
            true => !query.is(key, "no"),
            false => query.is(key, "yes"),
        };
        let form = query
            .text("as")
            .and_then(|name| FORMS.iter().find(|(of, _)| *of == name).map(|(_, form)| *form));
        Self {
            to: query.text("to").unwrap_or_default(),
            extent: match query.text("what").as_deref() {
                Some("platform") => Extent::Platform,
                Some("tags") => Extent::Tags,
                _ => Extent::All,
            },
            pattern: query.text("like").unwrap_or(plain.pattern),
            keep_tags: is("keep", plain.keep_tags),
            attached: is("referrers", plain.attached),
            foreign: is("foreign", plain.foreign),
            form: form.unwrap_or(plain.form),
        }
    }
}
