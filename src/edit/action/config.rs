//! What can be done to a config.

use serde::{Deserialize, Serialize};

use crate::edit::time::Time;
use crate::spec::Healthcheck;

/// A change of the config (image-spec, config.md). An absent value takes the property away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConfigEdit {
    /// Start of the command. The arguments in `Cmd` stay unless they are to be cleared.
    Entrypoint {
        /// The words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Vec<String>>,
        /// Whether `Cmd` is taken away.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        clear_cmd: bool,
    },
    /// The command, or the arguments of the entrypoint.
    Cmd {
        /// The words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Vec<String>>,
    },
    /// A variable of the environment.
    Env {
        /// Its name.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// A label.
    Label {
        /// Its name.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// User or uid, and group.
    User {
        /// `app`, `1000:1000`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// Directory in which the command is started.
    WorkingDir {
        /// An absolute path.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// A port that is offered.
    ExposedPort {
        /// `8080/tcp`, `53/udp`, `8080`.
        port: String,
        /// Whether it is offered or not.
        present: bool,
    },
    /// A directory that should be a volume.
    Volume {
        /// An absolute path.
        path: String,
        /// Whether it should be one or not.
        present: bool,
    },
    /// Signal that asks the process to end.
    StopSignal {
        /// `SIGTERM`, `15`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// How the container's health is asked (Docker).
    Healthcheck {
        /// The check.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Healthcheck>,
    },
    /// Who made the image.
    Author {
        /// Name and address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// When the image was made.
    Created {
        /// The time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Time>,
    },
    /// The operating system.
    Os {
        /// By Go's names.
        value: String,
    },
    /// The CPU architecture.
    Architecture {
        /// By Go's names.
        value: String,
    },
    /// The variant of the CPU.
    Variant {
        /// `v7`, `v8`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// The version of the operating system.
    OsVersion {
        /// As Windows gives it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// Features that the operating system must have.
    OsFeatures {
        /// The features; none takes the property away.
        value: Vec<String>,
    },
}
