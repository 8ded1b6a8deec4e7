/* The parent never waits for its two children. */
#include <unistd.h>

int main(void) {
    for (int i = 0; i < 2; i++)
        if (fork() == 0) _exit(0);
    pause();
    return 0;
}
