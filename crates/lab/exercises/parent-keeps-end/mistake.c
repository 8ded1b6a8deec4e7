/* A child counts the even numbers of 0..1000. The parent adds what it reads, until end of file. */
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
    long count = 0, total = 0;
    ssize_t got;
    check(pipe(results), "pipe");
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        close(results[0]);
        for (long n = 0; n < 1000; n++) count += n % 2 == 0;
        check(write(results[1], &count, sizeof count), "write");
        _exit(0);
    }
    while ((got = read(results[0], &count, sizeof count)) > 0) total += count;
    check(got, "read");
    check(wait(NULL), "wait");
    printf("%ld\n", total);
    return 0;
}
