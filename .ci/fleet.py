# Two hundred agents on one machine: all join, none is lost, and the primary stays small. Called by .ci/run with the path of
# the program. The numbers take time and no processor.
import os
import re
import signal
import subprocess
import sys
import tempfile

EVENLY = os.path.abspath(sys.argv[1])
AGENTS = 200
# A primary must not need more memory than this for each agent.
MOST_KIB = 512


def usage(pid):
    """Resident memory in KiB, and processor time in seconds (proc_pid_status(5), proc_pid_stat(5))."""
    resident = re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1]
    fields = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
    return int(resident), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(words):
    # CI starts with SIGINT ignored, and a test must not depend on that.
    words = ["env", "--default-signal=HUP,INT,TERM,PIPE", EVENLY] + words.split()
    return subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(primary, text, count=1):
    lines = []
    for line in primary.stderr:
        assert " lost" not in line and " is gone" not in line, line
        lines += [line] if text in line else []
        if len(lines) == count:
            return lines
    raise AssertionError(f"'{text}' was said {len(lines)} times")


def main():
    os.environ["XDG_CONFIG_HOME"] = os.getcwd()
    # The first job ends when all agents are in, so that all of them work for the second one from its beginning.
    first = start("count test:slow=20000 0..1000000000 -j 0 --listen tcp:127.0.0.1:0 --progress none")
    address = wait_for(first, "listening at ")[0].split()[-1]
    before, _ = usage(first.pid)
    agents = [start(f"join {address} -j 1 --stay -q") for _ in range(AGENTS)]
    try:
        wait_for(first, " joined with 1 worker", AGENTS)
        after, _ = usage(first.pid)
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=60)
        assert first.returncode == -signal.SIGTERM, first.returncode
        second = start(f"count test:slow=20000 0..30000 -j 0 --listen {address} --progress none")
        wait_for(second, " joined with 1 worker", AGENTS)
        _, joining = usage(second.pid)
        answer, said = second.communicate(timeout=120)
        spent = os.times().children_user + os.times().children_system
        assert (answer, second.returncode) == ("15000\n", 0), (answer, said)
        rows = said[said.index("evenly: machine ") :].splitlines()[1:]
        assert len(rows) == AGENTS and all(row.endswith(" 0") for row in rows), said
    finally:
        for agent in agents:
            agent.send_signal(signal.SIGTERM)
        ends = [agent.communicate(timeout=60) and agent.returncode for agent in agents]
    assert ends == [-signal.SIGTERM] * AGENTS, ends
    each = (after - before) / AGENTS
    print(f"{AGENTS} agents: {before} KiB without, {after} KiB with, {each:.0f} for each")
    print(f"processor time of both primaries: {joining:.2f} s until all had joined the second, {spent:.2f} s in all")
    assert each <= MOST_KIB


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    main()
    os.chdir("/")
