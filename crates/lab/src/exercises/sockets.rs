//! Exercises about stream and datagram sockets.

use crate::exercise::{Exercise, Text, ends, hangs, source};

pub(super) const CONNECT_BEFORE_LISTEN: Exercise = Exercise {
    name: "connect-before-listen",
    mistake: ends(source!("connect-before-listen/mistake"), 1, "connect: Connection refused\n"),
    fix: ends(source!("connect-before-listen/fix"), 0, "500\n"),
    right: 1,
    english: Text {
        title: "connect() before listen(): refused",
        question: "The server has called bind(), and not yet listen(). What does connect() of the client do?",
        answers: &[
            "it waits until the server listens",
            "it fails",
            "it succeeds: the port is taken",
        ],
        explanation: "bind() gives the socket a port. Only listen() makes the kernel take connections at it; before, \
                      it answers every one with a reset, and connect() fails with ECONNREFUSED. After listen() a \
                      client may connect, and even write, before the server calls accept(): the kernel keeps it in a \
                      queue. Two programs on two machines start in any order, so a client has to try again.",
    },
    spanish: Text {
        title: "connect() antes de listen(): rechazado",
        question: "El servidor llamó a bind(), y todavía no a listen(). ¿Qué hace connect() en el cliente?",
        answers: &[
            "espera hasta que el servidor escuche",
            "falla",
            "funciona: el puerto ya está reservado",
        ],
        explanation: "bind() le da un puerto al socket. Recién listen() hace que el kernel acepte conexiones ahí; \
                      antes las rechaza a todas, y connect() falla con ECONNREFUSED. Después de listen() un cliente se \
                      puede conectar, y hasta escribir, antes de que el servidor llame a accept(): el kernel lo deja \
                      en una cola. Dos programas en dos máquinas arrancan en cualquier orden: el cliente tiene que \
                      reintentar.",
    },
};

pub(super) const BIND_TWICE: Exercise = Exercise {
    name: "bind-twice",
    mistake: ends(source!("bind-twice/mistake"), 1, "bind: Address already in use\n"),
    fix: ends(source!("bind-twice/fix"), 0, "hello\nhello\n"),
    right: 0,
    english: Text {
        title: "bind() twice to one port: already in use",
        question: "The second socket asks for the port that the first one has got. What happens?",
        answers: &[
            "the second bind() fails",
            "clients go to both in turn",
            "the second one takes the port over",
        ],
        explanation: "An address of this machine and a port belong to one listening socket (but for SO_REUSEPORT): \
                      bind() fails with EADDRINUSE. So it does if a server is started twice, or too soon after its end (SO_REUSEADDR \
                      helps then). For two servers at one port open one socket before fork(): both inherit it, both \
                      call accept(), and each client goes to one of them.",
    },
    spanish: Text {
        title: "dos bind() al mismo puerto: ya está en uso",
        question: "El segundo socket pide el puerto que le tocó al primero. ¿Qué pasa?",
        answers: &[
            "el segundo bind() falla",
            "los clientes van por turno a los dos",
            "el segundo se queda con el puerto",
        ],
        explanation: "Una dirección de esta máquina y un puerto son de un solo socket que escucha (salvo con SO_REUSEPORT): bind() falla con \
                      EADDRINUSE. Lo mismo pasa si un servidor se lanza dos veces, o muy poco después de terminar \
                      (para eso sirve SO_REUSEADDR). Para dos servidores en un puerto, abrí un socket antes de fork(): \
                      los dos lo heredan, los dos llaman a accept(), y cada cliente va a uno de ellos.",
    },
};

pub(super) const SHORT_DATAGRAM: Exercise = Exercise {
    name: "short-datagram",
    mistake: ends(source!("short-datagram/mistake"), 0, "0\n500\n"),
    fix: ends(source!("short-datagram/fix"), 0, "0 500\n500 1000\n"),
    right: 1,
    english: Text {
        title: "a datagram into a short buffer: the rest is lost",
        question: "Two datagrams of 16 bytes are sent: 0 500, and 500 1000. The parent calls recv() twice, each time \
                   for 8 bytes. What does it print?",
        answers: &[
            "0, then 500: the rest of the first one",
            "0, then 500: the begin of the second one",
            "an error",
        ],
        explanation: "A datagram is received as a whole, by one call. What does not fit into the buffer is thrown \
                      away: 500 of the first one is lost, and the second recv() is about the next datagram. No call \
                      fails. Give recv() room for the longest message (with MSG_TRUNC it returns the full length).",
    },
    spanish: Text {
        title: "un datagrama en un buffer corto: el resto se pierde",
        question: "Se mandan dos datagramas de 16 bytes: 0 500, y 500 1000. El padre llama dos veces a recv(), cada \
                   vez por 8 bytes. ¿Qué imprime?",
        answers: &[
            "0 y después 500: el resto del primero",
            "0 y después 500: el comienzo del segundo",
            "un error",
        ],
        explanation: "Un datagrama se recibe entero, con una sola llamada. Lo que no entra en el buffer se tira: \
                      el 500 del primero se pierde, y el segundo recv() ya es del datagrama siguiente. Ninguna llamada \
                      falla. Dale a recv() lugar para el mensaje más largo (con MSG_TRUNC devuelve el largo completo).",
    },
};

pub(super) const SPLIT_MESSAGE: Exercise = Exercise {
    name: "split-message",
    mistake: ends(source!("split-message/mistake"), 0, "0 to 0\n"),
    fix: ends(source!("split-message/fix"), 0, "0 to 1000\n"),
    right: 2,
    english: Text {
        title: "a stream splits a message: read() returns a part",
        question: "The child writes 8 bytes, and a moment later 8 more. The parent calls read() for 16 bytes. What \
                   does it print?",
        answers: &[
            "0 to 1000",
            "an error: 8 bytes are missing",
            "0 to 0",
            "nothing: it waits for ever",
        ],
        explanation: "A stream is a sequence of bytes without borders between messages. read() returns as soon as \
                      there is some data, up to 16 bytes here: it got 8, and said so by its result. The other number \
                      was never read. Over a network every message may be split like this. Read in a loop until the \
                      message is complete, or end of file comes.",
    },
    spanish: Text {
        title: "un stream parte un mensaje: read() devuelve una parte",
        question: "El hijo escribe 8 bytes, y un momento después otros 8. El padre llama a read() por 16 bytes. ¿Qué \
                   imprime?",
        answers: &["0 a 1000", "un error: faltan 8 bytes", "0 a 0", "nada: espera para siempre"],
        explanation: "Un stream es una secuencia de bytes, sin bordes entre mensajes. read() vuelve apenas hay algún \
                      dato, acá hasta 16 bytes: recibió 8, y lo dijo con su resultado. El otro número nunca se leyó. \
                      Por una red, cualquier mensaje puede partirse así. Hay que leer en un bucle hasta tener el \
                      mensaje completo, o hasta el fin de archivo.",
    },
};

pub(super) const ACCEPT_BLOCKS: Exercise = Exercise {
    name: "accept-blocks",
    mistake: hangs(source!("accept-blocks/mistake"), None),
    fix: ends(source!("accept-blocks/fix"), 0, "500\n"),
    right: 2,
    english: Text {
        title: "accept() blocks until a client connects",
        question: "The server calls accept(), and makes the client afterwards. What does it print?",
        answers: &["500", "an error: there is no client", "nothing: it waits"],
        explanation: "accept() blocks until a client connects, and this one would be made after it. evenly inspect \
                      calls nothing wrong: a client from elsewhere could connect at any time, and only you know that \
                      none will. The fix makes the client first. It connects even before accept(): after listen() the \
                      kernel keeps it in a queue.",
    },
    spanish: Text {
        title: "accept() se bloquea hasta que se conecte un cliente",
        question: "El servidor llama a accept(), y crea el cliente después. ¿Qué imprime?",
        answers: &["500", "un error: no hay cliente", "nada: espera"],
        explanation: "accept() se bloquea hasta que se conecte un cliente, y éste se crearía después. evenly inspect no \
                      dice que haya algo mal: en cualquier momento se podría conectar un cliente de otro lado, y sólo \
                      vos sabés que no va a venir ninguno. El arreglo crea primero el cliente. Se conecta incluso \
                      antes del accept(): después de listen() el kernel lo deja en una cola.",
    },
};
