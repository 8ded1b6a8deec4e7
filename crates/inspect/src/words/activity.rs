//! Words for what a thread does, and for what else can wake it.

use crate::facts::{Activity, Call, FutexWait, IoWait};
use crate::wakers::Outside;
use crate::words::{Words, say};

impl Words<'_> {
    /// What a thread of this process does: the rest of a sentence about it.
    pub(crate) fn does(&self, activity: &Activity) -> String {
        let language = self.language;
        match activity {
            Activity::Runs => say!(language, "computes", "calcula"),
            Activity::Disk => say!(language, "waits for a disk", "espera un disco"),
            Activity::Stopped => say!(language, "is stopped", "está detenido"),
            Activity::Traced => {
                say!(language, "is held by a debugger", "está en manos de un depurador")
            }
            Activity::Ended => say!(language, "has ended", "terminó"),
            Activity::Io(wait) => self.io(wait),
            Activity::Children { only: None } => {
                say!(language, "waits for a child to end", "espera que termine un hijo")
            }
            Activity::Children { only: Some(pid) } => {
                let child = self.process(*pid);
                say!(language, "waits for {child} to end", "espera que termine {child}")
            }
            Activity::OpensFifo { path, to_write: true } => {
                say!(language, "opens FIFO {path} to write", "abre el FIFO {path} para escribir")
            }
            Activity::OpensFifo { path, to_write: false } => {
                say!(language, "opens FIFO {path} to read", "abre el FIFO {path} para leer")
            }
            Activity::Futex(wait) => self.futex(*wait),
            Activity::FileLock { fd, object } => {
                let object = self.object(object);
                say!(
                    language,
                    "waits for a lock: fd {fd} ({object})",
                    "espera un lock: fd {fd} ({object})"
                )
            }
            Activity::Connects { fd, listener } => {
                let to = listener.as_ref().map(|object| format!(" ({})", self.object(object)));
                let to = to.unwrap_or_default();
                say!(language, "connects fd {fd}{to}", "conecta el fd {fd}{to}")
            }
            Activity::Sleeps => say!(language, "sleeps until a time", "duerme un tiempo (sleep)"),
            Activity::Signal => say!(language, "waits for a signal", "espera una señal"),
            Activity::Unknown(place) if place.is_empty() => {
                say!(
                    language,
                    "waits; /proc does not show for what",
                    "espera algo que /proc no muestra"
                )
            }
            Activity::Unknown(place) => {
                say!(language, "waits in the kernel: {place}", "espera en el kernel: {place}")
            }
        }
    }

    fn io(&self, wait: &IoWait) -> String {
        let language = self.language;
        let on: Vec<String> = wait
            .interests
            .iter()
            .map(|one| format!("fd {} ({})", one.fd, self.state(&one.object)))
            .collect();
        let is_sure = on.len() == 1;
        let on = match wait.call {
            Call::Poll(_) => self.list(&on),
            _ if is_sure => on.join(""),
            _ if on.is_empty() => say!(language, "a descriptor", "un descriptor"),
            _ => {
                let list = self.list(&on);
                say!(language, "one of {list}", "uno de {list}")
            }
        };
        match wait.call {
            Call::Read => say!(language, "reads {on}", "lee {on}"),
            Call::Write => {
                let length = wait
                    .length
                    .map(|length| say!(language, ", {length} bytes", ", {length} bytes"));
                let length = length.unwrap_or_default();
                say!(language, "writes {on}{length}", "escribe {on}{length}")
            }
            Call::Accept => say!(language, "accepts on {on}", "acepta en {on}"),
            Call::Poll(call) if on.is_empty() => {
                say!(language, "waits in {call}", "espera en {call}")
            }
            Call::Poll(call) => say!(language, "waits in {call}: {on}", "espera en {call}: {on}"),
        }
    }

    fn futex(&self, wait: FutexWait) -> String {
        let language = self.language;
        match wait.owner {
            Some(owner) => say!(language, "waits for thread {owner}", "espera al hilo {owner}"),
            None => say!(language, "waits for another thread", "espera a otro hilo"),
        }
    }

    /// What a process waits for that is not a process.
    pub(crate) fn outside(&self, cause: Outside) -> String {
        let language = self.language;
        match cause {
            Outside::Nothing => say!(language, "computes", "calcula"),
            Outside::Disk => say!(language, "waits for a disk", "espera un disco"),
            Outside::Network => say!(language, "waits for the network", "espera la red"),
            Outside::Client => {
                say!(language, "waits for a client to connect", "espera que se conecte un cliente")
            }
            Outside::Terminal => say!(
                language,
                "waits for input at the terminal",
                "espera que alguien escriba en la terminal"
            ),
            Outside::Timer => say!(language, "waits for a timer", "espera que pase un tiempo"),
            Outside::Signal => say!(language, "waits for a signal", "espera una señal"),
            Outside::Continue => say!(language, "waits for SIGCONT", "espera SIGCONT"),
            Outside::Debugger => say!(language, "waits for its debugger", "espera a su depurador"),
            Outside::Partner => say!(
                language,
                "waits for a process that opens the FIFO",
                "espera que un proceso abra el FIFO"
            ),
            Outside::Hidden => say!(
                language,
                "waits for a process that cannot be seen",
                "espera a un proceso que no se puede ver"
            ),
            Outside::Unknown => say!(
                language,
                "waits for something that /proc does not show",
                "espera algo que /proc no muestra"
            ),
        }
    }
}
