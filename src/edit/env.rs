//! Which variables does a new base change, and which has the image changed itself?

/// What a merge of the environment of a new base into an image comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvMerge {
    /// Variables that become the new base's: their names, and their values or `None` where they are
    /// removed. The image had them as the old base has them.
    pub taken: Vec<(String, Option<String>)>,
    /// Names of variables that both the image and the new base have changed; the image's stay.
    pub kept: Vec<String>,
}

/// Compares three lists of `NAME=value`: that of the old base, of the new base, and of the image.
#[must_use]
pub fn merge(old: &[String], new: &[String], image: &[String]) -> EnvMerge {
    let names = |list: &[String]| list.iter().map(|text| split(text).0.to_owned()).collect();
    let mut all: Vec<String> = names(new);
    all.extend::<Vec<_>>(names(old));
    let mut merge = EnvMerge::default();
    let mut seen = std::collections::BTreeSet::new();
    for name in all {
        if !seen.insert(name.clone()) {
            continue;
        }
        let (was, is, own) = (look_up(old, &name), look_up(new, &name), look_up(image, &name));
        if is == was || is == own {
            continue;
        }
        if own == was {
            merge.taken.push((name, is.map(str::to_owned)));
        } else {
            merge.kept.push(name);
        }
    }
    merge
}

/// The last value counts, as in a container.
fn look_up<'a>(list: &'a [String], name: &str) -> Option<&'a str> {
    list.iter().rev().map(|text| split(text)).find(|(other, _)| *other == name).map(|(_, v)| v)
}

fn split(text: &str) -> (&str, &str) {
    text.split_once('=').unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn three_ways() {
        for (old, new, image, taken, kept) in [
            ("A=1", "A=2", "A=1 X=y", "A=2", ""),
            ("A=1", "A=1", "A=9", "", ""),
            ("A=1", "A=2", "A=9", "", "A"),
            ("A=1", "A=2", "A=2", "", ""),
            ("A=1", "", "A=1", "-A", ""),
            ("A=1", "", "A=2", "", "A"),
            ("", "A=1", "", "A=1", ""),
            ("", "A=1", "A=2", "", "A"),
            ("A=1", "A=1", "", "", ""),
            ("A=1", "A=2", "", "", "A"),
            ("B=1 A=1", "B=2 A=2", "A=1 B=1", "B=2 A=2", ""),
        ] {
            let merged = merge(&env(old), &env(new), &env(image));
            let texts = merged.taken.iter().map(|(name, value)| match value {
                Some(value) => format!("{name}={value}"),
                None => format!("-{name}"),
            });
            let texts: Vec<String> = texts.collect();
            assert_eq!((texts.join(" "), merged.kept.join(" ")), (taken.into(), kept.into()));
        }
    }
}
