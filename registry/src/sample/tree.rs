//! What lies in the sample image.

use std::io;

use super::layer::{Entry, tar};
use super::program::{Machine, elf};

const OS_RELEASE: &[u8] = b"NAME=\"Drydock Sample\"
ID=drydock-sample
PRETTY_NAME=\"Drydock Sample 1.0\"
VERSION_ID=\"1.0\"
";
const PASSWD: &[u8] =
    b"root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n";
const GROUP: &[u8] = b"root:x:0:\nnogroup:x:65534:\n";
const README: &[u8] = b"# hello

A small image that Drydock builds itself. It holds one program, `hello`,
which prints a line and exits, and enough around it to look at:

- a file that an upper layer deletes,
- a directory that an upper layer replaces (an opaque whiteout),
- a symbolic link and a hard link.
";
const COPYING: &[u8] = b"Licensed under the Apache License, Version 2.0.
http://www.apache.org/licenses/LICENSE-2.0
";
const TODO: &[u8] = b"- delete this file before the release\n";
const CONFIG: &[u8] = b"# How hello greets.\ngreeting = \"Hello\"\nto = \"everybody\"\n";
const BUILD_LOG: &[u8] = b"configure: ok\ncompile: ok\ninstall: ok\n";
const CACHE_NOTE: &[u8] = b"The build's cache was here; an opaque whiteout hides it.\n";

/// How the layers came to be, as the config's history tells it; true for a step without a layer.
pub(crate) const HISTORY: [(&str, bool); 6] = [
    ("ADD base.tar / # buildkit", false),
    ("LABEL org.opencontainers.image.title=hello", true),
    ("COPY --from=build /out / # buildkit", false),
    (
        "RUN /bin/sh -c rm /usr/share/doc/hello/TODO && rm -r /var/cache/hello \
         && mkdir /var/cache/hello && cp -r /build/etc/hello /build/var / # buildkit",
        false,
    ),
    ("ENV PATH=/usr/bin", true),
    ("ENTRYPOINT [\"/usr/bin/hello\"]", true),
];

/// The layers' tars for a processor, base first.
pub(crate) fn layers(machine: Machine) -> io::Result<[Vec<u8>; 3]> {
    let program = elf(machine);
    let base = tar(&[
        Entry::Symlink("bin", "usr/bin"),
        Entry::Directory("etc/", 0o755),
        Entry::File("etc/group", 0o644, GROUP),
        Entry::File("etc/os-release", 0o644, OS_RELEASE),
        Entry::File("etc/passwd", 0o644, PASSWD),
        Entry::Directory("root/", 0o700),
        Entry::Directory("tmp/", 0o1777),
        Entry::Directory("usr/", 0o755),
        Entry::Directory("usr/bin/", 0o755),
        Entry::Directory("usr/share/", 0o755),
        Entry::Directory("usr/share/doc/", 0o755),
        Entry::Directory("var/", 0o755),
        Entry::Directory("var/cache/", 0o755),
    ])?;
    let program = tar(&[
        Entry::File("usr/bin/hello", 0o755, &program),
        Entry::Hardlink("usr/bin/hi", "usr/bin/hello"),
        Entry::Directory("usr/share/doc/hello/", 0o755),
        Entry::File("usr/share/doc/hello/COPYING", 0o644, COPYING),
        Entry::File("usr/share/doc/hello/README.md", 0o644, README),
        Entry::File("usr/share/doc/hello/TODO", 0o644, TODO),
        Entry::Directory("var/cache/hello/", 0o755),
        Entry::File("var/cache/hello/build.log", 0o600, BUILD_LOG),
    ])?;
    let cleanup = tar(&[
        Entry::Directory("etc/hello/", 0o755),
        Entry::File("etc/hello/hello.conf", 0o644, CONFIG),
        Entry::Directory("usr/share/doc/hello/", 0o755),
        Entry::File("usr/share/doc/hello/.wh.TODO", 0o644, b""),
        Entry::Directory("var/cache/hello/", 0o755),
        Entry::File("var/cache/hello/.wh..wh..opq", 0o644, b""),
        Entry::File("var/cache/hello/NOTE", 0o644, CACHE_NOTE),
    ])?;
    Ok([base, program, cleanup])
}

/// Regular files of the finished tree with their content, in byte order of their paths.
pub(crate) fn files(machine: Machine) -> Vec<(&'static str, Vec<u8>)> {
    let program = elf(machine);
    vec![
        ("etc/group", GROUP.to_vec()),
        ("etc/hello/hello.conf", CONFIG.to_vec()),
        ("etc/os-release", OS_RELEASE.to_vec()),
        ("etc/passwd", PASSWD.to_vec()),
        ("usr/bin/hello", program.clone()),
        ("usr/bin/hi", program),
        ("usr/share/doc/hello/COPYING", COPYING.to_vec()),
        ("usr/share/doc/hello/README.md", README.to_vec()),
        ("var/cache/hello/NOTE", CACHE_NOTE.to_vec()),
    ]
}
