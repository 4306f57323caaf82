#!/usr/bin/env bash
# Makes image A of the measurements: five gzip layers of a real Debian tree and programs.
#
# usage: bench.sh OUT    (as root; crane on PATH)
set -euo pipefail
umask 022

HERE=$(cd "$(dirname "$0")" && pwd)
OUT=$1
WORK=$OUT/work
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
packages browser chromium chromium-common
packages source golang-1.19-src
packages tools git perl-modules-5.36 libpython3.11-stdlib vim-runtime
packages libraries libgcc-12-dev

layers=()
tar_bytes=0 packed_bytes=0 entries=0
for layer in base browser source tools libraries; do
  tar_of "$WORK/$layer" >"$WORK/$layer.tar"
  gzip -n -6 <"$WORK/$layer.tar" >"$WORK/$layer.tar.gz"
  tar_bytes=$((tar_bytes + $(stat -c %s "$WORK/$layer.tar")))
  packed_bytes=$((packed_bytes + $(stat -c %s "$WORK/$layer.tar.gz")))
  entries=$((entries + $(tar -tf "$WORK/$layer.tar" | wc -l)))
  rm "$WORK/$layer.tar"
  layers+=("$WORK/$layer.tar.gz")
done
append "$REG/bench:a" "${layers[@]}"
kill "$REGISTRY_PID"
wait "$REGISTRY_PID" 2>/dev/null || true
trap - EXIT
rm -rf "$WORK"
printf 'a\tbench:a\t-\tfive gzip layers, %s MB, %s MB of tar, %s entries\n' \
  $((packed_bytes / 1000000)) $((tar_bytes / 1000000)) "$entries" >"$OUT/images.tsv"
say bench:a
