//! Options that give the items of a job: `--from`, `--grid`, `--sample`, `--seed`.

use crate::grid_options::{of_points, parse_grid, without_option};
use crate::item_file::read_items;
use crate::items::{all_lines, leading_zero, parse_items, shown};
use crate::number::parse_number;
use crate::part_option::parse_part;
use crate::sample::sample;
use clap::Args;
use evenly::function::Lines;
use evenly::internal::quoted;
use evenly::journal::PartOfItems;
use evenly::{Grid, Items, ItemsPart, MOST_PIECES, Range};
use std::path::{Path, PathBuf};
use std::rc::Rc;

// The options of every verb that say which numbers its job goes over.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ItemArguments {
    /// Take the numbers from FILE (- for standard input) instead of RANGE: on each line a number, a range, or a list or
    /// union of them; # begins a comment. Output of find and failures is such a file; points of a grid need its --grid options
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Take each combination of values of several variables, as in --grid a=0..10 --grid b=1,2,5. An expression has the
    /// variables a and b, and CMD the marks {a} and {b}. n is the number of the combination from 0, the last variable
    /// changing fastest. RANGE chooses some of them [default: all]
    #[arg(long, value_name = "NAME=VALUES")]
    pub(crate) grid: Vec<String>,
    /// Take K of the numbers only, at random and each at most once; --where then leaves out some of these
    #[arg(long, value_name = "K", allow_hyphen_values = true)]
    pub(crate) sample: Option<String>,
    /// Take the sample of this seed, a number from 0 to 2^64-1 [default: a random one, which is printed]
    #[arg(long, value_name = "S", requires = "sample", allow_hyphen_values = true)]
    pub(crate) seed: Option<String>,
    /// Leave out the n that do not satisfy COND, an expression or builtin as for FUNCTION: they are no part of the
    /// question. Not for a command that does a whole chunk
    #[arg(long = "where", value_name = "COND", allow_hyphen_values = true)]
    pub(crate) condition: Option<String>,
    /// Do part K of N only, from 1: consecutive items, or as K/N:stride every N-th item, for costs that rise or fall. Each
    /// part has its own --journal, and evenly verify --merge WHOLE FILE... puts them together. auto takes K and N
    /// from the array engine that started this task (Slurm, SGE, PBS, LSF, AWS Batch, Kubernetes); EVENLY_PARTS is N
    /// where the engine does not say it
    #[arg(long, value_name = "K/N", allow_hyphen_values = true)]
    pub(crate) part: Option<String>,
    /// The items in the journal of an interrupted run, instead of those of these options; set by `evenly resume`
    #[arg(skip)]
    pub(crate) recorded: Option<Items>,
    /// The part in that journal; set by `evenly resume`
    #[arg(skip)]
    pub(crate) recorded_part: Option<ItemsPart>,
}

/// The items of a job.
pub(crate) struct GivenItems {
    pub(crate) items: Items,
    /// The grid, if the items are numbers of its points.
    pub(crate) grid: Option<Rc<Grid>>,
    /// Says with which seed the sample is taken again.
    pub(crate) hint: Option<String>,
    /// A number that begins with a zero, which commands do not get.
    pub(crate) zeros: Option<String>,
}

/// Where the items of a job stand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ItemSource<'a> {
    /// In the call.
    Typed(&'a str),
    /// In a file.
    File(&'a Path),
    /// All points of the grid of these options.
    Points(&'a [String]),
    /// All lines of a file.
    Lines(&'a Lines),
}

impl ItemSource<'_> {
    /// The words of a call that give these items.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Typed(text) => (*text).to_owned(),
            Self::File(path) => format!("--from {}", quoted(path)),
            Self::Points(axes) => {
                let options: Vec<String> =
                    axes.iter().map(|axis| format!("--grid {}", quoted(axis))).collect();
                options.join(" ")
            }
            Self::Lines(lines) => {
                format!("{} {}", lines.line_end().option(), quoted(lines.named()))
            }
        }
    }

    /// Whether these words give items.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Typed(text) => parse_items(text).is_ok(),
            Self::File(_) | Self::Points(_) | Self::Lines(_) => true,
        }
    }
}

impl ItemArguments {
    /// The function as typed, if there is one, and the source of the items. RANGE is the last word of the call.
    ///
    /// # Errors
    /// If the items are missing or given twice.
    pub(crate) fn source<'a>(
        &'a self,
        command: &str,
        function: Option<&'a str>,
        range: Option<&'a str>,
    ) -> Result<(Option<&'a str>, ItemSource<'a>), String> {
        let twice = |range: &str, path| {
            let path = quoted(path);
            format!("--from {path} gives the items, and {range} does too; leave one of them out")
        };
        if let Some(refusal) = function.into_iter().chain(range).find_map(without_option) {
            return Err(refusal);
        }
        match (&self.from, function, range) {
            (Some(path), _, Some(range)) => Err(twice(range, path)),
            (Some(path), Some(word), None) if parse_items(word).is_ok() => Err(twice(word, path)),
            (Some(path), word, None) => Ok((word, ItemSource::File(path))),
            (None, function, Some(range)) => Ok((function, ItemSource::Typed(range))),
            // The points are all the numbers that there are; a range chooses some.
            (None, word, None) if !self.grid.is_empty() => match word {
                Some(range) if parse_items(range).is_ok() => Ok((None, ItemSource::Typed(range))),
                word => Ok((word, ItemSource::Points(&self.grid))),
            },
            (None, Some(range), None) => Ok((None, ItemSource::Typed(range))),
            (None, None, None) => Err(format!(
                "<RANGE> is missing; write the numbers, as 0..1000, or give the items by --from, --grid or --lines; see \
                 evenly {command} --help"
            )),
        }
    }

    /// Reads the items, and takes the sample.
    ///
    /// # Errors
    /// One line that names the item, file or option, the cause and the next step.
    pub(crate) fn read(&self, source: &ItemSource<'_>) -> Result<GivenItems, String> {
        let grid = parse_grid(&self.grid)?;
        if let Some(items) = &self.recorded {
            return Ok(GivenItems { items: items.clone(), grid, hint: None, zeros: None });
        }
        let (items, hint, zeros) = self.sampled(source, grid.as_deref())?;
        Ok(GivenItems { items, grid, hint, zeros })
    }

    /// The part of all items that is asked for, if it is one, and its items.
    ///
    /// # Errors
    /// One line that names the option, the cause and the next step.
    pub(crate) fn part_of(&self, whole: Items) -> Result<(Items, Option<PartOfItems>), String> {
        let typed = self.part.as_deref();
        let part = match (self.recorded_part, typed) {
            (Some(part), _) => part,
            (None, Some(typed)) => parse_part(typed)?,
            (None, None) => return Ok((whole, None)),
        };
        if self.sample.is_some() && self.seed.is_none() && self.recorded.is_none() {
            return Err(
                "--part and --sample without --seed: each part would draw another sample; add --seed S, the same for \
                 all parts"
                    .to_owned(),
            );
        }
        let of = PartOfItems::new(part, whole);
        let items =
            of.items().map_err(|cause| format!("bad value '{part}' for --part: {cause}"))?;
        Ok((items, Some(of)))
    }

    fn sampled(
        &self,
        source: &ItemSource<'_>,
        grid: Option<&Grid>,
    ) -> Result<(Items, Option<String>, Option<String>), String> {
        // A bad option is refused before a file is read.
        let count = self.count()?;
        let seed = self.seed()?;
        let (items, zeros) = match source {
            ItemSource::Typed(text) => (parse_items(text)?, leading_zero(text).map(str::to_owned)),
            ItemSource::File(path) => read_items(path, grid)?,
            ItemSource::Points(_) => (grid.map_or(Range::EMPTY, Grid::range).into(), None),
            ItemSource::Lines(lines) => (all_lines(lines), None),
        };
        let items = match grid {
            Some(grid) => of_points(grid, items)?,
            None => items,
        };
        let Some(count) = count else { return Ok((items, None, zeros)) };
        let (seed, hint) = match seed {
            Some(seed) => (seed, None),
            None => {
                let seed = random_seed("--seed")?;
                let of = shown(&items);
                (seed, Some(format!("sample of {count} of {of}: --seed {seed} takes it again")))
            }
        };
        Ok((sample(&items, count, seed).map_err(|error| error.to_string())?, hint, zeros))
    }

    fn count(&self) -> Result<Option<usize>, String> {
        let Some(typed) = &self.sample else { return Ok(None) };
        let bad = |cause: &str| {
            format!(
                "bad value '{typed}' for --sample: {cause}; it is how many n to take, from 1 to {MOST_PIECES}; \
                 --where 'hash(n) % 100 == 0' takes about one in 100"
            )
        };
        let number = parse_number(typed).map_err(|cause| bad(&cause))?;
        match usize::try_from(number) {
            Ok(count) if (1..=MOST_PIECES).contains(&count) => Ok(Some(count)),
            _ => Err(bad(if number < 1 { "it takes nothing" } else { "it is too many" })),
        }
    }

    fn seed(&self) -> Result<Option<u64>, String> {
        let Some(typed) = &self.seed else { return Ok(None) };
        let bad = |cause: String| format!("bad value '{typed}' for --seed: {cause}");
        let number = parse_number(typed).map_err(bad)?;
        u64::try_from(number).map(Some).map_err(|_| bad("it is from 0 to 2^64-1".to_owned()))
    }
}

/// A seed of 32 random bits, which is short enough to be typed.
pub(crate) fn random_seed(option: &str) -> Result<u64, String> {
    let mut bytes = [0; 4];
    let read = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    read.map_err(|cause| format!("no random seed (getrandom: {cause}); give one with {option}"))?;
    Ok(u32::from_le_bytes(bytes).into())
}
