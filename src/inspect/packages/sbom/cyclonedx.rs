//! CycloneDX 1.5 as JSON (cyclonedx.org/docs/1.5/json).

use serde_json::{Value, json};

use super::{Subject, TOOL, VERSION};
use crate::digest::Digest;
use crate::inspect::packages::{Package, Packages};

/// The document, pretty-printed. The same packages of the same image give the same document, but for
/// the time.
#[must_use]
pub fn cyclonedx(subject: &Subject, packages: &Packages) -> String {
    let image = format!("{}@{}", subject.name, subject.digest);
    let mut components = Vec::with_capacity(packages.packages.len() + 1);
    if let Some(distribution) = &packages.distribution {
        components.push(json!({
            "type": "operating-system",
            "bom-ref": format!("os:{}@{}", distribution.id, distribution.version),
            "name": distribution.id,
            "version": distribution.version,
            "description": distribution.name,
        }));
    }
    let numbered = packages.packages.iter().enumerate();
    components.extend(numbered.map(|(number, package)| component(number, package)));
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": format!("urn:uuid:{}", uuid(subject, &components)),
        "version": 1,
        "metadata": {
            "timestamp": subject.created,
            "tools": { "components": [{
                "type": "application",
                "name": TOOL,
                "version": VERSION,
            }] },
            "component": {
                "type": "container",
                "bom-ref": image,
                "name": subject.name,
                "version": subject.digest.to_string(),
            },
        },
        "components": components,
    });
    pretty(&document)
}

fn component(number: usize, package: &Package) -> Value {
    let mut component = json!({
        "type": "library",
        // Two files may say that the same package is there.
        "bom-ref": format!("{}#{}", package.purl, number + 1),
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "properties": [
            { "name": "drydock:kind", "value": package.kind.name() },
            { "name": "drydock:record", "value": format!("/{}", package.record) },
            { "name": "drydock:layer", "value": package.layer.to_string() },
        ],
    });
    let licences: Vec<Value> =
        package.licences.iter().map(|name| json!({ "license": { "name": name } })).collect();
    if let (Some(fields), false) = (component.as_object_mut(), licences.is_empty()) {
        fields.insert("licenses".to_owned(), licences.into());
    }
    component
}

/// A number of the form that the format asks for (RFC 9562, section 5.8), made of what the document
/// says.
fn uuid(subject: &Subject, components: &[Value]) -> String {
    let mut said = subject.digest.to_string();
    components.iter().for_each(|component| said.push_str(&component.to_string()));
    let digest = Digest::sha256(said.as_bytes());
    let mut text: String = digest.encoded().to_owned();
    text.replace_range(12..13, "8");
    text.replace_range(16..17, "8");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| text.get(part).unwrap_or_default()).join("-")
}

pub(super) fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}
