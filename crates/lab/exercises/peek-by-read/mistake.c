/* The parent puts three numbers into a pipe, looks what is in it, and lets a child read all of them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(long result, const char *call) {
    if (result < 0) {
        perror(call);
        exit(1);
    }
}

static void show(const char *who, int pipe) {
    int numbers[3];
    ssize_t got = read(pipe, numbers, sizeof numbers);
    check(got, "read");
    printf("%s:", who);
    for (size_t i = 0; i < got / sizeof(int); i++) printf(" %d", numbers[i]);
    printf("\n");
    fflush(stdout);
}

int main(void) {
    int queue[2], numbers[3] = {10, 20, 30};
    check(pipe(queue), "pipe");
    check(write(queue[1], numbers, sizeof numbers), "write");
    show("parent", queue[0]);
    close(queue[1]);
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        show("child", queue[0]);
        _exit(0);
    }
    check(wait(NULL), "wait");
    return 0;
}
