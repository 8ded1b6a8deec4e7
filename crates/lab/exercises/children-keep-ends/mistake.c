/* Three workers count the even numbers of the ranges that they read, until end of file. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 3 };

static void check(long result, const char *call) {
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

static void work(int ranges, int results) {
    long range[2], count = 0;
    ssize_t got;
    while ((got = read(ranges, range, sizeof range)) > 0)
        for (long n = range[0]; n < range[1]; n++) count += n % 2 == 0;
    check(got, "read");
    check(write(results, &count, sizeof count), "write");
    _exit(0);
}

int main(void) {
    int ranges[WORKERS][2], results[2];
    long count, total = 0;
    ssize_t got;
    for (int i = 0; i < WORKERS; i++) check(pipe(ranges[i]), "pipe");
    check(pipe(results), "pipe");
    for (int i = 0; i < WORKERS; i++) {
        pid_t child = fork();
        check(child, "fork");
        if (child == 0) work(ranges[i][0], results[1]);
    }
    close(results[1]);
    for (long i = 0; i < WORKERS; i++) {
        long range[2] = {1000 * i, 1000 * (i + 1)};
        close(ranges[i][0]);
        check(write(ranges[i][1], range, sizeof range), "write");
        close(ranges[i][1]);
    }
    while ((got = read(results[0], &count, sizeof count)) > 0) total += count;
    check(got, "read");
    for (int i = 0; i < WORKERS; i++) check(wait(NULL), "wait");
    printf("%ld\n", total);
    return 0;
}
