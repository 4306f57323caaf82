//! The sample's program: a static ELF file that prints a line and exits, assembled here because the
//! sample must be made of nothing but this crate.

/// What the program prints.
pub(crate) const GREETING: &[u8] = b"Hello from the Drydock sample image.\n";

const BASE: u64 = 0x40_0000;
const HEADERS: u64 = 64 + 56;

/// Processors that the sample is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    Amd64,
    Arm64,
}

impl Machine {
    /// The name that platforms use (image-spec, image-index.md, "platform").
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

/// The program for a processor.
pub(crate) fn elf(machine: Machine) -> Vec<u8> {
    let (number, mut code) = match machine {
        Machine::Amd64 => (62_u16, amd64()),
        Machine::Arm64 => (183_u16, arm64()),
    };
    code.extend_from_slice(GREETING);
    let size = HEADERS + code.len() as u64;
    let mut file = Vec::new();
    let half = |file: &mut Vec<u8>, n: u16| file.extend_from_slice(&n.to_le_bytes());
    let word = |file: &mut Vec<u8>, n: u32| file.extend_from_slice(&n.to_le_bytes());
    let long = |file: &mut Vec<u8>, n: u64| file.extend_from_slice(&n.to_le_bytes());
    file.extend_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    half(&mut file, 2); // executable
    half(&mut file, number);
    word(&mut file, 1); // version
    long(&mut file, BASE + HEADERS); // entry
    long(&mut file, 64); // program headers
    long(&mut file, 0); // no section headers
    word(&mut file, 0); // flags
    for n in [64, 56, 1, 0, 0, 0] {
        half(&mut file, n); // sizes and counts of the headers
    }
    word(&mut file, 1); // load
    word(&mut file, 5); // read and execute
    long(&mut file, 0); // from the start of the file
    long(&mut file, BASE);
    long(&mut file, BASE);
    long(&mut file, size);
    long(&mut file, size);
    long(&mut file, 0x1_0000); // the largest page of either processor
    file.extend_from_slice(&code);
    file
}

/// `write(1, greeting, length); exit(0)`
fn amd64() -> Vec<u8> {
    let mut code = vec![
        0xb8, 1, 0, 0, 0, // mov eax, 1
        0x89, 0xc7, // mov edi, eax
        0x48, 0x8d, 0x35, 16, 0, 0, 0,    // lea rsi, [rip + 16]
        0xba, // mov edx, length
    ];
    code.extend_from_slice(&(GREETING.len() as u32).to_le_bytes());
    code.extend_from_slice(&[
        0x0f, 0x05, // syscall
        0xb8, 60, 0, 0, 0, // mov eax, 60
        0x31, 0xff, // xor edi, edi
        0x0f, 0x05, // syscall
    ]);
    code
}

/// The same with the other system call numbers.
fn arm64() -> Vec<u8> {
    let mov = |register: u32, value: u32| 0xd280_0000 | (value << 5) | register;
    let svc = 0xd400_0001;
    let adr_x1_greeting = 0x1000_0001 | (7 << 5); // 28 bytes on
    [
        mov(0, 1),
        adr_x1_greeting,
        mov(2, GREETING.len() as u32),
        mov(8, 64),
        svc,
        mov(0, 0),
        mov(8, 93),
        svc,
    ]
    .iter()
    .flat_map(|instruction: &u32| instruction.to_le_bytes())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_lies_where_the_code_looks() {
        assert_eq!(amd64().len(), 14 + 16);
        assert_eq!(arm64().len(), 4 + 28);
        assert!(elf(Machine::Arm64).ends_with(GREETING));
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    #[test]
    fn the_program_runs() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("hello");
        std::fs::write(&path, elf(Machine::Amd64)).expect("write");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("mode");
        let output = std::process::Command::new(&path).output().expect("runs");
        assert!(output.status.success());
        assert_eq!(output.stdout, GREETING);
    }
}
