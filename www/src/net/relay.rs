//! Uploads whose bytes never come here: this server takes them from another registry.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use http::header::AUTHORIZATION;
use js_sys::Uint8Array;
use serde::Deserialize;

use super::fetch::{self, Answer, Body, Call};
use super::problem::{Problem, ProblemKind};
use super::registries::Registries;
use super::stream::{Access, RENEWALS, challenges, passing, refused};

/// Longest line of the server's account, in bytes: the head of an answer, and an error's text.
const LINE_BYTES: usize = 1 << 20;

/// A blob that lies at another registry.
#[derive(Debug)]
pub struct Elsewhere {
    registries: Registries,
    access: RefCell<Access>,
    size: u64,
    refusal: Refusal,
}

/// What a source said when it refused for good. The engine only knows what its target says.
pub type Refusal = Rc<RefCell<Option<Problem>>>;

/// A line of what the server tells while it passes a blob on.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Sent { sent: u64 },
    End { of: End, status: u16, headers: Vec<(String, String)>, body: String },
}

/// Whose answer ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Source,
    Target,
}

impl Elsewhere {
    /// A blob of so many bytes, and how to ask for it. Into `refusal` goes why it can't be had.
    #[must_use]
    pub fn new(registries: Registries, access: Access, size: u64, refusal: Refusal) -> Self {
        Self { registries, access: RefCell::new(access), size, refusal }
    }

    /// Has a part of it sent with a request, and gives the target's answer. `sent` is told how many
    /// bytes are on their way.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        part: Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<Answer, Problem> {
        let mut renewals = 0;
        loop {
            let (of, answer) = self.order(method, path, fields, &part, sent).await?;
            if of == End::Target {
                return Ok(answer);
            }
            if answer.status == 401 && renewals < RENEWALS {
                renewals += 1;
                let access = self.access.borrow().clone();
                match self.registries.renew(&access, challenges(&answer)).await {
                    Ok(access) => self.access.replace(access),
                    Err(problem) => return Err(self.refused(problem)),
                };
                continue;
            }
            let host = self.access.borrow().host().to_owned();
            let problem = match answer.header("x-drydock-error").map(str::to_owned) {
                Some(code) => answer.refusal(code).await,
                None => refused(&answer, &host),
            };
            return Err(self.refused(problem));
        }
    }

    fn refused(&self, problem: Problem) -> Problem {
        if !passing(&problem) {
            self.refusal.replace(Some(problem.clone()));
        }
        problem
    }

    async fn order(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        part: &Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<(End, Answer), Problem> {
        let access = self.access.borrow().clone();
        let size = self.size.to_string();
        let range = format!("bytes={}-{}", part.start, part.end.saturating_sub(1));
        let mut headers = fields.to_vec();
        headers.push(("X-Drydock-From", &access.path));
        headers.push(("X-Drydock-From-Size", &size));
        headers.push(("X-Drydock-From-Range", &range));
        let own = access.headers.iter().find(|(name, _)| *name == AUTHORIZATION.as_str());
        if let Some((_, value)) = own {
            headers.push(("X-Drydock-From-Authorization", value));
        }
        let mut answer = fetch::send(Call { method, path, headers, body: None }).await?;
        let mut line = Vec::new();
        while let Some(piece) = answer.body.next().await? {
            for byte in piece.to_vec() {
                if byte != b'\n' {
                    line.push(byte);
                    continue;
                }
                match serde_json::from_slice(&line).map_err(|_| no_account())? {
                    Line::Sent { sent: bytes } => sent(bytes),
                    Line::End { of, status, headers, body } => {
                        let status = fetch::status(status, &headers);
                        let body = Body::whole(Some(Uint8Array::from(body.as_bytes())));
                        return Ok((of, Answer { status, headers, body }));
                    }
                }
                line.clear();
            }
            if line.len() > LINE_BYTES {
                return Err(no_account());
            }
        }
        Err(Problem::cut(0, None))
    }
}

fn no_account() -> Problem {
    let headline = "This server passed a blob on and gave an account of it that can't be read.";
    Problem::new(ProblemKind::Registry, headline)
        .advise("Reload the page; it may be of another version.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d9_the_account_of_the_server_is_read_line_by_line() {
        let sent: Line = serde_json::from_str("{\"sent\":4096}").unwrap();
        assert!(matches!(sent, Line::Sent { sent: 4096 }));
        let end = r#"{"of":"target","status":201,"headers":[["location","/v2/a"]],"body":""}"#;
        match serde_json::from_str(end).unwrap() {
            Line::End { of, status, headers, body } => {
                assert_eq!((of, status, &*body), (End::Target, 201, ""));
                assert_eq!(headers, [("location".to_owned(), "/v2/a".to_owned())]);
            }
            Line::Sent { .. } => panic!("it is the end"),
        }
        for other in
            ["", "{}", "[]", "{\"of\":\"nobody\",\"status\":1,\"headers\":[],\"body\":\"\"}"]
        {
            assert!(serde_json::from_str::<Line>(other).is_err(), "{other}");
        }
    }
}
