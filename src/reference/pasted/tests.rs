mod commands;
mod texts;

use super::*;

const HEX: &str = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

/// `⌗` stands for a digest in both columns.
#[track_caller]
fn assert_means(rows: &[(&str, &str)]) {
    let digest = |text: &str| text.replace('⌗', &format!("sha256:{HEX}"));
    for (pasted, meant) in rows {
        let got = from_pasted(&digest(pasted)).map(|reference| reference.to_string());
        assert_eq!(got.as_deref(), Ok(&*digest(meant)), "{pasted}");
    }
}

#[track_caller]
fn assert_says(rows: &[(&str, &str)]) {
    for (pasted, part) in rows {
        let error = from_pasted(pasted).expect_err(pasted).to_string();
        assert!(error.contains(part), "{pasted}: {error}");
    }
}

/// What a text names, in one line: `image for platform`, `tags of …`.
fn meaning(text: &str) -> String {
    let text = text.replace('⌗', &format!("sha256:{HEX}"));
    match Pasted::read(&text) {
        Ok(Pasted::Image { reference, platform: Some(platform) }) => {
            format!("{reference} for {platform}")
        }
        Ok(Pasted::Image { reference, platform: None }) => reference.to_string(),
        Ok(Pasted::Tags(repository)) => format!("tags of {repository}"),
        Ok(Pasted::Registry(registry)) => format!("registry {registry}"),
        Ok(Pasted::Digest(digest)) => format!("digest {digest}"),
        Ok(Pasted::ShortDigest(digest)) => format!("start of a digest {digest}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn pasted_names() {
    assert_means(&[
        ("alpine", "docker.io/library/alpine"),
        ("  'alpine' ", "docker.io/library/alpine"),
        ("`ghcr.io/o/a:1`", "ghcr.io/o/a:1"),
        ("alpine latest", "docker.io/library/alpine:latest"),
        ("nginx 1.27-alpine", "docker.io/library/nginx:1.27-alpine"),
        ("ghcr.io/o/a v1.2", "ghcr.io/o/a:v1.2"),
        ("alpine latest 05455a08881e 3 weeks ago 7.38MB", "docker.io/library/alpine:latest"),
        ("quay.io/a/b  1.0   sha256:05455a08881e   2 days ago", "quay.io/a/b:1.0"),
        ("docker://quay.io/a/b:t", "quay.io/a/b:t"),
        ("oci://reg.io/charts/demo:0.1.0", "reg.io/charts/demo:0.1.0"),
        ("docker-daemon:nginx:1", "docker.io/library/nginx:1"),
        ("containers-storage:[overlay@/var/lib]quay.io/a/b:1", "quay.io/a/b:1"),
        ("docker:dind", "docker.io/library/docker:dind"),
        ("docker", "docker.io/library/docker"),
        ("http://localhost:5000/app:1", "localhost:5000/app:1"),
        ("the image is at ghcr.io/o/a:1 since today", "ghcr.io/o/a:1"),
    ]);
}

#[test]
fn registries_and_digests_alone() {
    for (pasted, registry) in [
        ("localhost:8080", "localhost:8080"),
        ("localhost", "localhost"),
        ("localhost:8080/", "localhost:8080"),
        ("http://localhost:8080", "localhost:8080"),
        ("http://127.0.0.1:5000/", "127.0.0.1:5000"),
        ("127.0.0.1:5000", "127.0.0.1:5000"),
        ("[::1]:5000", "[::1]:5000"),
        ("ghcr.io", "ghcr.io"),
        ("registry.example.com:5000", "registry.example.com:5000"),
        ("https://registry.k8s.io/", "registry.k8s.io"),
        ("https://reg.example/v2/_catalog?n=5", "reg.example"),
        ("http://registry:5000", "registry:5000"),
        ("crane catalog localhost:8080", "localhost:8080"),
        ("crane catalog myhost", "myhost"),
        ("oras repo ls --last b reg.example", "reg.example"),
        ("regctl repo ls reg.example:443", "reg.example:443"),
        ("docker login ghcr.io", "ghcr.io"),
        ("docker login -u me ghcr.io", "ghcr.io"),
        ("skopeo login ghcr.io", "ghcr.io"),
        ("echo x | helm registry login --username me --password-stdin reg.example", "reg.example"),
        ("crane auth login reg.example -u me -p secret", "reg.example"),
        ("regctl registry login reg.example", "reg.example"),
        ("oras logout reg.example", "reg.example"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("https://reg.example/v1/", "reg.example"),
    ] {
        let registry = Registry::parse(registry).expect("registry");
        assert_eq!(Pasted::read(pasted), Ok(Pasted::Registry(registry)), "{pasted}");
    }
    for pasted in [
        &*format!("sha256:{HEX}"),
        &format!("@sha256:{HEX}"),
        &format!("sha256-{HEX}"),
        &format!("sha256-{HEX}.sig"),
        HEX,
        &HEX.to_uppercase(),
    ] {
        let digest = Digest::parse(&format!("sha256:{HEX}")).expect("digest");
        assert_eq!(Pasted::read(pasted), Ok(Pasted::Digest(digest)), "{pasted}");
    }
    assert_says(&[
        ("localhost:8080", "localhost:8080/owner/app"),
        (HEX, "write the image's name before it"),
    ]);
    assert_means(&[
        ("redis:7", "docker.io/library/redis:7"),
        ("a.b:latest", "docker.io/library/a.b:latest"),
    ]);
}

#[test]
fn what_is_no_image_says_why() {
    assert_says(&[
        ("", "No image"),
        ("./app.tar", "drop the archive"),
        ("app.tar.gz", "drop the archive"),
        ("oci-archive:app.tar", "drop the archive"),
        ("hello there world", "no repository"),
    ]);
    assert!(matches!(from_pasted(&"a ".repeat(50_000)), Err(ReferenceError::TooLong(_))));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reading_of_pastes_panic(
        text in "(docker|crane|helm|cosign|FROM|image:|https://|--|-p|=|\\$\\{|\\}|'|\"|/|:|@| |[a-z.]{1,5}){0,24}"
    ) {
        let _ = Pasted::read(&text);
    }

    #[test]
    fn a_name_means_itself(name in "[a-z]{2,6}\\.io/[a-z0-9]{1,6}/[a-z0-9]{1,6}:[a-z0-9]{1,5}") {
        let plain = Reference::parse(&name).expect("reference");
        proptest::prop_assert_eq!(from_pasted(&name), Ok(plain));
    }
}

#[test]
fn the_start_of_a_digest_is_no_image() {
    for (pasted, start) in [
        ("015b1a43976a", "015b1a43976a"),
        ("sha256:9ce9dc9c9a1c", "sha256:9ce9dc9c9a1c"),
        ("sha256:9ce9dc9c9a1c…", "sha256:9ce9dc9c9a1c"),
        ("9CE9DC9C9A1C", "9ce9dc9c9a1c"),
        ("@sha256:9ce9dc9c9a1c", "sha256:9ce9dc9c9a1c"),
        ("sha256-9ce9dc9c9a1c", "sha256:9ce9dc9c9a1c"),
        ("9ce9dc9...", "9ce9dc9"),
        ("docker inspect 015b1a43976a", "015b1a43976a"),
    ] {
        assert_eq!(meaning(pasted), format!("start of a digest {start}"), "{pasted}");
    }
    let digest = Digest::parse(&format!("sha256:{HEX}")).expect("digest");
    for (start, fits) in [
        ("sha256:cccccccccccc", true),
        ("cccccccccccc", true),
        ("cccccccccccd", false),
        ("sha512:cccccccccccc", false),
    ] {
        let Ok(Pasted::ShortDigest(short)) = Pasted::read(start) else { panic!("{start}") };
        assert_eq!(short.fits(&digest), fits, "{start}");
    }
    assert_eq!(meaning("cafe"), "docker.io/library/cafe");
    assert_says(&[("015b1a43976a", "start of a digest")]);
}

#[test]
fn what_looks_like_something_else() {
    assert_means(&[
        ("gcloud container images describe gcr.io/a/b:1", "gcr.io/a/b:1"),
        ("gcloud run deploy web --image gcr.io/a/b:1 --region europe-west1", "gcr.io/a/b:1"),
        ("docker scan alpine", "docker.io/library/alpine"),
        ("docker scan --file Dockerfile alpine:3", "docker.io/library/alpine:3"),
        ("trivy nginx:1", "docker.io/library/nginx:1"),
        ("syft alpine", "docker.io/library/alpine"),
        ("kind load docker-image alpine --name dev", "docker.io/library/alpine"),
        ("make image IMG=ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ("snyk container test nginx:1", "docker.io/library/nginx:1"),
        ("kaniko --context=dir:///w --destination=ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ("/kaniko/executor --destination ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ("curl -sH 'Accept: x/y' https://reg.io/v2/a/b/manifests/1", "reg.io/a/b:1"),
        ("https://gitea.example/Owner/-/packages/container/app/1.0", "gitea.example/owner/app:1.0"),
        ("docker-pullable://nginx@⌗", "docker.io/library/nginx@⌗"),
        ("imageID: docker-pullable://nginx@⌗", "docker.io/library/nginx@⌗"),
        ("(alpine:3)", "docker.io/library/alpine:3"),
        ("see (ghcr.io/a/b:1).", "ghcr.io/a/b:1"),
        ("export IMG=ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ("IMG=ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ("ENV APP_IMAGE=\"ghcr.io/a/b:1\"", "ghcr.io/a/b:1"),
        ("ARG BASE=alpine", "docker.io/library/alpine"),
        ("ARG V=3.20\nFROM alpine:${V}", "docker.io/library/alpine:3.20"),
        ("ARG V=3.20\nFROM alpine:$V AS base", "docker.io/library/alpine:3.20"),
        ("export V=3.20 && docker pull alpine:$V", "docker.io/library/alpine:3.20"),
        ("V=3.20; docker pull alpine:${V:-3}", "docker.io/library/alpine:3.20"),
    ]);
    assert_says(&[
        ("https://portal.azure.com/#view/x", "does not say which image"),
        ("https://registry.example/#!/taglist/a", "does not say which image"),
        (
            "https://harbor.example/harbor/projects/1/repositories/foo%2Fbar/artifacts-tab/artifacts/sha256:cc",
            "does not say which image",
        ),
        ("https://example.com/some/page.html", "does not say which image"),
        ("https://docs.docker.com/engine/install/", "does not say which image"),
        ("A=$A; docker pull nginx:$A", "variable"),
        ("alpine:", "tag is missing"),
        ("alpine@", "digest is missing"),
        (":1", "has no name"),
        ("https://", "No image"),
        ("docker://", "No image"),
        ("Alpine", "\"alpine\" may be meant"),
        ("docker pull Alpine:3", "\"alpine\" may be meant"),
    ]);
}
