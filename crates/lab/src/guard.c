/* Linked into every program of `evenly lab`: limits for each process, so that none stays or fills the machine even if
   evenly is killed, and the start that the texts assume: descriptors 0, 1 and 2, and default signals. */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static void limit(void) { alarm(60); }

/* Before watch.c, which handles signals. */
__attribute__((constructor(150))) static void begin(void) {
    const struct rlimit file = {64L << 20, 64L << 20}, memory = {4L << 30, 4L << 30};
    sigset_t none;
    for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int fd = 3; fd < 1024; fd++) close(fd);
    setrlimit(RLIMIT_FSIZE, &file);
    setrlimit(RLIMIT_AS, &memory);
    /* alarm(2): exec keeps the alarm, and a forked child has none. */
    limit();
    pthread_atfork(NULL, NULL, limit);
}
