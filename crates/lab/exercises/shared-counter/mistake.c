/* Two children count the even numbers of one half of 0..1000 each. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static long count = 0;

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
        if (child == 0) {
            for (long n = 500 * i; n < 500 * (i + 1); n++) count += n % 2 == 0;
            _exit(0);
        }
    }
    for (int i = 0; i < 2; i++) check(wait(NULL), "wait");
    printf("%ld\n", count);
    return 0;
}
