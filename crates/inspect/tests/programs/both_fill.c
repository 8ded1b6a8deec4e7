/* The parent writes everything before it reads; the child answers each piece. */
#include <unistd.h>

static char data[2000000];

int main(void) {
    int there[2], back[2];
    char piece[512];
    ssize_t got;
    if (pipe(there) < 0 || pipe(back) < 0) return 1;
    if (fork() == 0) {
        close(there[1]);
        close(back[0]);
        while ((got = read(there[0], piece, sizeof piece)) > 0)
            if (write(back[1], piece, got) < 0) _exit(1);
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    if (write(there[1], data, sizeof data) < 0) return 1;
    close(there[1]);
    while (read(back[0], data, sizeof data) > 0) {}
    return 0;
}
