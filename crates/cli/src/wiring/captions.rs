//! Captions of the stages: the system call, what the tables show, and what happens without it.

use super::caption::Caption;
use super::roles::{Roles, half_open};
use super::table;
use super::{agent_captions, command_captions};
use evenly::internal::{Processes, Stage, WorkerProcess};
use evenly::observe::AgentSeen;
use evenly_inspect::{Language, say};

/// Most entries of a list.
const SHOWN: usize = 4;

/// The caption of a stage of a job.
pub(super) fn caption(stage: Stage, processes: &Processes, language: Language) -> Caption {
    let after = |call: &str| say!(language, "after {call}", "después de {call}");
    // Agents have workers, and this machine has none.
    let is_without = processes.assignment_pipes.is_empty();
    let pipes = processes.assignment_pipes.len() + 1;
    match stage {
        Stage::PipesMade if is_without => Caption::new(
            "pipe()",
            say!(
                language,
                "one pipe for results, although no worker here will write it",
                "un pipe de resultados, aunque ningún worker de acá va a escribirlo"
            ),
            say!(
                language,
                "nothing: agents answer over their sockets",
                "nada: los agentes contestan por sus sockets"
            ),
            after("pipe()"),
        ),
        Stage::PipesMade => Caption::new(
            "pipe()",
            say!(
                language,
                "{pipes} pipes are made; the primary holds both ends of all",
                "hay {pipes} pipes; el primario tiene los dos extremos de todos"
            ),
            say!(
                language,
                "a pipe made after fork() is in one process only, and joins nothing",
                "un pipe creado después de fork() está en un solo proceso, y no une nada"
            ),
            after("pipe()"),
        ),
        Stage::Forked => Caption::new(
            "fork()",
            say!(
                language,
                "each worker inherited every end (stopped, to be seen)",
                "cada worker heredó todos los extremos (detenido, para verlo)"
            ),
            say!(
                language,
                "there is one process, and it waits in read() for itself",
                "hay un solo proceso, y se espera a sí mismo en read()"
            ),
            after("fork()"),
        ),
        Stage::Closed if is_without => Caption::new(
            "close()",
            say!(
                language,
                "no worker runs on this machine: agents must join",
                "en esta máquina no hay workers: tienen que unirse agentes"
            ),
            say!(
                language,
                "the primary would hold a write end of its own result pipe",
                "el primario tendría un extremo de escritura de su propio pipe de resultados"
            ),
            after("close()"),
        ),
        Stage::Closed => Caption::new(
            "close()",
            say!(
                language,
                "each keeps the two ends that are its own; the primary one of each pipe",
                "cada uno se queda con los dos extremos que son suyos; el primario, con uno de cada pipe"
            ),
            say!(
                language,
                "a write end stays open, end of file never comes, and the reader waits for ever",
                "queda abierto un extremo de escritura, nunca llega el fin de archivo, y el que lee espera para siempre"
            ),
            after("close()"),
        ),
        Stage::RangesSent => Caption::new(
            "write()",
            say!(
                language,
                "a range waits in each pipe until its worker goes on",
                "en cada pipe espera un rango hasta que su worker siga"
            ),
            say!(
                language,
                "each worker blocks in read() for ever",
                "cada worker se bloquea en read() para siempre"
            ),
            after("write()"),
        ),
        Stage::CommandForked => command_captions::forked(processes, language),
        Stage::CommandExecuted => command_captions::executed(processes, language),
        Stage::Results => Caption::new(
            "read()",
            say!(
                language,
                "the answers wait in the one shared pipe",
                "las respuestas esperan en el único pipe compartido"
            ),
            say!(
                language,
                "the pipe fills, and then the workers block in write()",
                "el pipe se llena, y los workers se bloquean en write()"
            ),
            say!(language, "before read()", "antes de read()"),
        ),
        Stage::SocketMade
        | Stage::SocketBound
        | Stage::Listening
        | Stage::AgentConnecting
        | Stage::AgentJoined
        | Stage::AgentRangeSent
        | Stage::AgentAnswered => agent_captions::caption(stage, processes, language),
        Stage::WriteEndClosed => Caption::new(
            "close()",
            say!(
                language,
                "the primary closes the range pipes, one by one, and read() gives 0 in each worker",
                "el primario cierra los pipes de rangos, uno por uno, y read() devuelve 0 en cada worker"
            ),
            say!(
                language,
                "the workers wait in read() for another range, and never leave",
                "los workers esperan otro rango en read(), y no terminan nunca"
            ),
            after("close()"),
        ),
        Stage::EndOfFile => Caption::new(
            &say!(language, "end of file", "fin de archivo"),
            say!(
                language,
                "no write end of results is open, so the primary's read() gave 0",
                "no queda ningún extremo de escritura de resultados, así que el read() del primario devolvió 0"
            ),
            say!(
                language,
                "a loop that does not stop at 0 never ends",
                "un bucle que no para con 0 no termina nunca"
            ),
            say!(language, "read() gave 0", "read() devolvió 0"),
        ),
        Stage::Waited if is_without => Caption::new(
            "wait()",
            say!(
                language,
                "the agents were sent home; nothing is left here",
                "los agentes se fueron; acá no queda nada"
            ),
            say!(language, "nothing: there is no child", "nada: no hay hijos"),
            after("wait()"),
        ),
        Stage::Waited => Caption::new(
            "wait()",
            say!(
                language,
                "every worker was waited for; nothing is left",
                "se esperó a todos los workers; no queda nada"
            ),
            say!(
                language,
                "ended workers stay zombies, and a worker that failed goes unnoticed",
                "los workers terminados quedan zombis, y no se nota si uno falló"
            ),
            after("wait()"),
        ),
    }
}

/// The lines below the caption.
pub(super) fn details(stage: Stage, roles: &Roles<'_>, columns: usize) -> String {
    match stage {
        Stage::RangesSent => ranges(roles),
        Stage::AgentJoined => {
            let last = roles.processes.agents.last();
            last.map(|agent| line(agent, columns)).unwrap_or_default()
        }
        Stage::AgentRangeSent => agent_captions::range(roles),
        Stage::CommandForked | Stage::CommandExecuted => command_captions::program(roles, columns),
        _ => String::new(),
    }
}

/// The list of the agents on other machines, which have no tables here.
pub(super) fn elsewhere(roles: &Roles<'_>, columns: usize) -> String {
    let language = roles.language;
    let agents: Vec<_> = roles.elsewhere().collect();
    if agents.is_empty() {
        return String::new();
    }
    let mut text = say!(
        language,
        "\non other machines, where only they can look:\n",
        "\nen otras máquinas, donde solo ellos pueden mirar:\n"
    );
    text.extend(agents.iter().take(SHOWN).map(|agent| line(agent, columns)));
    text + &rest(agents.len(), language)
}

/// An agent on one line, cut at the width of the page.
fn line(agent: &AgentSeen, columns: usize) -> String {
    let plural = if agent.workers == 1 { "" } else { "s" };
    let text = format!("   {agent}, {} worker{plural}", agent.workers);
    let text: String = text.chars().map(|one| if one.is_control() { '?' } else { one }).collect();
    table::cut_end(&text, columns) + "\n"
}

pub(super) fn ranges(roles: &Roles<'_>) -> String {
    let language = roles.language;
    let sent = |worker: &WorkerProcess| match worker.range {
        Some(range) => half_open(range),
        None => say!(language, "nothing", "nada"),
    };
    let all = &roles.processes.workers;
    let workers = (1..).zip(all).take(SHOWN);
    let text: String =
        workers.map(|(number, worker)| format!("   worker {number}: {}\n", sent(worker))).collect();
    text + &rest(all.len(), language)
}

fn rest(count: usize, language: Language) -> String {
    match count.checked_sub(SHOWN) {
        None | Some(0) => String::new(),
        Some(more) => say!(language, "   … and {more} more\n", "   … y {more} más\n"),
    }
}
