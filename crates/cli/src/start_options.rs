//! Options that hold back the start of commands while the machine is busy: `--load` and `--memfree`.

use crate::exit::ExitOutcome;
use crate::number::parse_number;
use crate::option::{Replace, option, replace_fields};
use crate::size::parse_size;
use evenly::function::StartLimits;

// The options as they are typed.
#[derive(Debug, clap::Args)]
pub(crate) struct StartArguments {
    /// Start CMD only while fewer threads than this run on the machine: N, or N% of the CPUs
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) load: Option<String>,
    /// Start CMD only while this much memory is available on the machine: 500M, 2G
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub(crate) memfree: Option<String>,
}

impl StartArguments {
    /// The name of an option that is given, if there is one.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let load = self.load.as_ref().map(|_| "--load");
        load.or(self.memfree.as_ref().map(|_| "--memfree"))
    }

    /// Checks the values.
    ///
    /// # Errors
    /// Names the option with a bad value.
    pub(crate) fn resolve(&self) -> Result<StartLimits, ExitOutcome> {
        Ok(StartLimits {
            load: option("load", self.load.as_deref(), parse_load)?,
            free_memory: option("memfree", self.memfree.as_deref(), parse_size)?,
        })
    }
}

impl Replace for StartArguments {
    fn replace_by(&mut self, later: Self) {
        replace_fields!(self, later but []: load, memfree);
    }
}

/// A number of threads, also as a percentage of the CPUs.
fn parse_load(text: &str) -> Result<f64, String> {
    const HINT: &str =
        "it is a number of threads from 1, as 8, or a percentage of the CPUs, as 150%";
    let number = |text: &str| parse_number(text).map_err(|_| HINT.to_owned());
    let limit = match text.strip_suffix('%') {
        Some(percent) => {
            number(percent)? as f64 / 100.0 * f64::from(evenly::default_workers().get())
        }
        None => number(text)? as f64,
    };
    // Nothing would start below a part of a thread.
    if limit > 0.0 && (limit >= 1.0 || text.ends_with('%')) {
        Ok(limit)
    } else {
        Err(HINT.to_owned())
    }
}
