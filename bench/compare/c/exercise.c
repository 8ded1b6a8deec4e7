/* The exercise of the operating systems class in C, as a rival: count the even numbers of a range
 * with forked workers and n+1 pipes. Built by the benchmark, dynamic, at -O2 and at -O3.
 *
 * usage: exercise WORKERS FIRST END     (END is excluded)
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct range {
    int64_t first, end;
};

static void fail(const char *call)
{
    fprintf(stderr, "exercise: %s: %s\n", call, strerror(errno));
    exit(1);
}

/* Reads exactly `length` bytes: 1 if they came, 0 at end of file. */
static int read_whole(int end, void *buffer, size_t length)
{
    size_t filled = 0;
    while (filled < length) {
        ssize_t got = read(end, (char *)buffer + filled, length - filled);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            fail("read");
        if (got == 0)
            return 0;
        filled += (size_t)got;
    }
    return 1;
}

static void write_whole(int end, const void *buffer, size_t length)
{
    size_t written = 0;
    while (written < length) {
        ssize_t put = write(end, (const char *)buffer + written, length - written);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            fail("write");
        written += (size_t)put;
    }
}

/* Not inlined: the compiler takes the one path that calls this and ends in _exit for a cold one, and
 * would not vectorize a loop that it finds there. */
__attribute__((noinline)) static uint64_t count_even(struct range range)
{
    uint64_t count = 0;
    for (int64_t n = range.first; n < range.end; n++)
        if (n % 2 == 0)
            count++;
    return count;
}

/* The worker closes what is not its own, reads its range, counts, writes the count. */
static void be_worker(long number, long workers, int (*range_pipes)[2], const int *result_pipe)
{
    struct range range;
    for (long i = 0; i < workers; i++) {
        close(range_pipes[i][1]);
        if (i != number)
            close(range_pipes[i][0]);
    }
    close(result_pipe[0]);
    if (read_whole(range_pipes[number][0], &range, sizeof range)) {
        uint64_t count = count_even(range);
        write_whole(result_pipe[1], &count, sizeof count);
    }
    _exit(0);
}

static long long number_in(const char *text)
{
    char *rest;
    errno = 0;
    long long number = strtoll(text, &rest, 10);
    if (errno != 0 || rest == text || *rest != '\0') {
        fprintf(stderr, "exercise: not a number: %s\n", text);
        exit(2);
    }
    return number;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: exercise WORKERS FIRST END\n");
        return 2;
    }
    long workers = (long)number_in(argv[1]);
    struct range whole = {number_in(argv[2]), number_in(argv[3])};
    if (workers < 1 || whole.first > whole.end) {
        fprintf(stderr, "exercise: WORKERS must be at least 1 and END not below FIRST\n");
        return 2;
    }

    int(*range_pipes)[2] = calloc((size_t)workers, sizeof *range_pipes);
    pid_t *children = calloc((size_t)workers, sizeof *children);
    int result_pipe[2];
    if (range_pipes == NULL || children == NULL)
        fail("calloc");
    for (long i = 0; i < workers; i++)
        if (pipe(range_pipes[i]) < 0)
            fail("pipe");
    if (pipe(result_pipe) < 0)
        fail("pipe");

    for (long i = 0; i < workers; i++) {
        children[i] = fork();
        if (children[i] < 0)
            fail("fork");
        if (children[i] == 0)
            be_worker(i, workers, range_pipes, result_pipe);
    }

    close(result_pipe[1]);
    for (long i = 0; i < workers; i++)
        close(range_pipes[i][0]);
    for (long i = 0; i < workers; i++) {
        __int128 length = (__int128)whole.end - whole.first;
        struct range part = {(int64_t)(whole.first + length * i / workers),
                             (int64_t)(whole.first + length * (i + 1) / workers)};
        write_whole(range_pipes[i][1], &part, sizeof part);
        close(range_pipes[i][1]);
    }

    uint64_t total = 0, count;
    long results = 0;
    while (read_whole(result_pipe[0], &count, sizeof count)) {
        total += count;
        results++;
    }
    int lost = results < workers;
    for (long i = 0; i < workers; i++) {
        int status;
        while (waitpid(children[i], &status, 0) < 0)
            if (errno != EINTR)
                fail("waitpid");
        lost |= status != 0;
    }
    if (lost) {
        fprintf(stderr, "exercise: a worker was lost\n");
        return 1;
    }
    printf("%" PRIu64 "\n", total);
    return 0;
}
