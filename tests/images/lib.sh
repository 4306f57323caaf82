# Shared by the scripts here: a registry over a directory, and telling what is being made.
# Set by the caller: OUT (where everything goes), HERE (this directory).

say() { printf 'images: %s (%s s)\n' "$1" "$SECONDS"; }

free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

# Starts docker-registry over OUT/registry; sets REG and REGISTRY_PID.
start_registry() {
  local port
  port=$(free_port)
  REG=127.0.0.1:$port
  mkdir -p "$OUT/registry"
  sed -e "s|STORE|$OUT/registry|" -e "s|PORT|$port|" "$HERE/registry.yml" >"$WORK/registry.yml"
  docker-registry serve "$WORK/registry.yml" >"$WORK/registry.log" 2>&1 &
  REGISTRY_PID=$!
  local try
  for try in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
    sleep 0.1
  done
  cat "$WORK/registry.log" >&2
  echo "docker-registry did not start" >&2
  return 1
}

# Same bytes from the same files: order, owners and times do not depend on the machine.
tar_of() { # DIR [tar's arguments...]
  local dir=$1
  shift
  tar --sort=name --numeric-owner --mtime=@1700000000 --format=gnu -C "$dir" "$@" -cf - .
}

# crane's empty base names no platform, which BuildKit and ko want.
append() { # REFERENCE LAYER... (each a tar, compressed or not)
  local reference=$1 layer arguments=()
  shift
  for layer in "$@"; do arguments+=(-f "$layer"); done
  crane append --insecure --oci-empty-base -t "$reference" "${arguments[@]}" >"$WORK/crane.log" 2>&1 \
    && crane mutate --insecure --set-platform linux/amd64 -t "$reference" "$reference" >>"$WORK/crane.log" 2>&1 \
    || { cat "$WORK/crane.log" >&2; return 1; }
}
