//! Percent-encoding, byte for byte: decoding what was encoded gives the same bytes.

/// Appends bytes as a path; slashes stay.
pub(super) fn encode_path(bytes: &[u8], out: &mut String) {
    encode(bytes, b"/:@+,=~!$", out);
}

/// Appends `?key=value&…`, or nothing where there is nothing to append.
pub(super) fn append_query(mut address: String, pairs: &[(&str, Vec<u8>)]) -> String {
    for (at, (key, value)) in pairs.iter().enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        address.push_str(key);
        address.push('=');
        encode(value, b"/:@,~", &mut address);
    }
    address
}

fn encode(bytes: &[u8], plain: &[u8], out: &mut String) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._".contains(byte) || plain.contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push('%');
            let halves = [byte >> 4, byte & 15].into_iter();
            let digits = halves.filter_map(|half| char::from_digit(u32::from(half), 16));
            out.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        }
    }
}

/// The bytes behind a percent-encoded text. A `%` without two hexadecimal digits stands for itself.
pub(super) fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if let (b'%', [high, low, tail @ ..]) = (first, after)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push(high << 4 | low);
            rest = tail;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

/// As [`decode`], when the bytes are UTF-8.
pub(super) fn decode_text(text: &str) -> Option<String> {
    String::from_utf8(decode(text)).ok()
}

/// The start of a text that may be of any length.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
