//! Option `--part K/N`: this part of the items only. `--part auto` takes K and N from the array engine that started this.

use evenly::ItemsPart;
use std::env::var;

/// Count of parts, where the array engine does not say how many tasks there are.
const PARTS: &str = "EVENLY_PARTS";

/// What `auto` stands before.
const AUTO: &str = "auto";

/// The part of a value `K/N`, `K/N:stride`, `auto` or `auto:stride`.
///
/// # Errors
/// The cause and the next step.
pub(crate) fn parse_part(typed: &str) -> Result<ItemsPart, String> {
    let bad = |cause: &str| format!("bad value '{}' for --part: {cause}", quote(typed));
    match typed.split_once(':').unwrap_or((typed, "")) {
        (AUTO, "") if !typed.ends_with(':') => of_array(&|name| var(name).ok()),
        (AUTO, "stride") => of_array(&|name| var(name).ok()).map(ItemsPart::strided),
        (AUTO, _) => Err(bad("it is auto or auto:stride")),
        _ => typed.parse().map_err(|error: evenly::PartError| bad(&error.to_string())),
    }
}

/// How an array engine counts its tasks in the environment of a task.
struct ArrayEngine {
    name: &'static str,
    index: &'static [&'static str],
    /// Values of the index outside of an array.
    is_none: &'static [&'static str],
    /// Lowest index: a variable, or a number.
    first: Bound,
    /// Highest index, or one above it.
    end: Bound,
    step: &'static str,
}

/// An end of the indices of an array.
enum Bound {
    Number(u32),
    /// The index itself.
    Last(&'static str),
    /// One above the last index.
    Size(&'static str),
    Unknown,
}

const ENGINES: [ArrayEngine; 6] = [
    ArrayEngine {
        name: "Slurm",
        index: &["SLURM_ARRAY_TASK_ID"],
        is_none: &[],
        first: Bound::Last("SLURM_ARRAY_TASK_MIN"),
        end: Bound::Last("SLURM_ARRAY_TASK_MAX"),
        step: "SLURM_ARRAY_TASK_STEP",
    },
    ArrayEngine {
        name: "Grid Engine",
        index: &["SGE_TASK_ID"],
        is_none: &["undefined"],
        first: Bound::Last("SGE_TASK_FIRST"),
        end: Bound::Last("SGE_TASK_LAST"),
        step: "SGE_TASK_STEPSIZE",
    },
    ArrayEngine {
        name: "PBS",
        index: &["PBS_ARRAY_INDEX", "PBS_ARRAYID"],
        is_none: &[],
        first: Bound::Number(1),
        end: Bound::Unknown,
        step: "",
    },
    ArrayEngine {
        name: "LSF",
        index: &["LSB_JOBINDEX"],
        is_none: &["0"],
        first: Bound::Number(1),
        end: Bound::Last("LSB_JOBINDEX_END"),
        step: "LSB_JOBINDEX_STEP",
    },
    ArrayEngine {
        name: "AWS Batch",
        index: &["AWS_BATCH_JOB_ARRAY_INDEX"],
        is_none: &[],
        first: Bound::Number(0),
        end: Bound::Size("AWS_BATCH_JOB_ARRAY_SIZE"),
        step: "",
    },
    ArrayEngine {
        name: "Kubernetes",
        index: &["JOB_COMPLETION_INDEX"],
        is_none: &[],
        first: Bound::Number(0),
        end: Bound::Unknown,
        step: "",
    },
];

type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The part of the task that this process is in.
fn of_array(environment: Environment<'_>) -> Result<ItemsPart, String> {
    let found = ENGINES.iter().filter_map(|engine| engine.task(environment).map(|it| (engine, it)));
    let found: Vec<(&ArrayEngine, (&str, String))> = found.collect();
    match &found[..] {
        [(engine, (variable, index))] => engine.part(environment, variable, index),
        [] => Err(format!(
            "--part auto finds no array task in the environment (SLURM_ARRAY_TASK_ID, SGE_TASK_ID, PBS_ARRAY_INDEX, \
             LSB_JOBINDEX, AWS_BATCH_JOB_ARRAY_INDEX, JOB_COMPLETION_INDEX); write --part K/N, or set \
             JOB_COMPLETION_INDEX=0.. and {PARTS}=N"
        )),
        several => {
            let named = several.iter().map(|(engine, (variable, index))| {
                format!("{variable}={} of {}", quote(index), engine.name)
            });
            let named: Vec<String> = named.collect();
            Err(format!(
                "--part auto finds several array tasks in the environment: {}; unset all but one, or write --part K/N",
                named.join(", ")
            ))
        }
    }
}

impl ArrayEngine {
    /// The variable with the index, and the index.
    fn task(&self, environment: Environment<'_>) -> Option<(&'static str, String)> {
        let mut set = self.index.iter().filter_map(|name| Some((*name, environment(name)?)));
        set.find(|(_, index)| !index.is_empty() && !self.is_none.contains(&&**index))
    }

    fn part(
        &self,
        environment: Environment<'_>,
        variable: &str,
        index: &str,
    ) -> Result<ItemsPart, String> {
        let number = |name: &str, text: &str| {
            text.parse::<u32>().map_err(|_| {
                format!("--part auto: {name}='{}' is no number; write --part K/N", quote(text))
            })
        };
        let read =
            |name: &'static str| environment(name).map(|text| number(name, &text)).transpose();
        let index = number(variable, index)?;
        let first = match self.first {
            Bound::Number(first) => Some(first),
            Bound::Last(name) => read(name)?,
            Bound::Size(_) | Bound::Unknown => None,
        };
        // The user's own count, for arrays that do not know theirs, or of which some tasks run again.
        let given = read(PARTS)?;
        let last = match (given, &self.end) {
            (Some(0), _) => {
                return Err(format!("--part auto: {PARTS} is 0; set it to the number of parts"));
            }
            (Some(count), _) => Some(u64::from(self.origin()) + u64::from(count) - 1),
            (None, Bound::Last(name)) => read(name)?.map(u64::from),
            (None, Bound::Size(name)) => {
                read(name)?.and_then(|size| u64::from(size).checked_sub(1))
            }
            (None, Bound::Number(_) | Bound::Unknown) => None,
        };
        let first = if given.is_some() { Some(self.origin()) } else { first };
        let step = match (given, self.step) {
            (None, step) if !step.is_empty() => read(step)?.unwrap_or(1).max(1),
            _ => 1,
        };
        let (Some(first), Some(last)) = (first, last) else {
            return Err(format!(
                "--part auto: {} does not say how many tasks its array has; set {PARTS}=N, with tasks from {}",
                self.name,
                self.origin()
            ));
        };
        let outside = || {
            format!(
                "--part auto: {variable}={index} of {} is none of the tasks {first}..={last}; write --part K/N, or set \
                 {PARTS}=N with tasks from {}",
                self.name,
                self.origin()
            )
        };
        let ahead =
            index.checked_sub(first).filter(|ahead| ahead % step == 0).ok_or_else(outside)?;
        let tasks = last.checked_sub(first.into()).map(|span| span / u64::from(step) + 1);
        let tasks = tasks.and_then(|tasks| u32::try_from(tasks).ok()).ok_or_else(outside)?;
        if let (None, "Slurm", Some(count)) = (given, self.name, read("SLURM_ARRAY_TASK_COUNT")?)
            && count != tasks
        {
            return Err(format!(
                "--part auto: the array of Slurm is a list of {count} tasks from {first} to {last}; submit it as \
                 --array=1-N, or set {PARTS}=N, with tasks from 1"
            ));
        }
        (ahead / step)
            .checked_add(1)
            .and_then(|it| ItemsPart::new(it, tasks).ok())
            .ok_or_else(outside)
    }

    /// The first index of an array whose size the user gives.
    fn origin(&self) -> u32 {
        match self.first {
            Bound::Number(first) => first,
            _ => 1,
        }
    }
}

fn quote(text: &str) -> String {
    evenly::printable(text.as_bytes(), 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &str) -> Result<String, String> {
        let get = |name: &str| {
            let pairs = variables.split(' ').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        of_array(&get).map(|part| part.to_string())
    }

    #[test]
    fn each_array_engine_says_which_part_a_task_is() {
        for (variables, part) in [
            (
                "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=16 SLURM_ARRAY_TASK_COUNT=16 \
                 SLURM_ARRAY_TASK_STEP=1",
                "3/16",
            ),
            (
                "SLURM_ARRAY_TASK_ID=40 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=70 SLURM_ARRAY_TASK_COUNT=8 \
                 SLURM_ARRAY_TASK_STEP=10",
                "5/8",
            ),
            (
                "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=7 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_COUNT=1 \
                 EVENLY_PARTS=16",
                "7/16",
            ),
            ("SGE_TASK_ID=2 SGE_TASK_FIRST=2 SGE_TASK_LAST=8 SGE_TASK_STEPSIZE=2", "1/4"),
            ("PBS_ARRAY_INDEX=4 EVENLY_PARTS=4", "4/4"),
            ("PBS_ARRAYID=1 EVENLY_PARTS=4 SGE_TASK_ID=undefined LSB_JOBINDEX=0", "1/4"),
            ("LSB_JOBINDEX=5 LSB_JOBINDEX_END=10 LSB_JOBINDEX_STEP=1", "5/10"),
            ("AWS_BATCH_JOB_ARRAY_INDEX=0 AWS_BATCH_JOB_ARRAY_SIZE=3", "1/3"),
            ("JOB_COMPLETION_INDEX=7 EVENLY_PARTS=8", "8/8"),
        ] {
            assert_eq!(of(variables).as_deref(), Ok(part), "{variables}");
        }
    }

    #[test]
    fn an_absent_or_ambiguous_task_is_refused_with_what_to_set() {
        for (variables, expected) in [
            ("", "write --part K/N, or set JOB_COMPLETION_INDEX=0.. and EVENLY_PARTS=N"),
            ("SGE_TASK_ID=undefined", "finds no array task"),
            ("PBS_ARRAY_INDEX=4", "set EVENLY_PARTS=N, with tasks from 1"),
            ("JOB_COMPLETION_INDEX=0", "set EVENLY_PARTS=N, with tasks from 0"),
            ("JOB_COMPLETION_INDEX=8 EVENLY_PARTS=8", "none of the tasks 0..=7"),
            ("JOB_COMPLETION_INDEX=0 EVENLY_PARTS=0", "EVENLY_PARTS is 0"),
            ("JOB_COMPLETION_INDEX=x EVENLY_PARTS=8", "JOB_COMPLETION_INDEX='x' is no number"),
            (
                "JOB_COMPLETION_INDEX=0 EVENLY_PARTS=8 PBS_ARRAY_INDEX=1",
                "PBS_ARRAY_INDEX=1 of PBS, JOB_COMPLETION_INDEX=0 of Kubernetes; unset all but one",
            ),
            (
                "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_COUNT=3 \
                 SLURM_ARRAY_TASK_STEP=1",
                "a list of 3 tasks from 1 to 7; submit it as --array=1-N",
            ),
        ] {
            let refusal = of(variables).unwrap_err();
            assert!(
                refusal.contains(expected) && !refusal.contains('\n'),
                "{variables}: {refusal}"
            );
        }
    }
}
