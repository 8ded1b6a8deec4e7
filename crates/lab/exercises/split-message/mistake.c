/* A child sends a range in two writes. The parent reads it from a stream socket. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(long result, const char *call) {
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

int main(void) {
    int sockets[2];
    long range[2] = {0, 0}, first = 0, end = 1000;
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "socketpair");
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        check(write(sockets[1], &first, sizeof first), "write");
        usleep(300000); /* a slow network */
        check(write(sockets[1], &end, sizeof end), "write");
        _exit(0);
    }
    check(read(sockets[0], range, sizeof range), "read");
    check(wait(NULL), "wait");
    printf("%ld to %ld\n", range[0], range[1]);
    return 0;
}
