/* Counts the even numbers of 0..N with n workers and n+1 pipes: right WORKERS N */
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

static void work(int ranges, int results) {
    long range[2], count = 0;
    ssize_t got;
    while ((got = read(ranges, range, sizeof range)) > 0)
        for (long n = range[0]; n < range[1]; n++) count += n % 2 == 0;
    check(got, "read");
    check(write(results, &count, sizeof count), "write");
    _exit(0);
}

int main(int argc, char **argv) {
    int workers = argc > 1 ? atoi(argv[1]) : 4, status, failed = 0;
    long end = argc > 2 ? atol(argv[2]) : 1000, count, total = 0;
    int ranges[64][2], results[2];
    ssize_t got;
    for (int i = 0; i < workers; i++) check(pipe(ranges[i]), "pipe");
    check(pipe(results), "pipe");
    for (int i = 0; i < workers; i++) {
        pid_t child = fork();
        check(child, "fork");
        if (child == 0) {
            for (int k = 0; k < workers; k++) {
                close(ranges[k][1]);
                if (k != i) close(ranges[k][0]);
            }
            close(results[0]);
            work(ranges[i][0], results[1]);
        }
    }
    close(results[1]);
    for (int i = 0; i < workers; i++) {
        long range[2] = {end * i / workers, end * (i + 1) / workers};
        close(ranges[i][0]);
        check(write(ranges[i][1], range, sizeof range), "write");
        close(ranges[i][1]);
    }
    while ((got = read(results[0], &count, sizeof count)) > 0) total += count;
    check(got, "read");
    for (int i = 0; i < workers; i++) {
        check(wait(&status), "wait");
        if (status != 0) failed = 1;
    }
    if (failed) return 1;
    printf("%ld\n", total);
    return 0;
}
