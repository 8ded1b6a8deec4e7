//! The comments and the output of the programs in Spanish.

use evenly_inspect::Language;

/// Each comment in English and in Spanish.
const COMMENTS: [(&str, &str); 44] = [
    (
        "A child counts the even numbers of 0..1000. The parent adds what it reads, until end of file.",
        "Un hijo cuenta los pares de 0..1000. El padre suma lo que lee, hasta el fin de archivo.",
    ),
    (
        "A child counts the even numbers of 0..1000 and sends the result to the parent.",
        "Un hijo cuenta los pares de 0..1000 y le manda el resultado al padre.",
    ),
    (
        "Three workers count the even numbers of the ranges that they read, until end of file.",
        "Tres workers cuentan los pares de los rangos que leen, hasta el fin de archivo.",
    ),
    (
        "A child lists 30000 even numbers, in 240000 bytes. The parent counts them.",
        "Un hijo manda 30000 números pares, en 240000 bytes. El padre los cuenta.",
    ),
    (
        "The parent sends 300000 bytes to a child, which sends each one back; then the parent counts them.",
        "El padre le manda 300000 bytes a un hijo, que devuelve cada uno; después el padre los cuenta.",
    ),
    (
        "Two children write 200 messages each into one pipe. The parent counts the messages with bytes of both.",
        "Dos hijos escriben 200 mensajes cada uno en un pipe. El padre cuenta los que tienen bytes de los dos.",
    ),
    (
        "Two children write 500 messages each into one pipe. The parent counts the messages with bytes of both.",
        "Dos hijos escriben 500 mensajes cada uno en un pipe. El padre cuenta los que tienen bytes de los dos.",
    ),
    (
        "The parent puts three numbers into a pipe, looks what is in it, and lets a child read all of them.",
        "El padre pone tres números en un pipe, mira qué hay, y deja que un hijo los lea todos.",
    ),
    (
        "Two children count the even numbers of one half of 0..1000 each.",
        "Dos hijos cuentan cada uno los pares de una mitad de 0..1000.",
    ),
    (
        "Two children do their work and end; the parent goes on with other work.",
        "Dos hijos hacen su trabajo y terminan; el padre sigue con otra cosa.",
    ),
    (
        "Four workers count the even numbers of 0..1000. The process may have 10 descriptors.",
        "Cuatro workers cuentan los pares de 0..1000. El proceso puede tener 10 descriptores.",
    ),
    (
        "The process starts another program, and prints a line afterwards.",
        "El proceso ejecuta otro programa, y después imprime una línea.",
    ),
    (
        "A child sends one signal for each even number of 0..200. The parent counts the signals.",
        "Un hijo manda una señal por cada par de 0..200. El padre cuenta las señales.",
    ),
    (
        "A child sends two numbers in 16 bytes through a pipe: the count of even numbers in 0..200, and the last.",
        "Un hijo manda dos números en 16 bytes por un pipe: cuántos pares hay en 0..200, y el último.",
    ),
    (
        "A client counts the even numbers of 0..1000 and sends the result to a server.",
        "Un cliente cuenta los pares de 0..1000 y le manda el resultado a un servidor.",
    ),
    (
        "Two servers wait for clients at the same port, each with a socket of its own.",
        "Dos servidores esperan clientes en el mismo puerto, cada uno con su socket.",
    ),
    (
        "Two servers wait for clients at the same port, with one socket that both inherit.",
        "Dos servidores esperan clientes en el mismo puerto, con un socket que heredan los dos.",
    ),
    (
        "A child sends two ranges, each of two numbers in one datagram. The parent reads number by number.",
        "Un hijo manda dos rangos, cada uno de dos números en un datagrama. El padre lee número por número.",
    ),
    (
        "A child sends two ranges, each of two numbers in one datagram. The parent reads range by range.",
        "Un hijo manda dos rangos, cada uno de dos números en un datagrama. El padre lee rango por rango.",
    ),
    (
        "A child sends a range in two writes. The parent reads it from a stream socket.",
        "Un hijo manda un rango en dos writes. El padre lo lee de un socket de tipo stream.",
    ),
    (
        "A server and its client, which sends the number 500.",
        "Un servidor y su cliente, que manda el número 500.",
    ),
    ("time to look at it", "tiempo para mirarlo"),
    ("a slow reader", "un lector lento"),
    ("the other work", "la otra cosa"),
    ("busy with something else", "ocupado con otra cosa"),
    ("a slow network", "una red lenta"),
    ("end of file inside a message", "fin de archivo en medio de un mensaje"),
    ("the client has said why", "el cliente ya dijo por qué"),
    ("and a port that the kernel chooses", "y un puerto que elige el kernel"),
    ("the kernel chooses the port", "el puerto lo elige el kernel"),
    ("port 0: the kernel chooses", "puerto 0: elige el kernel"),
    (
        "Calls that std does not have. They are unsafe: the compiler does not see what C does.",
        "Llamadas que std no tiene. Son unsafe: el compilador no ve qué hace C.",
    ),
    (
        "The result of a call of C, which is -1 if the call has failed.",
        "El resultado de una llamada de C, que es -1 si la llamada falló.",
    ),
    ("socket(), bind() and listen()", "socket(), bind() y listen()"),
    (
        "TcpListener::bind() calls bind() and listen() in one step; here they are two.",
        "TcpListener::bind() llama a bind() y a listen() en un paso; acá son dos.",
    ),
    (
        "A sockaddr_in; the port and the host begin with the highest byte.",
        "Un sockaddr_in; el puerto y la IP empiezan por el byte más alto.",
    ),
    ("now it has an owner", "ahora tiene dueño"),
    ("and the end is dropped", "y el extremo se cierra: termina su dueño"),
    ("exec() returns only an error", "exec() sólo devuelve un error"),
    ("one call of write()", "una sola llamada a write()"),
    ("a loop around read()", "un bucle alrededor de read()"),
    (
        "in Rust, a descriptor is closed when its owner is dropped",
        "en Rust, un descriptor se cierra cuando se descarta su dueño",
    ),
    ("a sigset_t, with a bit for each signal", "un sigset_t, con un bit por señal"),
    (
        "A PipeReader has no write(): the compiler would refuse it. A File has one.",
        "Un PipeReader no tiene write(): el compilador lo rechazaría. Un File sí.",
    ),
];

/// What the programs print, in English and in Spanish, of the same length where the program says how long it is.
const PRINTED: [(&str, &str); 11] = [
    ("this program is process ", "este programa es el proceso "),
    ("the other one is process ", "el otro es el proceso "),
    ("back in this program", "de vuelta en este programa"),
    ("no message is mixed", "ningún mensaje está mezclado"),
    ("messages are mixed", "hay mensajes mezclados"),
    ("parent", "padre"),
    ("child", "hijo"),
    ("done", "listo"),
    ("hello", "hola!"),
    (" bytes, the last is ", " bytes, el último es "),
    (" to ", " a "),
];

/// What a program prints, in a language.
pub(crate) fn printed(english: &str, language: Language) -> String {
    let mut text = english.to_owned();
    if language == Language::Spanish {
        for (english, spanish) in PRINTED {
            text = text.replace(english, spanish);
        }
    }
    text
}

/// A program in C or Rust with its comments and its output in a language; the files have them in English.
pub(crate) fn localized(source: &str, language: Language) -> String {
    // The other parts are between quotes.
    let parts = source.split('"').enumerate().map(|(at, part)| match at % 2 {
        0 => part.to_owned(),
        _ => printed(part, language),
    });
    let mut text = parts.collect::<Vec<_>>().join("\"");
    if language == Language::English {
        return text;
    }
    for (english, spanish) in COMMENTS {
        text = text.replace(&format!("/* {english} */"), &format!("/* {spanish} */"));
        for mark in ["//!", "///", "//"] {
            let line = format!("{mark} {english}\n");
            text = text.replace(&line, &format!("{mark} {spanish}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercises::EXERCISES;

    /// The text of a comment in a line, if it has one.
    fn comment(line: &str) -> Option<&str> {
        let in_c = line.split_once("/* ").and_then(|(_, rest)| Some(rest.split_once(" */")?.0));
        in_c.or_else(|| Some(line.split_once("//")?.1.trim_start_matches(['/', '!', ' '])))
    }

    /// Whether a line has a text between quotes that is another one in Spanish.
    fn has_text(line: &str) -> bool {
        let mut texts = line.split('"').skip(1).step_by(2);
        texts.any(|text| printed(text, Language::Spanish) != text)
    }

    #[test]
    fn every_output_is_translated_but_for_errors_of_the_c_library() {
        for one in &EXERCISES {
            for program in [&one.mistake, &one.fix] {
                for line in program.prints.lines() {
                    let error = line.split_once(": ");
                    let is_error =
                        error.is_some_and(|(_, error)| error.starts_with(char::is_uppercase));
                    let has_words = line.contains(|sign: char| sign.is_ascii_alphabetic());
                    let spanish = printed(line, Language::Spanish);
                    assert_eq!(has_words && !is_error, spanish != line, "{}: {line}", one.name);
                }
            }
        }
    }

    #[test]
    fn spanish_texts_speak_of_the_output_as_it_is_printed() {
        for one in &EXERCISES {
            let texts =
                [&[one.spanish.question, one.spanish.explanation], one.spanish.answers].concat();
            for text in texts {
                assert_eq!(printed(text, Language::Spanish), text, "{}", one.name);
            }
        }
    }

    #[test]
    fn every_comment_and_text_is_translated() {
        for one in &EXERCISES {
            let (mistake, fix) = (one.mistake.source, one.fix.source);
            for source in [mistake.c, mistake.rust, fix.c, fix.rust] {
                assert_eq!(localized(source, Language::English), source);
                let spanish = localized(source, Language::Spanish);
                assert_eq!(spanish.lines().count(), source.lines().count(), "{}", one.name);
                for (old, new) in source.lines().zip(spanish.lines()) {
                    let is_translated = comment(old).is_some() || has_text(old);
                    assert_eq!(is_translated, old != new, "{}: {old}", one.name);
                    assert!(new.chars().count() <= 110, "{}: {new}", one.name);
                }
            }
        }
    }
}
