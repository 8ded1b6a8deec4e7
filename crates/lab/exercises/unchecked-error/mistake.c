/* Four workers count the even numbers of 0..1000. The process may have 10 descriptors. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4 };

int main(void) {
    int results[WORKERS][2];
    long count = 0, total = 0;
    struct rlimit limit = {10, 10};
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 0; i < WORKERS; i++) {
        results[i][0] = results[i][1] = -1;
        pipe(results[i]);
    }
    for (long i = 0; i < WORKERS; i++)
        if (fork() == 0) {
            for (long n = 250 * i; n < 250 * (i + 1); n++) count += n % 2 == 0;
            write(results[i][1], &count, sizeof count);
            _exit(0);
        }
    for (int i = 0; i < WORKERS; i++) {
        close(results[i][1]);
        if (read(results[i][0], &count, sizeof count) > 0) total += count;
        wait(NULL);
    }
    printf("%ld\n", total);
    return 0;
}
