/* The process starts another program, and prints a line afterwards. */
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
    printf("this program is process %d\n", (int)getpid());
    fflush(stdout);
    pid_t child = fork();
    check(child, "fork");
    if (child == 0)
        check(execlp("sh", "sh", "-c", "echo the other one is process $$", (char *)NULL), "execlp");
    check(wait(NULL), "wait");
    printf("back in this program\n");
    return 0;
}
