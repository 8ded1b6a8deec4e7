/* Counts the primes below N by trial division: with threads of OpenMP, or with forked processes that take one chunk at
   a time from a common pipe.

   usage: skew openmp|chunks N WORKERS */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 1000 };

static int is_prime(uint64_t n) {
    if (n == 2) return 1;
    if (n < 2 || n % 2 == 0) return 0;
    for (uint64_t d = 3; d * d <= n; d += 2)
        if (n % d == 0) return 0;
    return 1;
}

static uint64_t with_openmp(uint64_t n, int workers) {
    uint64_t count = 0;
#pragma omp parallel for schedule(dynamic, CHUNK) reduction(+ : count) num_threads(workers)
    for (uint64_t i = 0; i < n; i++) count += is_prime(i);
    return count;
}

static uint64_t with_chunks(uint64_t n, int workers) {
    int work[2], results[2];
    if (pipe(work) || pipe(results)) exit(1);
    for (int i = 0; i < workers; i++) {
        if (fork()) continue;
        close(work[1]);
        uint64_t first, count = 0;
        while (read(work[0], &first, sizeof first) == sizeof first)
            for (uint64_t m = first; m < first + CHUNK && m < n; m++) count += is_prime(m);
        _exit(write(results[1], &count, sizeof count) != sizeof count);
    }
    for (uint64_t first = 0; first < n; first += CHUNK)
        if (write(work[1], &first, sizeof first) != sizeof first) exit(1);
    close(work[1]);
    uint64_t total = 0;
    for (int i = 0; i < workers; i++) {
        uint64_t count;
        if (read(results[0], &count, sizeof count) != sizeof count) exit(1);
        total += count;
    }
    while (wait(NULL) > 0) {}
    return total;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    uint64_t n = strtoull(argv[2], NULL, 10);
    int workers = atoi(argv[3]);
    uint64_t count = strcmp(argv[1], "openmp") ? with_chunks(n, workers) : with_openmp(n, workers);
    printf("%llu\n", (unsigned long long)count);
    return 0;
}
