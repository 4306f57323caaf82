#!/usr/bin/env bash
# Makes the layers in this directory again: see README.md.
#
# usage: make.sh WORK     (as root; WORK is a directory that does not exist yet)
set -euo pipefail
umask 022

DATA=$(cd "$(dirname "$0")" && pwd)
HERE=$DATA/../../images
OUT=$1
WORK=$OUT/work
mkdir -p "$WORK"
source "$HERE/lib.sh"
cd "$WORK"

BUILDKIT_PID=
trap 'kill $REGISTRY_PID $BUILDKIT_PID' EXIT

mkdir -p tree/usr/bin tree/usr/share/empty tree/etc tree/var tree/dev
python3 - <<'PYTHON'
import os, random
pick = random.Random(1)
letters = b'abcdefghijklmnopqrstuvwxyz'
words = [bytes(pick.choice(letters) for _ in range(pick.randint(2, 9))) for _ in range(400)]
def text(size):
    out = bytearray()
    while len(out) < size:
        out += pick.choice(words) + b' '
    return bytes(out[:size])
def write(path, content):
    with open('tree/' + path, 'wb') as file:
        file.write(content)
write('usr/bin/tool', pick.randbytes(20000) + text(4000))
write('usr/share/words', text(30000))
# More than two chunks of 4 MiB, and still small.
line = text(60) + b'\n'
lines = (b'%07d ' % at + line[:33] + b'\n' if at % 512 == 0 else line for at in range(150000))
write('usr/share/large', b''.join(lines))
write('usr/share/holes', b'begin' + b'\0' * 3000000 + b'middle' + b'\0' * 2000000 + b'end')
write('etc/empty', b'')
for at in range(30):
    write(f'etc/conf-{at:02}', text(100 + at * 7))
os.setxattr('tree/etc/conf-02', 'user.note', b'a value')
capability = bytes.fromhex('0100000200040000000000000000000000000000')
os.setxattr('tree/etc/conf-03', 'security.capability', capability)
PYTHON
ln tree/usr/bin/tool tree/usr/bin/tool-again
ln -s ../usr/bin/tool tree/etc/link
chmod 4755 tree/usr/bin/tool
mknod tree/dev/null c 1 3
mknod tree/dev/loop b 7 300
mkfifo tree/dev/pipe
chown 1000:2000 tree/etc/conf-01
touch tree/etc/.wh.gone tree/usr/share/empty/.wh..wh..opq
LONG=tree/var/$(printf 'd%.0s' {1..120})
mkdir "$LONG"
echo deep >"$LONG/ä file"
find tree -exec touch -h -d @1700000000 {} +
tar --sort=name --numeric-owner --format=pax --pax-option=delete=atime,delete=ctime \
  --xattrs --xattrs-include='*' -C tree -cf plain.tar .
gzip -n -9 <plain.tar >plain.tar.gz

start_registry
append "$REG/plain:1" plain.tar.gz

printf '[registry."%s"]\n  http = true\n  insecure = true\n' "$REG" >buildkitd.toml
SOCKET=$(mktemp -d /tmp/drydock-buildkit.XXXXXX)
buildkitd --config buildkitd.toml --addr "unix://$SOCKET/s.sock" --root "$WORK/buildkit" \
  --oci-worker=true --containerd-worker=false --oci-worker-net=host >buildkitd.log 2>&1 &
BUILDKIT_PID=$!
for _ in {1..150}; do
  buildctl --addr "unix://$SOCKET/s.sock" debug workers >/dev/null 2>&1 && break
  sleep 0.2
done
mkdir context
echo "FROM $REG/plain:1" >context/Dockerfile
buildctl --addr "unix://$SOCKET/s.sock" build --frontend dockerfile.v0 \
  --local context=context --local dockerfile=context --opt attest:provenance=false \
  --output "type=image,name=$REG/estargz:1,push=true,registry.insecure=true,oci-mediatypes=true,compression=estargz,force-compression=true"

# Under another name, as skopeo takes a layer from where it knows it to be.
skopeo copy --src-tls-verify=false --dest-decompress "docker://$REG/plain:1" dir:plain
skopeo copy --dest-tls-verify=false --dest-compress-format zstd:chunked --format oci \
  dir:plain "docker://localhost:${REG#*:}/zstd:1"

skopeo copy --src-tls-verify=false "docker://$REG/plain:1" oci-archive:plain-image.tar:1
soci convert --standalone --min-layer-size 0 --span-size 6000000 plain-image.tar soci.tar
mkdir soci
tar -C soci -xf soci.tar

first() { # MANIFEST: digest of its first layer
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["layers"][0]["digest"])' "$1"
}
cp plain.tar.gz "$DATA"
for pair in estargz:estargz.tar.gz zstd:zstd-chunked.tar.zst; do
  manifest=$DATA/${pair#*:}
  manifest=${manifest%%.tar*}.json
  crane --insecure manifest --platform linux/amd64 "$REG/${pair%%:*}:1" >"$manifest"
  crane --insecure blob "$REG/${pair%%:*}@$(first "$manifest")" >"$DATA/${pair#*:}"
done
for blob in soci/blobs/sha256/*; do
  if grep -q '"com.amazon.soci.image-layer-digest"' "$blob"; then
    cat "$blob" >"$DATA/soci-index.json"
  elif grep -q '"annotations":{"com.amazon.soci.index-digest"' "$blob" && grep -q '"layers"' "$blob"; then
    cat "$blob" >"$DATA/soci-image.json"
  fi
done
ztoc=$(first "$DATA/soci-index.json")
cat "soci/blobs/sha256/${ztoc#*:}" >"$DATA/plain.ztoc"
rm -rf "$SOCKET"
