//! Tests of commands: how often they run, the variables that they get, and how an agent reads them.

use super::*;
use crate::function::Function;
use crate::process::task_directories::TaskFiles;
use evenly_core::Range;

fn words(line: &str) -> Vec<OsString> {
    line.split(' ').map(OsString::from).collect()
}

#[test]
fn marks_say_how_often_it_is_run() {
    let form = |line| Command::new(words(line)).map(|command| command.form());
    assert_eq!(form("echo {}"), Ok(Form::PerNumber));
    assert_eq!(form("echo x{start}y {end}"), Ok(Form::PerChunk));
    assert!(matches!(form("echo"), Err(UnusableCommand::NoMark { .. })));
    assert!(matches!(form("echo {} {end}"), Err(UnusableCommand::BothMarks { .. })));
    assert_eq!(Command::new(vec![]).unwrap_err(), UnusableCommand::Empty);
    let job = ArrayJob::new(ArraySystem::Slurm, Range::new(0, 4).unwrap());
    assert!(Command::array(words("echo"), job.clone()).is_ok());
    assert!(matches!(
        Command::array(words("echo {start}"), job),
        Err(UnusableCommand::NoArray { .. })
    ));
    assert_eq!(Command::coprocess(words("awk {}")).unwrap().form(), Form::Coprocess);
}

#[test]
fn what_an_agent_brings_is_run_as_the_job_says() {
    let range = Range::new(0, 4).unwrap();
    let status = std::num::NonZeroU8::new(3).unwrap();
    let array = ArrayJob::new(ArraySystem::Slurm, range);
    let longer = array.clone().tasks(Range::new(0, 100).unwrap());
    for (command, line) in [
        (Command::array(words("echo"), longer).unwrap(), "echo"),
        (Command::new(words("echo {}")).unwrap().no_status(status), "echo {}"),
        (Command::new(words("echo {start} {end}")).unwrap().tagged(), "echo {start} {end}"),
        (Command::new(words("echo x {}")).unwrap().at_most_once(), "echo x {}"),
        (Command::array(words("echo"), array).unwrap().repeats(2), "echo"),
        (Command::coprocess(words("awk {}")).unwrap(), "awk {}"),
    ] {
        let brought = Command::brought(words(line)).unwrap().into_function();
        let (name, items) = (command.name_for_agents(), Items::from(range));
        let function = command.into_function();
        assert_eq!(brought.program(), function.program());
        let again = brought.as_in_job(&name, &items).unwrap();
        let is_once = |function: &dyn Function| function.command().unwrap().is_at_most_once();
        assert_eq!(is_once(&*again), is_once(&*function));
        assert_eq!((again.name(), again.program()), (function.name(), function.program()));
    }
    let brought = Command::brought(words("echo {}")).unwrap().into_function();
    assert!(brought.as_in_job("--new-option -- echo {}", &range.into()).is_none());
    let other = Command::brought(words("echo {} {}")).unwrap().into_function();
    assert_ne!(brought.program(), other.program());
}

#[test]
fn a_command_gets_its_numbers_in_environment_variables() {
    let range = Range::new(-2, 10).unwrap();
    let numbers = Interval::new(-2, 4).unwrap();
    let files = TaskFiles { directory: "/t".into(), hosts: "/h".into(), programs: "/p".into() };
    let variables_of = |command: Command| -> Vec<String> {
        let variables = command.variables_for(numbers, 3, 2, Some(&files));
        variables.into_iter().map(|one| one.into_string().unwrap()).collect()
    };
    let both = ["EVENLY_WORKER=3", "EVENLY_ATTEMPT=2"];
    let chunk = variables_of(Command::new(words("echo {start} {end}")).unwrap());
    assert_eq!(chunk, [both[0], both[1], "EVENLY_START=-2", "EVENLY_END=5"]);
    let job = ArrayJob::new(ArraySystem::Slurm, range).with_id(70);
    let array = variables_of(Command::array(words("echo"), job).unwrap());
    assert_eq!(
        array[2..8],
        [
            "EVENLY_INDEX=-2",
            "SLURM_ARRAY_JOB_ID=70",
            "SLURM_ARRAY_TASK_ID=-2",
            "SLURM_ARRAY_TASK_COUNT=12",
            "SLURM_ARRAY_TASK_MIN=-2",
            "SLURM_ARRAY_TASK_MAX=9",
        ]
    );
    assert_eq!(variables_of(Command::coprocess(words("awk 1")).unwrap()), both);
}
