//! Runs named cases in their order and prints one JSON line for each.

use crate::args::Args;
use serde_json::json;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

/// What a case found: the detail of a success, or of the failure.
pub type Outcome = Result<String, String>;

/// No case may hang the suite.
const LIMIT: Duration = Duration::from_secs(120);

pub struct Cases<'a> {
    wanted: Option<Vec<&'a str>>,
    known: Vec<&'static str>,
    failed: usize,
}

impl<'a> Cases<'a> {
    /// Of `all`, those named by `--cases`; a name that is not there is an error.
    pub fn choose(args: &'a Args, all: &[&'static str]) -> Result<Self, String> {
        let wanted = args.list("cases");
        if let Some(stranger) = wanted.iter().flatten().find(|name| !all.contains(name)) {
            return Err(format!(
                "no case is called {stranger}; there are {}",
                all.join(",")
            ));
        }
        Ok(Cases {
            wanted,
            known: all.to_vec(),
            failed: 0,
        })
    }

    pub fn wants(&self, name: &str) -> bool {
        assert!(self.known.contains(&name), "{name} is not in the list of cases");
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&name))
    }

    pub async fn run(&mut self, name: &str, case: impl Future<Output = Outcome>) {
        if !self.wants(name) {
            return;
        }
        let outcome = match tokio::time::timeout(LIMIT, case).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("not done within {} s", LIMIT.as_secs())),
        };
        let (ok, detail) = match outcome {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        self.failed += usize::from(!ok);
        println!("{}", json!({ "case": name, "ok": ok, "detail": detail }));
    }

    pub fn verdict(&self) -> ExitCode {
        ExitCode::from(u8::from(self.failed > 0))
    }
}

/// `what` holds, or the case fails with `detail`.
pub fn ensure(holds: bool, detail: impl FnOnce() -> String) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(detail())
    }
}

/// An error text that contains `expected` is the success of a case.
pub fn refused<T>(result: Result<T, String>, expected: &str) -> Outcome {
    match result {
        Ok(_) => Err(format!("went through, expected: {expected}")),
        Err(text) if text.contains(expected) => Ok(text),
        Err(text) => Err(format!("{text}; expected: {expected}")),
    }
}
