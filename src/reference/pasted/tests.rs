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
fn values_of_options_are_no_images() {
    assert_means(&[
        ("docker pull nginx", "docker.io/library/nginx"),
        ("$ docker pull --platform linux/arm64 ghcr.io/o/a:1", "ghcr.io/o/a:1"),
        ("sudo docker run --rm -it -p 80:80 nginx:1 sh", "docker.io/library/nginx:1"),
        ("docker run -itp 80:80 -v$PWD:/x --name=web nginx:1", "docker.io/library/nginx:1"),
        ("docker run -e 'A=b c' --label \"x=y z\" nginx", "docker.io/library/nginx"),
        ("docker run -e A=b --cap-add NET_ADMIN --gpus all --ipc host o/a:2 -x", "docker.io/o/a:2"),
        ("docker --context remote -l debug image pull -q nginx:1", "docker.io/library/nginx:1"),
        ("docker run --rm -it \\\n  -p 80:80 \\\n  nginx:1", "docker.io/library/nginx:1"),
        ("docker history -H nginx:1", "docker.io/library/nginx:1"),
        ("docker save -o app.tar ghcr.io/o/a:1", "ghcr.io/o/a:1"),
        ("docker build -t ghcr.io/o/a:1 -f Dockerfile.prod .", "ghcr.io/o/a:1"),
        ("docker buildx imagetools inspect alpine", "docker.io/library/alpine"),
        ("docker scout cves --format sarif nginx:1", "docker.io/library/nginx:1"),
        ("docker manifest inspect -v nginx:1", "docker.io/library/nginx:1"),
        ("docker tag nginx:1 ghcr.io/o/a:1", "docker.io/library/nginx:1"),
        ("docker login ghcr.io && docker pull ghcr.io/o/a:1", "ghcr.io/o/a:1"),
        ("DOCKER_BUILDKIT=1 docker pull nginx:1", "docker.io/library/nginx:1"),
        ("[root@host ~]# podman pull quay.io/a/b", "quay.io/a/b"),
        ("pull nginx:1", "docker.io/library/nginx:1"),
        ("podman image inspect quay.io/a/b", "quay.io/a/b"),
        ("podman run --pod web --arch arm64 --authfile auth.json quay.io/a/b", "quay.io/a/b"),
        ("podman pull --creds user:secret --tls-verify=false quay.io/a/b", "quay.io/a/b"),
        ("nerdctl -n k8s.io run -d --verify cosign --cosign-key k.pub o/a:1", "docker.io/o/a:1"),
        ("nerdctl --namespace k8s.io image convert --estargz a/b:1 a/b:2", "docker.io/a/b:1"),
        ("crane manifest ghcr.io/o/a", "ghcr.io/o/a"),
        ("crane --platform linux/arm64 export ghcr.io/o/a:1 out.tar", "ghcr.io/o/a:1"),
        ("crane push app.tar ghcr.io/o/a:1", "ghcr.io/o/a:1"),
        ("crane append -b ghcr.io/o/a:1 -f layer.tar -t ghcr.io/o/a:2", "ghcr.io/o/a:1"),
        ("crane mutate -t ghcr.io/o/a:2 --entrypoint /app -u root ghcr.io/o/a:1", "ghcr.io/o/a:1"),
        ("crane auth token -m other/app ghcr.io/o/a", "ghcr.io/o/a"),
        ("crane validate --remote ghcr.io/o/a:1", "ghcr.io/o/a:1"),
        ("skopeo inspect docker://quay.io/a/b:t", "quay.io/a/b:t"),
        ("skopeo copy --src-creds a:b oci:out:x docker://quay.io/a/b:t", "quay.io/a/b:t"),
        ("skopeo --override-arch arm64 copy docker://alpine:3 dir:x", "docker.io/library/alpine:3"),
        ("skopeo sync --src docker --dest dir registry.io/app /media", "registry.io/app"),
        ("oras pull -o out --platform linux/amd64 reg.io/a:1", "reg.io/a:1"),
        ("oras attach --artifact-type sbom/example reg.io/a:1 ./sbom.json", "reg.io/a:1"),
        ("oras manifest fetch --format json reg.io/a:1", "reg.io/a:1"),
        ("oras discover -o tree reg.io/a:1", "reg.io/a:1"),
        ("regctl image copy --platform linux/amd64 reg.io/a:1 reg.io/b:1", "reg.io/a:1"),
        ("regctl -v debug manifest get --format '{{.}}' reg.io/a:1", "reg.io/a:1"),
        ("regctl blob get reg.io/a ⌗", "reg.io/a@⌗"),
        ("regctl image mod --config-cmd sh --create v2 reg.io/a:1", "reg.io/a:1"),
        ("oras manifest delete -f reg.io/a:1", "reg.io/a:1"),
        ("crane copy -a reg.io/a reg.io/b", "reg.io/a"),
        ("regctl tag ls --include '^v' reg.io/a", "reg.io/a"),
        ("cosign verify --key cosign.pub ghcr.io/o/a:1", "ghcr.io/o/a:1"),
        (
            "cosign verify --certificate-identity me@example.com --certificate-oidc-issuer https://accounts.google.com ghcr.io/o/a:1",
            "ghcr.io/o/a:1",
        ),
        ("cosign download sbom --platform linux/amd64 ghcr.io/o/a", "ghcr.io/o/a"),
        ("cosign attach sbom --sbom sbom.json ghcr.io/o/a:1", "ghcr.io/o/a:1"),
        (
            "cosign verify-attestation --type slsaprovenance --policy p.rego o/a:1",
            "docker.io/o/a:1",
        ),
        ("cosign tree ghcr.io/o/a:1", "ghcr.io/o/a:1"),
        ("helm pull oci://reg.io/charts/demo --version 0.1.0", "reg.io/charts/demo:0.1.0"),
        ("helm pull --version=1.0.0+build.5 oci://reg.io/c/demo", "reg.io/c/demo:1.0.0_build.5"),
        ("helm install web oci://reg.io/c/demo --version 1 -f values.yaml", "reg.io/c/demo:1"),
        ("helm upgrade --install web oci://reg.io/c/demo -n prod --set a=b", "reg.io/c/demo"),
        ("helm show values oci://reg.io/c/demo --version '>=1.0'", "reg.io/c/demo"),
        (
            "ctr -n k8s.io images pull --user a:b docker.io/library/nginx:1",
            "docker.io/library/nginx:1",
        ),
        ("ctr image export out.tar reg.io/a:1", "reg.io/a:1"),
        ("ctr run --runtime io.containerd.runc.v2 --env A=b reg.io/a:1 web", "reg.io/a:1"),
        ("crictl pull --creds a:b reg.io/a:1", "reg.io/a:1"),
        (
            "trivy image --severity HIGH,CRITICAL -f json -o out.json nginx:1",
            "docker.io/library/nginx:1",
        ),
        ("trivy --cache-dir /tmp/t i --scanners vuln nginx:1", "docker.io/library/nginx:1"),
        ("grype nginx:1 -o json", "docker.io/library/nginx:1"),
        ("grype -o json --fail-on high registry:ghcr.io/o/a:1", "ghcr.io/o/a:1"),
        ("syft scan registry:alpine:3.20 -o spdx-json", "docker.io/library/alpine:3.20"),
        ("syft -o cyclonedx-json --scope all-layers o/a:1", "docker.io/o/a:1"),
        ("dive --source podman quay.io/a/b:1", "quay.io/a/b:1"),
        ("dive build -t o/a:1 .", "docker.io/o/a:1"),
        ("notation verify --signature-format cose reg.io/a:1", "reg.io/a:1"),
        ("kubectl run web --image=nginx:1", "docker.io/library/nginx:1"),
        ("kubectl create deployment web --image nginx:1", "docker.io/library/nginx:1"),
        ("kubectl set image deployment/web web=nginx:1", "docker.io/library/nginx:1"),
        ("flux pull artifact oci://ghcr.io/o/a:1 --output dir", "ghcr.io/o/a:1"),
        ("gh attestation verify oci://ghcr.io/o/a:1 --owner o", "ghcr.io/o/a:1"),
        ("apptainer pull out.sif docker://alpine:3", "docker.io/library/alpine:3"),
        ("/usr/bin/docker pull nginx:1", "docker.io/library/nginx:1"),
    ]);
    assert_says(&[
        ("docker pull", "No image"),
        ("docker login", "by \"docker login\""),
        ("docker search nginx", "by \"docker search\""),
        ("docker-compose pull", "by \"docker-compose\""),
        ("docker load -i app.tar", "drop the archive"),
        ("umoci unpack --image a:b c", "drop the archive"),
        ("podman-remote frobnicate", "by \"podman-remote frobnicate\""),
        ("docker compose -f a.yaml up", "No image"),
        ("trivy fs /src", "No image"),
        ("helm install web ./chart", "No image"),
        ("docker pull ghcr.io/Owner/app", "upper-case"),
        ("docker pull nginx:$TAG", "variable"),
        ("crane push app.tar", "No image"),
        ("skopeo inspect oci:out:x", "drop the archive"),
        ("dive ./app.tar", "drop the archive"),
    ]);
}

#[test]
fn lines_of_files() {
    assert_means(&[
        ("FROM debian:12 AS build", "docker.io/library/debian:12"),
        ("from debian:12", "docker.io/library/debian:12"),
        ("FROM --platform=$BUILDPLATFORM golang:1.26", "docker.io/library/golang:1.26"),
        ("FROM ${BASE:-debian:12}", "docker.io/library/debian:12"),
        ("FROM docker:27 AS cli", "docker.io/library/docker:27"),
        ("FROM debian:12@⌗", "docker.io/library/debian:12@⌗"),
        ("COPY --from=ghcr.io/o/a:1 /app /app", "ghcr.io/o/a:1"),
        ("RUN --mount=type=bind,from=ghcr.io/o/a:1,target=/x make", "ghcr.io/o/a:1"),
        ("# syntax=docker/dockerfile:1", "docker.io/docker/dockerfile:1"),
        ("image: nginx:1", "docker.io/library/nginx:1"),
        ("    image: nginx", "docker.io/library/nginx"),
        ("- image: \"ghcr.io/o/a:1\"  # web", "ghcr.io/o/a:1"),
        ("image: 'ghcr.io/o/a@⌗'", "ghcr.io/o/a@⌗"),
        ("image: localhost:5000/app:1", "localhost:5000/app:1"),
        ("image: docker:dind", "docker.io/library/docker:dind"),
        ("image: ${REGISTRY:-ghcr.io}/o/a:${TAG:-1}", "ghcr.io/o/a:1"),
        ("- name: web image: nginx:1", "docker.io/library/nginx:1"),
        ("\"image\": \"nginx:1\",", "docker.io/library/nginx:1"),
        ("image = \"nginx:1\"", "docker.io/library/nginx:1"),
        ("Image=quay.io/a/b:1", "quay.io/a/b:1"),
        ("--image=nginx:1", "docker.io/library/nginx:1"),
        ("uses: docker://alpine:3.20", "docker.io/library/alpine:3.20"),
        ("container: node:22", "docker.io/library/node:22"),
        ("image:\n  repository: ghcr.io/o/a\n  tag: \"1.2\"", "ghcr.io/o/a:1.2"),
        ("image: registry: quay.io repository: a/b tag: v1", "quay.io/a/b:v1"),
        ("- name: nginx newName: reg.io/nginx newTag: '1'", "reg.io/nginx:1"),
    ]);
    assert_says(&[
        ("FROM scratch", "empty base"),
        ("FROM ${BASE}", "variable"),
        ("FROM golang:$GO_VERSION-alpine", "variable"),
        ("image: ${REGISTRY}/a:1", "variable"),
        ("image: {{ .Values.image }}", "variable"),
    ]);
}

#[test]
fn pages_of_the_web() {
    assert_means(&[
        ("https://hub.docker.com/_/redis", "docker.io/library/redis"),
        ("hub.docker.com/_/redis", "docker.io/library/redis"),
        ("https://hub.docker.com/_/redis/tags?name=7", "docker.io/library/redis"),
        ("https://hub.docker.com/r/grafana/loki/tags", "docker.io/grafana/loki"),
        ("https://hub.docker.com/repository/docker/me/app/general", "docker.io/me/app"),
        (
            "https://hub.docker.com/layers/library/alpine/3.20/images/sha256-cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc?context=explore",
            "docker.io/library/alpine:3.20@⌗",
        ),
        (
            "https://hub.docker.com/layers/redis/library/redis/7/images/sha256-cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
            "docker.io/library/redis:7@⌗",
        ),
        ("https://hub.docker.com/layers/grafana/loki/3.0/images/⌗", "docker.io/grafana/loki:3.0@⌗"),
        ("https://hub.docker.com/layers/grafana/loki/3.0", "docker.io/grafana/loki:3.0"),
        (
            "https://hub.docker.com/v2/repositories/library/redis/tags/7",
            "docker.io/library/redis:7",
        ),
        ("https://hub.docker.com/hardened-images/catalog/dhi/python", "dhi.io/python"),
        ("https://quay.io/repository/a/b?tab=tags&tag=v1", "quay.io/a/b:v1"),
        ("https://quay.io/repository/a/b/manifest/⌗", "quay.io/a/b@⌗"),
        ("https://quay.io/repository/a/b/tag/v1", "quay.io/a/b:v1"),
        ("https://quay.io/repository/a/b", "quay.io/a/b"),
        ("https://quay.example.com/repository/a/b?tab=info", "quay.example.com/a/b"),
        ("https://github.com/Owner/repo/pkgs/container/app", "ghcr.io/owner/app"),
        ("https://github.com/Owner/repo/pkgs/container/app/12345?tag=v1", "ghcr.io/owner/app:v1"),
        ("https://github.com/o/r/pkgs/container/charts%2Fdemo", "ghcr.io/o/charts/demo"),
        ("https://github.com/orgs/o/packages/container/package/app", "ghcr.io/o/app"),
        ("https://github.com/users/o/packages/container/app/versions", "ghcr.io/o/app"),
        ("https://github.com/orgs/o/packages/container/app", "ghcr.io/o/app"),
        (
            "https://gitlab.com/Group/sub/proj/container_registry/123",
            "registry.gitlab.com/group/sub/proj",
        ),
        ("https://gitlab.com/g/p/-/container_registry", "registry.gitlab.com/g/p"),
        ("https://gallery.ecr.aws/docker/library/alpine", "public.ecr.aws/docker/library/alpine"),
        (
            "https://us-east-1.console.aws.amazon.com/ecr/repositories/private/123456789012/my/app?region=us-east-1",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/my/app",
        ),
        (
            "https://eu-west-1.console.aws.amazon.com/ecr/repositories/private/123456789012/app/_/image/⌗/details",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@⌗",
        ),
        (
            "https://console.cloud.google.com/gcr/images/distroless/GLOBAL/static",
            "gcr.io/distroless/static",
        ),
        (
            "https://console.cloud.google.com/gcr/images/p/EU/a@⌗/details?tab=info",
            "eu.gcr.io/p/a@⌗",
        ),
        (
            "https://console.cloud.google.com/artifacts/docker/p/europe-west1/repo/app/⌗?project=p",
            "europe-west1-docker.pkg.dev/p/repo/app@⌗",
        ),
        (
            "https://mcr.microsoft.com/en-us/artifact/mar/dotnet/sdk/tags",
            "mcr.microsoft.com/dotnet/sdk",
        ),
        (
            "https://mcr.microsoft.com/en-us/product/dotnet/sdk/about",
            "mcr.microsoft.com/dotnet/sdk",
        ),
        (
            "https://images.chainguard.dev/directory/image/nginx/overview",
            "cgr.dev/chainguard/nginx",
        ),
        (
            "https://catalog.redhat.com/software/containers/ubi9/ubi/615bcf606feffc",
            "registry.access.redhat.com/ubi9/ubi",
        ),
        ("https://catalog.ngc.nvidia.com/orgs/nvidia/containers/cuda", "nvcr.io/nvidia/cuda"),
        (
            "https://oci.dag.dev/?image=cgr.dev%2Fchainguard%2Fstatic%3Alatest",
            "cgr.dev/chainguard/static:latest",
        ),
        ("https://explore.ggcr.dev/?repo=gcr.io/distroless/static", "gcr.io/distroless/static"),
        ("https://reg.io/v2/a/b/manifests/t", "reg.io/a/b:t"),
        ("https://reg.io/v2/a/b/manifests/⌗", "reg.io/a/b@⌗"),
        ("https://reg.io/v2/a/b/tags/list?n=5", "reg.io/a/b"),
        ("https://gcr.io/distroless/static:nonroot", "gcr.io/distroless/static:nonroot"),
    ]);
    assert_says(&[
        ("https://github.com/owner/repo", "does not say which image"),
        ("https://hub.docker.com/search?q=redis", "does not say which image"),
        ("https://hub.docker.com/u/owner", "does not say which image"),
        ("https://gitlab.example.com/g/p/container_registry", "does not say which image"),
        ("https://quay.io/organization/a", "does not say which image"),
        ("https://artifacthub.io/packages/helm/a/b", "does not say which image"),
        ("https://github.com", "does not say which image"),
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
fn the_platform_of_a_command_is_kept() {
    let alpine = "docker.io/library/alpine:3";
    for (pasted, platform) in [
        ("docker pull --platform=linux/arm64 alpine:3", Some("linux/arm64")),
        ("docker run --platform linux/arm64 --rm -it alpine:3 sh", Some("linux/arm64")),
        ("docker pull alpine:3 --platform linux/arm/v7", Some("linux/arm/v7")),
        ("docker pull --platform arm64 alpine:3", Some("linux/arm64")),
        ("DOCKER_DEFAULT_PLATFORM=linux/s390x docker pull alpine:3", Some("linux/s390x")),
        ("FROM --platform=linux/arm64 alpine:3", Some("linux/arm64")),
        ("FROM --platform=linux/arm64 alpine:3 AS build", Some("linux/arm64")),
        ("FROM --platform=$BUILDPLATFORM alpine:3", None),
        ("image: alpine:3\nplatform: linux/arm64", Some("linux/arm64")),
        ("crane config --platform=linux/arm64 -- alpine:3", Some("linux/arm64")),
        ("crane --platform linux/arm64 export alpine:3 -", Some("linux/arm64")),
        ("crane manifest --platform=all alpine:3", None),
        ("podman pull --arch arm64 --os linux --variant v8 alpine:3", Some("linux/arm64/v8")),
        ("podman pull --arch=arm64 alpine:3", Some("linux/arm64")),
        ("skopeo --override-arch arm64 inspect docker://alpine:3", Some("linux/arm64")),
        (
            "skopeo inspect --override-os=windows --override-arch amd64 docker://alpine:3",
            Some("windows/amd64"),
        ),
        ("regctl image inspect -p linux/arm64 alpine:3", Some("linux/arm64")),
        ("regctl manifest get --platform local alpine:3", None),
        ("oras pull --platform linux/arm64 alpine:3", Some("linux/arm64")),
        ("nerdctl pull --platform=linux/amd64,linux/arm64 alpine:3", None),
        ("trivy image --platform linux/arm64 alpine:3", Some("linux/arm64")),
        ("syft --platform arm64 alpine:3", Some("linux/arm64")),
        ("cosign download sbom --platform linux/arm64 alpine:3", Some("linux/arm64")),
        ("ctr image pull --platform linux/arm64 docker.io/library/alpine:3", Some("linux/arm64")),
        ("apptainer pull --arch arm64 out.sif docker://alpine:3", Some("linux/arm64")),
        ("docker run -p 80:80 alpine:3", None),
        ("pkg:docker/alpine@3?arch=arm64", Some("linux/arm64")),
    ] {
        let meant = match platform {
            Some(platform) => format!("{alpine} for {platform}"),
            None => alpine.to_owned(),
        };
        assert_eq!(meaning(pasted), meant, "{pasted}");
    }
}

#[test]
fn commands_and_pages_that_list_tags_ask_for_the_tags() {
    for (pasted, repository) in [
        ("crane ls ghcr.io/o/a", "ghcr.io/o/a"),
        ("gcrane ls gcr.io/o/a", "gcr.io/o/a"),
        ("skopeo list-tags docker://ghcr.io/o/a", "ghcr.io/o/a"),
        ("oras repo tags ghcr.io/o/a", "ghcr.io/o/a"),
        ("oras repo show-tags ghcr.io/o/a", "ghcr.io/o/a"),
        ("regctl tag ls ghcr.io/o/a", "ghcr.io/o/a"),
        ("gcloud container images list-tags gcr.io/a/b", "gcr.io/a/b"),
        ("flux list artifacts oci://ghcr.io/o/a", "ghcr.io/o/a"),
        ("helm pull oci://reg.io/c/demo", "reg.io/c/demo"),
        ("helm install web oci://reg.io/c/demo -f values.yaml", "reg.io/c/demo"),
        ("helm show values oci://reg.io/c/demo --version '>=1.0'", "reg.io/c/demo"),
        ("https://reg.io/v2/a/b/tags/list?n=5", "reg.io/a/b"),
        ("https://hub.docker.com/r/grafana/loki/tags", "docker.io/grafana/loki"),
        ("https://hub.docker.com/_/redis/tags?name=7", "docker.io/library/redis"),
        ("https://quay.io/repository/a/b?tab=tags", "quay.io/a/b"),
    ] {
        assert_eq!(meaning(pasted), format!("tags of {repository}"), "{pasted}");
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

#[test]
fn what_tools_say_of_an_image() {
    assert_means(&[
        (
            "Failed to pull image \"ghcr.io/a/b:1\": rpc error: code = NotFound desc = failed to pull and unpack image \"ghcr.io/a/b:1\": not found",
            "ghcr.io/a/b:1",
        ),
        ("Back-off pulling image \"nginx\"", "docker.io/library/nginx"),
        ("Unable to find image 'hello:latest' locally", "docker.io/library/hello:latest"),
        ("failed to resolve reference \\\"ghcr.io/a/b:1\\\": denied", "ghcr.io/a/b:1"),
        (
            "Error response from daemon: manifest for alpine:nope not found: manifest unknown",
            "docker.io/library/alpine:nope",
        ),
        ("pull access denied for foo/bar, repository does not exist", "docker.io/foo/bar"),
        ("Status: Downloaded newer image for alpine:3", "docker.io/library/alpine:3"),
        ("3: Pulling from library/alpine", "docker.io/library/alpine:3"),
        ("docker.io/library/alpine:3: digest: ⌗ size: 1234", "docker.io/library/alpine:3@⌗"),
        ("The push refers to repository [ghcr.io/a/b]\n1: digest: ⌗ size: 1234", "ghcr.io/a/b:1@⌗"),
        ("both ghcr.io/a/b and ghcr.io/a/b:1: which?", "ghcr.io/a/b:1"),
    ]);
}

#[test]
fn package_urls() {
    assert_means(&[
        ("pkg:docker/nginx@1.25", "docker.io/library/nginx:1.25"),
        ("pkg:docker/grafana/loki@3.0", "docker.io/grafana/loki:3.0"),
        (
            "pkg:docker/o/a@sha256%3Acccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc?repository_url=gcr.io",
            "gcr.io/o/a@⌗",
        ),
        (
            "pkg:oci/debian@sha256%3Acccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc?repository_url=docker.io/library/debian&arch=amd64&tag=latest",
            "docker.io/library/debian:latest@⌗",
        ),
        (
            "pkg:oci/static@⌗?repository_url=gcr.io%2Fdistroless%2Fstatic",
            "gcr.io/distroless/static@⌗",
        ),
        ("\"pkg:oci/b?repository_url=ghcr.io/a&tag=1\",", "ghcr.io/a/b:1"),
    ]);
    assert_says(&[
        ("pkg:oci/debian@1", "does not say where"),
        ("pkg:npm/left-pad@1", "does not say where"),
    ]);
}
