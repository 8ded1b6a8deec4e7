//! Answers of a primary to a hello: the welcome with its supplement, and the texts of refusals.

use crate::error::{Error, cannot_start};
use crate::function::{Command, Lines};
use crate::job::Job;
use evenly_core::hello::{
    Call, Hello, MAX_SUPPLEMENT, Misunderstood, Program, Supplement, Welcome,
};
use evenly_core::printable::{LIMIT, printable};

/// The refusal of an agent for which the primary has no descriptor.
pub(super) fn too_many(agents: usize) -> String {
    format!(
        "the primary has {agents} agents and no descriptor for another; \
         raise its limit on open files (ulimit -Hn), or let fewer agents have more workers each"
    )
}

/// What this primary says to the agents that it calls.
pub(super) fn call(job: &Job, program: Program) -> Call {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let function = job.function.name().to_owned();
    Call { pid: std::process::id(), program, host, function }
}

/// The refusal of a peer whose hello is not understood.
pub(super) fn misunderstood(why: &Misunderstood, is_call: bool) -> String {
    match is_call {
        true => {
            "a primary listens here, and no agent waits to be called; agents join it".to_owned()
        }
        false => why.to_string(),
    }
}

/// Whether an agent brings what the job needs. Every program with functions of its own has the builtins, too.
pub(super) fn brings(hello: &Hello, program: Program) -> bool {
    let has_builtins = matches!(hello.program, Program::Executable(_)) && program == Program::None;
    hello.program == program || has_builtins
}

/// The beginning of a digest, as `b2sum -l 256` prints it.
fn hash(digest: &[u8; 32]) -> String {
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What is said to an agent that was started with something else than this job needs; both are named.
pub(super) fn other_program(hello: &Hello, (program, function): (Program, &str)) -> String {
    let theirs = match hello.program_name.as_str() {
        "" => "a program of its own".to_owned(),
        name => printable(name.as_bytes(), LIMIT),
    };
    let ours = printable(function.as_bytes(), LIMIT);
    match (hello.program, program) {
        (Program::Executable(there), Program::Executable(here)) => {
            let (there, here) = (hash(&there), hash(&here));
            format!(
                "{ours} is a function of the executable with the hash {here}, and the agent {theirs} has the hash \
                 {there} (b2sum -l 256); copy the executable of the primary to the agent"
            )
        }
        (_, Program::Executable(here)) => format!(
            "{ours} is a function of the executable with the hash {} (b2sum -l 256), which the agent is not; start \
             that executable as the agent",
            hash(&here)
        ),
        (Program::None, _) => {
            format!("the agent was started without a program, and this job needs {ours}")
        }
        (_, Program::None) => format!(
            "the agent was started with {theirs}, and this job asks for {ours}, which needs no program"
        ),
        _ if function.ends_with(&hello.program_name) => {
            format!("{ours} is not the same file for the agent as for this job")
        }
        _ => format!("the agent was started with {theirs}, and this job needs {ours}"),
    }
}

/// What every agent gets behind its welcome.
pub(super) fn supplement(job: &Job) -> Result<Vec<u8>, Error> {
    let items = job.items.as_range().is_none().then(|| job.items.clone());
    let command = job.function.command();
    let lines = command.as_deref().and_then(Command::lines);
    let lines = lines.map(Lines::index).unwrap_or_default();
    of_bounded_length(Supplement { items, lines }.encode())
}

fn of_bounded_length(supplement: Vec<u8>) -> Result<Vec<u8>, Error> {
    match supplement.len() {
        length if length > MAX_SUPPLEMENT => {
            Err(Error::ItemsTooLong { length, most: MAX_SUPPLEMENT })
        }
        _ => Ok(supplement),
    }
}

/// The welcome that every agent gets, with the length of what follows.
pub(super) fn welcome(job: &Job, supplement: u32) -> Result<Welcome, Error> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(cannot_start("getrandom"))?;
    Ok(Welcome {
        job: u64::from_le_bytes(bytes),
        aggregate: job.aggregate,
        retries: job.retries,
        range: job.items.hull(),
        timeout_ns: job
            .timeout
            .map_or(0, |timeout| timeout.as_nanos().clamp(1, u64::MAX.into()) as u64),
        grace_ns: u64::try_from(job.grace.as_nanos()).unwrap_or(u64::MAX),
        memory: job.memory.unwrap_or(0),
        chunk_min: job.chunk_min,
        program: job.function.program_for_agents(),
        function: job.function.name_for_agents(),
        supplement,
    })
}

/// Which boot of which kernel this is (proc(5), `boot_id`), and which pid namespace: between two who say
/// the same, the number of a process means the same. Zero if the kernel does not say.
pub(in crate::driver) fn boot() -> [u8; 16] {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let namespace = rustix::fs::stat("/proc/self/ns/pid").map(|stat| stat.st_ino);
    match (u128::from_str_radix(&digits, 16), namespace) {
        (Ok(boot), Ok(namespace)) => (boot ^ u128::from(namespace)).to_be_bytes(),
        _ => [0; 16],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_above_64_mib_of_text_is_refused_with_its_length() {
        assert!(of_bounded_length(vec![0; MAX_SUPPLEMENT]).is_ok());
        let error = of_bounded_length(vec![0; MAX_SUPPLEMENT + 1]).unwrap_err();
        assert!(error.is_refusal());
        let said = error.to_string();
        assert!(
            said.contains(" takes 67108865 bytes, and an agent gets at most 67108864; run"),
            "{said}"
        );
    }
}
