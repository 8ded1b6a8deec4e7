//! Exercises about fork, exec, wait, signals, and errors of system calls.

use crate::exercise::{Exercise, Program, Text, ends, source};

pub(super) const SHARED_COUNTER: Exercise = Exercise {
    name: "shared-counter",
    mistake: ends(source!("shared-counter/mistake"), 0, "0\n"),
    fix: ends(source!("shared-counter/fix"), 0, "500\n"),
    right: 0,
    english: Text {
        title: "a variable is not shared after fork()",
        question: "count is a global variable; the parent waits for both children. What does it print?",
        answers: &["0", "250", "500", "a different number each time"],
        explanation: "fork() gives the child a copy of the memory. Each child counts in its own count, which is gone \
                      when it ends; that of the parent stays 0. Processes do not share memory, so information needs a \
                      way: here a pipe.",
    },
    spanish: Text {
        title: "una variable no se comparte después de fork()",
        question: "count es una variable global; el padre espera a los dos hijos. ¿Qué imprime?",
        answers: &["0", "250", "500", "cada vez un número distinto"],
        explanation: "fork() le da al hijo una copia de la memoria. Cada hijo cuenta en su propio count, que \
                      desaparece cuando termina; el del padre queda en 0. Padre e hijo no comparten \
                      memoria: para pasar información hace falta un medio, acá un pipe.",
    },
};

pub(super) const NO_WAIT: Exercise = Exercise {
    name: "no-wait",
    mistake: Program {
        source: source!("no-wait/mistake"),
        prints: "done\n",
        status: Some(0),
        verdict: Some("not-waited-for"),
    },
    fix: ends(source!("no-wait/fix"), 0, "done\n"),
    right: 1,
    english: Text {
        title: "no wait(): zombies",
        question: "Both children have ended, and the parent goes on. What is left of them?",
        answers: &[
            "nothing",
            "two entries in the table of processes",
            "two processes that still run",
        ],
        explanation: "The kernel keeps the exit status of a child until its parent asks for it with wait(). Until then \
                      the child is a zombie: it does not run and has no memory, and still takes a process number. A \
                      server that never waits uses them up. In the fix the parent has no children left while it works.",
    },
    spanish: Text {
        title: "sin wait(): zombis",
        question: "Los dos hijos terminaron, y el padre sigue. ¿Qué queda de ellos?",
        answers: &[
            "nada",
            "dos entradas en la tabla de procesos",
            "dos procesos que siguen corriendo",
        ],
        explanation: "El kernel guarda el estado de salida de un hijo hasta que su padre lo pide con wait(). Hasta \
                      entonces el hijo es un zombi: no corre y no tiene memoria, pero todavía ocupa un número de \
                      proceso. Un servidor que nunca espera los agota. En el arreglo, al padre no le quedan hijos \
                      mientras trabaja.",
    },
};

pub(super) const UNCHECKED_ERROR: Exercise = Exercise {
    name: "unchecked-error",
    mistake: ends(source!("unchecked-error/mistake"), 0, "375\n"),
    fix: ends(source!("unchecked-error/fix"), 1, "pipe: Too many open files\n"),
    right: 2,
    english: Text {
        title: "an unchecked error: a wrong number, and status 0",
        question: "Four pipes need eight descriptors, and 0, 1 and 2 are taken: the limit of 10 is one too low. What \
                   is printed?",
        answers: &["an error of pipe()", "500", "375, with status 0", "nothing: it waits for ever"],
        explanation: "C has no exceptions: a call that fails returns -1 and sets errno, and the program goes on. The \
                      fourth pipe() failed; its worker wrote to descriptor -1, which also failed, and its part of the \
                      count is missing. The status says that all is well. The fix looks at every result, and ends with \
                      a message and status 1. No answer is better than a wrong one.",
    },
    spanish: Text {
        title: "un error sin revisar: número equivocado y estado 0",
        question: "Cuatro pipes necesitan ocho descriptores, y 0, 1 y 2 están ocupados: al límite de 10 le falta uno. \
                   ¿Qué se imprime?",
        answers: &["un error de pipe()", "500", "375, con estado 0", "nada: espera para siempre"],
        explanation: "C no tiene excepciones: una llamada que falla devuelve -1 y deja la causa en errno, y el \
                      programa sigue. El cuarto pipe() falló; su worker escribió en el descriptor -1, que también \
                      falló, y falta su parte de la cuenta. El estado dice que está todo bien. El arreglo revisa cada \
                      resultado, y termina con un mensaje y estado 1. Mejor ninguna respuesta que una equivocada.",
    },
};

pub(super) const CODE_AFTER_EXEC: Exercise = Exercise {
    name: "code-after-exec",
    mistake: ends(
        source!("code-after-exec/mistake"),
        0,
        "this program is process #1\nthe other one is process #1\n",
    ),
    fix: ends(
        source!("code-after-exec/fix"),
        0,
        "this program is process #1\nthe other one is process #2\nback in this program\n",
    ),
    right: 2,
    english: Text {
        title: "exec makes no process, and returns only if it fails",
        question: "execlp() starts sh, which prints its process number. What is printed after the first line?",
        answers: &[
            "another number, then 'back in this program'",
            "the same number, then 'back in this program'",
            "the same number, and nothing else",
        ],
        explanation: "exec creates no process: it replaces the program of this one. The process number stays, and so \
                      do the open descriptors; the old program is gone, with all its code. exec returns only if it \
                      fails. To go on, fork() first and let the child call exec: then there are two numbers.",
    },
    spanish: Text {
        title: "exec no crea procesos, y si funciona no vuelve",
        question: "execlp() ejecuta sh, que imprime su número de proceso. ¿Qué se imprime después de la primera línea?",
        answers: &[
            "otro número, y después 'de vuelta en este programa'",
            "el mismo número, y después 'de vuelta en este programa'",
            "el mismo número, y nada más",
        ],
        explanation: "exec no crea un proceso: reemplaza el programa de éste. El número de proceso queda, y también \
                      los descriptores abiertos; desaparece el programa anterior, con todo su código. exec vuelve sólo \
                      si falla. Para seguir, primero fork(), y que el hijo llame a exec: entonces hay dos números.",
    },
};

pub(super) const SIGNAL_WITHOUT_DATA: Exercise = Exercise {
    name: "signal-without-data",
    mistake: ends(source!("signal-without-data/mistake"), 0, "1\n"),
    fix: ends(source!("signal-without-data/fix"), 0, "100 (16 bytes, the last is 198)\n"),
    right: 2,
    english: Text {
        title: "a signal carries no information; a pipe does",
        question: "The child sends 100 signals while the parent is busy (it blocks them). What does the parent count?",
        answers: &["100", "200", "1", "0"],
        explanation: "Of each kind of signal the kernel only notes that one is pending, not how many. A signal says \
                      that something has happened, and nothing else. The pipe of the fix carries 16 bytes, two numbers \
                      of 8, in one write, and none is lost.",
    },
    spanish: Text {
        title: "una señal no lleva información; un pipe sí",
        question: "El hijo manda 100 señales mientras el padre está ocupado (las bloquea). ¿Cuántas cuenta el padre?",
        answers: &["100", "200", "1", "0"],
        explanation: "De cada tipo de señal el kernel sólo anota que hay una pendiente, no cuántas. Una señal avisa \
                      que algo pasó, y nada más. El pipe del arreglo lleva 16 bytes, dos números de 8, en un solo \
                      write, y no se pierde ninguno.",
    },
};
