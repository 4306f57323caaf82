#!/usr/bin/env bash
# Makes an image with one layer of more than 1 GiB, for the test of memory.
#
# usage: big.sh OUT    (crane on PATH)
set -euo pipefail
umask 022

HERE=$(cd "$(dirname "$0")" && pwd)
OUT=$1
WORK=$OUT/work
mkdir -p "$OUT" "$WORK/tree"
source "$HERE/lib.sh"
trap 'kill "$REGISTRY_PID" 2>/dev/null || true' EXIT

# Real programs, as far as this machine has them, and noise that no codec makes smaller.
cp -a /usr/lib/x86_64-linux-gnu /usr/share/doc "$WORK/tree/" 2>/dev/null || true
head -c 1100M /dev/zero | openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 00000000000000000000000000000000 \
  | split -b 100M - "$WORK/tree/noise."
say "the tree"

start_registry
tar_of "$WORK/tree" | pigz -n -1 >"$WORK/big.tar.gz"
append "$REG/big:1" "$WORK/big.tar.gz"
printf 'big\tbig:1\t-\tone layer of %s bytes compressed\n' "$(stat -c %s "$WORK/big.tar.gz")" >"$OUT/images.tsv"
kill "$REGISTRY_PID"
wait "$REGISTRY_PID" 2>/dev/null || true
trap - EXIT
rm -rf "$WORK"
say big
