//! The two sentences of a finding: the cause, and the remedy.

use crate::facts::{Activity, End, Object};
use crate::finding::{Finding, Kind, Link};
use crate::words::{Language, Words, say};

/// Cause and remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentences {
    pub(crate) cause: String,
    pub(crate) remedy: String,
}

impl Words<'_> {
    /// A process and what it does.
    fn link(&self, link: &Link) -> String {
        format!("{} {}", self.process(link.pid()), self.does(&link.does))
    }

    /// A thread and for what it waits.
    fn step(&self, link: &Link) -> String {
        let language = self.language;
        let does = self.link(link);
        if link.ends.is_empty() {
            return does;
        }
        let ends = self.ends(&link.ends, link.pid());
        match link.to_write {
            true => {
                say!(language, "{does}, which {ends} could read", "{does}, que podría leer {ends}")
            }
            false => say!(
                language,
                "{does}, where {ends} could write",
                "{does}, donde podría escribir {ends}"
            ),
        }
    }

    fn steps(&self, links: &[Link]) -> String {
        links.iter().map(|link| self.step(link)).collect::<Vec<_>>().join("; ")
    }

    /// The writing ends of a process among these, as numbers.
    fn numbers(&self, ends: &[End], pid: u32) -> String {
        let own: Vec<String> =
            ends.iter().filter(|end| end.pid == pid).map(|end| end.fd.to_string()).collect();
        own.join(", ")
    }

    fn name_of(&self, object: Option<&Object>) -> String {
        object.map(|object| self.object(object)).unwrap_or_default()
    }

    /// The sentences of a finding.
    pub(crate) fn sentences(&self, finding: &Finding) -> Sentences {
        let (cause, remedy) = if finding.kind.never_wakes() {
            self.of_knot(finding)
        } else {
            self.of_remark(finding)
        };
        Sentences { cause: self.contracted(cause), remedy: self.contracted(remedy) }
    }

    /// In Spanish, the article of a role and the word before it are one word.
    fn contracted(&self, text: String) -> String {
        match self.language {
            Language::English => text,
            Language::Spanish => text.replace(" de el ", " del ").replace(" a el ", " al "),
        }
    }

    fn of_knot(&self, finding: &Finding) -> (String, String) {
        let language = self.language;
        let subject = self.process_again(finding.subject);
        let first = finding.links.first().map(|link| self.link(link)).unwrap_or_default();
        let own = self.numbers(&finding.ends, finding.subject);
        match finding.kind {
            Kind::OwnWriteEnd => (
                say!(
                    language,
                    "{first}. The only write end is its own fd {own}, so end of file can never come.",
                    "{first}. El único extremo de escritura es su propio fd {own}: el fin de archivo no llega nunca."
                ),
                say!(
                    language,
                    "In {subject}, close({own}) before reading.",
                    "En {subject}, hacé close({own}) antes de leer."
                ),
            ),
            Kind::PipeMadeAfterFork => {
                let other = self.processes(finding.others.iter().copied());
                (
                    say!(
                        language,
                        "{first}. No other process has this pipe: {other} has another one at the same number, so it was made after fork().",
                        "{first}. Ningún otro proceso tiene este pipe: {other} tiene otro con el mismo número, así que se creó después del fork()."
                    ),
                    say!(language, "Call pipe() before fork().", "Llamá a pipe() antes de fork()."),
                )
            }
            Kind::InheritedWriteEnds => {
                let ends = self.ends(&finding.ends, finding.subject);
                (
                    say!(
                        language,
                        "{first}. Write ends: {ends}. All that could write are waiting, so this never ends.",
                        "{first}. Extremos de escritura: {ends}. Todos los que podrían escribir están esperando: esto no termina nunca."
                    ),
                    say!(
                        language,
                        "In each child, close the write ends of all the pipes that it inherited and does not write to.",
                        "En cada hijo, cerrá los extremos de escritura de todos los pipes que heredó y en los que no escribe."
                    ),
                )
            }
            Kind::WaitBeforeRead => {
                let children = self.processes(finding.links.iter().skip(1).map(Link::pid));
                let state =
                    finding.object.as_ref().map(|object| self.state(object)).unwrap_or_default();
                let can = if finding.links.len() > 2 { "pueden" } else { "puede" };
                (
                    say!(
                        language,
                        "{first}; {children} cannot end, because there is no room ({state}) and only {subject} can read it (fd {own}).",
                        "{first}; {children} no {can} terminar, porque no queda lugar para escribir ({state}) y sólo {subject} puede leerlo (fd {own})."
                    ),
                    say!(
                        language,
                        "In {subject}, read until end of file first, then wait.",
                        "En {subject}, primero leé hasta el fin de archivo y después esperá."
                    ),
                )
            }
            Kind::WaitBeforeClose => {
                let child = finding.links.get(1).map(|link| self.link(link)).unwrap_or_default();
                (
                    say!(
                        language,
                        "{first}; {child}, and its end of file cannot come while {subject} holds the write end, fd {own}.",
                        "{first}; {child}, y el fin de archivo no llega mientras {subject} tenga abierto el extremo de escritura, fd {own}."
                    ),
                    say!(
                        language,
                        "In {subject}, close({own}) before waiting.",
                        "En {subject}, hacé close({own}) antes de esperar."
                    ),
                )
            }
            Kind::BothFill => {
                let steps = self.steps(&finding.links);
                (
                    say!(language, "{steps}.", "{steps}."),
                    say!(
                        language,
                        "Each waits for room that only another one can make: read while you write, or close one direction first.",
                        "Cada uno espera que otro lea y haga lugar: leé mientras escribís, o cerrá antes uno de los dos sentidos."
                    ),
                )
            }
            Kind::ReadEachOther => {
                let steps = self.steps(&finding.links);
                let writer = finding.links.get(1).map_or(finding.subject, Link::pid);
                let end = self.numbers(&finding.ends, writer);
                let writer = self.process(writer);
                (
                    say!(
                        language,
                        "{steps}. Each waits for the other to write or to close.",
                        "{steps}. Cada uno espera que el otro escriba o cierre."
                    ),
                    say!(
                        language,
                        "In {writer}, close({end}) after the last message, before reading (or flush it, if a message is still in a buffer).",
                        "En {writer}, hacé close({end}) después del último mensaje, antes de leer (o fflush, si queda un mensaje en un buffer)."
                    ),
                )
            }
            Kind::LostToken => (
                say!(
                    language,
                    "{first}. It is the pool of tokens of make, and all that could give one back wait.",
                    "{first}. Es la reserva de permisos (tokens) de make, y todos los que podrían devolver uno esperan."
                ),
                say!(
                    language,
                    "A job took a token and did not return it, or takes more than one: start make again, and look at what was killed.",
                    "Un trabajo tomó un permiso y no lo devolvió, o toma más de uno: volvé a lanzar make, y mirá qué se mató."
                ),
            ),
            Kind::ThreadDeadlock => {
                let threads: Vec<String> = finding
                    .links
                    .iter()
                    .map(|link| {
                        let (tid, does) = (link.thread.1, self.does(&link.does));
                        say!(language, "thread {tid} {does}", "el hilo {tid} {does}")
                    })
                    .collect();
                let (subject, threads) = (self.process(finding.subject), self.list(&threads));
                (
                    say!(
                        language,
                        "All threads of {subject} wait for each other: {threads}.",
                        "Todos los hilos de {subject} se esperan entre sí: {threads}."
                    ),
                    say!(
                        language,
                        "Take locks in the same order in every thread, and wake a waiting thread before you wait.",
                        "Tomá los locks en el mismo orden en todos los hilos, y despertá al que espera antes de esperar."
                    ),
                )
            }
            _ => {
                let steps = self.steps(&finding.links);
                (
                    say!(
                        language,
                        "{steps}. They wait for each other, and nothing else can wake them.",
                        "{steps}. Se esperan entre sí, y nada más puede despertarlos."
                    ),
                    say!(
                        language,
                        "One of them must do the other step first.",
                        "Uno de ellos tiene que hacer primero el otro paso."
                    ),
                )
            }
        }
    }

    fn of_remark(&self, finding: &Finding) -> (String, String) {
        let language = self.language;
        let subject = self.process(finding.subject);
        let first = finding.links.first().map(|link| self.link(link)).unwrap_or_default();
        let others = self.processes(finding.others.iter().copied());
        let ends = self.ends(&finding.ends, finding.subject);
        let object = self.name_of(finding.object.as_ref());
        let (pid, number) = (finding.subject, self.numbers(&finding.ends, finding.subject));
        match finding.kind {
            Kind::HiddenWriteEnd => (
                say!(
                    language,
                    "{first}. No table that can be read has a write end, and yet the kernel reports no hang-up: one is in a process of another user, or on its way in a message (SCM_RIGHTS).",
                    "{first}. Ninguna tabla legible tiene un extremo de escritura, y sin embargo el kernel no avisa que se cerró: hay uno en un proceso de otro usuario, o en viaje en un mensaje (SCM_RIGHTS)."
                ),
                say!(
                    language,
                    "Look again as root, or receive the message.",
                    "Mirá de nuevo como root, o recibí el mensaje."
                ),
            ),
            Kind::InheritedOutput => (
                match finding.links.first().map(|link| &link.does) {
                    Some(Activity::Io(wait)) if wait.interests.len() > 1 => say!(
                        language,
                        "{first}. All write ends are held by {ends}, inherited from a process that has ended; end of file comes when that exits.",
                        "{first}. Todos los extremos de escritura los tiene {ends}, heredados de un proceso que ya terminó; el fin de archivo llega cuando ése termine."
                    ),
                    _ => say!(
                        language,
                        "{first}. The only write end is held by {ends}, inherited from a process that has ended; end of file comes when that exits.",
                        "{first}. El único extremo de escritura lo tiene {ends}, heredado de un proceso que ya terminó; el fin de archivo llega cuando ése termine."
                    ),
                },
                say!(
                    language,
                    "Start background processes with >/dev/null 2>&1.",
                    "Lanzá los procesos de fondo con >/dev/null 2>&1."
                ),
            ),
            Kind::NotWaitedFor => {
                let many = finding.others.len();
                (
                    match many {
                        1 => say!(
                            language,
                            "{others} has ended; {first}, and has not waited for it (a zombie).",
                            "{others} terminó; {first}, y no lo esperó (un zombi)."
                        ),
                        _ => say!(
                            language,
                            "{others} have ended; {first}, and has not waited for them ({many} zombies).",
                            "{others} terminaron; {first}, y no los esperó ({many} zombis)."
                        ),
                    },
                    say!(
                        language,
                        "Call wait() once for each child.",
                        "Llamá a wait() una vez por cada hijo."
                    ),
                )
            }
            Kind::PrivatePipe => (
                say!(
                    language,
                    "{subject} wrote into {object} (fd {number}), which no other process has: {others} has another pipe at the same number, so this one was made after fork().",
                    "{subject} escribió en {object} (fd {number}), que ningún otro proceso tiene: {others} tiene otro pipe con el mismo número, así que éste se creó después del fork()."
                ),
                say!(language, "Call pipe() before fork().", "Llamá a pipe() antes de fork()."),
            ),
            Kind::LongWrites => {
                let length = finding.links.first().and_then(|link| match &link.does {
                    Activity::Io(wait) => wait.length,
                    _ => None,
                });
                let (length, writers) = (length.unwrap_or(0), finding.others.len());
                (
                    say!(
                        language,
                        "{subject} writes {length} bytes into {object}, into which {writers} processes write ({others}): messages over 4096 bytes (PIPE_BUF) may mix.",
                        "{subject} escribe {length} bytes en {object}, donde escriben {writers} procesos ({others}): los mensajes de más de 4096 bytes (PIPE_BUF) se pueden mezclar."
                    ),
                    say!(
                        language,
                        "Write at most 4096 bytes at a time, or give each writer its own pipe. This is seen only while they wait.",
                        "Escribí a lo sumo 4096 bytes por vez, o dale a cada uno su propio pipe. Esto sólo se ve mientras esperan."
                    ),
                )
            }
            Kind::ReaderGone => (
                say!(
                    language,
                    "{object} has no reader any more; the next write of {subject} to fd {number} ends it with SIGPIPE, or fails with EPIPE.",
                    "Ya nadie lee {object}: al próximo write en el fd {number}, a {subject} lo mata SIGPIPE, o el write falla con EPIPE."
                ),
                say!(
                    language,
                    "End {subject}, or find out why its reader ended.",
                    "Terminá el proceso ({subject}), o averiguá por qué terminó el que lo leía."
                ),
            ),
            Kind::FullQueue => {
                let waiting = finding.object.as_ref().and_then(|object| {
                    let channel = self.case.facts.channels.get(object)?;
                    channel.waiting.zip(channel.capacity)
                });
                let (now, most) = waiting.unwrap_or_default();
                let clients = match finding.others.len() {
                    0 => String::new(),
                    _ => say!(
                        language,
                        ", and {others} wait to connect",
                        ", y {others} espera conectarse"
                    ),
                };
                (
                    say!(
                        language,
                        "{subject} listens on {object} and does not accept: {now} connections wait, and listen() allowed {most}{clients}.",
                        "{subject} escucha en {object} y no llama a accept(): hay {now} conexiones esperando, y listen() permitió {most}{clients}."
                    ),
                    say!(
                        language,
                        "Call accept() in a loop, or ask listen() for a longer queue.",
                        "Llamá a accept() en un bucle, o pedile a listen() una cola más larga."
                    ),
                )
            }
            Kind::FifoPartner => {
                let to_write = finding
                    .links
                    .iter()
                    .any(|link| matches!(link.does, Activity::OpensFifo { to_write: true, .. }));
                let missing = if to_write {
                    say!(
                        language,
                        "No process has opened it to read",
                        "Ningún proceso lo abrió para leer"
                    )
                } else {
                    say!(
                        language,
                        "No process has opened it to write",
                        "Ningún proceso lo abrió para escribir"
                    )
                };
                (
                    format!("{first}. {missing}."),
                    say!(
                        language,
                        "Start the process for the other end; if both open two FIFOs, open them in the same order.",
                        "Lanzá el proceso del otro extremo; si los dos abren dos FIFOs, abrilos en el mismo orden."
                    ),
                )
            }
            Kind::Stopped => {
                let process = self.case.facts.processes.get(&finding.subject);
                let is_background = process.is_some_and(|process| process.is_background);
                let why = if is_background {
                    say!(
                        language,
                        ", and is in the background of its terminal",
                        ", y está en segundo plano en su terminal"
                    )
                } else {
                    String::new()
                };
                (
                    say!(
                        language,
                        "{subject} is stopped by a signal{why}.",
                        "{subject} está detenido por una señal{why}."
                    ),
                    say!(
                        language,
                        "Continue it with fg, or with kill -CONT {pid}.",
                        "Hacelo seguir con fg, o con kill -CONT {pid}."
                    ),
                )
            }
            Kind::LockHeld => (
                say!(language, "{first}, held by {others}.", "{first}, que tiene {others}."),
                say!(
                    language,
                    "It goes on when {others} unlocks the file or ends.",
                    "Sigue cuando {others} libere el archivo o termine."
                ),
            ),
            _ => {
                let io = self.case.facts.processes.get(&finding.subject).and_then(|one| one.io);
                let read = io.map_or(0, |(read, _)| read);
                (
                    say!(
                        language,
                        "A guess: {subject} read {read} bytes and wrote none, and {others} waits for its output: that may be in a buffer of {subject}.",
                        "Una conjetura: {subject} leyó {read} bytes y no escribió ninguno, y {others} espera su salida: puede estar en un buffer de {subject}."
                    ),
                    say!(
                        language,
                        "Try --line-buffered, stdbuf -oL, or flush. A program that needs its whole input first (sort) is well.",
                        "Probá con --line-buffered, stdbuf -oL o fflush. Si el programa primero necesita toda su entrada (sort), no hay nada mal."
                    ),
                )
            }
        }
    }
}
