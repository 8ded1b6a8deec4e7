/* The parent sends 300000 bytes to a child, which sends each one back; then the parent counts them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char data[300000], piece[4096];

static void check(long result, const char *call) {
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

int main(void) {
    int there[2], back[2];
    long count = 0;
    ssize_t got;
    check(pipe(there), "pipe");
    check(pipe(back), "pipe");
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        close(there[1]);
        close(back[0]);
        while ((got = read(there[0], piece, sizeof piece)) > 0) check(write(back[1], piece, got), "write");
        check(got, "read");
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    check(write(there[1], data, sizeof data), "write");
    close(there[1]);
    while ((got = read(back[0], piece, sizeof piece)) > 0) count += got;
    check(got, "read");
    check(wait(NULL), "wait");
    printf("%ld\n", count);
    return 0;
}
