//! Names and values that are changed row by row.

use std::collections::{BTreeMap, BTreeSet};

/// Most rows of what there is that are shown; images can have any number of them.
const SHOWN: usize = 500;

/// Rows of names and values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    rows: Vec<Row>,
    next: usize,
    /// Whether it is about one name only, as an edit that is changed is.
    single: bool,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// By which the row is known while others come and go.
    pub(super) id: usize,
    pub(super) name: String,
    pub(super) value: String,
    /// Name and value that there were; `None` for a row that was added.
    pub(super) was: Option<(String, String)>,
    /// Whether it is to be taken away.
    pub(super) removed: bool,
}

/// What is to be done with one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: String,
    /// The value that it gets; `None` takes it away.
    pub(super) value: Option<String>,
}

impl Table {
    /// The names and values that there are. Of a name that stands twice the last one counts.
    pub(super) fn of(current: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut table = Self::default();
        let mut places = BTreeMap::new();
        for (name, value) in current {
            let place = *places.entry(name.clone()).or_insert(table.rows.len());
            let was = Some((name.clone(), value.clone()));
            if let Some(row) = table.rows.get_mut(place) {
                (row.value, row.was) = (value, was);
            } else {
                table.push(Row { name, value, was, ..Row::default() });
            }
        }
        table
    }

    /// One name, whose value an edit sets or takes away.
    pub(super) fn one(name: &str, value: Option<&str>) -> Self {
        let mut table = Self { single: true, ..Self::default() };
        table.push(Row {
            name: name.to_owned(),
            value: value.unwrap_or_default().to_owned(),
            removed: value.is_none(),
            ..Row::default()
        });
        table
    }

    pub(super) fn is_single(&self) -> bool {
        self.single
    }

    /// Ids of the rows that are shown.
    pub(super) fn shown(&self) -> Vec<usize> {
        let old = self.rows.iter().filter(|row| row.was.is_some()).take(SHOWN);
        let added = self.rows.iter().filter(|row| row.was.is_none());
        old.chain(added).map(|row| row.id).collect()
    }

    /// Number of rows that are not shown.
    pub(super) fn hidden(&self) -> usize {
        self.rows.iter().filter(|row| row.was.is_some()).count().saturating_sub(SHOWN)
    }

    pub(super) fn row(&self, id: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    pub(super) fn row_mut(&mut self, id: usize) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.id == id)
    }

    /// Adds an empty row; its id.
    pub(super) fn add(&mut self) -> usize {
        self.push(Row::default())
    }

    /// Takes a row away that was added, and marks any other one as to be taken away.
    pub(super) fn remove(&mut self, id: usize) {
        let single = self.single;
        self.rows.retain(|row| row.id != id || row.was.is_some() || single);
        if let Some(row) = self.row_mut(id) {
            row.removed = true;
        }
    }

    /// Takes the mark away again.
    pub(super) fn keep(&mut self, id: usize) {
        if let Some(row) = self.row_mut(id) {
            row.removed = false;
        }
    }

    /// What is changed: first what is taken away, then what is set. `noun` is what a row is, with
    /// its article: `a variable`.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    pub(super) fn changes(&self, noun: &str) -> Result<Vec<Change>, String> {
        let stay = self.entries(noun)?;
        let names: BTreeSet<&str> = stay.iter().map(|(name, _)| name.as_str()).collect();
        let there: BTreeSet<&(String, String)> =
            self.rows.iter().filter_map(|row| row.was.as_ref()).collect();
        let gone = self.rows.iter().filter_map(|row| match &row.was {
            Some((name, _)) => Some(name),
            None => Some(&row.name).filter(|name| row.removed && !name.is_empty()),
        });
        let gone = gone.filter(|name| !names.contains(name.as_str()));
        let gone = gone.map(|name| Change { name: name.clone(), value: None });
        let set = stay.iter().filter(|entry| !there.contains(entry)).cloned();
        let set = set.map(|(name, value)| Change { name, value: Some(value) });
        Ok(gone.chain(set).collect())
    }

    /// The names and values that stay or come. Rows in which nothing was typed do not count.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    pub(super) fn entries(&self, noun: &str) -> Result<Vec<(String, String)>, String> {
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        for row in &self.rows {
            let blank = row.name.is_empty() && row.value.is_empty() && row.was.is_none();
            if row.removed || blank && !self.single {
                continue;
            }
            if row.name.is_empty() {
                return Err(format!("{noun} needs a name."));
            }
            if !seen.insert(&row.name) {
                let name: String = row.name.chars().take(80).collect();
                return Err(format!("\"{name}\" stands in two rows."));
            }
            entries.push((row.name.clone(), row.value.clone()));
        }
        Ok(entries)
    }

    fn push(&mut self, row: Row) -> usize {
        let id = self.next;
        self.next += 1;
        self.rows.push(Row { id, ..row });
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[(&str, &str)]) -> Table {
        Table::of(rows.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn changes(table: &Table) -> Result<Vec<String>, String> {
        let text = |change: Change| match change.value {
            Some(value) => format!("{}={value}", change.name),
            None => format!("-{}", change.name),
        };
        Ok(table.changes("A variable")?.into_iter().map(text).collect())
    }

    fn set(table: &mut Table, id: usize, name: &str, value: &str) {
        let row = table.row_mut(id).unwrap();
        (row.name, row.value) = (name.to_owned(), value.to_owned());
    }

    #[test]
    fn only_changed_rows_are_changes() {
        let mut table = table(&[("A", "1"), ("B", "2"), ("C", "3")]);
        assert_eq!(changes(&table), Ok(vec![]));
        set(&mut table, 1, "B", "two");
        table.remove(2);
        let id = table.add();
        set(&mut table, id, "D", "");
        table.add();
        assert_eq!(changes(&table), Ok(vec!["-C".into(), "B=two".into(), "D=".into()]));
        table.keep(2);
        assert_eq!(changes(&table), Ok(vec!["B=two".into(), "D=".into()]));
    }

    #[test]
    fn names_can_be_changed_and_given_on() {
        let mut table = table(&[("A", "1"), ("B", "2")]);
        set(&mut table, 0, "B", "1");
        table.remove(1);
        assert_eq!(changes(&table), Ok(vec!["-A".into(), "B=1".into()]));
    }

    #[test]
    fn added_rows_go_without_a_trace() {
        let mut table = table(&[("A", "1")]);
        let id = table.add();
        set(&mut table, id, "B", "2");
        table.remove(id);
        assert_eq!((changes(&table), table.shown()), (Ok(vec![]), vec![0]));
    }

    #[test]
    fn of_very_many_rows_some_are_shown() {
        let mut table = Table::of((0..2000).map(|n| (n.to_string(), String::new())));
        let id = table.add();
        assert_eq!((table.shown().len(), table.hidden()), (SHOWN + 1, 1500));
        assert!(table.shown().contains(&id));
        assert_eq!(changes(&table), Ok(vec![]));
    }

    #[test]
    fn one_name_of_an_edit() {
        let mut table = Table::one("A", Some("1"));
        assert_eq!(changes(&table), Ok(vec!["A=1".into()]));
        table.remove(0);
        assert_eq!(changes(&table), Ok(vec!["-A".into()]));
        assert_eq!(changes(&Table::one("B", None)), Ok(vec!["-B".into()]));
        set(&mut table, 0, "", "");
        table.keep(0);
        assert_eq!(changes(&table), Err("A variable needs a name.".into()));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let mut twice = table(&[("A", "1")]);
        let id = twice.add();
        set(&mut twice, id, "A", "2");
        assert_eq!(changes(&twice), Err("\"A\" stands in two rows.".into()));
        set(&mut twice, id, "", "2");
        assert_eq!(changes(&twice), Err("A variable needs a name.".into()));
        let doubled = table(&[("A", "1"), ("A", "2")]);
        assert_eq!(doubled.entries("A label"), Ok(vec![("A".into(), "2".into())]));
    }
}
