/* Another right solution: ranges and results are lines of text, written and read by the C library. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(EXIT_FAILURE);
}

static long count_even(long from, long to) {
    long even = 0;
    for (; from < to; from++)
        if (from % 2 == 0) even++;
    return even;
}

int main(int argc, char *argv[]) {
    if (argc != 3) return 2;
    int n = atoi(argv[1]);
    long end = atol(argv[2]);
    int (*tasks)[2] = malloc(n * sizeof *tasks), answers[2];
    if (tasks == NULL || pipe(answers) == -1) fail("pipe");
    for (int i = 0; i < n; i++) {
        if (pipe(tasks[i]) == -1) fail("pipe");
        pid_t child = fork();
        if (child == -1) fail("fork");
        if (child == 0) {
            long from, to;
            for (int k = 0; k < i; k++) close(tasks[k][1]);
            close(tasks[i][1]);
            close(answers[0]);
            FILE *in = fdopen(tasks[i][0], "r"), *out = fdopen(answers[1], "w");
            if (in == NULL || out == NULL) fail("fdopen");
            if (fscanf(in, "%ld %ld", &from, &to) != 2) fail("fscanf");
            fprintf(out, "%ld\n", count_even(from, to));
            if (fclose(out) != 0) fail("fclose");
            _exit(0);
        }
        close(tasks[i][0]);
    }
    close(answers[1]);
    for (int i = 0; i < n; i++) {
        if (dprintf(tasks[i][1], "%ld %ld\n", end / n * i, i == n - 1 ? end : end / n * (i + 1)) < 0) fail("dprintf");
        close(tasks[i][1]);
    }
    FILE *in = fdopen(answers[0], "r");
    if (in == NULL) fail("fdopen");
    long total = 0, even;
    int arrived = 0;
    for (; fscanf(in, "%ld", &even) == 1; arrived++) total += even;
    while (wait(NULL) > 0) {}
    if (arrived != n) return EXIT_FAILURE;
    printf("There are %ld even numbers.\n", total);
    return EXIT_SUCCESS;
}
