/* The exercise of the class with sockets in C: server and client may run on different machines, which no pipe connects.
 * Build: cc -O2 -o exercise_sockets exercise_sockets.c. Usage, and the same in Rust: examples/exercise_sockets.rs */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <endian.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_S = 10 }; /* how long a datagram that is due may take: a round trip, and the counting */
static const char HELLO[] = "hello, which range is mine?";

/* An address of either domain. The kernel needs its length, too. */
typedef struct {
    union {
        struct sockaddr any;
        struct sockaddr_in internet;
        struct sockaddr_un local;
    };
    socklen_t length;
} Address;

static char file[108];       /* the path that our socket is bound to; its file stays after close, so we remove it */
static int about_client = 0; /* the number of the client that an error is about; 0: of none */

static void say(const char *format, ...) {
    va_list values;
    va_start(values, format);
    fprintf(stderr, "exercise_sockets: ");
    vfprintf(stderr, format, values);
    fprintf(stderr, "\n");
    va_end(values);
}

static void remove_file(void) {
    if (file[0]) unlink(file);
    file[0] = '\0';
}

static void fail(const char *reason) {
    char client[32] = "";
    if (about_client) snprintf(client, sizeof client, "client %d: ", about_client);
    remove_file();
    say("no answer: %s%s", client, reason);
    exit(1);
}

/* C has no exceptions: the result of each call is checked. `place` may be empty. */
static void check(long result, const char *call, const char *place) {
    if (result >= 0) return;
    char reason[300];
    int late = errno == EAGAIN;
    int length = snprintf(reason, sizeof reason, "%s%s: %s (os error %d)", call, place, strerror(errno), errno);
    if (late) snprintf(reason + length, sizeof reason - length, "; nothing came for %d seconds", WAIT_S);
    fail(reason);
}

static const char *name_of(const Address *address) {
    static char name[120];
    char host[INET_ADDRSTRLEN];
    if (address->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->internet.sin_addr, host, sizeof host);
        snprintf(name, sizeof name, "%s:%d", host, ntohs(address->internet.sin_port));
    } else if (address->length > offsetof(struct sockaddr_un, sun_path) && address->local.sun_path[0]) {
        snprintf(name, sizeof name, "%.108s", address->local.sun_path);
    } else {
        snprintf(name, sizeof name, "a socket without a name");
    }
    return name;
}

/* 0 if the path has more than the 107 bytes that have room in an address, or none. */
static int unix_address(Address *address, const char *path) {
    memset(address, 0, sizeof *address);
    address->local.sun_family = AF_UNIX;
    address->length = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
    if (strlen(path) < 1 || strlen(path) > 107) return 0;
    strcpy(address->local.sun_path, path);
    return 1;
}

static int internet_address(Address *address, const char *text) {
    char host[INET_ADDRSTRLEN];
    int used = 0;
    unsigned port;
    memset(address, 0, sizeof *address);
    if (sscanf(text, "%15[0-9.]:%5u%n", host, &port, &used) != 2 || text[used] != '\0' || port > 65535) return 0;
    address->internet.sin_family = AF_INET; /* port and address have their highest byte first */
    address->internet.sin_port = htons(port);
    address->length = sizeof address->internet;
    return inet_pton(AF_INET, host, &address->internet.sin_addr) == 1;
}

/* Binds a socket to an address. A killed server leaves its file: if nothing answers there, it is removed. A datagram
 * socket asks, because a stream server that is alive would take us for a client. */
static void bind_to(int fd, const Address *address) {
    struct stat found;
    int is_path = address->any.sa_family == AF_UNIX;
    if (is_path && lstat(address->local.sun_path, &found) == 0 && S_ISSOCK(found.st_mode)) {
        int asking = socket(AF_UNIX, SOCK_DGRAM, 0);
        check(asking, "socket", "");
        if (connect(asking, &address->any, address->length) < 0 && errno == ECONNREFUSED)
            check(unlink(address->local.sun_path), "unlink", "");
        close(asking);
    }
    check(bind(fd, &address->any, address->length), "bind to ", name_of(address));
    if (is_path) strcpy(file, address->local.sun_path);
}

/* read returns as soon as there are some bytes: a stream may divide a message, a datagram comes whole. */
static void read_whole(int fd, void *buffer, size_t size, const char *if_none) {
    size_t filled = 0;
    while (filled < size) {
        ssize_t length = read(fd, (char *)buffer + filled, size - filled);
        if (length < 0 && errno == EINTR) continue; /* stopped and continued while it waited: signal(7) */
        check(length, "read", "");
        if (length == 0) fail(if_none);
        filled += length;
    }
}

/* From now on a read that gets nothing fails after a while, with EAGAIN. */
static void limit_waiting(int fd) {
    struct timeval limit = {.tv_sec = WAIT_S};
    check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), "setsockopt", "");
}

static void say_that_it_waits(int fd, int64_t clients) {
    Address own = {.length = sizeof(struct sockaddr_un)};
    check(getsockname(fd, &own.any, &own.length), "getsockname", "");
    say("waits at %s, clients to come: %lld", name_of(&own), (long long)clients);
}

/* The range of one client, highest byte first: other machines may keep numbers the other way round. */
static void part_of(int64_t first, int64_t end, int64_t number, int64_t clients, uint64_t range[2]) {
    __int128 length = (__int128)end - first; /* 128 bits: the product below may not fit into 64 */
    range[0] = htobe64(first + length * number / clients);
    range[1] = htobe64(first + length * (number + 1) / clients);
}

static uint64_t stream_server(const Address *address, int64_t clients, int64_t first, int64_t end) {
    /* 1. Make a socket, and bind it to the address at which the clients look for us. (SO_REUSEADDR: also if a server
     *    was there a moment ago.) */
    int one = 1, listener = socket(address->any.sa_family, SOCK_STREAM, 0);
    check(listener, "socket", "");
    check(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), "setsockopt", "");
    bind_to(listener, address);

    /* 2. Listen: this socket will never carry data. The kernel queues new connections there. */
    check(listen(listener, clients < 4096 ? clients : 4096), "listen", "");
    say_that_it_waits(listener, clients);

    int *connection = calloc(clients, sizeof *connection);
    check(connection ? 0 : -1, "calloc", "");
    for (int64_t i = 0; i < clients; i++) {
        /* 3. Accept the next connection. This blocks until there is one, and gives a new socket for it alone. */
        Address from = {.length = sizeof(struct sockaddr_un)};
        connection[i] = accept(listener, &from.any, &from.length);
        check(connection[i], "accept", "");
        say("client %d connected from %s", about_client = i + 1, name_of(&from));

        /* 4. Write the client its range. It counts while we wait for the others. */
        uint64_t range[2];
        part_of(first, end, i, clients, range);
        check(write(connection[i], range, sizeof range), "write", "");
        about_client = 0;
    }

    /* 5. Stop listening: from now on the kernel refuses connections. */
    remove_file();
    close(listener);

    /* 6. Read the counts. End of file instead means that this client is gone: then there is no answer. */
    uint64_t total = 0, count;
    for (int64_t i = 0; i < clients; i++) {
        about_client = i + 1;
        read_whole(connection[i], &count, sizeof count, "read: end of file, and no count");
        total += be64toh(count);
        close(connection[i]);
    }
    free(connection);
    return total;
}

static uint64_t datagram_server(const Address *address, int64_t clients, int64_t first, int64_t end) {
    /* 1. Make a socket and bind it. There is nothing to listen for and nothing to accept: this one socket gets the
     *    messages of all clients, each with the address of its sender. */
    int fd = socket(address->any.sa_family, SOCK_DGRAM, 0);
    check(fd, "socket", "");
    bind_to(fd, address);
    say_that_it_waits(fd, clients);

    struct { Address address; int has_count; uint64_t count; } *sender = calloc(clients, sizeof *sender);
    check(sender ? 0 : -1, "calloc", "");
    int64_t senders = 0, counts = 0;
    uint64_t total = 0;
    while (counts < clients) {
        for (about_client = 1; about_client <= senders && sender[about_client - 1].has_count;) about_client++;
        if (about_client > senders) about_client = 0;

        /* 2. Receive the next message of any sender. This blocks until there is one. A count fits into the buffer, a
         *    hello does not; with MSG_TRUNC we learn the length of the message nevertheless. */
        union { char bytes[8]; uint64_t number; } buffer;
        Address from;
        memset(&from, 0, sizeof from);
        from.length = sizeof(struct sockaddr_un);
        ssize_t length = recvfrom(fd, &buffer, sizeof buffer, MSG_TRUNC, &from.any, &from.length);
        if (length < 0 && errno == EINTR) continue;
        check(length, "recvfrom", "");
        int64_t i = 0;
        while (i < senders && memcmp(&sender[i].address, &from, sizeof from) != 0) i++;

        if (i == senders && senders < clients && length == sizeof HELLO - 1 && memcmp(&buffer, HELLO, 8) == 0) {
            /* 3. A message is read whole. Bytes beyond the buffer are lost, and the next read gives the next message.
             *    (On a stream it would go on where this one stopped.) Here we need only the sender. */
            say("client %lld sent %zd bytes from %s", (long long)i + 1, length, name_of(&from));
            say("a buffer of 8 took \"%.8s\", the other %zd bytes are lost", buffer.bytes, length - 8);

            /* 4. Send the range to where the hello came from. */
            uint64_t range[2];
            about_client = i + 1;
            part_of(first, end, i, clients, range);
            check(sendto(fd, range, sizeof range, 0, &from.any, from.length), "sendto ", name_of(&from));
            sender[senders++].address = from;
            if (senders == clients) limit_waiting(fd); /* Now only counts are due. */
        } else if (i < senders && length == 8) {
            /* 5. A count. A network may deliver a message twice; it counts once. */
            if (!sender[i].has_count) total += be64toh(buffer.number), counts++;
            sender[i].has_count = 1;
        } else {
            say("%zd bytes from %s are not what is waited for", length, name_of(&from));
        }
    }
    remove_file();
    close(fd);
    free(sender);
    return total;
}

/* A client, of either type: one range in, one count out. */
static uint64_t client(const Address *server, int type) {
    /* 1. Make a socket. A datagram is answered at the address it came from. connect gives us a port, but no path, so on
     *    unix we bind our socket to a path of our own, beside the server's. */
    int fd = socket(server->any.sa_family, type, 0);
    check(fd, "socket", "");
    if (type == SOCK_DGRAM) limit_waiting(fd);
    if (type == SOCK_DGRAM && server->any.sa_family == AF_UNIX) {
        char here[4096] = "", own[4300], reason[4400];
        if (server->local.sun_path[0] != '/') /* absolute: the server may run in another directory */
            check(getcwd(here, sizeof here) ? 0 : -1, "getcwd", "");
        snprintf(own, sizeof own, "%s%s%s.%d", here, here[0] ? "/" : "", server->local.sun_path, (int)getpid());
        snprintf(reason, sizeof reason, "%s has more than 107 bytes", own);
        Address address;
        if (!unix_address(&address, own)) fail(reason);
        bind_to(fd, &address);
    }

    /* 2. Connect to the server. On a stream this makes the connection. On datagrams our kernel only notes the address
     *    to send to and receive from: the server knows nothing of us, so we say hello. */
    check(connect(fd, &server->any, server->length), "connect to ", name_of(server));
    if (type == SOCK_DGRAM) check(write(fd, HELLO, sizeof HELLO - 1), "write", "");

    /* 3. Read our range. This blocks until the server writes. Then our path is not needed again. */
    uint64_t range[2];
    read_whole(fd, range, sizeof range, "read: end of file, and no range");
    remove_file();

    /* 4. Count the even numbers by testing each. */
    uint64_t count = 0;
    for (int64_t n = be64toh(range[0]), end = be64toh(range[1]); n < end; n++)
        if (n % 2 == 0) count++;

    /* 5. Write the count, and close. On datagrams we never learn whether it arrived. */
    uint64_t message = htobe64(count);
    check(write(fd, &message, sizeof message), "write", "");
    close(fd);
    return count;
}

static void usage(void) {
    say("usage: exercise_sockets server|client unix|internet stream|datagram WHERE, and for a server "
        "[CLIENTS [FIRST END]], CLIENTS >= 1, FIRST <= END; WHERE is a path of at most 107 bytes, or an address and a "
        "port like 127.0.0.1:7000");
    exit(2);
}

static int64_t number_in(const char *text) {
    char *rest;
    errno = 0;
    int64_t number = strtoll(text, &rest, 10);
    if (errno != 0 || rest == text || *rest != '\0') usage();
    return number;
}

int main(int argc, char **argv) {
    if (argc < 5 || argc == 7 || argc > 8) usage();
    int is_server = strcmp(argv[1], "server") == 0, is_unix = strcmp(argv[2], "unix") == 0;
    int type = strcmp(argv[3], "stream") == 0 ? SOCK_STREAM : SOCK_DGRAM;
    int64_t clients = argc > 5 ? number_in(argv[5]) : 1;
    int64_t first = argc > 7 ? number_in(argv[6]) : 0, end = argc > 7 ? number_in(argv[7]) : 1000000;
    Address address;
    if (!is_server && (strcmp(argv[1], "client") != 0 || argc > 5)) usage();
    if (!is_unix && strcmp(argv[2], "internet") != 0) usage();
    if (type == SOCK_DGRAM && strcmp(argv[3], "datagram") != 0) usage();
    if (clients < 1 || clients > INT_MAX || first > end) usage();
    if (!(is_unix ? unix_address : internet_address)(&address, argv[4])) usage();
    signal(SIGPIPE, SIG_IGN); /* write to a closed connection then fails with EPIPE, and does not kill us */

    uint64_t count = !is_server            ? client(&address, type)
                     : type == SOCK_STREAM ? stream_server(&address, clients, first, end)
                                           : datagram_server(&address, clients, first, end);
    about_client = 0;
    check(printf("%llu\n", (unsigned long long)count) < 0 || fflush(stdout) != 0 ? -1 : 0, "write", "");
    return 0;
}
