/* The only write end is on its way in a message that is never received. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
    int ends[2], sockets[2];
    char byte = 'x', control[CMSG_SPACE(sizeof(int))];
    struct iovec text = {&byte, 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    memset(control, 0, sizeof control);
    if (pipe(ends) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0) return 1;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &ends[1], sizeof(int));
    if (sendmsg(sockets[0], &message, 0) != 1) return 1;
    close(ends[1]);
    return read(ends[0], &byte, 1) != 0;
}
