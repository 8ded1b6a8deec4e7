//! Fingerprint of a job: a journal is used for the job that it was made for only.

use evenly_core::items::NoPart;
use evenly_core::{Aggregate, Items, ItemsPart, printable};
use std::fmt;

/// Most characters of items in a difference.
const MOST_SHOWN: usize = 200;

/// Hexadecimal digits of a digest in a message: enough to compare two by eye.
const DIGEST_SHOWN: usize = 12;

/// The version of this program, as it stands in fingerprints.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What makes a job this one: texts and digests, so that anything can be a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// What is asked.
    pub aggregate: Aggregate,
    /// The function, by its name or its source.
    pub function: String,
    /// What is run and is not in the function's name: a digest of a library's bytes, the words of a
    /// command. Empty if there is nothing of the kind.
    pub program: String,
    /// The numbers.
    pub items: Items,
    /// Which part of which items these are, if the job is a part.
    pub part: Option<PartOfItems>,
    /// Which version of this program.
    pub version: String,
}

/// Part K of N of some items. Its numbers are the items of a job of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartOfItems {
    part: ItemsPart,
    whole: Items,
}

impl PartOfItems {
    /// This part of these items.
    #[must_use]
    pub const fn new(part: ItemsPart, whole: Items) -> Self {
        Self { part, whole }
    }

    /// Which part it is.
    #[must_use]
    pub const fn part(&self) -> ItemsPart {
        self.part
    }

    /// All items, of which this is a part.
    #[must_use]
    pub const fn whole(&self) -> &Items {
        &self.whole
    }

    /// The items of the part.
    ///
    /// # Errors
    /// If there is no such part of the items.
    pub fn items(&self) -> Result<Items, NoPart> {
        self.whole.part(self.part)
    }
}

/// `3/16 of 0..1000`.
impl fmt::Display for PartOfItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.part, self.whole)
    }
}

/// Another function, program or version, with which a run goes on with a journal
/// ([`accept_change`](super::Journal::accept_change)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalChange {
    /// What earlier results come from: `'n % 2'`, `program 0123456789ab` or `evenly 0.1.0`.
    pub before: String,
    /// What the results of this run come from.
    pub now: String,
    /// Whether this run is the first with it.
    pub is_new: bool,
}

/// Something in which two fingerprints differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    what: &'static str,
    there: String,
    here: String,
    /// Whether `--accept-change` allows it.
    pub(super) may_be_accepted: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} '{}' there, '{}' here", self.what, self.there, self.here)
    }
}

impl Difference {
    /// The same where `here` is another journal.
    pub(super) fn to_others(&self) -> String {
        format!("{} '{}' there, '{}' in the journals before it", self.what, self.there, self.here)
    }

    /// Whether a resumed journal can get rid of it: what a call runs is read anew, and its words stay.
    pub(super) fn is_of_files(&self) -> bool {
        self.may_be_accepted && self.what != "function"
    }

    /// Whether it is that of two ranges, whose journals can be merged.
    pub(super) fn is_of_ranges(&self) -> bool {
        self.what == "range"
    }

    /// Whether it is that of two parts.
    pub(super) fn is_of_parts(&self) -> bool {
        self.is_of_items() && [&self.there, &self.here].iter().all(|it| it.starts_with("part "))
    }

    /// Whether it is that of other items.
    pub(super) fn is_of_items(&self) -> bool {
        self.what == "items"
    }
}

impl Difference {
    /// Whether it may be that of the lines of `--lines`.
    pub(super) fn is_of_lines(&self) -> bool {
        self.what == "lines or program"
    }
}

impl Fingerprint {
    /// The function in quotes, for a message.
    pub(super) fn function_name(&self) -> String {
        format!("'{}'", printable(self.function.as_bytes(), MOST_SHOWN))
    }

    /// The program by the beginning of its digest, for a message.
    pub(super) fn program_name(&self) -> String {
        format!("program {}", printable(shortened(&self.program).as_bytes(), MOST_SHOWN))
    }

    /// The version of evenly, for a message.
    pub(super) fn release(&self) -> String {
        format!("evenly {}", printable(self.version.as_bytes(), MOST_SHOWN))
    }

    /// Of a job that this program runs.
    #[must_use]
    pub fn new(
        aggregate: Aggregate,
        items: impl Into<Items>,
        function: &str,
        program: &str,
    ) -> Self {
        let (function, program) = (function.to_owned(), program.to_owned());
        let items = items.into();
        Self { aggregate, function, program, items, part: None, version: VERSION.to_owned() }
    }

    /// The same for a job whose items are this part.
    pub(super) fn of_part(self, part: Option<PartOfItems>) -> Self {
        Self { part, ..self }
    }

    /// In what this one, of a journal, differs from what is asked for now. Items that have [grown](Self::has_grown_to)
    /// are no difference.
    pub(super) fn differences(&self, here: &Self) -> Vec<Difference> {
        let mut all = self.differences_but_range(here);
        if !self.has_grown_to(here) {
            all.extend(self.difference_of_items(here));
        }
        all
    }

    /// Whether there are more items now, and what a journal says of the former ones is true of the same ones now: rows
    /// of a journal count positions.
    pub(super) fn has_grown_to(&self, here: &Self) -> bool {
        let is_whole = self.part.is_none() && here.part.is_none();
        is_whole && self.items != here.items && here.items.has_all_at_their_positions(&self.items)
    }

    /// The difference of the items alone.
    pub(super) fn difference_of_items(&self, here: &Self) -> Option<Difference> {
        if self.items == here.items && self.part == here.part {
            return None;
        }
        let is_range = |it: &Self| it.items.as_range().is_some() && it.part.is_none();
        let what = if is_range(self) && is_range(here) { "range" } else { "items" };
        let text = |it: &Self| match &it.part {
            Some(part) => format!("part {part}"),
            None => it.items.to_string(),
        };
        let shown = |it: &Self| printable(text(it).as_bytes(), MOST_SHOWN);
        Some(Difference { what, there: shown(self), here: shown(here), may_be_accepted: false })
    }

    /// The same where the ranges may differ.
    pub(super) fn differences_but_range(&self, here: &Self) -> Vec<Difference> {
        // A call of the library has no way to accept another closure.
        let may_change = !here.function.starts_with("closure at ");
        // The same words: the bytes of the lines differ, or those of a file of the command.
        let has_same_lines_option =
            self.function == here.function && here.function.starts_with("--lines");
        let program = if has_same_lines_option { "lines or program" } else { "program" };
        let texts = [
            ("command", named(self.aggregate), named(here.aggregate), false),
            ("function", self.function.clone(), here.function.clone(), may_change),
            (program, self.program.clone(), here.program.clone(), may_change),
            ("version", self.version.clone(), here.version.clone(), true),
        ];
        let differ = texts.into_iter().filter(|(_, there, here, _)| there != here);
        let all = differ.map(|(what, there, here, may_be_accepted)| Difference {
            what,
            there: shortened(&there),
            here: shortened(&here),
            may_be_accepted,
        });
        all.collect()
    }
}

/// A text with digests cut to [`DIGEST_SHOWN`] digits.
fn shortened(text: &str) -> String {
    let is_digest = |word: &str| word.len() == 64 && word.bytes().all(|it| it.is_ascii_hexdigit());
    let short = |word| if is_digest(word) { &word[..DIGEST_SHOWN] } else { word };
    text.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

/// An aggregate as on the command line.
pub(super) fn named(aggregate: Aggregate) -> String {
    let name = aggregate.name();
    match (aggregate.first(), aggregate.bins()) {
        (Some(first), _) => format!("{name} --first {first}"),
        (None, Some(bins)) => format!("{name} --bins {bins}"),
        (None, None) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::Range;

    #[test]
    fn differences_are_shown_with_both_sides() {
        let range = |end| Range::new(0, end).unwrap();
        let one = Fingerprint::new(Aggregate::Count, range(10), "even", "");
        let other = Fingerprint::new(Aggregate::Sum, range(9), "odd", "");
        assert!(one.differences(&one.clone()).is_empty());
        let texts: Vec<_> = one.differences(&other).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "command 'count' there, 'sum' here",
                "function 'even' there, 'odd' here",
                "range '0..10' there, '0..9' here",
            ]
        );
        assert_eq!(one.differences_but_range(&other).len(), 2);
        let grown = Fingerprint::new(Aggregate::Count, range(11), "even", "");
        assert!(one.has_grown_to(&grown) && one.differences(&grown).is_empty());
        assert!(!grown.has_grown_to(&one) && !one.has_grown_to(&one));
    }
}
