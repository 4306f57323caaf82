//! Tools that run containers.

use super::Place::{ArgumentOr, Files, Nowhere, Option as InOption, Registry};
use super::{Command, FIRST, PLAIN, PlatformOptions, SECOND, Tool};

/// Podman and its kin name the parts, too.
const PARTS: PlatformOptions = PlatformOptions {
    whole: "--platform",
    os: "--os",
    architecture: "--arch",
    variant: "--variant",
};

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        names: "docker podman nerdctl finch container buildah podman-remote",
        groups: "image images container buildx imagetools manifest trust scout artifact service \
                 builder model sandbox",
        globals: "-H --host --context --config -l --log-level --tlscacert --tlscert --tlskey \
                 --connection --root --runroot --url --identity --storage-driver --storage-opt \
                 --tmpdir --cgroup-manager --conmon --hooks-dir --network-cmd-path --runtime-flag \
                 --registries-conf --registries-conf-dir --address -n --namespace --snapshotter \
                 --cni-path --cni-netconfpath --data-root --hosts-dir --host-gateway-ip \
                 --builder -c -a",
        platform: PARTS,
        commands: &[
            Command { words: "run create", values: DOCKER_RUN, image: FIRST },
            Command {
                words: "build bud b",
                values: "-t --tag -f --file --build-arg --build-context --target --platform \
                         --cache-from --cache-to --secret --ssh --label --annotation --network \
                         --add-host --progress -o --output --iidfile --metadata-file --attest \
                         --provenance --sbom --shm-size --ulimit --memory -m --cpu-shares -c \
                         --cgroup-parent --isolation --authfile --creds --cert-dir --volume -v \
                         --from --env --unsetenv --os --arch --variant --manifest --jobs \
                         --layer-label --call --allow",
                image: InOption("-t --tag --from --manifest"),
            },
            Command {
                words: "commit",
                values: "-a --author -c --change -m --message -f --format --iidfile",
                image: SECOND,
            },
            Command {
                words: "import",
                values: "-c --change -m --message --platform --arch --os",
                image: SECOND,
            },
            Command { words: "rmi rm untag", values: "--platform", image: FIRST },
            Command { words: "save", values: "-o --output --platform --format", image: FIRST },
            Command {
                words: "from",
                values: "--name --authfile --creds --cert-dir --platform --os --arch --variant \
                         --format --pull-policy -v --volume --cap-add --cap-drop --isolation \
                         --network --add-host --dns -m --memory",
                image: FIRST,
            },
            Command {
                words: "mount unmount sign verify diff mkdir",
                values: "--format --directory --sign-by --authfile --cert-dir",
                image: FIRST,
            },
            Command {
                words: "login logout",
                values: "-u --username -p --password --authfile --cert-dir",
                image: Registry,
            },
            Command { words: "load", values: "-i --input --platform", image: Files("-i --input") },
            Command {
                words: "search compose ps exec logs stop start restart kill cp \
                        attach top stats port wait rename update pause unpause system network \
                        volume swarm node stack secret config context plugin info version events \
                        prune bake du bake ipfs namespace",
                values: "-u --username -p --password -f --file --filter --limit \
                         --format --project-name --profile --env-file",
                image: Nowhere,
            },
            Command {
                words: "pull push inspect tag history ls list tree exists convert encrypt decrypt \
                        annotate add digest cves quickview recommendations compare sbom policy \
                        attestation environment view key signer revoke quick-view package",
                values: DOCKER_OTHER,
                image: FIRST,
            },
        ],
        ..PLAIN
    },
    Tool {
        names: "ctr",
        groups: "image images i run-image",
        values: "-n --namespace -a --address --timeout --connect-timeout -u --user --hosts-dir \
                 --platform --tlscacert --tlscert --tlskey --refresh --label --snapshotter \
                 --env --env-file --mount --runtime --runtime-config-path --cwd --gpus --cpus \
                 --memory-limit --cap-add --cap-drop --pid-file --device --apparmor-profile \
                 --seccomp-profile --annotation --hostname --max-concurrent-downloads \
                 --log-uri --config --fifo-dir --cgroup --runc-binary --runc-root --rootfs-size",
        commands: &[
            Command { words: "export", values: "", image: SECOND },
            Command {
                words: "import containers container c tasks task t content snapshots events \
                        leases namespaces plugins version",
                values: "",
                image: Nowhere,
            },
            Command {
                words: "pull push run r check ls list mount tag rm remove delete inspect convert \
                        label usage",
                values: "",
                image: FIRST,
            },
        ],
        ..PLAIN
    },
    Tool {
        names: "crictl",
        values: "-c --config -r --runtime-endpoint -i --image-endpoint -t --timeout --creds \
                 --auth --pod-config -a --annotation --pull-timeout -o --output --template \
                 --profile-cpu --filter",
        commands: &[Command { words: "pull inspecti rmi img images", values: "", image: FIRST }],
        ..PLAIN
    },
    Tool {
        names: "docker-compose podman-compose",
        values: "-f --file -p --project-name --profile --env-file",
        commands: &[Command { words: "", values: "", image: Nowhere }],
        ..PLAIN
    },
    Tool {
        names: "kubectl oc k3s",
        commands: &[Command { words: "", values: "--image", image: InOption("--image") }],
        ..PLAIN
    },
    Tool {
        names: "kind minikube k3d imgpkg",
        groups: "load image docker-image import pull copy push rm",
        values: "--name -n --nodes -c --cluster -p --profile -o --output -b --bundle --tar \
                 --registry-username --registry-password",
        commands: &[Command {
            words: "",
            values: "-i --image",
            image: ArgumentOr(0, "-i --image"),
        }],
        ..PLAIN
    },
];

const DOCKER_RUN: &str = "--add-host --annotation -a --attach --arch --authfile --blkio-weight \
     --blkio-weight-device --cap-add --cap-drop --cert-dir --cgroup-conf --cgroup-parent \
     --cgroupns --cgroups --chrootdirs --cidfile --conmon-pidfile --cosign-key \
     --cosign-certificate-identity --cosign-certificate-identity-regexp \
     --cosign-certificate-oidc-issuer --cosign-certificate-oidc-issuer-regexp --cpu-count \
     --cpu-percent --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime -c --cpu-shares \
     --cpus --cpuset-cpus --cpuset-mems --creds --decryption-key --detach-keys --device \
     --device-cgroup-rule --device-read-bps --device-read-iops --device-write-bps \
     --device-write-iops --dns --dns-opt --dns-option --dns-search --domainname --entrypoint -e \
     --env --env-file --env-merge --expose --gidmap --gpus --group-add --group-entry --health-cmd \
     --health-interval --health-log-destination --health-max-log-count --health-max-log-size \
     --health-on-failure --health-retries --health-start-interval --health-start-period \
     --health-startup-cmd --health-startup-interval --health-startup-retries \
     --health-startup-success --health-startup-timeout --health-timeout -h --hostname --hosts-file \
     --hostuser --image-volume --init-binary --init-ctr --init-path --io-maxbandwidth \
     --io-maxiops --ip --ip6 --ipc --ipfs-address --isolation --kernel-memory -l --label \
     --label-file --link --link-local-ip --log-driver --log-opt --mac-address -m --memory \
     --memory-reservation --memory-swap --memory-swappiness --mount --name --net --network \
     --net-alias --network-alias --oom-score-adj --os --passwd-entry --personality --pid \
     --pidfile --pids-limit --platform --pod --pod-id-file --preserve-fd --preserve-fds -p \
     --publish --pull --rdt-class --requires --restart --retry --retry-delay --runtime \
     --sdnotify --seccomp-policy --secret --security-opt --shm-size --shm-size-systemd \
     --soci-index-digest --stop-signal --stop-timeout --storage-opt --subgidname --subuidname \
     --sysctl --systemd --timeout --tmpfs --tz --uidmap --ulimit --umask --unsetenv -u --user \
     --userns --uts --variant --verify -v --volume --volume-driver --volumes-from -w --workdir \
     --replicas --constraint --config --with-registry-auth-from --update-delay --mode";

const DOCKER_OTHER: &str = "--platform --arch --os --variant --authfile --cert-dir --creds \
     --decryption-key --policy --retry --retry-delay --shared-size --verify --cosign-key \
     --cosign-certificate-identity --cosign-certificate-identity-regexp \
     --cosign-certificate-oidc-issuer --cosign-certificate-oidc-issuer-regexp --unpack \
     --soci-index-digest --ipfs-address --sign --notation-key-name -f --format --filter --type \
     --no-trunc-width --sort --compression-format --compression-level --digestfile \
     --encryption-key --encrypt-layer --sign-by --sign-by-sigstore --sign-passphrase-file \
     --allPlatforms -o --output --only-severity --only-package-type --only-cve-id --epss-score \
     --to --org --env --stream --ref --annotation --features --os-version --os-feature \
     --index --subject --predicate-type --exit-on --only-policy --estargz-compression-level \
     --estargz-record-in --key --progress -t --tag --file --layers";
