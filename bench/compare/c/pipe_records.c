/* What a pipe itself can carry: a child writes records of 32 bytes, its parent reads and counts
 * them. No work, no answers, one direction: what is left of a dispatch when nothing is dispatched.
 *
 * usage: pipe_records RECORDS RECORDS_PER_WRITE     (at most 128, which is PIPE_BUF)
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RECORD = 32, PER_WRITE_MAX = 4096 / RECORD };

static void write_records(int end, long long records, long long per_write)
{
    static char batch[PER_WRITE_MAX * RECORD];
    while (records > 0) {
        long long now = records < per_write ? records : per_write;
        /* Up to PIPE_BUF bytes a write is all or nothing, so a short one is a failure. */
        if (write(end, batch, (size_t)(now * RECORD)) != now * RECORD)
            _exit(1);
        records -= now;
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    long long records = argc == 3 ? atoll(argv[1]) : 0;
    long long per_write = argc == 3 ? atoll(argv[2]) : 0;
    if (records < 1 || per_write < 1 || per_write > PER_WRITE_MAX) {
        fprintf(stderr, "usage: pipe_records RECORDS RECORDS_PER_WRITE (1 to 128)\n");
        return 2;
    }
    int ends[2];
    if (pipe(ends) < 0) {
        perror("pipe");
        return 1;
    }
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        return 1;
    }
    if (child == 0) {
        close(ends[0]);
        write_records(ends[1], records, per_write);
    }
    close(ends[1]);

    static char buffer[1 << 16];
    long long bytes = 0;
    ssize_t got;
    while ((got = read(ends[0], buffer, sizeof buffer)) > 0)
        bytes += got;
    int status;
    if (got < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "pipe_records: the writer failed\n");
        return 1;
    }
    printf("%lld\n", bytes / RECORD);
    return 0;
}
