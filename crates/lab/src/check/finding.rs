//! What is wrong with a student's program, each in one sentence.

use crate::check::hint::Hint;
use crate::check::trace::{Call, MOST_FORKS, Role};
use evenly_inspect::{Language, say};

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It prints the same for every number of workers and every range.
    IgnoresArguments { printed: String },
    /// A count is wrong, and so are `wrong` of all that were tried.
    WrongCount {
        workers: usize,
        end: i64,
        printed: String,
        right: i64,
        wrong: usize,
        tried: usize,
        hint: Option<Hint>,
    },
    /// It refuses to count: no process, no output, and a status other than 0; its first line on standard error.
    Refuses { workers: usize, end: i64, status: i32, said: String },
    /// It never ends; what `evenly inspect` says.
    NeverEnds { workers: usize, end: i64, summary: String },
    /// A signal ends one of its processes.
    Signal { workers: usize, end: i64, role: Role, crash: Crash, before_fork: bool },
    /// The count is right, and the exit status says that it is not.
    Status { status: i32 },
    /// It forks processes without end.
    TooManyForks,
    /// The parent itself forks far more processes than workers were asked for.
    TooManyWorkers { workers: usize, end: i64 },
    /// A worker forks processes.
    WorkerForks,
    /// Not one process for each worker.
    Workers { asked: usize, forked: usize },
    /// Not n+1 pipes.
    Pipes { made: usize, workers: usize },
    /// Pipes were made by a child.
    PipesInChild { made: usize },
    /// A worker has other ends than the two that it needs.
    WorkerEnds { ends: String, count: usize },
    /// One write is longer than `PIPE_BUF`.
    LongWrite { length: i32 },
    /// The parent stops reading before end of file.
    NoEndOfFile,
    /// The parent ends before it has waited for its children.
    NotWaited { left: usize, workers: usize },
    /// A failed call is not noticed.
    Unnoticed { call: Call, role: Role, effect: Effect },
}

/// What a program does after a call has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It forks workers without a pipe.
    GoesOn,
    Prints(String),
    NeverEnds,
    Crashes(Crash),
}

/// A signal that ends a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crash {
    pub(crate) signal: i32,
    /// The line of the program that caused it, as `FILE.c:12`.
    pub(crate) place: Option<String>,
    /// The first line on standard error: of an assert(), it has the line of the program.
    pub(crate) said: String,
}

/// A part of the check that a mistake makes impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Counts,
    Wiring,
    Ending,
    Failures,
}

impl Part {
    fn name(self, language: Language) -> String {
        match self {
            Self::Counts => say!(language, "the other counts", "las demás cuentas"),
            Self::Wiring => say!(language, "pipes and their ends", "los pipes y sus extremos"),
            Self::Ending => say!(language, "end of file and wait()", "el fin de archivo y wait()"),
            Self::Failures => say!(
                language,
                "failing pipe(), fork(), read() and write()",
                "qué pasa si fallan pipe(), fork(), read() o write()"
            ),
        }
    }
}

/// What was not tried because of the first mistake.
pub(crate) fn not_tried(parts: &[Part], language: Language) -> String {
    let parts: Vec<String> = parts.iter().map(|part| part.name(language)).collect();
    let parts = parts.join("; ");
    say!(
        language,
        "Not tried because of the first mistake: {parts}. Mend it and check again.",
        "Por el primer error no se probó: {parts}. Corregilo y volvé a revisar."
    )
}

/// What cannot be tested, because the program never makes this call itself.
pub(crate) fn untested(call: Call, role: Role, language: Language) -> String {
    let (call, role) = (name(call), who(role, language));
    say!(
        language,
        "Not tested: a failing {call} in {role}. The program does not call it there (fread, fprintf and their like call it inside the library).",
        "Sin probar: que falle {call} en {role}. Ahí el programa no la llama (fread, fprintf y similares la llaman dentro de la biblioteca)."
    )
}

fn name(call: Call) -> &'static str {
    match call {
        Call::Pipe => "pipe()",
        Call::Fork => "fork()",
        Call::Read => "read()",
        Call::Write => "write()",
    }
}

fn who(role: Role, language: Language) -> String {
    match role {
        Role::Parent => say!(language, "the parent", "el padre"),
        Role::Worker => say!(language, "a worker", "un worker"),
    }
}

/// What it does with standard output.
fn prints(printed: &str, language: Language) -> String {
    match printed.is_empty() {
        true => say!(language, "prints nothing", "no imprime nada"),
        false => say!(language, "prints '{printed}'", "imprime '{printed}'"),
    }
}

/// How it was called.
fn call(workers: usize, end: i64, language: Language) -> String {
    match workers {
        1 => say!(language, "With 1 worker and N = {end}", "Con 1 worker y N = {end}"),
        _ => say!(
            language,
            "With {workers} workers and N = {end}",
            "Con {workers} workers y N = {end}"
        ),
    }
}

impl Finding {
    /// The sentence.
    pub(crate) fn sentence(&self, language: Language) -> String {
        match self {
            Self::IgnoresArguments { printed } => {
                say!(
                    language,
                    "It prints '{printed}' for every number of workers and every range: take them from argv (PROGRAM WORKERS N counts in 0..N).",
                    "Imprime '{printed}' con cualquier cantidad de workers y cualquier rango: tomalos de argv (PROGRAMA WORKERS N cuenta en 0..N)."
                )
            }
            Self::WrongCount { workers, end, printed, right, wrong, tried, hint } => {
                let (call, printed) = (call(*workers, *end, language), prints(printed, language));
                let sentence = say!(
                    language,
                    "{call} it {printed}, and the count is {right}; {wrong} of {tried} counts are wrong.",
                    "{call} {printed}, y la cuenta es {right}; {wrong} de {tried} cuentas están mal."
                );
                match hint {
                    Some(hint) => format!("{sentence} {}", hint.text(language)),
                    None => sentence,
                }
            }
            Self::Refuses { workers, end, status, said } => {
                let said = match said.is_empty() {
                    true => String::new(),
                    false => say!(language, ", and says '{said}'", ", y dice '{said}'"),
                };
                say!(
                    language,
                    "Called as PROGRAM {workers} {end}, and as PROGRAM {workers} 0 {end}, it prints no count, ends with status {status}{said}: take WORKERS and N from argv in this order.",
                    "Llamado como PROGRAMA {workers} {end}, y como PROGRAMA {workers} 0 {end}, no imprime la cuenta, termina con estado {status}{said}: tomá WORKERS y N de argv en este orden."
                )
            }
            Self::NeverEnds { workers, end, summary } => {
                let call = call(*workers, *end, language);
                let head = say!(language, "{call} it does not end.", "{call} no termina.");
                format!("{head} {summary}").trim_end().to_owned()
            }
            Self::Signal { workers, end, role, crash, before_fork } => {
                let (call, name) = (call(*workers, *end, language), crash.text(language));
                let sentence = match role {
                    Role::Parent => say!(
                        language,
                        "{call} a signal ends it: {name}.",
                        "{call} lo mata una señal: {name}."
                    ),
                    Role::Worker => say!(
                        language,
                        "{call} a signal ends a worker: {name}.",
                        "{call} un worker muere por una señal: {name}."
                    ),
                };
                match (before_fork, crash.signal) {
                    (true, 11) => say!(
                        language,
                        "{sentence} Before its first fork(): does it use an argument that is missing? It is called as PROGRAM WORKERS N.",
                        "{sentence} Antes del primer fork(): ¿usa un argumento que falta? Se lo llama como PROGRAMA WORKERS N."
                    ),
                    _ => sentence,
                }
            }
            Self::Status { status } => say!(
                language,
                "It prints the right count and ends with status {status}: return 0 if all went well.",
                "Imprime la cuenta correcta y termina con estado {status}: devolvé 0 si todo salió bien."
            ),
            Self::TooManyForks => say!(
                language,
                "It forks processes without end: a child has to call _exit() and not go on in the loop of its parent.",
                "Crea procesos sin fin: un hijo tiene que llamar a _exit() y no seguir en el bucle del padre."
            ),
            Self::TooManyWorkers { workers, end } => say!(
                language,
                "Called as PROGRAM {workers} {end} it forks more than {MOST_FORKS} processes: argv[1] is the number of workers, and the last argument is N.",
                "Llamado como PROGRAMA {workers} {end} crea más de {MOST_FORKS} procesos: argv[1] es la cantidad de workers, y el último argumento es N."
            ),
            Self::WorkerForks => say!(
                language,
                "A worker forks processes: it has to call _exit() after its work, and not go on in the loop of its parent.",
                "Un worker crea procesos: tiene que llamar a _exit() cuando termina su trabajo, y no seguir en el bucle del padre."
            ),
            Self::Workers { asked, forked: 0 } => say!(
                language,
                "For {asked} workers it forks no process: call fork() once for each worker.",
                "Para {asked} workers no crea ningún proceso: llamá a fork() una vez por worker."
            ),
            Self::Workers { asked, forked } => say!(
                language,
                "For {asked} workers it forks {forked} processes: take the number from argv[1], and call fork() once for each worker, in the parent.",
                "Para {asked} workers crea {forked} procesos: tomá la cantidad de argv[1], y llamá a fork() una vez por worker, en el padre."
            ),
            Self::Pipes { made, workers } => {
                let right = workers + 1;
                say!(
                    language,
                    "Pipes made: {made}. With n = {workers} workers the exercise needs n+1 = {right}: one for the range of each worker, and one for all results.",
                    "Pipes creados: {made}. Con n = {workers} workers el ejercicio necesita n+1 = {right}: uno para el rango de cada worker, y uno para todos los resultados."
                )
            }
            Self::PipesInChild { made } => say!(
                language,
                "Children make {made} pipes, which no other process has: call pipe() in the parent, before fork().",
                "Los hijos crean {made} pipes, que ningún otro proceso tiene: llamá a pipe() en el padre, antes de fork()."
            ),
            Self::WorkerEnds { ends, count } => say!(
                language,
                "A worker keeps {count} ends of pipes open (r reads, w writes: {ends}) and needs two, to read its range and to write its result: close the others right after fork().",
                "Un worker deja abiertos {count} extremos de pipes (r lee, w escribe: {ends}) y necesita dos, para leer su rango y para escribir su resultado: cerrá los demás apenas vuelve fork()."
            ),
            Self::LongWrite { length } => say!(
                language,
                "One write() has {length} bytes: over 4096 (PIPE_BUF) messages of several workers may mix, and a full pipe blocks.",
                "Un write() tiene {length} bytes: pasando los 4096 (PIPE_BUF) los mensajes de varios workers se pueden mezclar, y un pipe lleno bloquea."
            ),
            Self::NoEndOfFile => say!(
                language,
                "The parent stops reading before end of file: read until read() returns 0, so that it knows that no worker is left to write.",
                "El padre deja de leer antes del fin de archivo: leé hasta que read() devuelva 0, para saber que no queda ningún worker que escriba."
            ),
            Self::NotWaited { left, workers } => say!(
                language,
                "The parent ends without having waited for {left} of its {workers} children: call wait() once for each.",
                "El padre termina sin haber esperado a {left} de sus {workers} hijos: llamá a wait() una vez por cada uno."
            ),
            Self::Unnoticed { call, role, effect } => {
                let (name, role) = (name(*call), who(*role, language));
                let effect = match effect {
                    Effect::GoesOn => say!(
                        language,
                        "it goes on and calls fork()",
                        "sigue como si nada y llama a fork()"
                    ),
                    Effect::Prints(printed) => {
                        let printed = prints(printed, language);
                        say!(
                            language,
                            "it {printed} and ends with status 0",
                            "{printed} y termina con estado 0"
                        )
                    }
                    Effect::NeverEnds => say!(language, "it does not end", "no termina"),
                    Effect::Crashes(crash) => {
                        let signal = crash.text(language);
                        say!(language, "a signal ends it: {signal}", "lo mata una señal: {signal}")
                    }
                };
                let remedy = self.remedy(language);
                say!(
                    language,
                    "If {name} fails in {role}, {effect}: {remedy}.",
                    "Si falla {name} en {role}, {effect}: {remedy}."
                )
            }
        }
    }

    /// What to do about a call whose failure is not noticed.
    fn remedy(&self, language: Language) -> String {
        match self {
            Self::Unnoticed { call, role: Role::Worker, .. } => {
                let name = name(*call);
                say!(
                    language,
                    "look at what {name} returns, and let the parent see that a result is missing",
                    "mirá lo que devuelve {name}, y hacé que el padre se entere de que falta un resultado"
                )
            }
            Self::Unnoticed { call, .. } => {
                let name = name(*call);
                say!(
                    language,
                    "look at what {name} returns, call perror() and end with another status than 0",
                    "mirá lo que devuelve {name}, llamá a perror() y terminá con un estado distinto de 0"
                )
            }
            _ => String::new(),
        }
    }
}

impl Crash {
    fn text(&self, language: Language) -> String {
        let name = signal_name(self.signal, language);
        match &self.place {
            Some(place) => say!(language, "{name}, at {place}", "{name}, en {place}"),
            None if self.signal == SIGILL => say!(
                language,
                "{name} (cc -g -fsanitize=bounds makes a program that says where)",
                "{name} (cc -g -fsanitize=bounds hace un programa que dice dónde)"
            ),
            None if self.signal == SIGABRT && !self.said.is_empty() => {
                let said = &self.said;
                say!(language, "{name}. It says '{said}'", "{name}. Dice '{said}'")
            }
            None => name,
        }
    }
}

/// Of signal(7). The compiler puts it into the program for each index (`compile_watched`).
const SIGILL: i32 = 4;
pub(crate) const SIGABRT: i32 = 6;

fn signal_name(signal: i32, language: Language) -> String {
    match signal {
        SIGILL => say!(
            language,
            "SIGILL, an index outside of an array",
            "SIGILL, un índice fuera de un arreglo"
        ),
        SIGABRT => say!(
            language,
            "SIGABRT: abort(), an assert() that does not hold, or malloc() found memory that was overwritten (an array that is too short?)",
            "SIGABRT: abort(), un assert() que no se cumple, o malloc() encontró memoria pisada (¿un arreglo corto?)"
        ),
        7 => "SIGBUS".to_owned(),
        8 => say!(language, "SIGFPE, a division by zero", "SIGFPE, una división por cero"),
        9 => "SIGKILL".to_owned(),
        11 => say!(language, "SIGSEGV, a bad address", "SIGSEGV, una dirección inválida"),
        13 => say!(
            language,
            "SIGPIPE, a write to a pipe without a reader",
            "SIGPIPE, un write en un pipe sin lector"
        ),
        25 => say!(language, "SIGXFSZ, too much output", "SIGXFSZ, demasiada salida"),
        other => other.to_string(),
    }
}
