/* Two servers wait for clients at the same port, with one socket that both inherit. */
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

static int open_server(void) {
    int server = socket(AF_INET, SOCK_STREAM, 0);
    check(server, "socket");
    check(bind(server, (struct sockaddr *)&address, length), "bind");
    check(listen(server, 5), "listen");
    check(getsockname(server, (struct sockaddr *)&address, &length), "getsockname");
    return server;
}

static void serve_one_client(int server) {
    int client = accept(server, NULL, NULL);
    check(client, "accept");
    check(write(client, "hello\n", 6), "write");
    close(client);
}

int main(void) {
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* and a port that the kernel chooses */
    int server = open_server();
    for (int i = 0; i < 2; i++) {
        pid_t child = fork();
        check(child, "fork");
        if (child == 0) {
            serve_one_client(server);
            _exit(0);
        }
    }
    for (int i = 0; i < 2; i++) {
        char text[6];
        int connection = socket(AF_INET, SOCK_STREAM, 0);
        check(connection, "socket");
        check(connect(connection, (struct sockaddr *)&address, length), "connect");
        check(read(connection, text, sizeof text), "read");
        check(write(1, text, sizeof text), "write");
    }
    for (int i = 0; i < 2; i++) check(wait(NULL), "wait");
    return 0;
}
