/* The parent does not close the pipes of ranges, so the children wait for more. */
#include <unistd.h>

enum { CHILDREN = 2 };

int main(void) {
    int ranges[CHILDREN][2], answers[2];
    long range[2], count;
    if (pipe(answers) < 0) return 1;
    for (int i = 0; i < CHILDREN; i++) {
        if (pipe(ranges[i]) < 0) return 1;
        if (fork() == 0) {
            for (int k = 0; k <= i; k++) close(ranges[k][1]);
            close(answers[0]);
            for (count = 0; read(ranges[i][0], range, sizeof range) > 0; count++) {}
            _exit(write(answers[1], &count, sizeof count) < 0);
        }
        close(ranges[i][0]);
        range[0] = 10 * i, range[1] = 10 * (i + 1);
        if (write(ranges[i][1], range, sizeof range) < 0) return 1;
    }
    close(answers[1]);
    while (read(answers[0], &count, sizeof count) > 0) {}
    return 0;
}
