/* What a medium itself can carry, one message at a time: a child sends every message of 24 bytes back
 * as one of 16, its parent sends the next when that is there.
 *
 * usage: ping_pong pipe|unix|unixgram|tcp|udp ROUND_TRIPS
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ASSIGNMENT = 24, ANSWER = 16 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Two ends of a connection over loopback; ends[0] is ours, ends[1] the child's. */
static void connect_over_loopback(int ends[2], int type)
{
    struct sockaddr_in place = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in client = place;
    socklen_t length = sizeof place;
    int server = socket(AF_INET, type, 0);
    ends[0] = socket(AF_INET, type, 0);
    if (server < 0 || ends[0] < 0 || bind(server, (struct sockaddr *)&place, length) < 0
        || getsockname(server, (struct sockaddr *)&place, &length) < 0)
        fail("bind");
    if (type == SOCK_DGRAM) {
        if (bind(ends[0], (struct sockaddr *)&client, length) < 0
            || getsockname(ends[0], (struct sockaddr *)&client, &length) < 0
            || connect(server, (struct sockaddr *)&client, length) < 0)
            fail("connect");
        ends[1] = server;
    } else if (listen(server, 1) < 0) {
        fail("listen");
    }
    if (connect(ends[0], (struct sockaddr *)&place, length) < 0)
        fail("connect");
    if (type == SOCK_STREAM) {
        int one = 1;
        ends[1] = accept(server, NULL, NULL);
        if (ends[1] < 0)
            fail("accept");
        setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(ends[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
}

static void read_all(int end, char *buffer, size_t length)
{
    for (size_t got = 0; got < length;) {
        ssize_t now = read(end, buffer + got, length - got);
        if (now == 0)
            _exit(0);
        if (now < 0)
            fail("read");
        got += (size_t)now;
    }
}

static void write_all(int end, const char *buffer, size_t length)
{
    /* So little is written whole or not at all on each of these. */
    if (write(end, buffer, length) != (ssize_t)length)
        fail("write");
}

int main(int argc, char **argv)
{
    long long trips = argc == 3 ? atoll(argv[2]) : 0;
    const char *kind = argc == 3 ? argv[1] : "";
    int there[2], back[2], ends[2];
    if (trips < 1) {
        fprintf(stderr, "usage: ping_pong pipe|unix|unixgram|tcp|udp ROUND_TRIPS\n");
        return 2;
    }
    if (strcmp(kind, "pipe") == 0) {
        if (pipe(there) < 0 || pipe(back) < 0)
            fail("pipe");
    } else {
        if (strcmp(kind, "tcp") == 0)
            connect_over_loopback(ends, SOCK_STREAM);
        else if (strcmp(kind, "udp") == 0)
            connect_over_loopback(ends, SOCK_DGRAM);
        else if (socketpair(AF_UNIX, strcmp(kind, "unixgram") ? SOCK_STREAM : SOCK_DGRAM, 0, ends) < 0)
            fail("socketpair");
        there[1] = back[0] = ends[0];
        there[0] = back[1] = ends[1];
    }
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    char message[ASSIGNMENT] = { 0 };
    if (child == 0) {
        for (long long trip = 0; trip < trips; trip++) {
            read_all(there[0], message, ASSIGNMENT);
            write_all(back[1], message, ANSWER);
        }
        _exit(0);
    }
    for (long long trip = 0; trip < trips; trip++) {
        write_all(there[1], message, ASSIGNMENT);
        read_all(back[0], message, ANSWER);
    }
    if (waitpid(child, NULL, 0) != child)
        fail("waitpid");
    printf("%lld\n", trips);
    return 0;
}
