/* Two children do their work and end; the parent goes on with other work. */
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

int main(void) {
    for (int i = 0; i < 2; i++) {
        pid_t child = fork();
        check(child, "fork");
        if (child == 0) _exit(0);
    }
    for (int i = 0; i < 2; i++) check(wait(NULL), "wait");
    sleep(3); /* the other work */
    printf("done\n");
    return 0;
}
