//! Options of GNU parallel that have another name or form here, for the message about an unknown option.

use crate::parallel_items::LINKED;

/// What to type here in place of an option of GNU parallel, named without its minus signs.
pub(crate) fn counterpart(option: &str) -> Option<&'static str> {
    Some(match option {
        "resume-failed" => {
            "--journal FILE --resume --retry-failed, or evenly resume FILE --retry-failed"
        }
        "delay" => "--max-rate: 200/m for --delay 0.3",
        "P" | "max-procs" | "procs" | "nproc" | "cpus" | "cores" | "threads" | "processes" => {
            "-j N"
        }
        "o" | "output" => "> FILE: standard output has the answer and nothing else",
        "bar" | "eta" => "--progress bar, the default on a terminal",
        "max-args" | "max-replace-args" | "N" | "n" | "L" | "l" | "max-lines" | "X" | "m"
        | "xargs" => {
            "--chunk N with {start} and {end} in CMD; {} is always one item, and xargs itself puts several into one command"
        }
        "I" | "i" | "replace" => "{}, the only text that stands for an item",
        "u" | "ungroup" | "linebuffer" | "lb" => "--line-buffer",
        "C" | "colsep" => "a split in CMD: sh -c 'IFS=,; set -f; set -- $1; echo \"$2\"' sh {}",
        "d" | "delimiter" => "tr ';' '\\n' < FILE | evenly … --lines -",
        "trim" => "sed 's/^ *//; s/ *$//' FILE | evenly … --lines -",
        "header" => "--lines FILE 2.. -- CMD, which leaves out the first line",
        "retry" => "--retries N: how many more tries",
        "tagstring" => {
            "--tag for the item and a tab; let CMD print any other text: sh -c 'echo \"TEXT $1\"' sh {}"
        }
        "files" => "--results DIR",
        "term-seq" | "termseq" => "--grace D",
        "halt-on-error" => "--halt",
        "workdir" | "wd" => "sh -c 'cd DIR && …' sh {} as CMD",
        "link" | "xapply" => LINKED.trim_start_matches("it is "),
        "nice" => "nice -n N evenly …",
        "array" => "evenly run 1..=N --as slurm -- ./SCRIPT, or evenly sbatch --array=1-N SCRIPT",
        "limit" | "noswap" => "--load or --memfree, which hold back starts",
        "t" => "--dry-run, which prints the first commands, or sh -xc as CMD",
        "plus" => "{.} {/} {//} {/.} of a line; for others: sh -c 'echo \"${1%.*.*}\"' sh {}",
        "a" | "arg-file" => "--lines FILE",
        "0" | "null" => "--lines0 FILE",
        "S" | "sshlogin" | "slf" | "sshloginfile" => {
            "--on ssh:HOST/WORKERS, or --on @FILE with hosts"
        }
        _ => return None,
    })
}

/// What to say of an option of GNU parallel that has no counterpart.
pub(crate) fn without_counterpart(option: &str) -> Option<&'static str> {
    Some(match option {
        "pipe" | "block" | "pipepart" | "pipe-part" | "spreadstdin" | "cat" | "fifo" => {
            "data is not divided among commands; --lines FILE gives each line as an argument"
        }
        "sem" | "semaphore" => "there is no job queue across calls",
        "transfer" | "transferfile" | "trc" | "return" | "cleanup" | "basefile" => {
            "no files are copied; an agent works in its own directory"
        }
        "tmux" | "interactive" | "p" => "commands have no terminal",
        "q" | "quote" => "there is no shell, so nothing needs quotes; leave it out",
        "env" => "commands inherit the environment; leave it out",
        "group" => "output of commands is never mixed; leave it out",
        "r" | "no-run-if-empty" => "without items no command runs; leave it out",
        "compress" => "large output waits in files of TMPDIR as it is; leave it out",
        "will-cite" | "citation" | "bibtex" => "there is no such notice; leave it out",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Arguments;
    use clap::CommandFactory;

    #[test]
    fn no_option_of_run_has_a_counterpart() {
        let mut all = Arguments::command();
        all.build();
        let run = all.find_subcommand("run").unwrap();
        for option in run.get_arguments().filter_map(clap::Arg::get_long) {
            assert_eq!(counterpart(option), None, "--{option}");
        }
    }

    #[test]
    fn an_option_that_is_named_exists() {
        let mut all = Arguments::command();
        all.build();
        let run = all.find_subcommand("run").unwrap();
        for option in [
            "a",
            "null",
            "delay",
            "resume-failed",
            "bar",
            "eta",
            "N",
            "n",
            "u",
            "retry",
            "header",
            "tagstring",
            "files",
            "S",
        ] {
            let text = counterpart(option).unwrap();
            let named = text.split_whitespace().next().unwrap().trim_start_matches('-');
            let named = named.trim_end_matches([':', ',']);
            let has_it = run.get_arguments().any(|arg| arg.get_long() == Some(named));
            assert!(has_it, "{option}: {text}");
        }
    }
}
