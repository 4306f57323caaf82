#!/usr/bin/env bash
# Makes the images of the measurements out of what the machine has.
#   a   five gzip layers: a Debian tree and programs        az  the same in zstd
#   b   one big gzip layer: a Debian tree, Rust's toolchain
#   c   one gzip layer of many files: Rust's sources        cz  the same in zstd
#   d   one small gzip layer
#
# usage: bench.sh OUT    (as root; crane, curl, pigz, zstd on PATH)
set -euo pipefail
umask 022

HERE=$(cd "$(dirname "$0")" && pwd)
OUT=$1
WORK=$OUT/work
# What the big ones are to have, about.
BIG_BYTES=$((4800 << 20))
MANY_ENTRIES=275000
# Files of so many blocks of 512 bytes or more are no part of the image with many files.
SMALL_BLOCKS=40
mkdir -p "$OUT" "$WORK"
source "$HERE/lib.sh"
trap 'kill "$REGISTRY_PID" 2>/dev/null || true' EXIT

start_registry
debootstrap --variant=minbase bookworm "$WORK/base" >"$WORK/debootstrap.log" 2>&1 \
  || { tail -n 20 "$WORK/debootstrap.log" >&2; exit 1; }
rm -rf "$WORK/base"/var/{cache/apt,lib/apt/lists,log}/*
say "the Debian tree"

packages() { # LAYER PACKAGE...
  local layer=$1 package
  shift
  mkdir -p "$WORK/deb" "$WORK/$layer"
  (cd "$WORK/deb" && apt-get download "$@" >"$WORK/apt.log" 2>&1) || { cat "$WORK/apt.log" >&2; return 1; }
  for package in "$WORK"/deb/*.deb; do dpkg-deb -x "$package" "$WORK/$layer"; done
  rm -rf "$WORK/deb"
  say "the layer $layer"
}

# Packs layers and pushes them as one image in gzip, and with `also` in zstd too.
image() { # NAME also|gzip WHAT LAYER...
  local name=$1 zstd=$2 what=$3 layer tar=0 packed=0 entries=0 blobs=() others=()
  shift 3
  for layer in "$@"; do
    tar_of "$WORK/$layer" >"$WORK/$layer.tar"
    [ -e "$WORK/$layer.tar.gz" ] || pigz -n -6 <"$WORK/$layer.tar" >"$WORK/$layer.tar.gz"
    tar=$((tar + $(stat -c %s "$WORK/$layer.tar")))
    packed=$((packed + $(stat -c %s "$WORK/$layer.tar.gz")))
    entries=$((entries + $(find "$WORK/$layer" | wc -l)))
    blobs+=("$WORK/$layer.tar.gz")
    if [ "$zstd" = also ]; then
      zstd -q -3 "$WORK/$layer.tar" -o "$WORK/$layer.tar.zst"
      others+=("$WORK/$layer.tar.zst")
    fi
    rm "$WORK/$layer.tar"
  done
  append "$REG/bench:$name" "${blobs[@]}"
  what=$(printf '%s, %s MB, %s MB of tar, %s entries' "$what" $((packed / 1000000)) $((tar / 1000000)) "$entries")
  printf '%s\tbench:%s\t-\t%s\n' "$name" "$name" "$what" >>"$WORK/images.tsv"
  say "bench:$name"
  [ "$zstd" = also ] || return 0
  append "$REG/bench:${name}z" "${others[@]}"
  in_zstd "${name}z"
  printf '%sz\tbench:%sz\t-\t%s in zstd\n' "$name" "$name" "$name" >>"$WORK/images.tsv"
  rm "${others[@]}"
  say "bench:${name}z"
}

# crane calls every layer gzip.
in_zstd() { # TAG
  crane manifest --insecure "$REG/bench:$1" | sed 's/tar+gzip/tar+zstd/g' >"$WORK/manifest.json"
  curl -sSf -o /dev/null -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
    --data-binary "@$WORK/manifest.json" "http://$REG/v2/bench/manifests/$1"
}

packages browser chromium chromium-common
packages source golang-1.19-src
packages tools git perl-modules-5.36 libpython3.11-stdlib vim-runtime
packages libraries libgcc-12-dev
image a also "five gzip layers" base browser source tools libraries
image d gzip "one gzip layer" libraries

mkdir "$WORK/big"
cp -a "$WORK/base" "$WORK/big/debian"
rm -rf "$WORK/browser" "$WORK/source" "$WORK/tools" "$WORK/libraries"
toolchain=$(rustc --print sysroot)
for copy in $(seq 20); do
  cp -a "$toolchain" "$WORK/big/rust-$copy"
  [ "$(du -s --apparent-size -B1 "$WORK/big" | cut -f1)" -lt "$BIG_BYTES" ] || break
done
image b gzip "one gzip layer" big
rm -rf "$WORK/big" "$WORK/big.tar.gz"

mkdir "$WORK/many"
cp -a "${CARGO_HOME:-$HOME/.cargo}/registry/src" "$WORK/few"
find "$WORK/few" -type f -size "+${SMALL_BLOCKS}" -delete
for copy in $(seq 100); do
  cp -a "$WORK/few" "$WORK/many/$copy"
  [ "$(find "$WORK/many" | wc -l)" -lt "$MANY_ENTRIES" ] || break
done
image c also "one gzip layer" many

kill "$REGISTRY_PID"
wait "$REGISTRY_PID" 2>/dev/null || true
trap - EXIT
mv "$WORK/images.tsv" "$OUT/images.tsv"
rm -rf "$WORK"
