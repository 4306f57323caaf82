//! Headers of a tar, always the same for the same name and size.
//!
//! POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header". No time, owner `0:0`
//! and no user names: nothing tells who made the archive, or when.

/// Largest size that the octal field holds.
const OCTAL_SIZE: u64 = 0o77_777_777_777;
/// Longest name that the field holds.
const NAME: usize = 100;

/// Header of a file, with extensions for what does not fit into it.
pub(super) fn file(path: &str, size: u64) -> Vec<u8> {
    entry(path, size, b'0', 0o644)
}

/// Header of a folder, whose path ends with a slash.
pub(super) fn folder(path: &str) -> Vec<u8> {
    entry(path, 0, b'5', 0o755)
}

fn entry(path: &str, size: u64, flag: u8, mode: u32) -> Vec<u8> {
    let mut records = Vec::new();
    if path.len() > NAME {
        records.extend(record("path", path));
    }
    if size > OCTAL_SIZE {
        records.extend(record("size", &size.to_string()));
    }
    let mut bytes = Vec::new();
    if !records.is_empty() {
        bytes.extend(block("pax", records.len() as u64, b'x', 0o644));
        bytes.append(&mut records);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    let in_field = if size > OCTAL_SIZE { 0 } else { size };
    bytes.extend(block(path, in_field, flag, mode));
    bytes
}

fn block(name: &str, size: u64, flag: u8, mode: u32) -> [u8; 512] {
    let mut block = [0; 512];
    let short = name.as_bytes().get(..NAME).unwrap_or(name.as_bytes());
    put(&mut block, 0, short);
    // Mode, owner, group, size, time.
    let numbers = format!("{mode:07o}\0{0:07o}\0{0:07o}\0{size:011o}\0{0:011o}\0", 0);
    put(&mut block, 100, numbers.as_bytes());
    put(&mut block, 148, b"        ");
    put(&mut block, 156, &[flag]);
    put(&mut block, 257, b"ustar\x0000");
    put(&mut block, 329, format!("{0:07o}\0{0:07o}\0", 0).as_bytes());
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
    block
}

fn put(block: &mut [u8; 512], at: usize, text: &[u8]) {
    block.iter_mut().skip(at).zip(text).for_each(|(byte, new)| *byte = *new);
}

/// `"%d %s=%s\n"`, where the number counts itself too.
fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while len != rest + len.to_string().len() {
        len = rest + len.to_string().len();
    }
    format!("{len} {key}={value}\n").into_bytes()
}
