//! The page that users get may not grow unnoticed.

use std::fs;

use anyhow::{Context, Result};

use super::counts::Counts;
use crate::page::weight::{self, LIMITS};
use crate::page::{self, For};
use crate::paths;

pub(super) fn run() -> Result<Counts> {
    let weights = weight::of(&page::build(For::Tests)?)?;
    print!("{}", weight::table(&weights));
    let limits = fs::read_to_string(paths::root().join(LIMITS))
        .with_context(|| format!("can't read {LIMITS}"))?;
    let judged = weight::judge(&weights, &limits)?;
    for sentence in &judged.loose {
        println!("note: {sentence}");
    }
    for sentence in &judged.over {
        println!("error: {sentence}");
    }
    Ok(if judged.over.is_empty() { Counts::PASSED } else { Counts::FAILED })
}
