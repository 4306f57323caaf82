//! Paragraphs of fields, as deb822(5) and Python's core metadata have them.

/// Most fields of one paragraph that are looked at.
const FIELDS: usize = 1000;

/// The fields of one paragraph in their order: the name and the first line of the value.
pub(super) struct Paragraph<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Paragraph<'a> {
    /// The first value of a field, whose name may be in small or capital letters.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// The paragraphs of a text, which blank lines divide. Lines that continue a value are passed over.
pub(super) fn paragraphs(text: &str) -> impl Iterator<Item = Paragraph<'_>> {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        let mut fields = Vec::new();
        loop {
            match lines.next() {
                Some(line) if line.trim().is_empty() => {
                    if !fields.is_empty() {
                        return Some(Paragraph(fields));
                    }
                }
                Some(line) if line.starts_with([' ', '\t', '#']) => {}
                Some(line) => {
                    if let Some((name, value)) =
                        line.split_once(':').filter(|_| fields.len() < FIELDS)
                    {
                        fields.push((name.trim(), value.trim()));
                    }
                }
                None => return (!fields.is_empty()).then_some(Paragraph(fields)),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_divided_by_blank_lines() {
        let text = "\nPackage: a\nDescription: one\n more: of it\n\n \nPackage:b\npackage: c\n";
        let read: Vec<_> = paragraphs(text).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].get("package"), Some("a"));
        assert_eq!(read[0].get("more"), None);
        assert_eq!(read[1].all("Package").collect::<Vec<_>>(), ["b", "c"]);
    }
}
