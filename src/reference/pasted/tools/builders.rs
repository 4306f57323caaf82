//! Tools that build images, and those of clouds.

use super::Place::{Nowhere, Option as InOption, Registry, Tags};
use super::{Command, FIRST, PLAIN, PlatformOptions, Tool};

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        names: "gcloud",
        groups: "container artifacts docker images tags auth alpha beta",
        values: "--project --format --filter --limit --sort-by --region --zone --location \
                 --account --configuration -q --verbosity --image --tag -t",
        commands: &[
            Command { words: "list-tags images/list-tags tags/list", values: "", image: Tags },
            Command { words: "images/list", values: "", image: Registry },
            Command { words: "describe delete untag add-tag add", values: "", image: FIRST },
            Command { words: "configure-docker login", values: "", image: Registry },
            Command { words: "", values: "", image: InOption("--image -t --tag") },
        ],
        ..PLAIN
    },
    Tool { names: "aws", commands: &[Command { words: "", values: "", image: Nowhere }], ..PLAIN },
    Tool {
        names: "az",
        values: "-n --name -i --image -t --source -g --resource-group",
        commands: &[Command { words: "", values: "", image: InOption("-i --image -t --source") }],
        ..PLAIN
    },
    Tool {
        names: "kaniko executor",
        values: "-d --destination -f --dockerfile -c --context --build-arg --cache-repo --target \
                 --digest-file --tar-path --label --verbosity",
        platform: PlatformOptions {
            whole: "--custom-platform --customPlatform",
            os: "",
            architecture: "",
            variant: "",
        },
        commands: &[Command { words: "", values: "", image: InOption("-d --destination") }],
        ..PLAIN
    },
    Tool {
        names: "pack",
        values: "-B --builder -p --path -e --env -b --buildpack --run-image --cache -t --tag",
        commands: &[
            Command { words: "build inspect rebase", values: "", image: FIRST },
            Command {
                words: "builder buildpack config version report",
                values: "",
                image: Nowhere,
            },
        ],
        ..PLAIN
    },
    Tool {
        names: "buildctl earthly bazel skaffold tilt werf dagger packer jib ko s2i make",
        values: "-t --tag --image -f --file",
        commands: &[Command { words: "", values: "", image: InOption("--image -t --tag") }],
        ..PLAIN
    },
];
