/* The parent waits for its child before it reads, and the answer does not fit into the pipe. */
#include <sys/wait.h>
#include <unistd.h>

static char answer[300000];

int main(void) {
    int answers[2];
    if (pipe(answers) < 0) return 1;
    if (fork() == 0) {
        close(answers[0]);
        _exit(write(answers[1], answer, sizeof answer) < 0);
    }
    close(answers[1]);
    wait(NULL);
    while (read(answers[0], answer, sizeof answer) > 0) {}
    return 0;
}
