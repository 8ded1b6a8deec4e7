//! Checked value of `--shuffle`: the seed of the order of work.

use crate::item_options::random_seed;
use crate::items::shown;
use crate::number::parse_number;
use evenly::{Items, Policy};

/// The seed, and a hint that says it if the user has not given it.
///
/// # Errors
/// One line that says why the value, the items or the policy cannot be used.
pub(crate) fn resolve(
    typed: Option<&str>,
    items: &Items,
    policy: Policy,
) -> Result<Option<(u64, Option<String>)>, String> {
    let Some(typed) = typed else { return Ok(None) };
    if items.is_open_ended() {
        let items = shown(items);
        return Err(format!(
            "--shuffle is for items with an end, and {items} has none; leave it out"
        ));
    }
    if policy == Policy::Static {
        return Err(
            "--split static gives each worker one range, so no order is left for --shuffle; \
                    leave out one of them"
                .to_owned(),
        );
    }
    if typed.is_empty() {
        let seed = random_seed("--shuffle")?;
        return Ok(Some((seed, Some(format!("order of work: --shuffle {seed} gives it again")))));
    }
    let bad = |cause: &str| format!("bad value '{typed}' for --shuffle: {cause}");
    let number = parse_number(typed).map_err(|cause| bad(&cause))?;
    let seed = u64::try_from(number).map_err(|_| bad("a seed is from 0 to 2^64-1"))?;
    Ok(Some((seed, None)))
}

/// Whether a word behind `--shuffle` is its seed. Items and functions are no plain numbers.
pub(crate) fn is_seed(word: &str) -> bool {
    parse_number(word).is_ok()
}

/// Whether a word is the option without a value.
pub(crate) fn is_bare(word: &str) -> bool {
    word == "--shuffle" || word == "--shuf"
}
