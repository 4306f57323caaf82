//! What is kept as long as there is room, and what goes first?

use std::collections::BTreeMap;

/// Values up to a number of bytes in sum; what was not asked for longest goes first.
#[derive(Debug)]
pub struct Lru<K, V> {
    entries: BTreeMap<K, Entry<V>>,
    size: usize,
    limit: usize,
    clock: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    size: usize,
    used: u64,
}

impl<K: Ord + Clone, V: Clone> Lru<K, V> {
    /// An empty cache that keeps up to `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { entries: BTreeMap::new(), size: 0, limit, clock: 0 }
    }

    /// A value, which is now the one asked for last.
    pub fn get(&mut self, key: &K) -> Option<V> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        Some(entry.value.clone())
    }

    /// Keeps a value of `size` bytes, unless it alone is more than all that may be kept.
    pub fn keep(&mut self, key: K, value: V, size: usize) {
        if size > self.limit {
            return;
        }
        self.clock += 1;
        let entry = Entry { value, size, used: self.clock };
        if let Some(old) = self.entries.insert(key, entry) {
            self.size -= old.size;
        }
        self.size += size;
        while self.size > self.limit {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
            if let Some(gone) = self.entries.remove(&oldest) {
                self.size -= gone.size;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_goes_first() {
        let mut lru = Lru::new(10);
        lru.keep(1, 'a', 4);
        lru.keep(2, 'b', 4);
        assert_eq!(lru.get(&1), Some('a'));
        lru.keep(3, 'c', 4);
        assert_eq!((lru.get(&1), lru.get(&2), lru.get(&3)), (Some('a'), None, Some('c')));
        assert_eq!(lru.size, 8);
    }

    #[test]
    fn the_same_key_counts_once_and_the_too_large_is_not_kept() {
        let mut lru = Lru::new(10);
        lru.keep(1, 'a', 6);
        lru.keep(1, 'b', 7);
        lru.keep(2, 'c', 11);
        assert_eq!((lru.get(&1), lru.get(&2), lru.size), (Some('b'), None, 7));
    }
}
