/* The server listens with a queue of one and does not accept; two clients wait there and the third cannot connect. */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t length = sizeof name;
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    /* The kernel chooses a name if none is given. */
    if (bind(server, (struct sockaddr *)&name, sizeof(sa_family_t)) < 0 || listen(server, 1) < 0) return 1;
    if (getsockname(server, (struct sockaddr *)&name, &length) < 0) return 1;
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            close(server);
            int client = socket(AF_UNIX, SOCK_STREAM, 0);
            if (connect(client, (struct sockaddr *)&name, length) < 0) _exit(1);
            pause();
        }
    sleep(60);
    return 0;
}
