//! Layers that are easily merged into another tree than theirs.

use crate::layer_support::{Head, dir, file, hardlink, symlink, tar};

/// Layers of an image.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) layers: Vec<Vec<u8>>,
    /// What crane does wrong here.
    pub(crate) wrong: Option<&'static str>,
}

fn case(name: &'static str, layers: &[&[Vec<u8>]]) -> Case {
    Case { name, layers: layers.iter().map(|parts| tar(parts)).collect(), wrong: None }
}

impl Case {
    fn where_crane(self, wrong: &'static str) -> Self {
        Self { wrong: Some(wrong), ..self }
    }

    /// Whether crane's tree, by how it differs from the truth, is as right as is known.
    #[track_caller]
    pub(crate) fn check_crane(&self, differences: Result<Vec<String>, String>) {
        let name = self.name;
        match (self.wrong, differences) {
            (None, Ok(differ)) => assert_eq!(differ, [""; 0], "{name}: crane is wrong"),
            (None, Err(why)) => panic!("{name}: crane is wrong: {why}"),
            (Some(wrong), Ok(differ)) => {
                assert_ne!(differ, [""; 0], "{name}: crane no longer {wrong}")
            }
            (Some(_), Err(_)) => {}
        }
    }
}

fn empty(name: &str) -> Vec<u8> {
    file(name, "")
}

pub(crate) fn cases() -> Vec<Case> {
    let run = Head::new("bin/run", b'0').mode(0o4755).owner(1, 2).mtime(1_600_000_000);
    let pipe = Head::new("bin/pipe", b'6').mode(0o600);
    let closed = Head::new("bin/", b'5').mode(0o700).owner(3, 4).mtime(5);
    vec![
        case(
            "metadata",
            &[
                &[dir("bin/"), run.with(b"#!"), pipe.done(), file("bin/old", "1")],
                &[closed.done(), file("bin/old", "2")],
            ],
        ),
        case(
            "whiteouts",
            &[
                &[
                    dir("a/"),
                    file("a/1", "1"),
                    file("a/2", "2"),
                    dir("b/"),
                    file("b/3", "3"),
                    file("c", "4"),
                ],
                &[dir("a/"), empty("a/.wh.1"), empty(".wh.b")],
                &[empty(".wh.c"), dir("b/"), file("b/5", "5")],
            ],
        ),
        case(
            "opaque",
            &[
                &[dir("a/"), file("a/1", "1"), dir("a/d/"), file("a/d/2", "2")],
                &[dir("a/"), empty("a/.wh..wh..opq"), file("a/3", "3")],
            ],
        ),
        case(
            "opaque-last",
            &[
                &[dir("a/"), file("a/1", "1")],
                &[
                    dir("a/"),
                    file("a/2", "2"),
                    dir("a/d/"),
                    file("a/d/3", "3"),
                    empty("a/.wh..wh..opq"),
                ],
            ],
        ),
        case(
            "hardlinks",
            &[
                &[dir("d/"), file("d/m", "1"), hardlink("d/n", "d/m"), hardlink("z", "d/m")],
                &[dir("d/"), hardlink("d/o", "d/m")],
            ],
        )
        .where_crane("writes a hardlink of an upper layer before the file that it leads to"),
        case(
            "hardlink-target-replaced",
            &[
                &[file("a", "original"), hardlink("b", "a"), hardlink("c", "a")],
                &[file("a", "replaced")],
            ],
        )
        .where_crane("lets names share the file that replaced theirs"),
        case(
            "hardlink-target-deleted",
            &[&[file("a", "original"), hardlink("b", "a")], &[empty(".wh.a")]],
        )
        .where_crane("leaves hardlinks that lead to nothing"),
        case("hardlink-replaced", &[&[file("a", "1"), hardlink("b", "a")], &[file("b", "2")]]),
        case(
            "kinds",
            &[
                &[file("f", "1"), dir("d/"), file("d/x", "2"), symlink("l", "d")],
                &[dir("f/"), file("f/y", "3"), symlink("d", "f"), file("l", "4")],
            ],
        ),
        case(
            "back-again",
            &[
                &[dir("d/"), file("d/x", "1"), file("d/y", "2")],
                &[empty(".wh.d")],
                &[dir("d/"), file("d/x", "3")],
            ],
        ),
        // A whiteout only hides what is in lower layers.
        case(
            "whiteout-of-the-same-layer",
            &[&[file("a", "1"), empty(".wh.a"), empty(".wh.b"), file("b", "2")]],
        )
        .where_crane("lets a whiteout hide what follows in its own layer"),
        case(
            "whiteouts-of-nothing",
            &[
                &[file("a", "1"), empty(".wh.b")],
                &[dir("d/"), empty("d/.wh.x"), empty("d/.wh..wh..opq")],
            ],
        ),
        case(
            "dir-in-place-of-link",
            &[
                &[dir("usr/"), dir("usr/lib/"), symlink("lib", "usr/lib"), file("usr/lib/a", "1")],
                &[empty(".wh.lib"), dir("lib/"), file("lib/b", "2")],
            ],
        )
        .where_crane("lets a whiteout hide what follows in its own layer"),
    ]
}
