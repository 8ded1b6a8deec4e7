//! Errors of the library, matched as a calling program would: by variant, error number and kind. Without a test
//! harness, whose threads would keep a job from forking.

use evenly::function::{Command, Obstacle, UnusableCommand, named, predicate};
use evenly::halt::{HaltSpeed, HaltThreshold, HaltTrigger};
use evenly::observe::{Gone, Observation, Observer};
use evenly::output::{Output, Writer};
use evenly::{Address, Aggregate, Error, Halt, Job, Join, JoinError, Key, KeyError, ListenError};
use evenly::{Range, Report};
use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::time::Duration;

fn main() {
    a_closed_pipe_is_an_output_error_of_kind_broken_pipe();
    an_error_of_an_output_of_the_caller_arrives_as_it_was();
    a_deadline_says_how_much_is_done();
    a_condition_that_ends_the_job_says_how_much_is_done();
    a_missing_program_and_one_that_cannot_be_executed_have_different_errors();
    an_address_of_another_machine_cannot_be_listened_at();
    a_path_in_use_and_one_that_is_no_socket_have_different_errors();
    a_job_over_a_closure_refuses_to_listen();
    a_primary_that_is_not_there_is_an_error_with_its_number();
    a_missing_key_file_and_one_of_another_length_have_different_errors();
    errors_pass_through_the_io_error_of_the_caller();
    // Last: afterwards this process may have a second thread for a moment.
    a_second_thread_is_refused_before_any_fork();
}

fn range() -> Range {
    Range::new(0, 1_000_000).expect("it is a range")
}

fn even() -> Box<dyn evenly::function::Function> {
    predicate("even", |n| n % 2 == 0)
}

fn find(output: Box<dyn Output>) -> Result<Report, Error> {
    Job::new(Aggregate::Find { first: None }, range(), even()).output(output).run()
}

fn a_closed_pipe_is_an_output_error_of_kind_broken_pipe() {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    match find(Box::new(Writer::new(writer))) {
        Err(Error::Output(cause)) => {
            assert_eq!((cause.kind(), cause.raw_os_error()), (ErrorKind::BrokenPipe, Some(32)));
        }
        other => panic!("{other:?}"),
    }
}

fn an_error_of_an_output_of_the_caller_arrives_as_it_was() {
    struct Refusing;
    impl Output for Refusing {
        fn put(&mut self, _: &[u8]) -> io::Result<()> {
            Err(io::Error::new(ErrorKind::QuotaExceeded, "the table has no room"))
        }
        fn flush(&mut self) -> io::Result<usize> {
            Ok(0)
        }
        fn descriptor(&self) -> Option<BorrowedFd<'_>> {
            None
        }
    }
    let error = find(Box::new(Refusing)).expect_err("no line can be written");
    let Error::Output(cause) = &error else { panic!("{error:?}") };
    assert_eq!(cause.kind(), ErrorKind::QuotaExceeded);
    assert!(error.to_string().starts_with("cannot write the answer: the table has no room"));
}

fn a_deadline_says_how_much_is_done() {
    let slow = predicate("slow", |_| {
        std::thread::sleep(Duration::from_millis(1));
        true
    });
    let limit = Duration::from_millis(200);
    let error = Job::count(range(), slow).deadline(limit).drain(limit).run().expect_err("too slow");
    assert!(!error.is_refusal());
    match error {
        Error::Deadline { deadline, covered, total } => {
            assert_eq!((deadline, total), (limit, Some(1_000_000)));
            assert!(total.is_some_and(|total| covered < total));
        }
        other => panic!("{other:?}"),
    }
}

fn a_condition_that_ends_the_job_says_how_much_is_done() {
    let halt =
        Halt { when: HaltSpeed::Soon, why: HaltTrigger::Done, after: HaltThreshold::Numbers(1) };
    match Job::count(range(), even()).halt(Some(halt)).run() {
        Err(Error::Halted { failed: 0, covered, total: Some(1_000_000), .. }) => {
            assert!(covered > 0);
        }
        other => panic!("{other:?}"),
    }
}

fn a_missing_program_and_one_that_cannot_be_executed_have_different_errors() {
    let command = |program: &str| Command::new([program, "{}"].map(Into::into).to_vec());
    match command("no-such-program") {
        Err(UnusableCommand::NotFound { program }) => assert_eq!(program, "no-such-program"),
        other => panic!("{other:?}"),
    }
    match command("/etc/passwd") {
        Err(UnusableCommand::NotExecutable { cause: Obstacle::System(cause), .. }) => {
            assert_eq!(cause.kind(), ErrorKind::PermissionDenied);
        }
        other => panic!("{other:?}"),
    }
}

fn listen(address: &str) -> ListenError {
    let address: Address = address.parse().expect("an address");
    let key = Key::make(&scratch("listen.key")).expect("a key");
    let even = named("even").expect("a builtin");
    let job = Job::count(range(), even).keys(vec![key]).listen(address);
    let error = job.run().expect_err("nothing can listen there");
    std::fs::remove_file(scratch("listen.key")).expect("the key file is there");
    assert!(error.is_refusal());
    match error {
        Error::Listen(error) => error,
        other => panic!("{other:?}"),
    }
}

fn scratch(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("evenly-errors-{}-{name}", std::process::id()))
}

fn an_address_of_another_machine_cannot_be_listened_at() {
    // 192.0.2.0/24 is for documents only (RFC 5737).
    match listen("tcp:192.0.2.1:4000") {
        ListenError::System { call: "bind", cause, .. } => {
            assert_eq!(cause.kind(), ErrorKind::AddrNotAvailable);
        }
        other => panic!("{other:?}"),
    }
}

fn a_path_in_use_and_one_that_is_no_socket_have_different_errors() {
    let path = scratch("file");
    std::fs::write(&path, "").expect("a file");
    let error = listen(&format!("unix:{}", path.display()));
    std::fs::remove_file(&path).expect("it is there");
    assert!(matches!(error, ListenError::NotASocket { .. }), "{error:?}");
    let socket = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let error = listen(&format!("unix:{}", path.display()));
    drop(socket);
    std::fs::remove_file(&path).expect("it is there");
    assert!(matches!(error, ListenError::InUse { .. }), "{error:?}");
}

fn a_job_over_a_closure_refuses_to_listen() {
    let path = scratch("closure");
    let address: Address = format!("unix:{}", path.display()).parse().expect("an address");
    let error = Job::count(range(), even()).listen(address).run().expect_err("no agent has it");
    assert!(error.is_refusal() && !path.exists());
    assert!(
        matches!(&error, Error::FunctionOfThisProgram { function } if function == "even"),
        "{error:?}"
    );
}

fn a_primary_that_is_not_there_is_an_error_with_its_number() {
    let address: Address = "unix:/no/such/directory/socket".parse().expect("an address");
    let join = Join::new(address.clone(), None).expect("it can be joined");
    match join.first_join(Duration::from_millis(200)).run() {
        Err(JoinError::Unreachable { address: where_to, why: Gone::Broken(cause), .. }) => {
            assert_eq!(where_to, address);
            assert_eq!((cause.kind(), cause.raw_os_error()), (ErrorKind::NotFound, 2));
        }
        other => panic!("{other:?}"),
    }
}

fn a_missing_key_file_and_one_of_another_length_have_different_errors() {
    let path = scratch("key");
    assert!(matches!(Key::read(&path), Err(KeyError::Missing { .. })));
    std::fs::write(&path, "short").expect("a file");
    let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
    std::fs::set_permissions(&path, mode).expect("it is ours");
    let read = Key::read(&path);
    std::fs::remove_file(&path).expect("it is there");
    assert!(matches!(read, Err(KeyError::Length { length: 5, .. })), "{read:?}");
}

/// A caller with `io::Result` functions needs no error type of its own for a system call.
fn errors_pass_through_the_io_error_of_the_caller() {
    fn as_io(error: Error) -> io::Error {
        match error {
            Error::System { cause, .. } | Error::CannotStart { cause, .. } => cause.into(),
            Error::Output(cause) => cause,
            other => io::Error::other(other),
        }
    }
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let error = as_io(find(Box::new(Writer::new(writer))).expect_err("its reader is gone"));
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

fn a_second_thread_is_refused_before_any_fork() {
    struct NoFork;
    impl Observer for NoFork {
        fn observe(&mut self, observation: &Observation<'_>) {
            assert!(!matches!(observation, Observation::WorkerStarted { .. }), "{observation:?}");
        }
    }
    let (end, wait) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || wait.recv());
    let error = Job::count(range(), even()).run_observed(&mut NoFork);
    drop(end);
    let _ = thread.join();
    match error {
        Err(error @ Error::Threads { count: 2 }) => assert!(error.is_refusal()),
        other => panic!("{other:?}"),
    }
}
