/* A child lists 30000 even numbers, in 240000 bytes. The parent counts them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(long result, const char *call) {
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

int main(void) {
    int results[2];
    long even, count = 0;
    ssize_t got;
    check(pipe(results), "pipe");
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        close(results[0]);
        for (even = 0; even < 60000; even += 2) check(write(results[1], &even, sizeof even), "write");
        _exit(0);
    }
    close(results[1]);
    while ((got = read(results[0], &even, sizeof even)) > 0) count++;
    check(got, "read");
    check(wait(NULL), "wait");
    printf("%ld\n", count);
    return 0;
}
