/* The exercise of the class in C: counts the even numbers of a range with several processes, which share no memory, and
 * n+1 pipes. Build: cc -O2 -o exercise exercise.c. Usage: exercise [WORKERS [[FIRST] END]], where END is the first number
 * that no longer counts. examples/exercise.rs has the same steps in Rust. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char who[32] = "no answer"; /* how an error message begins; a worker puts its name there */

/* C has no exceptions: the result of each call is checked. A process that ends here closes its pipes by that. */
static long check(long result, const char *call) {
    if (result >= 0) return result;
    fprintf(stderr, "exercise: %s: %s: %s (os error %d)\n", who, call, strerror(errno), errno);
    _exit(1);
}

/* The number in a text that is at least `least`, or a usage error. */
static int64_t number_in(const char *text, int64_t least) {
    char *rest;
    errno = 0;
    int64_t number = strtoll(text, &rest, 10);
    if (errno == 0 && rest != text && *rest == '\0' && number >= least) return number;
    fprintf(stderr, "exercise: usage: exercise [WORKERS [[FIRST] END]], WORKERS >= 1, FIRST <= END\n");
    exit(2);
}

/* A worker: one range in, one count out. Up to PIPE_BUF bytes (4096) are written and read whole, never mixed or in parts. */
static void worker(int ranges, int results) {
    int64_t range[2], count = 0;
    if (check(read(ranges, range, sizeof range), "read") == 0) _exit(0); /* 5. End of file: the primary gave up. */
    for (int64_t n = range[0]; n < range[1]; n++) count += n % 2 == 0;
    check(write(results, &count, sizeof count), "write"); /* 6. */
    _exit(0);
}

int main(int argc, char **argv) {
    int64_t workers = argc > 1 ? number_in(argv[1], 1) : 4, first = argc > 3 ? number_in(argv[2], INT64_MIN) : 0;
    int64_t end = argc > 2 ? number_in(argc > 4 ? "too many" : argv[argc - 1], first) : 1000000;
    signal(SIGPIPE, SIG_IGN); /* write to a pipe without a reader then fails with EPIPE, and does not kill us */

    struct { int pipe[2]; pid_t pid; } *child = calloc(workers, sizeof *child);
    int results[2], answers = 0, failed = 0, status;
    check(child == NULL ? -1 : 0, "calloc");
    for (int i = 0; i < workers; i++) check(pipe(child[i].pipe), "pipe"); /* 1. n pipes for ranges, one for results: */
    check(pipe(results), "pipe"); /*    before fork, because a child inherits what is open already. */

    for (int i = 0; i < workers; i++) { /* 2. fork copies this process and its descriptor table, and returns twice: */
        child[i].pid = check(fork(), "fork"); /*  0 in the child, the child's pid in the primary. */
        if (child[i].pid > 0) continue;
        snprintf(who, sizeof who, "worker %d", i + 1);
        for (int k = 0; k < workers; k++) { /* 3. Close the ends that are not ours. A write end kept by mistake would */
            close(child[k].pipe[1]);        /*    hide end of file from the reader of that pipe. */
            if (k != i) close(child[k].pipe[0]);
        }
        close(results[0]);
        worker(child[i].pipe[0], results[1]); /* It never returns into its copy of this loop. */
    }

    close(results[1]); /* 3. With this end open, step 7 would never end. */
    for (int i = 0; i < workers; i++) { /* 4. Write each worker its range, and close: nothing more will come. */
        __int128 length = (__int128)end - first; /* 128 bits: the products below may not fit into 64 */
        int64_t range[2] = {first + length * i / workers, first + length * (i + 1) / workers};
        close(child[i].pipe[0]);
        check(write(child[i].pipe[1], range, sizeof range), "write");
        close(child[i].pipe[1]);
    }

    int64_t count, total = 0; /* 7. Add up the results until end of file, which comes when no write end is open. */
    for (; check(read(results[0], &count, sizeof count), "read") > 0; answers++) total += count;

    for (int i = 0; i < workers; i++) { /* 8. Wait for every child, or it stays a zombie, and check its status. */
        check(waitpid(child[i].pid, &status, 0), "waitpid");
        if (WIFSIGNALED(status))
            fprintf(stderr, "exercise: worker %d (pid %d) was killed by signal %d\n", i + 1, child[i].pid, WTERMSIG(status));
        failed |= status; /* A worker that ends with another status than 0 has said why. */
    }
    if (answers < workers || failed) { /* 9. The answer, if every worker did its part. Half an answer is no answer. */
        fprintf(stderr, "exercise: no answer: %d results came from %d workers\n", answers, (int)workers);
        return 1;
    }
    check(printf("%lld\n", (long long)total) < 0 || fflush(stdout) != 0 ? -1 : 0, "write");
    return 0;
}
