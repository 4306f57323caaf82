#!/usr/bin/env bash
# Makes the images that the browser tests open, with the tools that people make images with, in the storage
# directory of Debian's docker-registry, and unpacks them with umoci so that the trees can be compared.
#
# usage: make.sh OUT     (as root; crane, oras, ko, umoci, buildkitd and buildctl on PATH)
#
# Leaves in OUT:
#   registry/          storage of docker-registry (2.8) with every image
#   rootfs/NAME/       the tree of image NAME as umoci 0.6 unpacks it
#   images.tsv         NAME, REPOSITORY:TAG, platform of the tree or -, what it is; written last
set -euo pipefail
umask 022

HERE=$(cd "$(dirname "$0")" && pwd)
OUT=$1
WORK=$OUT/work
mkdir -p "$OUT" "$WORK"
source "$HERE/lib.sh"

BUILDKIT_PID= REGISTRY_PID= BUILDKIT=
stop() {
  local pid
  for pid in $BUILDKIT_PID $REGISTRY_PID; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  [ -z "$BUILDKIT" ] || rm -rf "$BUILDKIT"
}
trap stop EXIT

start_buildkit() {
  # The path of a socket may have 107 bytes, and OUT may be long.
  BUILDKIT=$(mktemp -d /tmp/drydock-buildkit.XXXXXX)
  printf '[registry."%s"]\n  http = true\n  insecure = true\n' "$REG" >"$BUILDKIT/buildkitd.toml"
  buildkitd --config "$BUILDKIT/buildkitd.toml" --addr "unix://$BUILDKIT/s.sock" --root "$BUILDKIT/root" \
    --oci-worker=true --containerd-worker=false --oci-worker-net=host >"$WORK/buildkitd.log" 2>&1 &
  BUILDKIT_PID=$!
  local try
  for try in $(seq 150); do
    buildctl --addr "unix://$BUILDKIT/s.sock" debug workers >/dev/null 2>&1 && return
    sleep 0.2
  done
  tail -n 30 "$WORK/buildkitd.log" >&2
  echo "buildkitd did not start" >&2
  return 1
}

build() { # CONTEXT REFERENCE COMPRESSION [buildctl's arguments...]
  local context=$1 reference=$2 compression=$3
  shift 3
  buildctl --addr "unix://$BUILDKIT/s.sock" build --progress plain --frontend dockerfile.v0 \
    --local "context=$context" --local "dockerfile=$context" "$@" \
    --output "type=image,name=$reference,push=true,registry.insecure=true,oci-mediatypes=true,compression=$compression,force-compression=true" \
    >"$WORK/build.log" 2>&1 || { tail -n 30 "$WORK/build.log" >&2; return 1; }
}

image() { # NAME REPOSITORY:TAG PLATFORM|- WHAT
  printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$WORK/images.tsv"
  [ "$3" = - ] || unpack "$1" "$2" "$3"
}

unpack() { # NAME REPOSITORY:TAG PLATFORM
  local name=$1 layout=$WORK/layout-$1
  skopeo --override-os "${3%%/*}" --override-arch "${3#*/}" copy --quiet --src-tls-verify=false \
    "docker://$REG/$2" "oci:$layout:tree"
  mkdir -p "$OUT/rootfs"
  umoci --log=error raw unpack --image "$layout:tree" "$OUT/rootfs/$name" >/dev/null
  rm -rf "$layout"
}

start_registry
start_buildkit

debootstrap --variant=minbase bookworm "$WORK/debian" >"$WORK/debootstrap.log" 2>&1 \
  || { tail -n 20 "$WORK/debootstrap.log" >&2; exit 1; }
# What differs between two runs, and what debootstrap took from this machine.
rm -rf "$WORK/debian"/var/{cache/apt,lib/apt/lists,log}/* "$WORK/debian"/etc/{hostname,resolv.conf,machine-id}
tar_of "$WORK/debian" | pigz -n -6 >"$WORK/debian.tar.gz"
say "the Debian tree"

append "$REG/debian:demo" "$WORK/debian.tar.gz"
image debian debian:demo linux/amd64 "one platform, one gzip layer (debootstrap, crane)"
say debian

for kind in gzip zstd uncompressed; do
  build "$HERE/app" "$REG/app:$kind" "$kind" \
    --opt "build-arg:BASE=$REG/debian:demo" --opt attest:provenance=mode=max
  image "app-$kind" "app:$kind" linux/amd64 "a Dockerfile's layers, $kind, with provenance (BuildKit)"
  say "app-$kind"
done

# Layers with tables of contents. Those of zstd:chunked are in tests/data/lazy: skopeo stops now and then in the
# middle of making larger ones.
build "$HERE/app" "$REG/lazy:estargz" estargz --opt "build-arg:BASE=$REG/debian:demo" --opt attest:provenance=false
image lazy-estargz lazy:estargz linux/amd64 "layers with tables of contents, eStargz (BuildKit)"
say lazy

build "$HERE/multi" "$REG/multi:1" gzip \
  --opt platform=linux/amd64,linux/arm64 --opt attest:provenance=mode=max
image multi-amd64 multi:1 linux/amd64 "two platforms with provenance (BuildKit)"
image multi-arm64 multi:1 linux/arm64 "the same, the other platform"
build "$HERE/multi" "$REG/multi:plain" gzip \
  --opt platform=linux/amd64,linux/arm64 --opt attest:provenance=false
say multi

(
  cd "$HERE/ko"
  export KO_DOCKER_REPO=$REG/ko KO_DEFAULTBASEIMAGE=$REG/multi:plain SOURCE_DATE_EPOCH=1700000000
  GOTOOLCHAIN=local GOFLAGS=-mod=mod ko build --bare --insecure-registry --tags=1 \
    --platform=linux/amd64,linux/arm64 . >"$WORK/ko.log" 2>&1
) || { tail -n 20 "$WORK/ko.log" >&2; exit 1; }
image ko-arm64 ko:1 linux/arm64 "two platforms, SBOMs in cosign's tags (ko)"
say ko

# gzip files may be concatenated: every Go tool reads all members.
tar_of "$WORK/debian/usr/share" >"$WORK/share.tar"
split -n 5 "$WORK/share.tar" "$WORK/part."
for part in "$WORK"/part.*; do gzip -n -6 <"$part"; done >"$WORK/members.tar.gz"
append "$REG/members:5" "$WORK/members.tar.gz"
image members members:5 linux/amd64 "one layer of five gzip members"
say members

mkdir -p "$WORK/many"
for directory in $(seq 100 349); do
  mkdir "$WORK/many/d$directory"
  for file in {1..400}; do echo "$directory/$file" >"$WORK/many/d$directory/file-$file.txt"; done
done
tar_of "$WORK/many" | pigz -n -6 >"$WORK/many.tar.gz"
append "$REG/many:100k" "$WORK/many.tar.gz"
image many many:100k linux/amd64 "100 000 files in one layer"
say many

# Whiteouts as the specification has them, also in orders that tools seldom write.
mkdir -p "$WORK"/w1/{a/deep,b,c,d,replaced} "$WORK"/w2/{a,b,d} "$WORK"/w3/{c/new,d}
for file in a/one a/deep/two b/three c/four d/five d/six replaced/seven; do echo "$file" >"$WORK/w1/$file"; done
ln "$WORK/w1/d/six" "$WORK/w1/d/six-again"
touch "$WORK"/w2/a/.wh.deep "$WORK"/w2/b/.wh..wh..opq "$WORK"/w2/.wh.c "$WORK"/w2/d/.wh.six
echo kept >"$WORK/w2/b/eight"
ln -s elsewhere "$WORK/w2/replaced"
echo back >"$WORK/w3/c/new/four"
echo six >"$WORK/w3/d/six"
for layer in w1 w2 w3; do tar_of "$WORK/$layer" | gzip -n >"$WORK/$layer.tar.gz"; done
append "$REG/whiteouts:1" "$WORK"/w{1,2,3}.tar.gz
image whiteouts whiteouts:1 linux/amd64 "whiteouts, an opaque directory, a directory that became a link"
say whiteouts

printf '{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"components":[]}\n' >"$WORK/sbom.json"
printf 'name: demo\n' >"$WORK/values.yaml"
(
  cd "$WORK"
  oras push --plain-http --artifact-type application/vnd.example.config "$REG/artifact:1" \
    values.yaml:application/yaml >/dev/null
  oras attach --plain-http --artifact-type application/vnd.cyclonedx+json "$REG/debian:demo" \
    sbom.json:application/vnd.cyclonedx+json >/dev/null
)
image artifact artifact:1 - "an artifact, no image (oras)"
say artifact

trap - EXIT
stop
mv "$WORK/images.tsv" "$OUT/images.tsv"
rm -rf "$WORK"
