//! Suggestions in messages: lists of names, and the name closest to a word.

/// The names with commas between them.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// The name most similar to `typed`, if it is similar enough to suggest.
pub(crate) fn closest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let scored = names.map(|name| (strsim::jaro_winkler(&typed, name), name));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 > 0.75).then_some(best.1)
}

/// The command that has another name elsewhere.
pub(crate) fn verb(typed: &str) -> Option<&'static str> {
    Some(match typed.to_ascii_lowercase().as_str() {
        "avg" | "average" => "mean",
        "add" | "total" | "parsum" => "sum",
        "minimum" | "smallest" => "min",
        "maximum" | "largest" => "max",
        "filter" | "list" | "grep" | "search" | "select" | "parselect" => "find",
        "exists" | "some" => "any",
        "every" | "forall" => "all",
        "histogram" | "uniq" => "hist",
        "apply" | "table" | "parapply" | "parvector" => "map",
        "fails" | "fail" => "failures",
        "parallel" | "xargs" | "exec" | "parfor" | "foreach" | "for" | "each" => "run",
        "continue" => "resume",
        "check" => "verify",
        _ => return None,
    })
}

/// What to write for a command of another tool that is no single command here.
pub(crate) fn call(typed: &str) -> Option<&'static str> {
    Some(match typed {
        "qsub" => "write: evenly run 1..=N --as sge -- ./SCRIPT, or --as pbs",
        "bsub" => "write: evenly run 1..=N --as lsf -- ./SCRIPT",
        "srun" => "write: evenly run 1..=N --as slurm -- ./SCRIPT, or evenly sbatch SCRIPT",
        "exercise" | "exercises" | "ejercicio" | "ejercicios" | "class" | "clase" => {
            "write: evenly count even 0..100 -j 2 --wiring=class; evenly lab has more exercises"
        }
        "squeue" | "qstat" | "bjobs" | "jobs" => "write: evenly status",
        "sacct" => "write: evenly status, or evenly verify JOURNAL",
        "scancel" | "qdel" | "bkill" | "cancel" | "stop" => {
            "write: kill PID; evenly status has the PID"
        }
        "forprime" => "write: evenly map FUNCTION RANGE --where prime",
        "prod" | "product" | "prodeuler" => {
            "no command multiplies over a range; an expression does: product(d in 1..=n, d)"
        }
        "version" => "write: evenly --version",
        "sem" => "there is no job queue across calls",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_suggested_and_far_ones_are_not() {
        let names = || ["even", "odd", "prime"].into_iter();
        assert_eq!(closest("evn", names()), Some("even"));
        assert_eq!(closest("Primes", names()), Some("prime"));
        assert_eq!(closest("ood", names()), Some("odd"));
        assert_eq!(closest("fibonacci", names()), None);
    }
}
