//! SPDX 2.3 as JSON (spdx.github.io/spdx-spec/v2.3).

use serde_json::{Value, json};

use super::cyclonedx::pretty;
use super::{Subject, TOOL, VERSION};
use crate::inspect::packages::{Package, Packages};

/// What the format has for what is not known.
const UNKNOWN: &str = "NOASSERTION";
const IMAGE: &str = "SPDXRef-Image";

/// The document, pretty-printed. The same packages of the same image give the same document, but for
/// the time.
#[must_use]
pub fn spdx(subject: &Subject, packages: &Packages) -> String {
    let digest = subject.digest.to_string();
    let mut image = json!({
        "SPDXID": IMAGE,
        "name": subject.name,
        "versionInfo": digest,
        "primaryPackagePurpose": "CONTAINER",
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": false,
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": UNKNOWN,
        "copyrightText": UNKNOWN,
    });
    let checksum = match (subject.digest.algorithm_name(), subject.digest.encoded()) {
        ("sha256", hex) => Some(json!([{ "algorithm": "SHA256", "checksumValue": hex }])),
        ("sha512", hex) => Some(json!([{ "algorithm": "SHA512", "checksumValue": hex }])),
        _ => None,
    };
    if let (Some(fields), Some(checksum)) = (image.as_object_mut(), checksum) {
        fields.insert("checksums".to_owned(), checksum);
    }
    let relation = |of: &str, kind: &str, to: &str| {
        json!({
            "spdxElementId": of,
            "relationshipType": kind,
            "relatedSpdxElement": to,
        })
    };
    let mut all = vec![image];
    let mut relations = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", IMAGE)];
    for (number, package) in packages.packages.iter().enumerate() {
        let id = format!("SPDXRef-Package-{}", number + 1);
        relations.push(relation(IMAGE, "CONTAINS", &id));
        all.push(one(&id, package));
    }
    pretty(&json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": subject.name,
        "documentNamespace": format!("urn:drydock:spdx:{digest}:{}", subject.created),
        "creationInfo": {
            "created": subject.created,
            "creators": [format!("Tool: {TOOL}-{VERSION}")],
        },
        "packages": all,
        "relationships": relations,
    }))
}

fn one(id: &str, package: &Package) -> Value {
    let mut one = json!({
        "SPDXID": id,
        "name": package.name,
        "versionInfo": package.version,
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": false,
        "licenseConcluded": UNKNOWN,
        // What records say is mostly no expression of SPDX, and stands in the comment.
        "licenseDeclared": UNKNOWN,
        "copyrightText": UNKNOWN,
        "sourceInfo": format!("/{} (layer {})", package.record, package.layer),
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": package.purl,
        }],
    });
    if let (Some(fields), false) = (one.as_object_mut(), package.licences.is_empty()) {
        let licences = package.licences.join(", ");
        fields.insert("licenseComments".to_owned(), licences.into());
    }
    one
}
