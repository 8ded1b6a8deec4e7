/* Each child keeps the write ends of the pipes of its siblings and of its own. */
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 3 };

int main(void) {
    int tasks[CHILDREN][2];
    char task;
    for (int i = 0; i < CHILDREN; i++)
        if (pipe(tasks[i]) < 0) return 1;
    for (int i = 0; i < CHILDREN; i++)
        if (fork() == 0) {
            while (read(tasks[i][0], &task, 1) > 0) {}
            _exit(0);
        }
    for (int i = 0; i < CHILDREN; i++) {
        close(tasks[i][0]);
        if (write(tasks[i][1], "x", 1) != 1) return 1;
        close(tasks[i][1]);
    }
    for (int i = 0; i < CHILDREN; i++) wait(NULL);
    return 0;
}
