//! Exercises about what is written into a pipe and read from it.

use crate::exercise::{Exercise, Program, Text, ends, source};

pub(super) const WRITE_TO_READ_END: Exercise = Exercise {
    name: "write-to-read-end",
    mistake: ends(source!("write-to-read-end/mistake"), 0, "write: Bad file descriptor\n0\n"),
    fix: ends(source!("write-to-read-end/fix"), 0, "500\n"),
    right: 2,
    english: Text {
        title: "write() to the read end of a pipe",
        question: "The child closes result[1] and writes to result[0]. What happens?",
        answers: &[
            "500: a pipe has two equal ends",
            "the write blocks for ever",
            "the write fails, and the parent prints 0",
        ],
        explanation: "A pipe has one direction: [0] is for reading and [1] for writing, as 0 is standard input and 1 \
                      standard output. write() to a descriptor that is open for reading only fails with EBADF. The \
                      child checks this and ends with status 1. The parent only looks at the bytes, reads end of file, \
                      and prints 0. It would know if it looked at the status that wait() can give it.",
    },
    spanish: Text {
        title: "write() en el extremo de lectura de un pipe",
        question: "El hijo cierra result[1] y escribe en result[0]. ¿Qué pasa?",
        answers: &[
            "500: los dos extremos de un pipe son iguales",
            "el write se bloquea para siempre",
            "el write falla, y el padre imprime 0",
        ],
        explanation: "Un pipe es unidireccional: [0] es para leer y [1] para escribir, como 0 es la entrada estándar y \
                      1 la salida estándar. write() en un descriptor abierto sólo para lectura falla con EBADF. El \
                      hijo se fija y termina con estado 1. El padre sólo mira los bytes, lee el fin de archivo, e \
                      imprime 0. Lo sabría si mirara el estado que le puede dar wait().",
    },
};

pub(super) const LONG_WRITES: Exercise = Exercise {
    name: "long-writes",
    mistake: Program {
        source: source!("long-writes/mistake"),
        prints: "messages are mixed\n",
        status: Some(0),
        verdict: Some("long-writes"),
    },
    fix: ends(source!("long-writes/fix"), 0, "no message is mixed\n"),
    right: 1,
    english: Text {
        title: "two writers with messages over PIPE_BUF",
        question: "Each message has 100000 equal bytes and is written by one write(). Does the reader find messages \
                   with bytes of both children?",
        answers: &[
            "no: one write() is one message",
            "yes",
            "no: the second child waits for the first",
        ],
        explanation: "Only a write of at most PIPE_BUF bytes (4096 on Linux) is sure to enter a pipe as a whole (pipe(7)). A \
                      longer one enters in pieces, as room comes, and pieces of other writers come in between. The fix \
                      writes 4096 bytes at a time. A result of the class, a long of 8 bytes, is far below this limit.",
    },
    spanish: Text {
        title: "dos escritores con mensajes de más de PIPE_BUF",
        question: "Cada mensaje tiene 100000 bytes iguales y se escribe con un solo write(). ¿Encuentra el lector \
                   mensajes con bytes de los dos hijos?",
        answers: &["no: un write() es un mensaje", "sí", "no: el segundo hijo espera al primero"],
        explanation: "Sólo de un write de a lo sumo PIPE_BUF bytes (4096 en Linux) es seguro que entra entero en un pipe (pipe(7)). Uno \
                      más largo entra de a pedazos, a medida que hay lugar, y en el medio entran pedazos de otros \
                      escritores. El arreglo escribe de a 4096 bytes. Un resultado de la clase, un long de 8 bytes, \
                      está muy por debajo de este límite.",
    },
};

pub(super) const PEEK_BY_READ: Exercise = Exercise {
    name: "peek-by-read",
    mistake: ends(source!("peek-by-read/mistake"), 0, "parent: 10 20 30\nchild:\n"),
    fix: ends(source!("peek-by-read/fix"), 0, "parent: 10 20 30\nchild: 10 20 30\n"),
    right: 1,
    english: Text {
        title: "a pipe is first in, first out: what was read is gone",
        question: "The parent reads what is in the pipe; then the child reads. What does the child print?",
        answers: &["10 20 30", "nothing: end of file", "30 20 10", "it waits for ever"],
        explanation: "A pipe is a queue in memory: first in, first out. read() takes bytes out, in the order in which \
                      they were written, and each byte once; the child finds an empty pipe without a writer. The fix \
                      looks without taking: tee(2) copies what is in one pipe to another and leaves it there. It is a \
                      call of Linux. Seldom needed, it shows that the order stays.",
    },
    spanish: Text {
        title: "un pipe es FIFO: lo que se leyó ya no está",
        question: "El padre lee lo que hay en el pipe; después lee el hijo. ¿Qué imprime el hijo?",
        answers: &["10 20 30", "nada: fin de archivo", "30 20 10", "espera para siempre"],
        explanation: "Un pipe es una cola en memoria: el primero que entra es el primero que sale. read() saca bytes, \
                      en el orden en que se escribieron, y cada byte una sola vez; el hijo encuentra un pipe vacío y \
                      sin escritores. El arreglo mira sin sacar: tee(2) copia lo que hay en un pipe a otro, y lo deja \
                      donde estaba. Es una llamada de Linux. Pocas veces hace falta; acá muestra que el orden se \
                      mantiene.",
    },
};
