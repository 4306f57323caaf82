//! Takes the names of functions out of WebAssembly: a third of its size, and nothing that runs needs them.

/// Magic and version.
const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// The id of sections with a name instead of a meaning.
const CUSTOM: u8 = 0;

/// What only debuggers and the curious read.
const UNNEEDED: &[&[u8]] = &[b"name", b"producers"];

/// The same module without names; anything that is not understood comes back as it was.
pub(crate) fn strip(module: &[u8]) -> Vec<u8> {
    stripped(module).unwrap_or_else(|| module.to_vec())
}

fn stripped(module: &[u8]) -> Option<Vec<u8>> {
    let mut rest = module.strip_prefix(HEADER)?;
    let mut kept = HEADER.to_vec();
    while let Some((&id, after_id)) = rest.split_first() {
        let (size, body) = unsigned(after_id)?;
        let (body, after) = body.split_at_checked(size)?;
        let section = rest.get(..rest.len() - after.len())?;
        if id != CUSTOM || !UNNEEDED.contains(&custom_name(body)?) {
            kept.extend_from_slice(section);
        }
        rest = after;
    }
    Some(kept)
}

fn custom_name(body: &[u8]) -> Option<&[u8]> {
    let (length, name) = unsigned(body)?;
    name.get(..length)
}

/// An unsigned LEB128 number of at most 32 bits, and what follows it.
fn unsigned(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::strip;

    fn module(sections: &[&[u8]]) -> Vec<u8> {
        [b"\0asm\x01\0\0\0".as_slice()]
            .into_iter()
            .chain(sections.iter().copied())
            .flatten()
            .copied()
            .collect()
    }

    #[test]
    fn takes_names_and_leaves_the_rest() {
        let types = b"\x01\x04\x01\x60\0\0".as_slice();
        let names = b"\0\x07\x04nameab".as_slice();
        let other = b"\0\x06\x04kept\x01".as_slice();
        assert_eq!(strip(&module(&[types, names, other])), module(&[types, other]));
    }

    #[test]
    fn leaves_what_it_does_not_understand() {
        for bytes in [
            b"no module".to_vec(),
            module(&[b"\0\x7f\x04name"]),
            module(&[b"\x01\xff\xff\xff\xff\xff"]),
        ] {
            assert_eq!(strip(&bytes), bytes);
        }
    }
}
