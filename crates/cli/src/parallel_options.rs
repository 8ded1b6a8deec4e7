//! Options of GNU parallel that have another name or form here, for the message about an unknown option.

/// What to type here in place of an option of GNU parallel, named without its minus signs.
pub(crate) fn counterpart(option: &str) -> Option<&'static str> {
    Some(match option {
        "resume-failed" => {
            "--journal FILE --resume --retry-failed, or evenly resume FILE --retry-failed"
        }
        "delay" => "--max-rate: 200/m for --delay 0.3",
        "P" | "max-procs" => "-j N",
        "bar" => "--progress bar",
        "eta" => "--progress plain",
        "max-args" | "max-replace-args" | "N" => "--chunk N with {start} and {end} in CMD",
        "tagstring" => "--tag",
        "files" => "--results DIR",
        "term-seq" | "termseq" => "--grace D",
        "halt-on-error" => "--halt",
        "workdir" | "wd" => "sh -c 'cd DIR && …' sh {} as CMD",
        "nice" => "nice -n N evenly …",
        "a" | "arg-file" => "--lines FILE",
        "0" | "null" => "--lines0 FILE",
        "S" | "sshlogin" => "--listen ADDR, and evenly join ADDR -- CMD on the other machine",
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
        for option in
            ["a", "null", "delay", "resume-failed", "bar", "eta", "N", "tagstring", "files", "S"]
        {
            let text = counterpart(option).unwrap();
            let named = text.split_whitespace().next().unwrap().trim_start_matches('-');
            let named = named.trim_end_matches(':');
            let has_it = run.get_arguments().any(|arg| arg.get_long() == Some(named));
            assert!(has_it, "{option}: {text}");
        }
    }
}
