/* A client counts the even numbers of 0..1000 and sends the result to a server. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in address = {.sin_family = AF_INET};
static socklen_t length = sizeof address;

static void check(long result, const char *call) {
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

static void client(void) {
    long count = 0;
    for (long n = 0; n < 1000; n++) count += n % 2 == 0;
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    check(connection, "socket");
    check(connect(connection, (struct sockaddr *)&address, length), "connect");
    check(write(connection, &count, sizeof count), "write");
    _exit(0);
}

int main(void) {
    long count = 0;
    int status, server = socket(AF_INET, SOCK_STREAM, 0);
    check(server, "socket");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* and a port that the kernel chooses */
    check(bind(server, (struct sockaddr *)&address, length), "bind");
    check(getsockname(server, (struct sockaddr *)&address, &length), "getsockname");
    check(listen(server, 5), "listen");
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) client();
    check(wait(&status), "wait");
    if (status != 0) return 1; /* the client has said why */
    int connection = accept(server, NULL, NULL);
    check(connection, "accept");
    check(read(connection, &count, sizeof count), "read");
    printf("%ld\n", count);
    return 0;
}
