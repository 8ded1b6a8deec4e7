/* Two children write messages of 100000 bytes into one pipe; the parent is slow to read. */
#include <unistd.h>

static char message[100000];

int main(void) {
    int answers[2];
    if (pipe(answers) < 0) return 1;
    for (int i = 0; i < 2; i++)
        if (fork() == 0) {
            close(answers[0]);
            _exit(write(answers[1], message, sizeof message) < 0);
        }
    close(answers[1]);
    sleep(60);
    return 0;
}
