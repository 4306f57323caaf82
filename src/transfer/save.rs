//! What does an archive of copied images list?

use std::collections::BTreeSet;

use super::links;
use crate::archive::Name;
use crate::archive::write::Entry;
use crate::digest::Digest;
use crate::document::Document;

/// The documents that an archive has to list, in their order: those that have names, and those that
/// no other one leads to, as signatures are found by their `subject` alone.
pub fn archive_entries(documents: &[Document], names: impl Fn(&Digest) -> Vec<Name>) -> Vec<Entry> {
    // What can't be followed is for whoever plans the archive to say.
    let all = documents.iter().filter_map(|document| links(document).ok());
    let inner: BTreeSet<Digest> =
        all.flat_map(|links| links.manifests).map(|entry| entry.digest).collect();
    let listed = documents.iter().filter_map(|document| {
        let names = names(document.digest());
        let is_outer = !names.is_empty() || !inner.contains(document.digest());
        is_outer.then(|| Entry { descriptor: document.descriptor(), names })
    });
    listed.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::descriptor::identify;
    use crate::media_type::MediaType;
    use crate::reference::Tag;

    fn document(media_type: &str, value: &Value) -> Document {
        let (digest, bytes) = identify(value.to_string().into());
        Document::new(&bytes, digest, MediaType::new(media_type), value.clone())
    }

    fn manifest(config: &str, subject: Option<&Document>) -> Document {
        let digest = Digest::sha256(config.as_bytes());
        let config = json!({"mediaType": "a/b", "digest": digest, "size": config.len()});
        let mut value = json!({"schemaVersion": 2, "config": config, "layers": []});
        if let Some(subject) = subject {
            value["subject"] = json!(subject.descriptor());
        }
        document(MediaType::MANIFEST, &value)
    }

    #[test]
    fn what_has_a_name_or_is_led_to_by_nothing_is_listed() {
        let (one, two) = (manifest("1", None), manifest("2", None));
        let children = json!([one.descriptor(), two.descriptor()]);
        let index = document(MediaType::INDEX, &json!({"manifests": children}));
        let signature = manifest("3", Some(&index));
        let documents = [index.clone(), one, two.clone(), signature.clone()];
        let tag = Name::Tag(Tag::parse("1").expect("tag"));
        let names = |digest: &Digest| match digest {
            named if named == index.digest() || named == two.digest() => vec![tag.clone()],
            _ => Vec::new(),
        };
        let entry = |document: &Document| Entry {
            descriptor: document.descriptor(),
            names: names(document.digest()),
        };
        let listed = archive_entries(&documents, names);
        assert_eq!(listed, [entry(&index), entry(&two), entry(&signature)]);
    }
}
