/* A child sends two numbers in 16 bytes through a pipe: the count of even numbers in 0..200, and the last. */
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
    long answer[2] = {0, 0};
    check(pipe(results), "pipe");
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        close(results[0]);
        for (long n = 0; n < 200; n++)
            if (n % 2 == 0) answer[0]++, answer[1] = n;
        check(write(results[1], answer, sizeof answer), "write");
        _exit(0);
    }
    close(results[1]);
    ssize_t got = read(results[0], answer, sizeof answer);
    check(got, "read");
    check(wait(NULL), "wait");
    printf("%ld (%zd bytes, the last is %ld)\n", answer[0], got, answer[1]);
    return 0;
}
