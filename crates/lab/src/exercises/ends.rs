//! Exercises about ends of pipes that stay open, and about processes that wait for each other.

use crate::exercise::{Exercise, Program, Text, ends, hangs, source};

pub(super) const PARENT_KEEPS_END: Exercise = Exercise {
    name: "parent-keeps-end",
    mistake: hangs(source!("parent-keeps-end/mistake"), Some("own-write-end")),
    fix: ends(source!("parent-keeps-end/fix"), 0, "500\n"),
    right: 2,
    english: Text {
        title: "the parent keeps its write end: no end of file",
        question: "The child ends after its write. What does the parent print?",
        answers: &["500", "0", "nothing: it waits for ever", "an error of read()"],
        explanation: "read() returns 0, end of file, when the pipe is empty and no process has its write end open. \
                      fork() copied the table of descriptors, so there are two write ends. That of the child is closed \
                      when it ends. The other one is the parent's own, results[1]: the parent waits for itself.",
    },
    spanish: Text {
        title: "el padre no cierra su extremo de escritura: no hay EOF",
        question: "El hijo termina después de su write. ¿Qué imprime el padre?",
        answers: &["500", "0", "nada: espera para siempre", "un error de read()"],
        explanation: "read() devuelve 0, fin de archivo (EOF), cuando el pipe está vacío y ningún proceso tiene abierto \
                      su extremo de escritura. fork() copió la tabla de descriptores, así que hay dos extremos de \
                      escritura. El del hijo se cierra cuando termina. El otro es del propio padre, results[1]: el \
                      padre se espera a sí mismo.",
    },
};

pub(super) const CHILDREN_KEEP_ENDS: Exercise = Exercise {
    name: "children-keep-ends",
    mistake: hangs(source!("children-keep-ends/mistake"), Some("inherited-write-ends")),
    fix: ends(source!("children-keep-ends/fix"), 0, "1500\n"),
    right: 2,
    english: Text {
        title: "the children keep inherited write ends: no end of file",
        question: "The parent closes every write end that it has. Each worker reads ranges until end of file. What is \
                   printed?",
        answers: &["1500", "500: the result of one worker", "nothing: all wait for ever"],
        explanation: "Each worker inherited the write ends of all pipes of ranges, its own included. None of them \
                      closes them, and all of them read: no end of file comes, no worker writes its count, and the \
                      parent waits for them. With three workers there are n+1 = 4 pipes; a worker needs two ends: it \
                      reads its ranges and writes results.",
    },
    spanish: Text {
        title: "los hijos no cierran extremos heredados: no hay EOF",
        question: "El padre cierra todos los extremos de escritura que tiene. Cada worker lee rangos hasta el fin de \
                   archivo. ¿Qué se imprime?",
        answers: &["1500", "500: el resultado de un worker", "nada: todos esperan para siempre"],
        explanation: "Cada worker heredó los extremos de escritura de todos los pipes de rangos, también del suyo. \
                      Ninguno los cierra y todos están leyendo: el fin de archivo no llega, ningún worker escribe su \
                      cuenta, y el padre los espera. Con tres workers hay n+1 = 4 pipes; un worker necesita dos \
                      extremos: lee sus rangos y escribe resultados.",
    },
};

pub(super) const WAIT_BEFORE_READ: Exercise = Exercise {
    name: "wait-before-read",
    mistake: hangs(source!("wait-before-read/mistake"), Some("wait-before-read")),
    fix: ends(source!("wait-before-read/fix"), 0, "30000\n"),
    right: 1,
    english: Text {
        title: "wait() before read(): the pipe is full",
        question: "A pipe has room for 65536 bytes. The parent waits for the child, then reads. What does it print?",
        answers: &["30000", "nothing: both wait for ever", "8192: what fits into the pipe"],
        explanation: "The child writes 240000 bytes. When the pipe is full, write() blocks until some process reads. \
                      Only the parent could, and it waits until the child ends. With a short answer it would have \
                      worked, by luck. Read until end of file first, then wait.",
    },
    spanish: Text {
        title: "wait() antes de read(): el pipe está lleno",
        question: "En un pipe entran 65536 bytes. El padre espera al hijo y después lee. ¿Qué imprime?",
        answers: &["30000", "nada: los dos esperan para siempre", "8192: lo que entra en el pipe"],
        explanation: "El hijo escribe 240000 bytes. Cuando el pipe está lleno, write() se bloquea hasta que algún proceso \
                      lea. Sólo podría el padre, y está esperando que termine el hijo. Con una respuesta corta habría \
                      andado, de casualidad. Primero leé hasta el fin de archivo, después esperá.",
    },
};

pub(super) const BOTH_FILL: Exercise = Exercise {
    name: "both-fill",
    mistake: hangs(source!("both-fill/mistake"), Some("both-fill")),
    fix: ends(source!("both-fill/fix"), 0, "300000\n"),
    right: 3,
    english: Text {
        title: "both sides write and neither reads: two full pipes",
        question: "Every end is closed where it should be. The parent writes 300000 bytes, then reads. What does it \
                   print?",
        answers: &[
            "300000",
            "131072: what fits into two pipes",
            "0",
            "nothing: both wait for ever",
        ],
        explanation: "The child sends back what it reads. The parent does not read yet, so the pipe back fills up and \
                      the child blocks in write(). Then it does not read either, the pipe there fills up, and the \
                      parent blocks in write(). The fix lets another process write, so that the parent reads at the \
                      same time; poll(2) is the other way.",
    },
    spanish: Text {
        title: "los dos lados escriben y ninguno lee: dos pipes llenos",
        question: "Todos los extremos se cierran donde corresponde. El padre escribe 300000 bytes y después lee. ¿Qué \
                   imprime?",
        answers: &[
            "300000",
            "131072: lo que entra en dos pipes",
            "0",
            "nada: los dos esperan para siempre",
        ],
        explanation: "El hijo devuelve lo que lee. El padre todavía no lee, así que el pipe de vuelta se llena y el \
                      hijo se bloquea en write(). Entonces tampoco lee, el pipe de ida se llena, y el padre se bloquea \
                      en write(). El arreglo hace que escriba otro proceso, para que el padre lea al mismo tiempo; la \
                      otra manera es poll(2).",
    },
};

pub(super) const PIPE_AFTER_FORK: Exercise = Exercise {
    name: "pipe-after-fork",
    mistake: Program {
        source: source!("pipe-after-fork/mistake"),
        prints: "0\n",
        status: Some(0),
        verdict: Some("private-pipe"),
    },
    fix: ends(source!("pipe-after-fork/fix"), 0, "500\n"),
    right: 1,
    english: Text {
        title: "pipe() after fork(): a wrong number, and status 0",
        question: "Parent and child both call pipe() after fork(). What does the parent print?",
        answers: &["500", "0", "nothing: it waits for ever", "an error of pipe()"],
        explanation: "After fork() there are two processes, and each makes a pipe of its own. Both pipes have the same \
                      numbers in two tables. The child writes into its pipe, where no process reads. The parent closes \
                      the only write end of its pipe and reads end of file at once. No call fails. A pipe connects two \
                      processes only if one inherits it from the other: call pipe() first, then fork().",
    },
    spanish: Text {
        title: "pipe() después de fork(): número equivocado y estado 0",
        question: "Padre e hijo llaman a pipe() después de fork(). ¿Qué imprime el padre?",
        answers: &["500", "0", "nada: espera para siempre", "un error de pipe()"],
        explanation: "Después de fork() hay dos procesos, y cada uno crea un pipe propio. Los dos pipes tienen los \
                      mismos números, en dos tablas. El hijo escribe en el suyo, donde nadie lee. El padre cierra el \
                      único extremo de escritura del suyo, y lee enseguida el fin de archivo. Ninguna llamada falla. \
                      Un pipe conecta dos procesos sólo si uno lo hereda del otro: primero pipe(), después fork().",
    },
};
