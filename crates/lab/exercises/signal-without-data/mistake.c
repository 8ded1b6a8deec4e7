/* A child sends one signal for each even number of 0..200. The parent counts the signals. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t count = 0;

static void on_signal(int signal) {
    (void)signal;
    count++;
}

static void check(long result, const char *call) {
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

int main(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t busy, before;
    sigemptyset(&busy);
    sigaddset(&busy, SIGUSR1);
    check(sigaction(SIGUSR1, &action, NULL), "sigaction");
    check(sigprocmask(SIG_BLOCK, &busy, &before), "sigprocmask"); /* busy with something else */
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        for (long n = 0; n < 200; n++)
            if (n % 2 == 0) check(kill(getppid(), SIGUSR1), "kill");
        _exit(0);
    }
    check(wait(NULL), "wait");
    check(sigprocmask(SIG_SETMASK, &before, NULL), "sigprocmask");
    printf("%d\n", (int)count);
    return 0;
}
