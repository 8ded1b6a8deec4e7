/* Linked into a program under `evenly lab check`, whose calls come here (ld --wrap): notes each call in a file that
   all its processes share, and lets one call fail. The layout is that of trace.rs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

int __real_pipe2(int ends[2], int flags);
pid_t __real_fork(void);
ssize_t __real_read(int fd, void *buffer, size_t length);
ssize_t __real_write(int fd, const void *buffer, size_t length);
pid_t __real_wait4(pid_t pid, int *status, int options, struct rusage *usage);

enum { HEAD = 16, RECORD = 6, RECORDS = 20000, MOST_FORKS = 200, MOST_SCANS = 4 };
/* Integers of the head. */
enum { FAIL_CALL, FAIL_ROLE, FAIL_AT, FAIL_ERRNO, NEXT, ROOT, FORKS, COUNT };
/* Kinds of records; the first five are also the calls that can fail. */
enum { PIPE, FORK, READ, WRITE, WAIT, SCAN, END, FAILED, CRASH };
enum { PRIMARY, WORKER };

static int *trace;
static int scans[2];

static void note(int kind, int a, int b, int c) {
    int at = trace ? __atomic_fetch_add(&trace[NEXT], 1, __ATOMIC_SEQ_CST) : RECORDS;
    if (at >= RECORDS) return;
    int *record = trace + HEAD + RECORD * at;
    record[1] = kind;
    record[2] = a;
    record[3] = b;
    record[4] = c;
    /* The number of the process last: a record without one is not complete. */
    __atomic_store_n(&record[0], (int)getpid(), __ATOMIC_SEQ_CST);
}

/* Whether this is the call that is to fail. */
static int fails(int call) {
    if (!trace || call != trace[FAIL_CALL]) return 0;
    if ((getpid() == trace[ROOT] ? PRIMARY : WORKER) != trace[FAIL_ROLE]) return 0;
    if (__atomic_add_fetch(&trace[COUNT], 1, __ATOMIC_SEQ_CST) != trace[FAIL_AT]) return 0;
    note(FAILED, call, 0, 0);
    errno = trace[FAIL_ERRNO];
    return 1;
}

/* The number of a pipe, or 0. */
static int pipe_at(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode) ? (int)about.st_ino : 0;
}

/* Notes which ends of pipes this process has before a call. */
static void scan(int call) {
    if (scans[call == WRITE]++ >= MOST_SCANS) return;
    note(SCAN, call, 0, 0);
    for (int fd = 3; fd < 1024; fd++) {
        int number = pipe_at(fd);
        if (number) note(END, fd, number, fcntl(fd, F_GETFL) & O_ACCMODE);
    }
}

/* The signals of a mistake of the process itself. */
static const int crashes[] = {SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};

/* The address of the instruction, if it is one of the program: linked with -no-pie, that is in the first 2 GiB. */
static int place(const ucontext_t *context) {
#if defined __x86_64__
    unsigned long at = context->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    unsigned long at = context->uc_mcontext.pc;
#else
    unsigned long at = context == NULL;
#endif
    return at < 1UL << 31 ? (int)at : 0;
}

/* The process ends of it when this returns: SA_RESETHAND. */
static void crash(int signal, siginfo_t *about, void *context) {
    (void)about;
    note(CRASH, signal, 0, place(context));
    raise(signal);
}

__attribute__((constructor(200))) static void begin(void) {
    const char *path = getenv("EVENLY_LAB_TRACE");
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof(int) * (HEAD + RECORD * RECORDS), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED) return;
    trace = memory;
    /* A worker may have executed the program again. */
    if (!trace[ROOT]) trace[ROOT] = getpid();
    /* A stack that is full has no room for a handler. */
    static char stack[1 << 16];
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction action = {.sa_sigaction = crash, .sa_flags = SA_RESETHAND | SA_SIGINFO | SA_ONSTACK};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) sigaction(crashes[i], &action, NULL);
}

int __wrap_pipe2(int ends[2], int flags) {
    if (fails(PIPE)) return -1;
    int result = __real_pipe2(ends, flags);
    if (result == 0) note(PIPE, ends[0], ends[1], pipe_at(ends[0]));
    return result;
}

int __wrap_pipe(int ends[2]) { return __wrap_pipe2(ends, 0); }

pid_t __wrap_fork(void) {
    if (fails(FORK)) return -1;
    if (trace && __atomic_add_fetch(&trace[FORKS], 1, __ATOMIC_SEQ_CST) > MOST_FORKS) {
        errno = EAGAIN;
        return -1;
    }
    pid_t child = __real_fork();
    int code = errno;
    if (child == 0) scans[0] = scans[1] = 0;
    if (child > 0) note(FORK, child, 0, 0);
    errno = code;
    return child;
}

/* A child of vfork(2) may not return from here. */
pid_t __wrap_vfork(void) { return __wrap_fork(); }

ssize_t __wrap_read(int fd, void *buffer, size_t length) {
    int number = pipe_at(fd);
    if (!number) return __real_read(fd, buffer, length);
    scan(READ);
    if (fails(READ)) {
        /* Not before another call would return: the processes would end in another order. */
        int code = errno;
        poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
        errno = code;
        return -1;
    }
    ssize_t result = __real_read(fd, buffer, length);
    int code = errno;
    note(READ, fd, number, (int)result);
    errno = code;
    return result;
}

ssize_t __wrap_write(int fd, const void *buffer, size_t length) {
    int number = pipe_at(fd);
    if (!number) return __real_write(fd, buffer, length);
    scan(WRITE);
    if (fails(WRITE)) return -1;
    note(WRITE, fd, number, (int)length);
    return __real_write(fd, buffer, length);
}

pid_t __wrap_wait4(pid_t pid, int *status, int options, struct rusage *usage) {
    if (fails(WAIT)) return -1;
    pid_t result = __real_wait4(pid, status, options, usage);
    int code = errno;
    if (result > 0) note(WAIT, result, 0, 0);
    errno = code;
    return result;
}

pid_t __wrap_wait3(int *status, int options, struct rusage *usage) { return __wrap_wait4(-1, status, options, usage); }
pid_t __wrap_waitpid(pid_t pid, int *status, int options) { return __wrap_wait4(pid, status, options, NULL); }
pid_t __wrap_wait(int *status) { return __wrap_wait4(-1, status, 0, NULL); }
