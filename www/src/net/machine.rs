//! The registries that this machine's docker has logins for: their names, never a login.
//!
//! The server adds the login where it belongs, when it was started with `--docker-config`.

use drydock::reference::Registry;
use serde::{Deserialize, Deserializer};

use super::fetch::{self, Call};
use super::problem::{Problem, ProblemKind};

/// Largest answer to `/-/logins`, in bytes.
const BYTES: usize = 1 << 20;

/// A login of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MachineLogin {
    /// The registry that it is for.
    #[serde(deserialize_with = "registry")]
    pub registry: Registry,
    /// Why the server can't use it, where it can't.
    #[serde(default)]
    pub unusable: Option<String>,
}

/// Asks the server for the names.
///
/// # Errors
/// When it does not answer, or does not give them.
pub async fn logins() -> Result<Vec<MachineLogin>, Problem> {
    let call = Call { method: "GET", path: "/-/logins", headers: Vec::new(), body: None };
    let mut answer = fetch::send(call).await?;
    read(&answer.body.read_all(BYTES).await?).map_err(|error| {
        let headline = format!("This server's list of logins can't be read ({error}).");
        Problem::new(ProblemKind::Registry, headline).advise("Reload the page.")
    })
}

fn read(json: &[u8]) -> Result<Vec<MachineLogin>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Listed {
        logins: Vec<MachineLogin>,
    }
    Ok(serde_json::from_slice::<Listed>(json)?.logins)
}

fn registry<'de, D: Deserializer<'de>>(from: D) -> Result<Registry, D::Error> {
    Registry::parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_list_is_read() {
        let json =
            br#"{"logins":[{"registry":"docker.io"},{"registry":"r.example","unusable":"why"}]}"#;
        let logins = read(json).expect("a list");
        let rows: Vec<_> =
            logins.iter().map(|it| (it.registry.as_str(), it.unusable.as_deref())).collect();
        assert_eq!(rows, [("docker.io", None), ("r.example", Some("why"))]);
        for other in ["{}", "[]", r#"{"logins":[{"registry":"no registry"}]}"#] {
            assert!(read(other.as_bytes()).is_err(), "{other}");
        }
    }
}
