/* The parent reads answers until end of file, and keeps its own write end open. */
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int answers[2];
    if (pipe(answers) < 0) return 1;
    if (fork() == 0) {
        close(answers[0]);
        return write(answers[1], "12", 2) != 2;
    }
    char buffer[16];
    while (read(answers[0], buffer, sizeof buffer) > 0) {}
    return wait(NULL) < 0;
}
