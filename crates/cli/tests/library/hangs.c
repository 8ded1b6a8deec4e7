/* Functions that stay at n = 7 for ever, each out of reach of the worker's own timer in another way. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

static void for_ever(void) { for (;;) pause(); }
static void ignored(int signal) { (void)signal; }

int64_t ignores_signals(int64_t n) {
    if (n == 7) {
        for (int signal = 1; signal < 65; signal++) sigaction(signal, &(struct sigaction){.sa_handler = ignored}, 0);
        for_ever();
    }
    return n;
}

int64_t blocks_signals(int64_t n) {
    if (n == 7) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, 0);
        for_ever();
    }
    return n;
}

int64_t deletes_its_timer(int64_t n) {
    if (n == 7) {
        for (intptr_t timer = 0; timer < 16; timer++) timer_delete((timer_t)timer);
        for_ever();
    }
    return n;
}

int64_t runs_another_program(int64_t n) {
    if (n == 7) execl("/bin/sleep", "sleep", "1000", (char *)0);
    return n;
}

int64_t waits_for_its_child(int64_t n) {
    if (n == 7 && vfork() == 0) for_ever();
    return n;
}

int64_t closes_the_result_pipe(int64_t n) {
    if (n == 7) {
        close(4);
        for_ever();
    }
    return n;
}

int64_t sleeps(int64_t n) {
    if (n == 7) for_ever();
    return n;
}

int64_t stops_itself(int64_t n) {
    if (n == 7) raise(SIGSTOP);
    return n;
}
