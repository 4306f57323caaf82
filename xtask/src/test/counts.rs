//! How many tests passed and failed, as the runners themselves report it.

use std::ops::AddAssign;

use anyhow::{Context, Result};
use serde_json::Value;

/// Tests of one runner, or their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Counts {
    /// One check without tests of its own, passed.
    pub(super) const PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    /// The same, failed.
    pub(super) const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };

    /// A runner that failed without naming a failed test has failed all the same.
    pub(super) fn of_run(mut self, succeeded: bool) -> Self {
        if !succeeded && self.failed == 0 {
            self.failed = 1;
        }
        self
    }

    /// From lines such as `test result: ok. 5 passed; 0 failed; 1 ignored; …` of cargo test.
    pub(super) fn of_cargo(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output.lines().filter(|line| line.starts_with("test result:")) {
            let count = |word: &str| {
                let before = line.split(word).next().unwrap_or_default();
                before
                    .split_whitespace()
                    .next_back()
                    .and_then(|number| number.parse().ok())
                    .unwrap_or(0)
            };
            sum += Self {
                passed: count("passed;"),
                failed: count("failed;"),
                skipped: count("ignored;"),
            };
        }
        sum
    }

    /// From Playwright's report in JSON.
    pub(super) fn of_playwright(report: &[u8]) -> Result<Self> {
        let report: Value =
            serde_json::from_slice(report).context("Playwright's report is no JSON")?;
        let stats = report.get("stats").context("Playwright's report has no stats")?;
        let count = |name: &str| stats.get(name).and_then(Value::as_u64).unwrap_or(0);
        // A test that passes at the second try is not one that passes.
        Ok(Self {
            passed: count("expected"),
            failed: count("unexpected") + count("flaky"),
            skipped: count("skipped"),
        })
    }

    /// From the first element of a report in JUnit's form.
    pub(super) fn of_junit(report: &str) -> Result<Self> {
        let start = report.find("<testsuites").context("the report has no <testsuites>")?;
        let element = report[start..].split('>').next().unwrap_or_default();
        let count = |name: &str| -> u64 {
            let value = element
                .split(&format!(" {name}=\""))
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            value.and_then(|value| value.parse().ok()).unwrap_or(0)
        };
        let failed = count("failures") + count("errors");
        let skipped = count("skipped") + count("disabled");
        Ok(Self { passed: count("tests").saturating_sub(failed + skipped), failed, skipped })
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn sums_the_results_of_cargo_test() {
        let output = "running 3 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            test result: FAILED. 40 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(Counts::of_cargo(output), Counts { passed: 42, failed: 3, skipped: 1 });
    }

    #[test]
    fn a_run_that_did_not_compile_has_failed() {
        assert_eq!(Counts::of_cargo("error: could not compile").of_run(false), Counts::FAILED);
    }

    #[test]
    fn a_test_that_passed_at_the_second_try_has_failed() {
        let report = br#"{"stats": {"expected": 7, "unexpected": 1, "flaky": 2, "skipped": 3}}"#;
        assert_eq!(
            Counts::of_playwright(report).unwrap(),
            Counts { passed: 7, failed: 3, skipped: 3 }
        );
    }

    #[test]
    fn reads_the_conformance_report() {
        let report = "<testsuites time=\"15.4\" tests=\"848\" failures=\"99\" skipped=\"44\" disabled=\"2\">\n<testsuite tests=\"1\">";
        assert_eq!(
            Counts::of_junit(report).unwrap(),
            Counts { passed: 703, failed: 99, skipped: 46 }
        );
    }
}
