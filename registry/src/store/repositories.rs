//! The repositories that are open: all that live in memory, and the last used ones of a directory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use drydock::reference::Repository as Name;

use super::Repository;
use crate::limits;

/// Open repositories by name.
///
/// Asking for a name makes no repository: one with nothing in it is forgotten again, however many
/// names were asked for.
#[derive(Debug, Default)]
pub(crate) struct Repositories {
    open: BTreeMap<Name, Arc<Repository>>,
    /// Counts what is asked for.
    clock: u64,
    /// How many may be open before those that can be forgotten are.
    most: usize,
}

impl Repositories {
    pub(crate) fn get(&mut self, name: &Name) -> Option<Arc<Repository>> {
        let found = self.open.get(name)?;
        self.clock += 1;
        found.used.store(self.clock, Ordering::Relaxed);
        Some(Arc::clone(found))
    }

    pub(crate) fn get_or_insert(
        &mut self,
        name: &Name,
        make: impl FnOnce() -> Repository,
    ) -> Arc<Repository> {
        if let Some(found) = self.get(name) {
            return found;
        }
        self.make_room();
        self.insert(name, make())
    }

    pub(crate) fn insert(&mut self, name: &Name, repository: Repository) -> Arc<Repository> {
        self.clock += 1;
        repository.used.store(self.clock, Ordering::Relaxed);
        let repository = Arc::new(repository);
        self.open.insert(name.clone(), Arc::clone(&repository));
        repository
    }

    pub(crate) fn all(&self) -> Vec<Arc<Repository>> {
        self.open.values().cloned().collect()
    }

    /// Forgets what was not used for longest, of that which can be made anew.
    fn make_room(&mut self) {
        let weight: u64 = self.open.values().map(|repository| repository.weight()).sum();
        if self.open.len() < self.most.max(limits::OPEN_REPOSITORIES) && weight < limits::OPEN_BYTES
        {
            return;
        }
        let mut idle: Vec<(u64, Name)> = self
            .open
            .iter()
            // Nobody can take another handle meanwhile: that needs this map.
            .filter(|(_, open)| Arc::strong_count(open) == 1 && open.can_be_forgotten())
            .map(|(name, open)| (open.used.load(Ordering::Relaxed), name.clone()))
            .collect();
        idle.sort_unstable();
        for (_, name) in idle.iter().take(idle.len().div_ceil(2)) {
            self.open.remove(name);
        }
        // What is left can't go; the next look is worth it when as much again has come.
        self.most = self.open.len().saturating_mul(2);
    }
}
