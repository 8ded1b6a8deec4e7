//! Captions of the stages of the exercise, in the order of system calls taught in the course.

use crate::wiring::caption::Caption;
use evenly::internal::{ExerciseStage, Processes};
use evenly_inspect::{Language, say};

/// The caption of a stage.
pub(super) fn caption(stage: ExerciseStage, processes: &Processes, language: Language) -> Caption {
    let after = |call: &str| say!(language, "after {call}", "después de {call}");
    let pipes = processes.assignment_pipes.len() + 1;
    match stage {
        ExerciseStage::PipesMade => Caption::new(
            "pipe()",
            say!(
                language,
                "{pipes} pipes: one for the range of each worker, one for all results. The primary holds both ends of all",
                "{pipes} pipes: uno para el rango de cada worker y uno para todos los resultados. El primario tiene los \
                 dos extremos de todos"
            ),
            say!(
                language,
                "a pipe made after fork() is in one process only, and joins nothing",
                "un pipe creado después de fork() está en un solo proceso, y no une nada"
            ),
            after("pipe()"),
        ),
        ExerciseStage::Forked => Caption::new(
            "fork()",
            say!(
                language,
                "each worker is a copy of the primary, with a copy of its table. They share no memory",
                "cada worker es una copia del primario, con una copia de su tabla. No comparten memoria"
            ),
            say!(
                language,
                "there is one process, and it waits in read() for itself",
                "hay un solo proceso, y se espera a sí mismo en read()"
            ),
            after("fork()"),
        )
        .with_workers(after("fork()")),
        ExerciseStage::Closed => Caption::new(
            "close()",
            say!(
                language,
                "a worker keeps the read end of its range and the write end of results, the primary the other ends",
                "un worker se queda con el extremo de lectura de su rango y el de escritura de resultados; el primario, \
                 con los otros extremos"
            ),
            say!(
                language,
                "a write end stays open, end of file never comes, and the reader waits for ever",
                "queda abierto un extremo de escritura, nunca llega el fin de archivo, y el que lee espera para siempre"
            ),
            after("close()"),
        )
        .with_workers(after("close()")),
        ExerciseStage::WorkersRead => Caption::new(
            "read()",
            say!(
                language,
                "each worker reads its range. The pipes are empty, so read() blocks",
                "cada worker lee su rango. Los pipes están vacíos, así que read() se bloquea"
            ),
            say!(
                language,
                "a worker does not know what to count",
                "el worker no sabe qué contar"
            ),
            after("close()"),
        ),
        ExerciseStage::RangesWritten => Caption::new(
            "write()",
            say!(
                language,
                "the primary writes each worker its range: two numbers, 16 bytes: the first, and the end, which does not \
                 count (the workers are stopped, so that the bytes can be seen)",
                "el primario le escribe a cada worker su rango: dos números, 16 bytes: el primero, y el final, que no se \
                 cuenta (los workers están detenidos, para que se vean los bytes)"
            ),
            say!(
                language,
                "each worker blocks in read() for ever",
                "cada worker se bloquea en read() para siempre"
            ),
            after("write()"),
        )
        .with_workers(say!(language, "in read(), stopped", "en read(), detenido")),
        ExerciseStage::PrimaryReads => Caption::new(
            "read()",
            say!(
                language,
                "the primary closed the range pipes and reads results. No worker has written one, so read() blocks",
                "el primario cerró los pipes de rangos y lee resultados. Ningún worker escribió, así que read() se bloquea"
            ),
            say!(
                language,
                "the answers stay in the pipe; once it is full, the workers block in write()",
                "las respuestas quedan en el pipe; cuando se llena, los workers se bloquean en write()"
            ),
            String::new(),
        )
        .with_workers(say!(language, "in read(), stopped", "en read(), detenido")),
        ExerciseStage::ResultsWritten => Caption::new(
            "write()",
            say!(
                language,
                "each worker counted and wrote 8 bytes into the one shared pipe. Writes of up to 4096 bytes never mix",
                "cada worker contó y escribió 8 bytes en el único pipe compartido. Los writes de hasta 4096 bytes no se \
                 mezclan"
            ),
            say!(
                language,
                "the worker counted for nothing: no memory is shared",
                "el worker contó para nada: no se comparte memoria"
            ),
            say!(language, "in read(), stopped", "en read(), detenido"),
        )
        .with_workers(after("write()")),
        ExerciseStage::PrimaryReadsOn => Caption::new(
            "read()",
            say!(
                language,
                "the primary has read all results, and read() blocks again: write ends are open, so more could come",
                "el primario leyó todos los resultados, y read() se bloquea otra vez: hay extremos de escritura abiertos, \
                 podría venir más"
            ),
            say!(
                language,
                "read() returns as soon as there is some data: one call may give one result, or half of one",
                "read() vuelve apenas hay algo de datos: una llamada puede dar un resultado, o la mitad"
            ),
            String::new(),
        )
        .with_workers(after("write()")),
        ExerciseStage::WorkerEnded => Caption::new(
            "exit()",
            say!(
                language,
                "each worker that ends closes its write end of results",
                "cada worker que termina cierra su extremo de escritura de resultados"
            ),
            say!(
                language,
                "a worker that goes on as the primary forks workers of its own",
                "un worker que sigue como si fuera el primario crea sus propios workers"
            ),
            String::new(),
        ),
        ExerciseStage::EndOfFile => Caption::new(
            &say!(language, "end of file", "fin de archivo"),
            say!(
                language,
                "no write end of results is open, so read() gave 0. The workers are zombies",
                "no queda ningún extremo de escritura de resultados, así que read() devolvió 0. Los workers son zombis"
            ),
            say!(
                language,
                "a loop that does not stop at 0 never ends",
                "un bucle que no para con 0 no termina nunca"
            ),
            say!(language, "read() gave 0", "read() devolvió 0"),
        ),
        ExerciseStage::Waited => Caption::new(
            "wait()",
            say!(
                language,
                "the primary waited for each worker and has its exit status; nothing is left",
                "el primario esperó a cada worker y tiene su estado de salida; no queda nada"
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
