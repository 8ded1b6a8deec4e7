//! Captions of the stages of sockets and agents, in the order of the system calls.

use super::caption::Caption;
use super::roles::{Roles, half_open};
use evenly::internal::{Processes, Stage};
use evenly_inspect::{Language, say};

/// The caption of a stage of sockets.
pub(super) fn caption(stage: Stage, processes: &Processes, language: Language) -> Caption {
    let after = |call: &str| say!(language, "after {call}", "después de {call}");
    let agent = processes.agent.unwrap_or_default();
    match stage {
        Stage::SocketMade => Caption::new(
            "socket()",
            say!(
                language,
                "the primary has a socket for agents, without an address",
                "el primario tiene un socket para agentes, sin dirección"
            ),
            say!(
                language,
                "there is no descriptor for bind(), and none for connect()",
                "no hay descriptor para bind(), ni para connect()"
            ),
            after("socket()"),
        ),
        Stage::SocketBound => Caption::new(
            "bind()",
            say!(
                language,
                "the socket has its address: a path, or an IP address and a port",
                "el socket tiene su dirección: una ruta, o una dirección IP y un puerto"
            ),
            say!(
                language,
                "the system chooses a port, and no client knows which",
                "el sistema elige un puerto, y ningún cliente sabe cuál"
            ),
            after("bind()"),
        ),
        Stage::Listening => Caption::new(
            "listen()",
            say!(
                language,
                "the kernel takes connections and queues them for accept()",
                "el kernel recibe las conexiones y las pone en cola para accept()"
            ),
            say!(
                language,
                "connect() fails: connection refused",
                "connect() falla: conexión rechazada"
            ),
            after("listen()"),
        ),
        Stage::AgentConnecting => Caption::new(
            "connect()",
            say!(
                language,
                "an agent called socket() and connect(). Its connection waits in the queue of the listening socket",
                "un agente llamó a socket() y connect(). Su conexión espera en la cola del socket que escucha"
            ),
            say!(
                language,
                "the server waits in accept() for ever",
                "el servidor espera en accept() para siempre"
            ),
            say!(language, "before accept()", "antes de accept()"),
        ),
        Stage::AgentRangeSent => Caption::new(
            "write()",
            say!(
                language,
                "the range of agent {agent} went into its socket. What the agent has not read yet waits there",
                "el rango del agente {agent} fue a su socket. Lo que el agente todavía no leyó espera ahí"
            ),
            say!(
                language,
                "the agent waits for a range for ever",
                "el agente espera un rango para siempre"
            ),
            after("write()"),
        ),
        Stage::AgentAnswered => answered(
            say!(
                language,
                "the answer of agent {agent} waits in its socket",
                "la respuesta del agente {agent} espera en su socket"
            ),
            say!(language, "before read()", "antes de read()"),
            language,
        ),
        _ => Caption::new(
            "accept()",
            say!(
                language,
                "an agent joined by socket() and connect(): a process with workers and pipes of its own",
                "se unió un agente con socket() y connect(): un proceso con workers y pipes propios"
            ),
            say!(
                language,
                "the agent waits in the queue of the listening socket",
                "el agente espera en la cola del socket que escucha"
            ),
            after("accept()"),
        ),
    }
}

/// The caption of an answer that came while the job stood still at another stage.
pub(super) fn answer_read(processes: &Processes, language: Language) -> Caption {
    let agent = processes.agent.unwrap_or_default();
    answered(
        say!(
            language,
            "the answer of agent {agent} came through its socket, and was read meanwhile",
            "la respuesta del agente {agent} llegó por su socket, y mientras tanto se leyó"
        ),
        say!(language, "after read()", "después de read()"),
        language,
    )
}

fn answered(meaning: String, doing: String, language: Language) -> Caption {
    let forgotten = say!(
        language,
        "the buffers of the connection fill, and then the agent cannot write",
        "se llenan los buffers de la conexión, y el agente ya no puede escribir"
    );
    Caption::new("read()", meaning, forgotten, doing)
}

/// The line with the range of the agent that a stage is about.
pub(super) fn range(roles: &Roles<'_>) -> String {
    let Some(agent) = roles.processes.agent else { return String::new() };
    let Some(range) = roles.range_of_agent(agent) else { return String::new() };
    let range = half_open(range);
    say!(roles.language, "   agent {agent}: {range}\n", "   agente {agent}: {range}\n")
}
