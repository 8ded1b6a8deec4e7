/* A child sends two ranges, each of two numbers in one datagram. The parent reads number by number. */
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
    long ranges[2][2] = {{0, 500}, {500, 1000}}, number;
    check(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets), "socketpair");
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        for (int i = 0; i < 2; i++) check(send(sockets[1], ranges[i], sizeof ranges[i], 0), "send");
        _exit(0);
    }
    for (int i = 0; i < 2; i++) {
        check(recv(sockets[0], &number, sizeof number, 0), "recv");
        printf("%ld\n", number);
    }
    check(wait(NULL), "wait");
    return 0;
}
