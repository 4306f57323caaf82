//! Names and values: variables, labels, annotations; and what has only a name: ports, volumes.

use drydock::edit::{Action, Annotated, ConfigEdit, Edit};
use leptos::prelude::*;

use super::{Form, NOTHING};
use crate::components::edit::check;
use crate::components::edit::fields::Segments;
use crate::components::edit::rows::{Naming, TableRows};
use crate::components::edit::scope::On;
use crate::components::edit::table::{Change, Table};
use crate::components::edit::{EditKind, FormContext, Wanted};

/// Variables, labels, ports or volumes. Each row that is changed is an edit of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TableForm {
    kind: EditKind,
    windows: bool,
    table: Table,
}

/// Annotations of the manifest, of its entry in the index, and of the index.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AnnotationForm {
    shown: Annotated,
    /// What can be annotated.
    choices: Vec<Annotated>,
    manifest: Table,
    entry: Table,
    index: Table,
}

impl TableForm {
    pub(super) fn new(kind: EditKind, context: &FormContext, edit: Option<&Edit>) -> Self {
        let run = &context.run;
        let names =
            |list: &[String]| Table::of(list.iter().map(|name| (name.clone(), String::new())));
        let table = match (edit.and_then(|edit| single(&edit.action)), kind) {
            (Some(table), _) => table,
            (None, EditKind::Environment) => {
                let split = |text: &String| {
                    let (name, value) = text.split_once('=').unwrap_or((text, ""));
                    (name.to_owned(), value.to_owned())
                };
                Table::of(run.env.iter().map(split).filter(|(name, _)| !name.is_empty()))
            }
            (None, EditKind::Ports) => names(&run.exposed_ports),
            (None, EditKind::Volumes) => names(&run.volumes),
            (None, _) => Table::of(run.labels.clone()),
        };
        Self { kind, windows: context.is_windows(), table }
    }

    fn naming(&self) -> Naming {
        match self.kind {
            EditKind::Environment => {
                Naming { noun: "A variable", name: "Name", value: Some("Value") }
            }
            EditKind::Ports => Naming { noun: "A port", name: "Port", value: None },
            EditKind::Volumes => Naming { noun: "A volume", name: "Path", value: None },
            _ => Naming { noun: "A label", name: "Name", value: Some("Value") },
        }
    }

    fn action(&self, Change { name, value }: Change) -> Result<Action, String> {
        let present = value.is_some();
        // What was there before may be malformed, and can be taken away all the same.
        if present {
            match self.kind {
                EditKind::Environment => check::variable(&name)?,
                EditKind::Ports => check::port(&name)?,
                EditKind::Volumes => check::absolute(&name, self.windows)?,
                _ => {}
            }
        }
        Ok(Action::Config(match self.kind {
            EditKind::Environment => ConfigEdit::Env { name, value },
            EditKind::Ports => ConfigEdit::ExposedPort { port: name, present },
            EditKind::Volumes => ConfigEdit::Volume { path: name, present },
            _ => ConfigEdit::Label { name, value },
        }))
    }
}

impl Form for TableForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let changes = self.table.changes(self.naming().noun)?;
        if changes.is_empty() {
            return Err(NOTHING.to_owned());
        }
        changes.into_iter().map(|change| on.edit(self.action(change)?)).collect()
    }
}

/// The one name that an edit is about.
fn single(action: &Action) -> Option<Table> {
    let Action::Config(edit) = action else { return None };
    let present = |present: bool| present.then_some("");
    match edit {
        ConfigEdit::Env { name, value } | ConfigEdit::Label { name, value } => {
            Some(Table::one(name, value.as_deref()))
        }
        ConfigEdit::ExposedPort { port, present: there } => Some(Table::one(port, present(*there))),
        ConfigEdit::Volume { path, present: there } => Some(Table::one(path, present(*there))),
        _ => None,
    }
}

const ANNOTATION: Naming = Naming { noun: "An annotation", name: "Name", value: Some("Value") };

impl AnnotationForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        if let Some(Action::Annotation { on, name, value }) = edit.map(|edit| &edit.action) {
            let one = Table::one(name, value.as_deref());
            let table = |of| if of == *on { one.clone() } else { Table::default() };
            return Self {
                shown: *on,
                choices: vec![*on],
                manifest: table(Annotated::Manifest),
                entry: table(Annotated::Entry),
                index: table(Annotated::Index),
            };
        }
        let images = !context.is_index || !context.platforms.is_empty();
        let choices = [
            (Annotated::Manifest, images),
            (Annotated::Entry, images && context.is_index),
            (Annotated::Index, context.is_index),
        ];
        let choices = choices.into_iter().filter(|(_, possible)| *possible).map(|(on, _)| on);
        let choices: Vec<Annotated> = choices.collect();
        Self {
            shown: choices.first().copied().unwrap_or(Annotated::Manifest),
            choices,
            manifest: Table::of(context.annotations.clone()),
            entry: Table::of(context.entry_annotations.clone()),
            index: Table::of(context.index_annotations.clone()),
        }
    }
}

impl Form for AnnotationForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let mut wanted = Vec::new();
        for (of, table) in [
            (Annotated::Manifest, &self.manifest),
            (Annotated::Entry, &self.entry),
            (Annotated::Index, &self.index),
        ] {
            for Change { name, value } in table.changes(ANNOTATION.noun)? {
                let action = Action::Annotation { on: of, name, value };
                wanted.push(match of {
                    Annotated::Index => Wanted::from(Edit::all(action)),
                    Annotated::Manifest | Annotated::Entry => on.edit(action)?,
                });
            }
        }
        if wanted.is_empty() { Err(NOTHING.to_owned()) } else { Ok(wanted) }
    }

    fn is_scoped(&self) -> bool {
        self.shown != Annotated::Index
    }
}

#[component]
pub(super) fn TableFields(form: RwSignal<TableForm>) -> impl IntoView {
    let naming = form.with_untracked(TableForm::naming);
    view! { <TableRows part=slice!(form.table) naming /> }
}

#[component]
pub(super) fn AnnotationFields(form: RwSignal<AnnotationForm>) -> impl IntoView {
    let choices = form.with_untracked(|form| form.choices.clone());
    let names = choices.into_iter().map(|of| match of {
        Annotated::Manifest => (of, "The manifest"),
        Annotated::Entry => (of, "Its entry in the index"),
        Annotated::Index => (of, "The index"),
    });
    let names: Vec<(Annotated, &str)> = names.collect();
    let of = (names.len() > 1).then(|| {
        view! { <Segments name="What is annotated" options=names part=slice!(form.shown) /> }
    });
    let shown = Memo::new(move |_| form.with(|form| form.shown));
    let naming = ANNOTATION;
    let rows = move || match shown.get() {
        Annotated::Manifest => view! { <TableRows part=slice!(form.manifest) naming /> },
        Annotated::Entry => view! { <TableRows part=slice!(form.entry) naming /> },
        Annotated::Index => view! { <TableRows part=slice!(form.index) naming /> },
    };
    view! {
        {of}
        {rows}
    }
}

#[cfg(test)]
mod tests {
    use super::super::{actions, everywhere, only};
    use super::*;

    fn context() -> FormContext {
        let mut context = FormContext::default();
        context.run.env = ["PATH=/bin", "EMPTY", "A=b=c", "=odd"].map(str::to_owned).to_vec();
        context.run.exposed_ports = ["80/tcp", "odd"].map(str::to_owned).to_vec();
        context.run.labels.insert("a".to_owned(), "1\n2".to_owned());
        context.annotations.insert("m".to_owned(), "1".to_owned());
        context.index_annotations.insert("i".to_owned(), "2".to_owned());
        context
    }

    fn set(table: &mut Table, id: usize, name: &str, value: &str) {
        let row = table.row_mut(id).unwrap();
        (row.name, row.value) = (name.to_owned(), value.to_owned());
    }

    #[test]
    fn one_edit_for_each_changed_variable() {
        let mut form = TableForm::new(EditKind::Environment, &context(), None);
        assert_eq!(form.edit(&everywhere()).unwrap_err(), NOTHING);
        set(&mut form.table, 0, "PATH", "/bin:/usr/bin");
        form.table.remove(1);
        let id = form.table.add();
        set(&mut form.table, id, "NEW", "x");
        let env = |name: &str, value: Option<&str>| {
            let (name, value) = (name.to_owned(), value.map(str::to_owned));
            Action::Config(ConfigEdit::Env { name, value })
        };
        assert_eq!(
            actions(form.edit(&everywhere())),
            [env("EMPTY", None), env("PATH", Some("/bin:/usr/bin")), env("NEW", Some("x"))]
        );
        set(&mut form.table, id, "A=B", "x");
        assert!(form.edit(&everywhere()).is_err());
    }

    #[test]
    fn ports_and_volumes_have_names_only() {
        let mut form = TableForm::new(EditKind::Ports, &context(), None);
        form.table.remove(1);
        let id = form.table.add();
        set(&mut form.table, id, "8080", "");
        let port = |port: &str, present| {
            Action::Config(ConfigEdit::ExposedPort { port: port.to_owned(), present })
        };
        assert_eq!(actions(form.edit(&everywhere())), [port("odd", false), port("8080", true)]);
        set(&mut form.table, id, "http", "");
        assert!(form.edit(&everywhere()).unwrap_err().contains("is no port"));

        let mut form = TableForm::new(EditKind::Volumes, &context(), None);
        let id = form.table.add();
        set(&mut form.table, id, "data", "");
        assert!(form.edit(&everywhere()).unwrap_err().contains("is no absolute path"));
    }

    #[test]
    fn edits_that_are_changed_are_about_one_name() {
        for (kind, edit) in [
            (EditKind::Label, ConfigEdit::Label { name: "a".into(), value: Some("x".into()) }),
            (EditKind::Environment, ConfigEdit::Env { name: "A".into(), value: None }),
            (EditKind::Ports, ConfigEdit::ExposedPort { port: "1".into(), present: true }),
            (EditKind::Volumes, ConfigEdit::Volume { path: "/d".into(), present: false }),
        ] {
            let edit = Edit::all(Action::Config(edit));
            let form = TableForm::new(kind, &context(), Some(&edit));
            assert!(form.table.is_single());
            assert_eq!(only(form.edit(&everywhere())), edit);
        }
    }

    #[test]
    fn annotations_of_all_documents_at_once() {
        let context = FormContext { is_index: true, ..context() };
        let platforms = vec![crate::components::edit::PlatformFacts {
            platform: "linux/amd64".parse().unwrap(),
            label: String::new(),
        }];
        let mut form = AnnotationForm::new(&FormContext { platforms, ..context }, None);
        assert_eq!(form.choices.len(), 3);
        assert_eq!(form.edit(&everywhere()).unwrap_err(), NOTHING);
        form.manifest.remove(0);
        set(&mut form.index, 0, "i", "3");
        let annotation = |on, name: &str, value: Option<&str>| Action::Annotation {
            on,
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        assert_eq!(
            actions(form.edit(&everywhere())),
            [
                annotation(Annotated::Manifest, "m", None),
                annotation(Annotated::Index, "i", Some("3"))
            ]
        );
        let edit = Edit::all(annotation(Annotated::Index, "x", Some("y")));
        let form = AnnotationForm::new(&FormContext::default(), Some(&edit));
        assert!(!form.is_scoped());
        assert_eq!(only(form.edit(&everywhere())), edit);
    }
}
