//! What takes a while says what it does, how long it took before, and how long it took now.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::paths;

/// A step of building.
pub(crate) struct Step {
    /// Of what it is a step.
    pub(crate) name: &'static str,
    pub(crate) does: &'static str,
    /// Seconds that it took on two cores where nothing was built yet.
    pub(crate) first: u64,
}

impl Step {
    pub(crate) fn run<T>(&self, run: impl FnOnce() -> Result<T>) -> Result<T> {
        let key = format!("{}: {}", self.name, self.does);
        match times().get(&key) {
            Some((last, most)) => say(
                self.name,
                &format!(
                    "{} (the last time {}, at most {})",
                    self.does,
                    seconds(*last),
                    seconds(*most)
                ),
            ),
            None => say(
                self.name,
                &format!("{} (the first time about {} s on two cores)", self.does, self.first),
            ),
        }
        let start = Instant::now();
        let result = run()?;
        let took = start.elapsed();
        say(self.name, &format!("done in {}", seconds(took)));
        remember(&key, took);
        Ok(result)
    }
}

pub(crate) fn say(name: &str, what: &str) {
    println!("{name}: {what}");
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn file() -> PathBuf {
    paths::cache().join("steps.tsv")
}

/// The last and the longest time of each step on this machine.
fn times() -> BTreeMap<String, (Duration, Duration)> {
    parse(&fs::read_to_string(file()).unwrap_or_default())
}

fn parse(table: &str) -> BTreeMap<String, (Duration, Duration)> {
    let milliseconds = |text: &str| text.parse().ok().map(Duration::from_millis);
    table
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let key = columns.next()?.to_owned();
            Some((key, (milliseconds(columns.next()?)?, milliseconds(columns.next()?)?)))
        })
        .collect()
}

/// The times are there to be read; that they can't be written stops nothing.
fn remember(key: &str, took: Duration) {
    let mut times = times();
    let most = times.get(key).map_or(took, |(_, most)| took.max(*most));
    times.insert(key.to_owned(), (took, most));
    let table: String = times
        .iter()
        .map(|(key, (last, most))| format!("{key}\t{}\t{}\n", last.as_millis(), most.as_millis()))
        .collect();
    fs::create_dir_all(paths::cache()).ok();
    fs::write(file(), table).ok();
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    #[test]
    fn reads_what_it_wrote_and_skips_the_rest() {
        let times = parse("page: compile\t400\t298000\nodd\nodder\tx\t1\n");
        assert_eq!(times.len(), 1);
        assert_eq!(
            times.get("page: compile"),
            Some(&(Duration::from_millis(400), Duration::from_secs(298)))
        );
    }
}
