//! Tools that look into images, and all others.

use super::Place::{
    ArgumentOr, Chart, Files, Nowhere, Option as InOption, Registry, Somewhere, Tags,
};
use super::{Command, FIRST, PLAIN, PlatformOptions, Tool};

/// What scanners write before a name.
const SCANNERS: &str = "registry: docker: podman:";

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        names: "helm",
        groups: "show inspect registry",
        values: HELM,
        commands: &[
            Command { words: "registry/login registry/logout", values: "", image: Registry },
            Command {
                words: "repo search list ls uninstall status history rollback plugin env version \
                        create package verify get completion",
                values: "",
                image: Nowhere,
            },
            Command {
                words: "pull fetch install upgrade template push chart values readme crds all \
                        dependency test lint",
                values: "",
                image: Chart("--version"),
            },
        ],
        ..PLAIN
    },
    Tool {
        names: "trivy",
        values: "-c --config --cache-dir --cache-backend --cache-ttl -f --format -o --output -s \
                 --severity --scanners --vuln-type --vuln-severity-source --pkg-types \
                 --pkg-relationships --ignorefile --ignore-policy --ignore-status --platform \
                 --server --token --token-header --custom-headers --timeout --db-repository \
                 --java-db-repository --checks-bundle-repository --policy-bundle-repository -t \
                 --template --exit-code --exit-on-eol --skip-dirs --skip-files --file-patterns \
                 --username --password --password-stdin-file --registry-token --image-src \
                 --image-config-scanners --misconfig-scanners --compliance --report \
                 --sbom-sources --vex --module-dir --enable-modules --secret-config \
                 --rekor-url --redis-ca --redis-cert --redis-key --podman-host --docker-host \
                 --parallel --distro --detection-priority --table-mode --max-image-size \
                 --output-plugin-arg --config-check --config-data --tf-vars --helm-set \
                 --helm-values --license-confidence-level --ignored-licenses",
        commands: &[
            Command {
                words: "fs filesystem rootfs repo repository sbom config k8s kubernetes vm server \
                        convert plugin module clean version registry vex",
                values: "",
                image: Nowhere,
            },
            Command { words: "image i", values: "--input", image: FIRST },
            Command { words: "", values: "", image: FIRST },
        ],
        ..PLAIN
    },
    Tool {
        names: "grype",
        prefixes: SCANNERS,
        values: "-o --output -c --config -f --fail-on --file -t --template -s --scope --platform \
                 --name --distro --exclude --vex --profile --from --sort-by --ignore-states",
        commands: &[
            Command { words: "db version config completion", values: "", image: Nowhere },
            Command { words: "", values: "", image: FIRST },
        ],
        ..PLAIN
    },
    Tool {
        names: "syft",
        prefixes: SCANNERS,
        groups: "scan packages",
        values: "-o --output -c --config --file --from --base-path --enrich --exclude --name \
                 --override-default-catalogers --select-catalogers --catalogers --parallelism \
                 --platform -s --scope --source-name --source-version --source-supplier -t \
                 --template -k --key --profile",
        commands: &[
            Command {
                words: "convert login version cataloger config completion",
                values: "",
                image: Nowhere,
            },
            Command { words: "attest", values: "", image: FIRST },
            Command { words: "", values: "", image: FIRST },
        ],
        ..PLAIN
    },
    Tool {
        names: "dive layerx",
        prefixes: SCANNERS,
        values: "--source --ci-config --config -c -j --json --highestUserWastedPercent \
                 --highestWastedBytes --lowestEfficiency",
        commands: &[
            Command {
                words: "build",
                values: "-t --tag -f --file --build-arg",
                image: InOption("-t --tag"),
            },
            Command { words: "version completion", values: "", image: Nowhere },
            Command { words: "", values: "", image: FIRST },
        ],
        ..PLAIN
    },
    Tool {
        names: "flux",
        groups: "artifact artifacts",
        values: "-n --namespace -o --output --path --source --revision --provider --creds -f \
                 --filter-regex --filter-semver --annotations -a --tag --timeout",
        commands: &[
            Command { words: "list", values: "", image: Tags },
            Command { words: "pull push diff tag", values: "", image: FIRST },
        ],
        ..PLAIN
    },
    Tool {
        names: "umoci",
        values: "--image --layout --uid-map --gid-map --rootfs",
        commands: &[Command { words: "", values: "", image: Files("--image --layout") }],
        ..PLAIN
    },
    Tool {
        names: "apptainer singularity",
        groups: "pull build exec run shell inspect",
        values: "-B --bind --pwd --env -H --home --name --dir",
        platform: PlatformOptions { whole: "", os: "", architecture: "--arch", variant: "" },
        commands: &[Command { words: "", values: "", image: FIRST }],
        ..PLAIN
    },
    Tool {
        names: "snyk dockle trivy-operator clair-scanner docker-slim slim mint hadolint",
        groups: "container test monitor xray build profile",
        values: "-f --file --format -o --output --exit-code --exit-level --org --target \
                 --severity-threshold",
        commands: &[Command { words: "", values: "", image: ArgumentOr(0, "--target") }],
        ..PLAIN
    },
    Tool {
        names: "curl wget http https xh",
        values: "-H --header -o --output -O -u --user -X --request -d --data -A --user-agent",
        commands: &[Command { words: "", values: "", image: Somewhere }],
        ..PLAIN
    },
    Tool {
        names: "wasmtime wash wkg spin slsa-verifier gh conftest diffoci container-diff kbld dredge",
        groups: "registry oci verify-image attestation pull push verify diff analyze inspect up",
        values: "-o --output --source-uri --source-tag --provenance-path --builder-id -R --repo \
                 --owner --from -f --file --policy -p --type --format --predicate-type --platform \
                 --signer-workflow --image --rootfs --uid-map --gid-map",
        commands: &[Command { words: "", values: "", image: ArgumentOr(0, "-f --from") }],
        ..PLAIN
    },
];

const HELM: &str = "-n --namespace --kubeconfig --kube-context --kube-apiserver --kube-as-group \
     --kube-as-user --kube-ca-file --kube-tls-server-name --kube-token --registry-config \
     --repository-cache --repository-config --burst-limit --qps --content-cache --color --colour \
     --version -d --destination --untardir --ca-file --cert-file --key-file --keyring --password \
     --username --repo -f --values --set --set-file --set-string --set-json --set-literal \
     --timeout --description -o --output --post-renderer --post-renderer-args -l --labels \
     --name-template --history-max --kube-version -a --api-versions --output-dir -s --show-only \
     --release-name-prefix --jsonpath";
