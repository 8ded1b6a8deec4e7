"""Stops a job on a terminal, sends it to the background and back, and looks at what it draws."""

import os
import pty
import re
import select
import sys
import time

# The percentage of a bar has no decimals; those of the table that USR1 prints have one.
BAR = rb" \d+%  "
PROMPT = rb"PROMPT> "


def main(evenly):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(PS1="PROMPT> ", TERM="xterm")
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])

    def send(keys):
        os.write(terminal, keys.encode())

    def read(seconds):
        ready, _, _ = select.select([terminal], [], [], seconds)
        return os.read(terminal, 65536) if ready else b""

    def until(pattern):
        seen, end = b"", time.monotonic() + 30
        while not re.search(pattern, seen):
            if time.monotonic() > end:
                sys.exit(f"{pattern} does not come; this did: {seen}")
            seen += read(1)
        return seen

    def no_bar_for(seconds):
        seen, end = b"", time.monotonic() + seconds
        while time.monotonic() < end:
            seen += read(0.1)
        if re.search(BAR + rb"|\x1b\[2K", seen):
            sys.exit(f"drawn in the background: {seen}")

    until(PROMPT)
    send(f"{evenly} count prime 0..1e13 -j 1\n")
    until(BAR)
    send("\x1a")
    until(rb"(?s)Stopped.*" + PROMPT)
    send("bg\n")
    until(PROMPT)
    no_bar_for(2)
    # It is at work, and answers when it is asked.
    send("kill -USR1 %1\n")
    until(rb"evenly: \d+ of 10000000000000 numbers")
    no_bar_for(2)
    send("fg\n")
    until(BAR)
    send("\x03")
    until(PROMPT)
    # One that begins in the background draws no bar, and its answer stands alone.
    send(f"{evenly} count prime 0..3e8 -j 1 &\n")
    seen = until(rb"16252325\r\n")
    if re.search(BAR, seen):
        sys.exit(f"drawn in the background: {seen}")
    send("exit\n")
    os.waitpid(pid, 0)


main(sys.argv[1])
