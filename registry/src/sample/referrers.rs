//! What hangs off the sample image: a list of its contents, and a signature.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use drydock::digest::Digest;
use drydock::media_type::MediaType;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use serde_json::{Value, json};

use super::layer::TIME_TEXT;
use super::program::Machine;
use super::tree;

/// Type of an SPDX list as an artifact and as a blob.
pub(crate) const SPDX: &str = "application/spdx+json";
/// Type of a cosign signature as an artifact.
pub(crate) const SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
/// Type of the artifact that holds the public key.
pub(crate) const PUBLIC_KEY: &str = "application/vnd.drydock.sample.public-key";
/// Type of a key as a blob.
pub(crate) const PEM: &str = "application/x-pem-file";

/// The sample's private key is made from this text, which everyone can read: a signature by it
/// proves nothing.
const SAMPLE_KEY: &[u8] = b"drydock sample key, published on purpose, never trust it";

/// A signed payload.
pub(crate) struct Signed {
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: String,
    pub(crate) public_key: String,
}

/// An SPDX 2.3 document of the files that the image of a platform holds.
pub(crate) fn sbom(machine: Machine, manifest: &Digest) -> Value {
    let architecture = machine.name();
    let mut relationships = vec![
        json!({"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
               "relatedSpdxElement": "SPDXRef-image"}),
        json!({"spdxElementId": "SPDXRef-image", "relationshipType": "CONTAINS",
               "relatedSpdxElement": "SPDXRef-hello"}),
    ];
    let mut files = Vec::new();
    for (number, (path, content)) in tree::files(machine).into_iter().enumerate() {
        let id = format!("SPDXRef-file-{}", number + 1);
        files.push(json!({
            "SPDXID": id,
            "fileName": format!("./{path}"),
            "checksums": [{
                "algorithm": "SHA256",
                "checksumValue": Digest::sha256(&content).encoded(),
            }],
            "licenseConcluded": "Apache-2.0",
            "copyrightText": "NOASSERTION",
        }));
        let owner = if path.contains("hello") || path.ends_with("/hi") { "hello" } else { "image" };
        relationships.push(json!({
            "spdxElementId": format!("SPDXRef-{owner}"),
            "relationshipType": "CONTAINS",
            "relatedSpdxElement": id,
        }));
    }
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": format!("sample/hello linux/{architecture}"),
        "documentNamespace": format!("https://drydock.invalid/spdx/{}", manifest.encoded()),
        "creationInfo": {"created": TIME_TEXT, "creators": ["Tool: drydock-registry"]},
        "packages": [
            {
                "SPDXID": "SPDXRef-image",
                "name": "sample/hello",
                "versionInfo": manifest.as_str(),
                "primaryPackagePurpose": "CONTAINER",
                "downloadLocation": "NOASSERTION",
                "filesAnalyzed": false,
                "licenseConcluded": "Apache-2.0",
                "licenseDeclared": "Apache-2.0",
                "copyrightText": "NOASSERTION",
            },
            {
                "SPDXID": "SPDXRef-hello",
                "name": "hello",
                "versionInfo": "1.0",
                "primaryPackagePurpose": "APPLICATION",
                "downloadLocation": "NOASSERTION",
                "filesAnalyzed": false,
                "licenseConcluded": "Apache-2.0",
                "licenseDeclared": "Apache-2.0",
                "copyrightText": "NOASSERTION",
                "externalRefs": [{
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator":
                        format!("pkg:generic/hello@1.0?arch={architecture}&os=linux"),
                }],
            },
        ],
        "files": files,
        "relationships": relationships,
    })
}

/// Signs an image the way cosign does: ECDSA with P-256 and SHA-256 over a simple signing payload,
/// with the nonce of RFC 6979, so the signature is the same every time.
pub(crate) fn sign(repository: &str, image: &Digest) -> std::io::Result<Signed> {
    let payload = json!({
        "critical": {
            "identity": {"docker-reference": repository},
            "image": {"docker-manifest-digest": image},
            "type": "cosign container image signature",
        },
        "optional": {"note": "made with a published key; proves nothing"},
    });
    let payload = payload.to_string().into_bytes();
    let scalar = sample_scalar();
    let key = SigningKey::from_slice(&scalar).map_err(std::io::Error::other)?;
    let signature: DerSignature = key.sign(&payload);
    let public_key = p256::PublicKey::from(key.verifying_key())
        .to_public_key_pem(LineEnding::LF)
        .map_err(std::io::Error::other)?;
    Ok(Signed { payload, signature: BASE64_STANDARD.encode(signature.as_bytes()), public_key })
}

/// The digest of [`SAMPLE_KEY`] as a number.
fn sample_scalar() -> Vec<u8> {
    let digest = Digest::sha256(SAMPLE_KEY);
    let nibbles: Vec<u8> =
        digest.encoded().chars().filter_map(|c| c.to_digit(16)).map(|n| n as u8).collect();
    nibbles
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble))
        .collect()
}

/// A manifest of an artifact (image-spec, manifest.md, "Guidelines for Artifact Usage").
pub(crate) fn artifact(
    artifact_type: &str,
    blob: &Value,
    subject: Option<&Value>,
    description: &str,
) -> Value {
    let empty = json!({
        "mediaType": MediaType::EMPTY,
        "digest": Digest::sha256(b"{}"),
        "size": 2,
        "data": "e30=",
    });
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::MANIFEST,
        "artifactType": artifact_type,
        "config": empty,
        "layers": [blob],
    });
    if let (Some(subject), Some(fields)) = (subject, manifest.as_object_mut()) {
        fields.insert("subject".to_owned(), subject.clone());
    }
    if let Some(fields) = manifest.as_object_mut() {
        let annotations = json!({
            "org.opencontainers.image.created": TIME_TEXT,
            "org.opencontainers.image.description": description,
        });
        fields.insert("annotations".to_owned(), annotations);
    }
    manifest
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier as _;
    use p256::pkcs8::DecodePublicKey as _;

    use super::*;

    #[test]
    fn the_signature_verifies_with_the_key_beside_it() {
        let signed = sign("sample/hello", &Digest::sha256(b"x")).expect("signs");
        let key = VerifyingKey::from_public_key_pem(&signed.public_key).expect("PEM");
        let der = BASE64_STANDARD.decode(&signed.signature).expect("base64");
        let signature = DerSignature::from_bytes(&der).expect("DER");
        assert!(key.verify(&signed.payload, &signature).is_ok());
        assert!(key.verify(b"other", &signature).is_err());
        let again = sign("sample/hello", &Digest::sha256(b"x")).expect("signs");
        assert_eq!(again.signature, signed.signature);
    }
}
