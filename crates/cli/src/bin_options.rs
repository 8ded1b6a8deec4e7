//! Option of `hist` for bins of its values.

use crate::exit::ExitOutcome;
use crate::option::option;
use clap::Args;
use evenly::{Aggregate, Bins};

// The option as it is typed.
#[derive(Debug, Args)]
pub(crate) struct BinArguments {
    /// Count the values in K bins of equal width from LO to below HI, and those below and above; LO and HI are
    /// decimals
    #[arg(long, value_name = "LO..HI/K", allow_hyphen_values = true)]
    pub(crate) bins: Option<String>,
}

impl BinArguments {
    /// The aggregate that is asked for.
    ///
    /// # Errors
    /// One line with the reason, if there are no such bins.
    pub(crate) fn aggregate(&self) -> Result<Aggregate, ExitOutcome> {
        let parse = |typed: &str| typed.parse::<Bins>().map_err(|error| error.to_string());
        let bins = option("bins", self.bins.as_deref(), parse)?;
        Ok(bins.map_or(Aggregate::Hist, Aggregate::Binned))
    }
}
