/* Four workers count the even numbers of 0..1000. The process may have 10 descriptors. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4 };

static void check(long result, const char *call) {
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

int main(void) {
    int results[WORKERS][2];
    long count = 0, total = 0;
    struct rlimit limit = {10, 10};
    check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    for (int i = 0; i < WORKERS; i++) {
        results[i][0] = results[i][1] = -1;
        check(pipe(results[i]), "pipe");
    }
    for (long i = 0; i < WORKERS; i++) {
        pid_t child = fork();
        check(child, "fork");
        if (child == 0) {
            for (long n = 250 * i; n < 250 * (i + 1); n++) count += n % 2 == 0;
            check(write(results[i][1], &count, sizeof count), "write");
            _exit(0);
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        close(results[i][1]);
        check(read(results[i][0], &count, sizeof count), "read");
        total += count;
        check(wait(NULL), "wait");
    }
    printf("%ld\n", total);
    return 0;
}
