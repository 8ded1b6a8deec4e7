//! Scenarios for fault injection: small jobs, the processes whose calls fail, and the expected ends.

/// A small job under strace.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Where they say `{place}`, that is a directory of the run's own.
    pub(crate) words: &'static str,
    pub(crate) reach: Reach,
    pub(crate) act: Act,
    pub(crate) ending: Ending,
    /// Whether standard error shows pictures of the wiring, which are no lines of ours to judge.
    pub(crate) shows_pictures: bool,
    /// Only what comes from the first call of this name on, if other scenarios do the rest.
    pub(crate) from: Option<&'static str>,
    /// The most occurrences of a call to sample.
    pub(crate) occurrences: usize,
    /// How many run at the same time: most of a run is sleep.
    pub(crate) at_once: usize,
}

/// In which processes calls fail. strace counts calls by process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The primary: strace does not follow forks.
    Primary,
    /// The primary, among followed workers that make fewer calls of that name. With a filter in the
    /// kernel for the one call: for jobs that make thousands of calls.
    PrimaryAhead,
    /// Every process with enough calls of that name: all workers and their replacements.
    /// Not what the primary calls before `main`, so that the first calls of some names are out of
    /// reach here; [`Reach::FirstWorker`] has those.
    Everyone,
    /// The first worker alone: strace is attached while it is stopped to be seen (`--wiring`).
    FirstWorker,
}

/// What is done to the job meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Nothing,
    Interrupt,
    /// It is stopped as by Ctrl-Z, and goes on.
    Pause,
    /// Standard output has no reader.
    CloseOutput,
}

/// How it ends when nothing fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    Answer(&'static str),
    /// By this signal.
    Signal(i32),
}

const SIGINT: i32 = 2;
pub(crate) const SIGPIPE: i32 = 13;

/// Long enough to be paused, and no work for the processors.
const SLOW: &str = "count test:slow=100 0..1000 --split static -j 2 --progress none";

/// Too long to be waited for.
const ENDLESS: &str = "count test:slow=100 0..1e9 --split static -j 2 --progress none";

/// One worker crashes, and its successor does not.
const CRASHING: &str =
    "count test:crash-once={place}/crashed@60000 0..100000 --split fixed:9000 -j 2 --progress none";

const SMALL: &str = "count even 0..100000 --split fixed:1000 -j 2 --progress none";

const FUNCTIONS: &str = include_str!("../../../../docs/help/functions.txt");

const PLAIN: Scenario = Scenario {
    name: "primary",
    words: SMALL,
    reach: Reach::Primary,
    act: Act::Nothing,
    ending: Ending::Answer("50000\n"),
    shows_pictures: false,
    from: None,
    occurrences: 5,
    at_once: 4,
};

pub(crate) const SCENARIOS: &[Scenario] = &[
    PLAIN,
    // It asks for the number of processors, and sizes chunks by time.
    Scenario { name: "primary_by_default", words: "count even 0..100000", occurrences: 3, ..PLAIN },
    Scenario {
        name: "primary_without_a_job",
        words: "functions",
        ending: Ending::Answer(FUNCTIONS),
        ..PLAIN
    },
    Scenario {
        name: "primary_that_loses_a_worker",
        words: CRASHING,
        from: Some("waitid"),
        ..PLAIN
    },
    Scenario {
        name: "primary_that_is_interrupted",
        words: ENDLESS,
        act: Act::Interrupt,
        ending: Ending::Signal(SIGINT),
        from: Some("epoll_pwait"),
        ..PLAIN
    },
    Scenario {
        name: "primary_that_is_paused",
        words: SLOW,
        act: Act::Pause,
        ending: Ending::Answer("500\n"),
        from: Some("kill"),
        ..PLAIN
    },
    Scenario {
        name: "primary_without_a_reader",
        words: "functions",
        act: Act::CloseOutput,
        ending: Ending::Signal(SIGPIPE),
        ..PLAIN
    },
    Scenario { name: "everyone", reach: Reach::Everyone, at_once: 32, ..PLAIN },
    Scenario {
        name: "first_worker",
        words: "count even 0..100000 --split fixed:1000 -j 2 --wiring --step",
        reach: Reach::FirstWorker,
        shows_pictures: true,
        at_once: 6,
        ..PLAIN
    },
    Scenario {
        name: "wiring",
        words: "count even 0..100000 -j 2 --wiring",
        reach: Reach::PrimaryAhead,
        shows_pictures: true,
        occurrences: 2,
        at_once: 6,
        ..PLAIN
    },
];
