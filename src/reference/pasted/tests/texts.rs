//! Lines of files, pages of the web, and what tools print.

use super::*;

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
