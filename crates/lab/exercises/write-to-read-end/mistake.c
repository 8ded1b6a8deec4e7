/* A child counts the even numbers of 0..1000 and sends the result to the parent. */
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
    int result[2];
    long count = 0, total = 0;
    ssize_t got;
    check(pipe(result), "pipe");
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        close(result[1]);
        for (long n = 0; n < 1000; n++) count += n % 2 == 0;
        check(write(result[0], &count, sizeof count), "write");
        _exit(0);
    }
    close(result[1]);
    while ((got = read(result[0], &count, sizeof count)) > 0) total += count;
    check(got, "read");
    check(wait(NULL), "wait");
    printf("%ld\n", total);
    return 0;
}
