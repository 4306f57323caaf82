//! Tools that look into images, and all others.

use super::Place::{ArgumentOr, Chart, Nowhere, Option as InOption};
use super::{Command, FIRST, Tool};

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        names: "helm",
        groups: "show inspect",
        globals: "",
        values: HELM,
        commands: &[
            Command { words: "registry", values: "", image: Nowhere },
            Command {
                words: "pull fetch install upgrade template push chart values readme crds all \
                        dependency test lint",
                values: "",
                image: Chart,
            },
        ],
    },
    Tool {
        names: "trivy",
        groups: "",
        globals: "",
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
        ],
    },
    Tool {
        names: "grype",
        groups: "",
        globals: "",
        values: "-o --output -c --config -f --fail-on --file -t --template -s --scope --platform \
                 --name --distro --exclude --vex --profile --from --sort-by --ignore-states",
        commands: &[
            Command { words: "db version config completion", values: "", image: Nowhere },
            Command { words: "", values: "", image: FIRST },
        ],
    },
    Tool {
        names: "syft",
        groups: "scan packages",
        globals: "",
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
        ],
    },
    Tool {
        names: "dive layerx",
        groups: "",
        globals: "",
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
    },
    Tool {
        names: "flux",
        groups: "artifact artifacts",
        globals: "",
        values: "-n --namespace -o --output --path --source --revision --provider --creds -f \
                 --filter-regex --filter-semver --annotations -a --tag --timeout",
        commands: &[Command { words: "pull push diff list tag", values: "", image: FIRST }],
    },
    Tool {
        names: "wasmtime wash wkg spin slsa-verifier gh apptainer singularity conftest diffoci \
                container-diff umoci kbld dredge",
        groups: "registry oci verify-image attestation pull push verify diff analyze inspect up",
        globals: "",
        values: "-o --output --source-uri --source-tag --provenance-path --builder-id -R --repo \
                 --owner --from -f --file --policy -p --type --format --predicate-type --platform \
                 --signer-workflow --image --rootfs --uid-map --gid-map",
        commands: &[Command { words: "", values: "", image: ArgumentOr(0, "-f --from") }],
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
