//! Makers and judges of images that are written in Go.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{Step, bin, in_place, log};
use crate::paths;
use crate::process::Run;

/// The oldest Go that builds them all.
const GO: (u32, u32) = (1, 26);

/// A module of Go and the commands to build out of it.
struct Tool {
    name: &'static str,
    version: &'static str,
    packages: &'static [&'static str],
    /// `go install` refuses modules that replace others; `go get` in an empty module does not.
    replaces: bool,
    why: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "crane",
        version: "0.22.1",
        packages: &["github.com/google/go-containerregistry/cmd/crane"],
        replaces: false,
        why: "makes test images; the peer of measurements",
    },
    Tool {
        name: "oras",
        version: "1.3.6",
        packages: &["oras.land/oras/cmd/oras"],
        replaces: false,
        why: "pushes artifacts and referrers",
    },
    Tool {
        name: "regctl",
        version: "0.11.7",
        packages: &["github.com/regclient/regclient/cmd/regctl"],
        replaces: false,
        why: "judges images, layouts and referrers",
    },
    Tool {
        name: "distribution",
        version: "3.1.2",
        packages: &["github.com/distribution/distribution/v3/cmd/registry"],
        replaces: false,
        why: "a registry that is pushed to",
    },
    Tool {
        name: "cosign",
        version: "3.1.3",
        packages: &["github.com/sigstore/cosign/v3/cmd/cosign"],
        replaces: false,
        why: "signs images, and judges copied signatures",
    },
    Tool {
        name: "umoci",
        version: "0.6.0",
        packages: &["github.com/opencontainers/umoci/cmd/umoci"],
        replaces: true,
        why: "unpacks images: the judge of file trees",
    },
    Tool {
        name: "conformance",
        version: "0.0.0-20260831232431-97274622c111",
        packages: &["github.com/opencontainers/distribution-spec/conformance"],
        replaces: false,
        why: "the distribution-spec's own test of registries",
    },
    Tool {
        name: "ko",
        version: "0.19.1",
        packages: &["github.com/google/ko"],
        replaces: false,
        why: "makes images for several platforms with SBOMs",
    },
    Tool {
        name: "buildkit",
        version: "0.34.2",
        packages: &[
            "github.com/moby/buildkit/cmd/buildkitd",
            "github.com/moby/buildkit/cmd/buildctl",
        ],
        replaces: true,
        why: "builds Dockerfiles, with attestations, gzip and zstd",
    },
];

pub(super) fn steps() -> Result<Vec<Step>> {
    let steps = TOOLS.iter().map(|tool| {
        let bin = bin(tool.name, tool.version);
        let is_there = tool.packages.iter().all(|package| bin.join(program(package)).is_file());
        Step::new(format!("{} {}", tool.name, tool.version), tool.why, is_there, || install(tool))
    });
    Ok(steps.collect())
}

/// Where they are.
pub(super) fn bins() -> Vec<PathBuf> {
    TOOLS.iter().map(|tool| bin(tool.name, tool.version)).collect()
}

fn install(tool: &Tool) -> Result<()> {
    check_go()?;
    in_place(tool.name, tool.version, |part| {
        let go = || {
            Run::new("go")
                .env("GOTOOLCHAIN", "local")
                .env("CGO_ENABLED", "0")
                .env("GOFLAGS", "-mod=mod")
        };
        let log = log(tool.name);
        if !tool.replaces {
            return tool.packages.iter().try_for_each(|package| {
                go().args(["install", &format!("{package}@v{}", tool.version)])
                    .dir(part)
                    .env("GOBIN", part.join("bin"))
                    .log(&log)
            });
        }
        let module = part.join("module");
        fs::create_dir_all(&module)?;
        go().args(["mod", "init", "tools"]).dir(&module).log(&log)?;
        let wanted = tool.packages.iter().map(|package| format!("{package}@v{}", tool.version));
        go().arg("get").args(wanted).dir(&module).log(&log)?;
        for package in tool.packages {
            let place = part.join("bin").join(program(package));
            go().args(["build", "-o"]).arg(place).arg(package).dir(&module).log(&log)?;
        }
        fs::remove_dir_all(module)?;
        Ok(())
    })
}

fn program(package: &str) -> &str {
    package.rsplit('/').next().unwrap_or(package)
}

fn check_go() -> Result<()> {
    let wanted = format!("Go {}.{} or newer is needed: https://go.dev/dl", GO.0, GO.1);
    if paths::program("go").is_none() {
        bail!("there is no Go. {wanted}");
    }
    let version =
        Run::new("go").args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").capture()?;
    let number = version.trim().trim_start_matches("go");
    let mut parts = number.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < GO {
        return Err(anyhow::anyhow!("Go here is {number}")).context(wanted);
    }
    Ok(())
}
