//! Findings as SARIF, which code scanning takes.

use std::collections::BTreeSet;

use drydock::finding::{Finding, Severity};
use drydock::verify::Report;
use serde_json::{Value, json};

/// A report as a SARIF log.
pub(super) fn of(report: &Report) -> Value {
    let properties = json!({ "verdict": report.verdict, "digest": report.digest });
    log(&report.findings, &report.reference, &properties)
}

/// Findings about an image as a SARIF log with one run.
///
/// SARIF 2.1.0, section 3.13.
pub(super) fn log(findings: &[Finding], reference: &str, properties: &Value) -> Value {
    let rules: BTreeSet<&str> = findings.iter().map(|finding| &*finding.rule).collect();
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({ "id": id })).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, reference)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "drydock",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "properties": properties,
            "results": results,
        }],
    })
}

fn result(finding: &Finding, reference: &str) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    json!({
        "ruleId": finding.rule,
        "level": level,
        "message": { "text": finding.message },
        "locations": [{
            // An image has no lines; code scanning shows nothing that has none.
            "physicalLocation": {
                "artifactLocation": { "uri": reference },
                "region": { "startLine": 1 },
            },
            "logicalLocations": [{ "name": finding.subject }],
        }],
    })
}
