/* Two children write 500 messages each into one pipe. The parent counts the messages with bytes of both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LENGTH = 4096, MESSAGES = 500 };

static char message[LENGTH];

static void check(long result, const char *call) {
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

static int read_message(int pipe) {
    ssize_t got = 1;
    for (size_t have = 0; have < LENGTH && got > 0; have += got) {
        got = read(pipe, message + have, LENGTH - have);
        check(got, "read");
    }
    return got > 0;
}

int main(void) {
    int results[2], mixed = 0;
    check(pipe(results), "pipe");
    for (int i = 0; i < 2; i++) {
        pid_t child = fork();
        check(child, "fork");
        if (child == 0) {
            close(results[0]);
            memset(message, 'A' + i, LENGTH);
            for (int k = 0; k < MESSAGES; k++) check(write(results[1], message, LENGTH), "write");
            _exit(0);
        }
    }
    close(results[1]);
    sleep(3); /* a slow reader */
    while (read_message(results[0])) mixed += memchr(message, 'A', LENGTH) && memchr(message, 'B', LENGTH);
    for (int i = 0; i < 2; i++) check(wait(NULL), "wait");
    printf(mixed ? "messages are mixed\n" : "no message is mixed\n");
    return 0;
}
