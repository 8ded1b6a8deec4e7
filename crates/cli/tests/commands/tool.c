/* What the tests of commands run: answers in each form that commands answer in, and everything that can go wrong.
 *
 *   tool each VERB N             for one number: the exit status, or the value as a line
 *   tool chunk VERB START END    for a chunk: what the verb itself would print
 *   tool lines VERB [FAULT X]    as a coprocess; with a FAULT at the number X, or after X lines
 *   tool FAULT …                 see main
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef long long number;

/* What is asked of a number, true or not; and its value. */
static int is_true(number n) { return n % 2 != 0; }
static number value(number n) { number m = ((n % 7) + 7) % 7; return m * m % 7 - 3; }

static int is(const char *word, const char *other) { return word && strcmp(word, other) == 0; }
static int wants_truth(const char *verb) {
    return is(verb, "count") || is(verb, "find") || is(verb, "any") || is(verb, "all");
}

/* The histogram of a chunk. */
static void histogram(number start, number end, char between, char behind) {
    number counts[16] = {0};
    for (number n = start; n < end; n++) counts[value(n) + 8]++;
    for (int at = 0; at < 16; at++)
        if (counts[at]) printf("%d%c%lld%c", at - 8, between, counts[at], behind);
}

/* The best of a chunk, the lowest number that has it. */
static void extreme(number start, number end, int sign) {
    number best = start;
    for (number n = start; n < end; n++)
        if (sign * value(n) > sign * value(best)) best = n;
    printf("%lld %lld", value(best), best);
}

/* The lowest number of which this is so, or none. */
static void witness(number start, number end, int truth) {
    for (number n = start; n < end; n++)
        if (is_true(n) == truth) { printf("%lld", n); return; }
    printf("-");
}

/* What a chunk answers; a line of it, or several where it is no coprocess. */
static void answer(const char *verb, number start, number end, int is_one_line) {
    number total = 0;
    if (is(verb, "count")) {
        for (number n = start; n < end; n++) total += is_true(n);
        printf("%lld", total);
    } else if (is(verb, "sum")) {
        for (number n = start; n < end; n++) total += value(n);
        printf("%lld", total);
    } else if (is(verb, "min") || is(verb, "max")) {
        extreme(start, end, is(verb, "min") ? -1 : 1);
    } else if (is(verb, "any") || is(verb, "all")) {
        witness(start, end, is(verb, "any"));
    } else if (is(verb, "find")) {
        for (number n = start; n < end; n++)
            if (is_true(n)) printf(is_one_line ? "%lld " : "%lld\n", n);
    } else if (is(verb, "hist")) {
        histogram(start, end, is_one_line ? ':' : '\t', is_one_line ? ' ' : '\n');
    } else if (is(verb, "map")) {
        for (number n = start; n < end; n++)
            if (is_one_line) printf("%lld ", value(n)); else printf("%lld\t%lld\n", n, value(n));
    } else {
        for (number n = start; n < end; n++) printf(is_one_line ? "%lld " : "%lld\n", n);
    }
    if (is_one_line) printf("\n");
    fflush(stdout);
}

static void rest(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&time, &time)) {}
}

/* What a program is started with: its descriptors, signals, groups. */
static void inside(FILE *to) {
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0) fprintf(to, "fd %d ", fd);
    char path[64] = {0};
    if (readlink("/proc/self/fd/0", path, sizeof path - 1) < 0) exit(8);
    fprintf(to, "stdin %s\n", path);
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    while (fgets(line, sizeof line, status))
        if (strncmp(line, "Sig", 3) == 0) fputs(line, to);
    fclose(status);
    int death = 0;
    prctl(PR_GET_PDEATHSIG, &death);
    fprintf(to, "leads %d death %d\n", getpgrp() == getpid(), death);
}

/* Takes `mib` MiB, one each millisecond. */
static void take(long mib) {
    for (long at = 0; at < mib; at++) {
        volatile char *more = malloc(1 << 20);
        for (size_t page = 0; page < 1 << 20; page += 4096) more[page] = 1;
        rest(1);
    }
}

/* Takes more memory than a process may have, and does not end. */
static void hoard(void) { take(1000); rest(60000); }

/* Takes `mib` MiB and shares them with four forked processes. */
static void share(long mib) {
    take(mib);
    for (int at = 0; at < 4; at++)
        if (fork() == 0) rest(500), _exit(0);
    while (wait(NULL) > 0) {}
}

static void coprocess(const char *verb, const char *fault, number at) {
    char line[128];
    if (is(verb, "inside")) inside(stderr);
    for (number lines = 0; fgets(line, sizeof line, stdin); lines++) {
        number start, end;
        if (sscanf(line, "%lld %lld", &start, &end) != 2) exit(9);
        int is_there = start <= at && at < end;
        if (is(fault, "leaves-after") && lines == at) exit(0);
        if (is(fault, "crashes") && is_there) raise(SIGSEGV);
        if (is(fault, "leaves") && is_there) exit(5);
        if (is(fault, "raves") && is_there) { printf("what?\n"); fflush(stdout); continue; }
        if (is(fault, "hangs") && is_there) rest(60000);
        if (is(fault, "slow")) rest(at);
        if (is(fault, "hoards") && is_there) hoard();
        if (is(fault, "leaks")) take(at);
        answer(verb, start, end, 1);
        if (is(fault, "says-more") && is_there) { printf("by the way\n"); fflush(stdout); }
    }
    if (is(fault, "says-more-at-the-end")) printf("goodbye\n");
}

static void put(int to, const char *text, size_t len) {
    while (len) {
        ssize_t written = write(to, text, len);
        if (written <= 0) exit(8);
        text += written, len -= written;
    }
}

/* Writes `bytes` bytes, in lines. */
static void flood(int to, size_t bytes) {
    static char text[4096];
    memset(text, 'x', sizeof text);
    for (size_t at = 63; at < sizeof text; at += 64) text[at] = '\n';
    for (size_t done = 0; done < bytes; done += sizeof text) put(to, text, sizeof text);
}

/* A block of lines, put out in many writes with pauses between them. */
static void block(number n, int lines) {
    char line[64];
    for (int at = 0; at < lines; at++) {
        int len = snprintf(line, sizeof line, "%lld line %d of %d\n", n, at, lines);
        put(1, line, len / 2);
        if (at % 16 == 0) rest(1);
        put(1, line + len / 2, len - len / 2);
    }
}

int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "", *verb = count > 2 ? words[2] : "";
    number a = count > 3 ? atoll(words[3]) : 0, b = count > 4 ? atoll(words[4]) : 0;
    if (is(what, "each")) {
        if (wants_truth(verb)) return !is_true(a);
        if (is(verb, "failures")) return 0;
        printf("%lld\n", is(verb, "run") ? a : value(a));
        return 0;
    }
    if (is(what, "chunk")) return answer(verb, a, b, 0), 0;
    if (is(what, "lines")) return coprocess(verb, count > 3 ? words[3] : "", b), 0;
    /* tool block - N LINES */
    if (is(what, "block")) return block(a, b), 0;
    /* tool flood FD BYTES */
    if (is(what, "flood")) return flood(atoi(verb), a), 0;
    if (is(what, "inside")) return inside(stdout), 0;
    /* tool signal SIGNAL N AT: ends by a signal at this number, else well */
    if (is(what, "signal") && a == b) return raise(atoi(verb)), rest(60000), 0;
    /* tool exit STATUS N AT */
    if (is(what, "exit") && a == b) return atoi(verb);
    /* tool deaf - N: asked to end, it does not */
    if (is(what, "deaf")) return signal(SIGTERM, SIG_IGN), rest(60000), 0;
    /* tool hoard [- N AT]: at this number, or any */
    if (is(what, "hoard") && a == b) return hoard(), 0;
    /* tool share - MIB */
    if (is(what, "share")) return share(a), 0;
    /* tool rest - MS */
    if (is(what, "rest")) return rest(a), 0;
    return 0;
}
