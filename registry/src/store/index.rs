//! A layout's `index.json`: which manifests a repository holds and which tags name them.
//!
//! image-spec, image-layout.md, "index.json file". A tag is an entry with
//! `org.opencontainers.image.ref.name`; a manifest that no tag names is one entry without it.
//! Fields that are not understood stay as they are.

mod entry;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::reference::Tag;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::{Map, Value, json};

pub(crate) use entry::Entry;

/// The entries of `index.json` in their order, to be found by tag and by digest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// What `index.json` says besides.
    root: Map<String, Value>,
    entries: BTreeMap<u64, Entry>,
    by_tag: BTreeMap<Box<str>, Vec<u64>>,
    by_digest: BTreeMap<Digest, Vec<u64>>,
    /// Bytes of the JSON of all entries.
    bytes: u64,
    /// Grows with every change.
    revision: u64,
}

impl Index {
    pub(crate) fn empty() -> Self {
        let mut root = Map::new();
        root.insert("schemaVersion".to_owned(), json!(2));
        root.insert("mediaType".to_owned(), json!(MediaType::INDEX));
        Self { root, ..Self::default() }
    }

    /// Reads `index.json`. With `lone_is_latest`, an only entry without a tag is `latest`.
    pub(crate) fn parse(bytes: &[u8], lone_is_latest: bool) -> Result<Self, String> {
        let Read { root, mut entries } = serde_json::from_slice(bytes)
            .map_err(|e| format!("index.json is not what it should be: {e}"))?;
        if let [only] = &mut entries[..]
            && lone_is_latest
            && only.tag.is_none()
            && only.is_manifest()
        {
            only.tag = Some("latest".into());
        }
        let mut index = Self { root, ..Self::default() };
        entries.into_iter().for_each(|entry| index.push(entry));
        Ok(index)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(usize::try_from(self.size()).unwrap_or_default());
        text.extend_from_slice(self.head().as_bytes());
        for (number, entry) in self.entries.values().enumerate() {
            if number > 0 {
                text.push(b',');
            }
            text.extend_from_slice(entry.json.as_bytes());
        }
        text.extend_from_slice(b"]}");
        text
    }

    /// Length of [`Self::to_bytes`].
    pub(crate) fn size(&self) -> u64 {
        let commas = (self.entries.len() as u64).saturating_sub(1);
        self.head().len() as u64 + self.bytes + commas + 2
    }

    /// By how much the size grows at most when a manifest is put under tags.
    pub(crate) fn growth(descriptor: &Descriptor, tags: &[Tag]) -> u64 {
        let of = |tag| Entry::new(descriptor, tag).json.len() as u64 + 1;
        if tags.is_empty() { of(None) } else { tags.iter().map(|tag| of(Some(tag))).sum() }
    }

    /// A number that grows with every change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The manifests, each once for every tag.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(|entry| entry.is_manifest())
    }

    /// All that is listed, manifest or not.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The manifest that a tag names.
    pub(crate) fn by_tag(&self, tag: &str) -> Option<&Entry> {
        self.first(self.by_tag.get(tag)?)
    }

    /// A manifest.
    pub(crate) fn by_digest(&self, digest: &Digest) -> Option<&Entry> {
        self.first(self.by_digest.get(digest)?)
    }

    /// Tags of manifests in byte order, behind one.
    pub(crate) fn tags(&self, behind: Option<&str>) -> impl Iterator<Item = &str> {
        let behind = behind.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_tag
            .range::<str, _>((behind, Bound::Unbounded))
            .filter(|(_, places)| self.first(places).is_some())
            .map(|(tag, _)| tag.borrow())
    }

    /// Adds a manifest under tags, or under none. A tag that named another manifest moves.
    pub(crate) fn put(&mut self, descriptor: &Descriptor, tags: &[Tag]) {
        for tag in tags {
            if self.by_tag(tag.as_str()).is_some_and(|e| e.digest == descriptor.digest) {
                continue;
            }
            self.remove_tag(tag.as_str());
            let is_nameless = |e: &Entry| e.tag.is_none() && !e.has_name;
            for place in self.by_digest.get(&descriptor.digest).cloned().unwrap_or_default() {
                if self.entries.get(&place).is_some_and(is_nameless) {
                    self.take(place);
                }
            }
            self.push(Entry::new(descriptor, Some(tag)));
        }
        if tags.is_empty() && self.by_digest(&descriptor.digest).is_none() {
            self.push(Entry::new(descriptor, None));
        }
    }

    /// Removes a tag; the manifest stays, without a tag when this was its last one.
    pub(crate) fn remove_tag(&mut self, tag: &str) -> bool {
        let places = self.by_tag.get(tag).cloned().unwrap_or_default();
        for place in &places {
            let Some(entry) = self.take(*place) else { continue };
            if !self.by_digest.contains_key(&entry.digest) {
                self.push(entry.without_tag());
            }
        }
        !places.is_empty()
    }

    /// Removes a manifest with all its tags.
    pub(crate) fn remove(&mut self, digest: &Digest) -> bool {
        let places = self.by_digest.get(digest).cloned().unwrap_or_default();
        for place in &places {
            self.take(*place);
        }
        !places.is_empty()
    }

    fn first(&self, places: &[u64]) -> Option<&Entry> {
        places.iter().filter_map(|place| self.entries.get(place)).find(|e| e.is_manifest())
    }

    fn push(&mut self, entry: Entry) {
        let place = self.entries.last_key_value().map_or(0, |(last, _)| last + 1);
        if let Some(tag) = &entry.tag {
            self.by_tag.entry(tag.clone()).or_default().push(place);
        }
        self.by_digest.entry(entry.digest.clone()).or_default().push(place);
        self.bytes += entry.json.len() as u64;
        self.revision += 1;
        self.entries.insert(place, entry);
    }

    fn take(&mut self, place: u64) -> Option<Entry> {
        let entry = self.entries.remove(&place)?;
        if let Some(tag) = &entry.tag {
            forget(&mut self.by_tag, &**tag, place);
        }
        forget(&mut self.by_digest, &entry.digest, place);
        self.bytes -= entry.json.len() as u64;
        self.revision += 1;
        Some(entry)
    }

    /// The JSON in front of the first entry.
    fn head(&self) -> String {
        let mut text = Value::Object(self.root.clone()).to_string();
        text.pop();
        let comma = if self.root.is_empty() { "" } else { "," };
        text + comma + "\"manifests\":["
    }
}

fn forget<K: Ord + Borrow<Q>, Q: Ord + ?Sized>(
    map: &mut BTreeMap<K, Vec<u64>>,
    key: &Q,
    place: u64,
) {
    if let Some(places) = map.get_mut(key) {
        places.retain(|p| *p != place);
        if places.is_empty() {
            map.remove(key);
        }
    }
}

/// `index.json` as it is read: entry after entry, because there may be very many.
struct Read {
    root: Map<String, Value>,
    entries: Vec<Entry>,
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ReadVisitor)
    }
}

struct ReadVisitor;

impl<'de> Visitor<'de> for ReadVisitor {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list of \"manifests\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
        let mut read = Read { root: Map::new(), entries: Vec::new() };
        while let Some(name) = map.next_key::<String>()? {
            if name == "manifests" {
                read.entries = map.next_value::<Option<Vec<Entry>>>()?.unwrap_or_default();
            } else {
                read.root.insert(name, map.next_value()?);
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REF_NAME: &str = "org.opencontainers.image.ref.name";

    fn descriptor(text: &str) -> Descriptor {
        Descriptor::new(MediaType::MANIFEST, Digest::sha256(text.as_bytes()), text.len() as u64)
    }

    fn tag(text: &str) -> Tag {
        Tag::parse(text).expect("tag")
    }

    fn tags(index: &Index) -> Vec<(Option<&str>, &str)> {
        index.entries().map(|e| (e.tag.as_deref(), e.digest.short())).collect()
    }

    #[test]
    fn a_tag_moves_and_leaves_the_manifest_untagged() {
        let (a, b) = (descriptor("a"), descriptor("b"));
        let mut index = Index::empty();
        index.put(&a, &[tag("1")]);
        index.put(&b, &[tag("1")]);
        assert_eq!(tags(&index), [(None, a.digest.short()), (Some("1"), b.digest.short())]);
        index.put(&a, &[tag("2"), tag("3")]);
        assert_eq!(index.entries().count(), 3, "the untagged entry has gone");
        let again = Index::parse(&index.to_bytes(), false).expect("own bytes");
        assert_eq!(tags(&again), tags(&index));
    }

    #[test]
    fn removing() {
        let a = descriptor("a");
        let mut index = Index::empty();
        index.put(&a, &[]);
        index.put(&a, &[]);
        assert_eq!(index.entries().count(), 1);
        index.put(&a, &[tag("1"), tag("2")]);
        assert!(index.remove_tag("1") && !index.remove_tag("1"));
        assert_eq!(tags(&index), [(Some("2"), a.digest.short())]);
        assert!(index.remove(&a.digest) && !index.remove(&a.digest));
    }

    #[test]
    fn unknown_fields_and_names_of_other_tools_stay() {
        let digest = Digest::sha256(b"a");
        let text = json!({
            "schemaVersion": 2,
            "x": [1],
            "manifests": [
                {"mediaType": MediaType::MANIFEST, "digest": digest, "size": 1, "y": true,
                 "annotations": {REF_NAME: "localhost:5000/app:2.0", "z": "1"}},
            ],
        });
        let index = Index::parse(text.to_string().as_bytes(), false).expect("index");
        assert_eq!(index.by_tag("2.0").map(|e| &e.digest), Some(&digest));
        let written: Value = serde_json::from_slice(&index.to_bytes()).expect("JSON");
        assert_eq!(written["x"], json!([1]));
        assert_eq!(written["manifests"][0], text["manifests"][0]);
    }

    #[test]
    fn a_lone_manifest_is_latest_where_nothing_is_written() {
        let digest = Digest::sha256(b"a");
        let text = json!({"manifests": [{"digest": digest, "size": 1}]}).to_string();
        let read = |lone| Index::parse(text.as_bytes(), lone).expect("index");
        assert!(read(true).by_tag("latest").is_some());
        assert!(read(false).by_tag("latest").is_none());
    }

    #[test]
    fn broken_index_files_are_refused_with_a_sentence() {
        for text in ["", "[]", "{\"manifests\":3}", "{\"manifests\":[3]}", "{\"manifests\":[{}]}"] {
            assert!(Index::parse(text.as_bytes(), false).is_err(), "{text}");
        }
    }

    #[test]
    fn an_index_knows_how_long_it_is() {
        let mut index = Index::parse(b"{}", false).expect("index");
        assert_eq!(index.size(), index.to_bytes().len() as u64);
        index = Index::empty();
        for number in 0..40_u32 {
            let (a, name) = (descriptor(&format!("{}", number % 7)), format!("t{}", number % 5));
            let before = index.size();
            match number % 4 {
                0 | 1 => index.put(&a, &[tag(&name), tag("x")]),
                2 => index.put(&a, &[]),
                _ => {
                    index.remove_tag(&name);
                    index.remove(&a.digest);
                }
            }
            assert_eq!(index.size(), index.to_bytes().len() as u64);
            let most = Index::growth(&a, &[tag(&name), tag("x")]);
            assert!(index.size() <= before + most, "{number}");
            let again = Index::parse(&index.to_bytes(), false).expect("own bytes");
            assert_eq!(tags(&again), tags(&index));
        }
    }

    #[test]
    fn entries_that_are_no_manifests_stay_and_are_not_found() {
        let digest = Digest::sha256(b"a");
        let text = json!({"manifests": [
            {"mediaType": MediaType::LAYER_GZIP, "digest": digest, "size": 1,
             "annotations": {REF_NAME: "1"}},
        ]});
        let mut index = Index::parse(text.to_string().as_bytes(), true).expect("index");
        assert!(index.by_tag("1").is_none() && index.by_digest(&digest).is_none());
        assert_eq!((index.tags(None).count(), index.manifests().count()), (0, 0));
        assert_eq!(index.to_bytes(), text.to_string().as_bytes());
        index.put(&descriptor("b"), &[tag("1")]);
        assert_eq!(index.tags(None).collect::<Vec<_>>(), ["1"]);
        let again = Index::parse(&index.to_bytes(), false).expect("own bytes");
        assert_eq!(again.by_tag("1").map(|e| &e.digest), Some(&descriptor("b").digest));
    }

    #[test]
    fn tags_behind_one() {
        let mut index = Index::empty();
        index.put(&descriptor("a"), &["b", "a", "B", "c"].map(tag));
        assert_eq!(index.tags(None).collect::<Vec<_>>(), ["B", "a", "b", "c"]);
        assert_eq!(index.tags(Some("a")).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(index.tags(Some("aa")).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(index.tags(Some("c")).count(), 0);
    }
}
