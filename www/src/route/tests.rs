use drydock::commands::Form;
use drydock::inspect::packages::Kind;
use proptest::prelude::*;

use super::*;

fn parse(address: &str) -> Route {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (path, search) = address.split_at(end);
    Route::parse(path, search)
}

fn image(address: &str) -> ImageRoute {
    match parse(address) {
        Route::Image(image) => image,
        other => panic!("{address}: {other:?}"),
    }
}

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The grammar is versioned by this table: addresses that once worked keep working.
#[test]
fn addresses_and_their_canonical_form() {
    let pinned = format!("/ghcr.io/owner/app@sha256:{HEX}");
    for (address, canonical) in [
        ("/", "/"),
        ("", "/"),
        ("//", "/"),
        ("/alpine", "/docker.io/library/alpine:latest"),
        ("/alpine:3.20", "/docker.io/library/alpine:3.20"),
        ("/alpine%3A3.20/", "/docker.io/library/alpine:3.20"),
        ("/owner/app", "/docker.io/owner/app:latest"),
        ("/localhost:5000/debian:demo", "/localhost:5000/debian:demo"),
        ("/localhost%3a5000/debian%3Ademo", "/localhost:5000/debian:demo"),
        (&*pinned, &*pinned),
        (&*pinned.replace('@', "%40"), &*pinned),
        ("/alpine/-", "/docker.io/library/alpine:latest"),
        ("/alpine/-/", "/docker.io/library/alpine:latest"),
        ("/alpine/-/overview", "/docker.io/library/alpine:latest"),
        ("/alpine:1/-/verify/", "/docker.io/library/alpine:1/-/verify"),
        ("/alpine:1/-/layers?layer=3", "/docker.io/library/alpine:1/-/layers?layer=3"),
        ("/alpine:1/-/layers?layer=0", "/docker.io/library/alpine:1/-/layers"),
        ("/alpine:1/-/files", "/docker.io/library/alpine:1/-/files"),
        (
            "/alpine:1/-/files/etc/os-release?layer=3",
            "/docker.io/library/alpine:1/-/files/etc/os-release?layer=3",
        ),
        (
            "/alpine:1/-/files/etc/?show=changes&layer=2&platform=linux%2Farm64%2Fv8",
            "/docker.io/library/alpine:1/-/files/etc?platform=linux/arm64/v8&layer=2&show=changes",
        ),
        ("/alpine:1/-/files/a/-/b", "/docker.io/library/alpine:1/-/files/a/-/b"),
        ("/alpine:1/-/files?path=../x", "/docker.io/library/alpine:1/-/files?path=../x"),
        ("/alpine:1/-/graph?form=outline", "/docker.io/library/alpine:1/-/graph?form=outline"),
        ("/alpine:1/-/tags?q=3.", "/docker.io/library/alpine:1/-/tags?q=3."),
        (
            "/alpine:1/-/tags?q=3.&sort=newest",
            "/docker.io/library/alpine:1/-/tags?sort=newest&q=3.",
        ),
        ("/localhost:8080", "/localhost:8080/"),
        ("/localhost%3A8080/", "/localhost:8080/"),
        ("/ghcr.io/?q=owner", "/ghcr.io/?q=owner"),
        ("/index.docker.io", "/docker.io/"),
        ("/127.0.0.1:5000/", "/127.0.0.1:5000/"),
        ("/[::1]:5000/", "/%5B::1%5D:5000/"),
        ("/-/registry/ghcr.io", "/ghcr.io/"),
        ("/-/registry/registry:5000/", "/-/registry/registry:5000/"),
        ("/registry:5000/", "/docker.io/library/registry:5000"),
        ("/ghcr.io/-/tags", "/docker.io/library/ghcr.io/-/tags"),
        ("/ghcr.io/o/a/-/tags", "/ghcr.io/o/a/-/tags"),
        ("/ghcr.io/o/a/-/files", "/ghcr.io/o/a:latest/-/files"),
        ("/alpine:1?utm=x", "/docker.io/library/alpine:1"),
        ("/alpine:1/-/edit", "/docker.io/library/alpine:1/-/edit"),
        (
            "/alpine:1/-/copy?to=ghcr.io/a/b:1",
            "/docker.io/library/alpine:1/-/copy?to=ghcr.io/a/b:1",
        ),
        (
            "/alpine:1/-/copy?as=rootfs&keep=no&like=v1*&what=tags&referrers=no&foreign=yes",
            "/docker.io/library/alpine:1/-/copy?what=tags&like=v1%2A&keep=no&referrers=no&foreign=yes&as=rootfs",
        ),
        (
            "/alpine:1/-/copy?what=platform&referrers=yes&as=x",
            "/docker.io/library/alpine:1/-/copy?what=platform",
        ),
        ("/-/drafts", "/-/drafts"),
        ("/-/drafts/", "/-/drafts"),
        ("/-/local/app:1", "/-/local/app:1"),
        ("/-/local/app/", "/-/local/app:latest"),
        ("/-/local/app:1/-/files/etc/x?layer=2", "/-/local/app:1/-/files/etc/x?layer=2"),
        ("/-/draft/k3v9/-/edit", "/-/draft/k3v9:latest/-/edit"),
        ("/local/app:1", "/docker.io/local/app:1"),
        ("/a:1/-/files/etc/x#L20-10", "/docker.io/library/a:1/-/files/etc/x#L10-L20"),
        ("/a:1/-/files/etc/x?layer=2#L7", "/docker.io/library/a:1/-/files/etc/x?layer=2#L7"),
        ("/a:1/-/files/etc/x#top", "/docker.io/library/a:1/-/files/etc/x"),
        ("/a:1/-/packages?kind=npm,deb,x", "/docker.io/library/a:1/-/packages?kind=deb,npm"),
        (
            "/a:1/-/search?q=a%20b&regex=1&in=/etc",
            "/docker.io/library/a:1/-/search?q=a%20b&in=/etc&regex=1",
        ),
        ("/local.invalid/app:1", "/-/local/app:1"),
    ] {
        assert_eq!(parse(address).href(), canonical, "{address}");
        assert_eq!(parse(canonical).href(), canonical, "{canonical} again");
    }
}

#[test]
fn dots_and_bytes_in_paths() {
    let files = |address: &str| match image(address).view {
        View::Files(files) => files.path.as_bytes().to_vec(),
        other => panic!("{other:?}"),
    };
    assert_eq!(files("/a:1/-/files/usr/lib/libstdc++.so.6"), b"usr/lib/libstdc++.so.6");
    assert_eq!(files("/a:1/-/files/app.js"), b"app.js");
    assert_eq!(files("/a:1/-/files/%FF%FE/%2541"), b"\xff\xfe/%41");
    assert_eq!(files("/a:1/-/files/100%/%zz"), b"100%/%zz");
}

#[test]
fn addresses_that_show_nothing_say_why() {
    for (address, part) in [
        ("/-/draft", "no page"),
        ("/-", "no page"),
        ("/-/local", "no page"),
        ("/-/registry", "no page"),
        ("/-/registry/", "no registry"),
        ("/-/registry/-x", "no registry"),
        ("/-/registry/a/b", "no registry"),
        ("/local.invalid/", "no list"),
        ("/-/local/", "no repository"),
        ("/-/local/UPPER", "upper-case"),
        ("/UPPER/-/files", "upper-case"),
        ("/alpine:1/-/nonsense", "no view"),
        ("/alpine:1/-/verify/x", "nothing after"),
        ("/alpine:1/-/documents/sha256:abc", "sha256"),
        ("/%FF", "readable"),
        ("/a:1@sha256:", ""),
    ] {
        match parse(address) {
            Route::Unknown { why, address: kept } => {
                assert!(why.contains(part), "{address}: {why}");
                assert_eq!(kept, address);
            }
            other => panic!("{address}: {other:?}"),
        }
    }
}

fn references() -> impl Strategy<Value = Reference> {
    let registry = prop_oneof![
        Just("docker.io"),
        Just("ghcr.io"),
        Just("localhost:5000"),
        Just("[::1]:80"),
        Just("local.invalid"),
        Just("draft.invalid")
    ];
    let digest = proptest::option::of(any::<[u8; 4]>().prop_map(|seed| Digest::sha256(&seed)));
    (registry, "[a-z0-9]{1,8}(/[a-z0-9]{1,8}){1,2}", "[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}", digest)
        .prop_map(|(registry, name, tag, digest)| {
            let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
            Reference::parse(&format!("{registry}/{name}:{tag}{digest}")).expect("well-formed")
        })
}

fn layers() -> impl Strategy<Value = NonZeroU32> {
    any::<u32>().prop_map(|n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN))
}

fn views() -> impl Strategy<Value = View> {
    let tree = prop_oneof![
        Just(Tree::Merged),
        layers().prop_map(Tree::Layer),
        layers().prop_map(Tree::Changes)
    ];
    let path = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "[./a-]{0,12}".prop_map(String::into_bytes)
    ];
    prop_oneof![
        Just(View::Overview),
        proptest::option::of(layers()).prop_map(View::Layers),
        (
            path,
            tree,
            ".{0,12}",
            any::<bool>(),
            proptest::option::of(any::<[bool; 4]>()),
            proptest::option::of((1_u64.., 1_u64..))
        )
            .prop_map(|(path, tree, filter, by_size, statuses, lines)| {
                let statuses = statuses.map(|[added, changed, removed, same]| Statuses {
                    added,
                    changed,
                    removed,
                    same,
                });
                let path = EntryPath::new(&path);
                let lines = lines.map(|(one, other)| LineRange::between(one, other));
                View::Files(FilesView { path, tree, filter, by_size, statuses, lines })
            },),
        any::<bool>().prop_map(|outline| View::Graph { outline }),
        (any::<Option<[u8; 4]>>(), any::<bool>()).prop_map(|(seed, raw)| View::Documents {
            digest: seed.map(|seed| Digest::sha256(&seed)),
            raw
        }),
        (".{0,12}", any::<bool>())
            .prop_map(|(filter, newest_first)| View::Tags { filter, newest_first }),
        Just(View::Space),
        (".{0,12}", proptest::sample::subsequence(Kind::ALL.to_vec(), 0..9))
            .prop_map(|(filter, kinds)| View::Packages(PackagesView { filter, kinds })),
        (".{0,12}", any::<bool>(), any::<bool>(), ".{0,12}").prop_map(
            |(text, is_regex, case_matters, paths)| View::Search(SearchView {
                text,
                is_regex,
                case_matters,
                paths
            })
        ),
        Just(View::Verify),
        Just(View::Edit),
        copies().prop_map(View::Copy),
        (".{0,12}", proptest::option::of(".{1,8}"), any::<Vec<u8>>()).prop_map(
            |(with, platform, path)| View::Compare(CompareView {
                with,
                platform,
                path: EntryPath::new(&path),
            })
        ),
    ]
}

fn copies() -> impl Strategy<Value = CopyView> {
    let extents = [Extent::All, Extent::Platform, Extent::Tags];
    let forms = [Form::Layout, Form::Folder, Form::DockerSave, Form::Legacy, Form::RootFs];
    let choices = any::<[bool; 3]>();
    let (extent, form) =
        (proptest::sample::select(extents.to_vec()), proptest::sample::select(forms.to_vec()));
    (".{0,12}", extent, ".{1,8}", choices, form).prop_map(
        |(to, extent, pattern, [keep_tags, attached, foreign], form)| CopyView {
            to,
            extent,
            pattern,
            keep_tags,
            attached,
            foreign,
            form,
        },
    )
}

proptest! {
    #[test]
    fn parse_undoes_write(
        reference in references(),
        view in views(),
        platform in proptest::option::of(".{1,20}"),
    ) {
        let route = Route::Image(ImageRoute { reference, view, platform });
        prop_assert_eq!(parse(&route.href()), route);
    }

    #[test]
    fn parse_undoes_write_for_registries(
        name in "[a-z]{1,5}(\\.[a-z]{1,4}){0,2}(:[1-9][0-9]{0,3})?|[1-9]\\.2\\.3\\.4|\\[::[0-9]\\](:80)?",
        filter in ".{0,12}",
    ) {
        let registry = Registry::parse(&name).expect("registry");
        let route = Route::Registry { registry, filter };
        prop_assert_eq!(parse(&route.href()), route);
    }

    #[test]
    fn hostile_addresses_never_panic_and_settle(path in ".{0,60}", search in ".{0,40}") {
        let route = Route::parse(&path, &search);
        let href = route.href();
        if matches!(route, Route::Image(_)) {
            prop_assert_eq!(parse(&href), route);
        }
    }

    #[test]
    fn hostile_views_never_panic(rest in "(/-/(files|documents|tags|verify|layers)?)?[/%-~]{0,40}") {
        let route = parse(&format!("/alpine{rest}"));
        if matches!(route, Route::Image(_)) {
            prop_assert_eq!(parse(&route.href()), route);
        }
    }
}
