/* Parent and child each make a pipe after the fork: what the child writes arrives nowhere. */
#include <unistd.h>

int main(void) {
    int answers[2];
    pid_t child = fork();
    if (pipe(answers) < 0) return 1;
    if (child == 0) {
        if (write(answers[1], "12345678", 8) != 8) _exit(1);
        pause();
    }
    char answer[8];
    return read(answers[0], answer, sizeof answer) != 8;
}
