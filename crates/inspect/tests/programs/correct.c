/* The exercise without a mistake, with one slow child. */
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 2 };

int main(void) {
    int ranges[CHILDREN][2], answers[2];
    long range[2], count = 0;
    for (int i = 0; i < CHILDREN; i++)
        if (pipe(ranges[i]) < 0) return 1;
    if (pipe(answers) < 0) return 1;
    for (int i = 0; i < CHILDREN; i++)
        if (fork() == 0) {
            for (int k = 0; k < CHILDREN; k++) close(ranges[k][1]);
            close(answers[0]);
            while (read(ranges[i][0], range, sizeof range) > 0) count++;
            if (i == 1) sleep(60);
            _exit(write(answers[1], &count, sizeof count) < 0);
        }
    close(answers[1]);
    for (int i = 0; i < CHILDREN; i++) {
        range[0] = 10 * i, range[1] = 10 * (i + 1);
        if (write(ranges[i][1], range, sizeof range) < 0) return 1;
        close(ranges[i][1]);
    }
    while (read(answers[0], &count, sizeof count) > 0) {}
    for (int i = 0; i < CHILDREN; i++) wait(NULL);
    return 0;
}
