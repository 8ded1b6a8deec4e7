/* Runs a program for each number of a range, split among processes: posix_spawn, waitpid, and nothing
 * else. What starting commands costs at least (posix_spawn(3)).
 *
 * spawn WORKERS FIRST END PROGRAM: prints how many ended with status 0. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static long work(long first, long end, char *program)
{
    long good = 0;
    for (long n = first; n < end; n++) {
        char text[32];
        snprintf(text, sizeof text, "%ld", n);
        char *arguments[] = { program, text, NULL };
        pid_t pid;
        int status;
        if (posix_spawn(&pid, program, NULL, NULL, arguments, environ) != 0)
            exit(2);
        if (waitpid(pid, &status, 0) != pid)
            exit(2);
        good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    long workers = atol(argv[1]), first = atol(argv[2]), end = atol(argv[3]), total = 0;
    int results[2];
    if (workers < 1 || pipe(results) != 0)
        return 2;
    for (long worker = 0; worker < workers; worker++) {
        long length = end - first;
        if (fork() == 0) {
            long good = work(first + length * worker / workers,
                             first + length * (worker + 1) / workers, argv[4]);
            if (write(results[1], &good, sizeof good) != sizeof good)
                _exit(2);
            _exit(0);
        }
    }
    close(results[1]);
    for (long good; read(results[0], &good, sizeof good) == sizeof good;)
        total += good;
    while (wait(NULL) > 0)
        ;
    printf("%ld\n", total);
    return 0;
}
