//! Tools that talk to registries.

use super::Place::{ArgumentOr, Nowhere, Registry, RepositoryAndDigest, Tags};
use super::{Command, FIRST, PLAIN, PlatformOptions, SECOND, Tool};

const SKOPEO: PlatformOptions = PlatformOptions {
    whole: "",
    os: "--override-os",
    architecture: "--override-arch",
    variant: "--override-variant",
};

const REGCTL: PlatformOptions =
    PlatformOptions { whole: "-p --platform", os: "", architecture: "", variant: "" };

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        names: "crane gcrane krane",
        groups: "auth index registry layout",
        values: "--platform",
        commands: &[
            Command {
                words: "append",
                values: "-b --base -f --new_layer -o --output -t --new_tag -m --manifest --tag",
                image: ArgumentOr(0, "-b --base -t --new_tag"),
            },
            Command { words: "push", values: "--image-refs", image: SECOND },
            Command { words: "pull", values: "-c --cache_path --format", image: FIRST },
            Command {
                words: "mutate",
                values: "-a --annotation -l --label -e --env --append --cmd --entrypoint \
                         --exposed-ports -o --output --repo -t --tag -u --user -w --workdir \
                         --set-platform",
                image: FIRST,
            },
            Command {
                words: "rebase",
                values: "--original --old_base --new_base --rebased -t --tag",
                image: ArgumentOr(0, "--original"),
            },
            Command {
                words: "validate",
                values: "--remote --tarball",
                image: ArgumentOr(0, "--remote"),
            },
            Command { words: "ls", values: "", image: Tags },
            Command {
                words: "catalog auth/get login logout",
                values: "-u --username -p --password",
                image: Registry,
            },
            Command {
                words: "serve layout/gc version completion",
                values: "-u --username -p --password --address --disk",
                image: Nowhere,
            },
            Command {
                words: "blob config copy cp delete digest export filter flatten manifest tag \
                        token list gc",
                values: "-j --jobs -t --tag --tarball -m --mount -o --output",
                image: FIRST,
            },
        ],
        ..PLAIN
    },
    Tool {
        names: "skopeo",
        values: "--command-timeout --policy --registries.d --registries-conf --tmpdir \
                 --override-arch --override-os --override-variant --user-agent-prefix",
        platform: SKOPEO,
        commands: &[
            Command {
                words: "login logout",
                values: "--authfile --cert-dir -u --username -p --password",
                image: Registry,
            },
            Command {
                words: "list-tags",
                values: "--authfile --cert-dir --creds --registry-token --username --password \
                         --retry-times --retry-delay",
                image: Tags,
            },
            Command {
                words: "manifest-digest generate-sigstore-key standalone-sign standalone-verify",
                values: "",
                image: Nowhere,
            },
            Command {
                words: "copy inspect sync delete layers",
                values: "--additional-tag --authfile --src-authfile --dest-authfile --src-creds \
                         --dest-creds --src-cert-dir --dest-cert-dir --src-registry-token \
                         --dest-registry-token --src-username --dest-username --src-password \
                         --dest-password --src-shared-blob-dir --dest-shared-blob-dir \
                         --dest-compress-format --dest-compress-level --digestfile -f --format \
                         --multi-arch --encryption-key --encrypt-layer --decryption-key --sign-by \
                         --sign-by-sigstore --sign-by-sigstore-private-key \
                         --sign-by-sq-fingerprint --sign-identity --sign-passphrase-file \
                         --image-parallel-copies --src-daemon-host --dest-daemon-host \
                         --retry-times --retry-delay --cert-dir --creds --daemon-host \
                         --registry-token --shared-blob-dir --username --password -s --src -d \
                         --dest --remove-signatures-from",
                image: FIRST,
            },
        ],
        ..PLAIN
    },
    Tool {
        names: "oras",
        groups: "manifest blob repo repository index",
        values: "-u --username -p --password --identity-token --registry-config --ca-file \
                 --cert-file --key-file --resolve -H --header --format --template -o --output \
                 --platform --artifact-type -a --annotation --annotation-file --config \
                 --concurrency --export-manifest --image-spec --distribution-spec --media-type \
                 --depth --last --oci-layout-path --cache-dir --subject --from-username \
                 --from-password --from-identity-token --from-registry-config --from-ca-file \
                 --from-cert-file --from-key-file --from-header --from-resolve --to-username \
                 --to-password --to-identity-token --to-registry-config --to-ca-file \
                 --to-cert-file --to-key-file --to-header --to-resolve --from-distribution-spec \
                 --to-distribution-spec --size --artifact-platform --file --input --from-oci-layout-path \
                 --to-oci-layout-path",
        commands: &[
            Command { words: "version", values: "", image: Nowhere },
            Command {
                words: "login logout repo/ls repository/ls repo/list repository/list",
                values: "",
                image: Registry,
            },
            Command { words: "tags show-tags", values: "", image: Tags },
            Command {
                words: "pull push attach cp copy discover tag resolve fetch delete fetch-config \
                        create update backup restore",
                values: "",
                image: FIRST,
            },
        ],
        ..PLAIN
    },
    Tool {
        names: "regctl",
        groups: "image manifest tag artifact index ref repo blob registry",
        values: "--host --logopt -v --verbosity --user-agent -p --platform --platforms --format \
                 --base --digest --create --annotation --label --media-type -m -o --output \
                 --output-dir --file -f --file-media-type --filter-artifact-type \
                 --filter-annotation --artifact-type --config-file --config-type --subject \
                 --sort-annotation --last --limit --include --exclude --content-type -c \
                 --layer-compress --layer-reproducible --time --time-max --exported-platform \
                 --name --src --refers --external --os-version --desc-annotation --desc-platform \
                 --context --referrers-src --referrers-tgt --created --annotation-base --author \
                 --buildarg-rm --buildarg-rm-regex --config-cmd --config-entrypoint \
                 --config-platform --config-time --data-max --digest-algo --env --expose-add \
                 --expose-rm --file-tar-time --layer-add --layer-rm-created-by --layer-rm-index \
                 --layer-strip-file --layer-time --rebase-ref --user --volume-add --volume-rm \
                 --workdir --ref -t --pass -u --concurrent",
        platform: REGCTL,
        commands: &[
            Command {
                words: "repo/ls repo/list registry/login registry/logout registry/whoami",
                values: "",
                image: Registry,
            },
            Command { words: "tag/ls tag/list", values: "", image: Tags },
            Command {
                words: "blob/get blob/get-file blob/head blob/delete blob/copy blob/diff-config \
                        blob/diff-layer",
                values: "",
                image: RepositoryAndDigest,
            },
            Command {
                words: "registry/set registry/config version completion",
                values: "",
                image: Nowhere,
            },
            Command {
                words: "copy cp inspect config digest export import mod get get-file head put \
                        list ls tree diff delete check-base ratelimit create add rm",
                values: "",
                image: FIRST,
            },
        ],
        ..PLAIN
    },
    Tool {
        names: "cosign",
        groups: "attach download dockerfile manifest upload",
        values: "--output-file -t --timeout --key --certificate --cert --certificate-chain \
                 --cert-chain --certificate-identity --certificate-identity-regexp \
                 --certificate-oidc-issuer --certificate-oidc-issuer-regexp \
                 --certificate-github-workflow-name --certificate-github-workflow-ref \
                 --certificate-github-workflow-repository --certificate-github-workflow-sha \
                 --certificate-github-workflow-trigger --ca-intermediates --ca-roots --rekor-url \
                 --signature --signature-digest-algorithm --payload --sct --slot --attachment \
                 --attachment-tag-prefix -a --annotations -o --output --max-workers \
                 --registry-username --registry-password --registry-token --registry-cacert \
                 --registry-client-cert --registry-client-key --registry-server-name \
                 --registry-referrers-mode --timestamp-certificate-chain --timestamp-server-url \
                 --timestamp-client-cacert --timestamp-client-cert --timestamp-client-key \
                 --timestamp-server-name --trusted-root --bundle --type --policy --predicate \
                 --predicate-type --platform --oidc-client-id --oidc-client-secret-file \
                 --oidc-issuer --oidc-provider --oidc-redirect-url --identity-token --fulcio-url \
                 --fulcio-auth-flow --signing-config --output-signature --output-certificate \
                 --output-payload --output-attestation --sign-container-identity --sbom \
                 --input-format --attestation --only --dir -f --files --ct --statement --hash \
                 --rekor-response --tsr --cert-identity --cert-oidc-issuer --image \
                 --k8s-namespace",
        commands: &[
            Command {
                words: "verify-blob verify-blob-attestation sign-blob attest-blob generate-key-pair \
                        public-key initialize piv-tool pkcs11-tool env version \
                        import-key-pair trusted-root signing-config bundle",
                values: "",
                image: Nowhere,
            },
            Command { words: "login", values: "", image: Registry },
            Command {
                words: "verify verify-attestation sign attest tree triangulate copy clean save \
                        load generate sbom signature attestation wasm blob",
                values: "",
                image: FIRST,
            },
        ],
        ..PLAIN
    },
    Tool {
        names: "notation",
        values: "-u --username -p --password --signature-format -k --key --id --plugin \
                 --plugin-config -e --expiry -m --user-metadata --max-signatures -o --output \
                 --scope --timestamp-url --timestamp-root-cert",
        commands: &[
            Command { words: "login logout", values: "", image: Registry },
            Command { words: "key cert policy plugin version", values: "", image: Nowhere },
            Command { words: "sign verify list ls inspect", values: "", image: FIRST },
        ],
        ..PLAIN
    },
];
