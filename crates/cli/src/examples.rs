//! Texts at the end of each command's help: notes and examples.
//!
//! A paragraph is one line, which clap wraps to the width of the terminal. An example has at most 80 columns.

pub(crate) const ALL: &str = "\
Examples:
  evenly count even 0..1_000_000_000         how many of them are even
  evenly count 'n % 7 == 3' 0..=1e9 -j 4     with four workers
  evenly sum 'n * n' 0..1e6                  the sum of the squares
  evenly find 'prime(n) && prime(n + 2)' 0..1000   the lower ones of twin primes
  evenly all 'isqrt(n) ** 2 <= n' 0..1e9     true, or the lowest counterexample
  evenly count even 0..100 -j 2 --wiring     show its pipes and descriptors
  evenly run 0..100 -- ./simulate --seed {}  run a command for each n
  evenly failures 0..1e6 -- ./test {}        list the n whose test fails
  evenly join tcp:192.0.2.7:7700             work for a primary elsewhere
  evenly resume                              continue the run interrupted last

Exit status: 0 done, 1 the answer is no or there is none, 2 usage error or cannot start, 3 some n failed, \
4 incomplete, 5 journal refused or damaged, 124 deadline, 130/143 interrupted/terminated, \
141 standard output closed, 70 a bug of evenly.";

pub(crate) const COUNT: &str = "\
Ranges: A..B without B, A..=B with B, A..+LENGTH, A.. without an end; signed 64-bit. Every fourth: 0..100:4. Lists and unions: \
3,7,12 and 0..10,50..=60:2. From a file: --from FILE. Combinations: --grid. Numbers: 1_000, 1e9, 2^32, 2**32, -2^63, 0xff; + - * / % ^ ( ) compute with them: 1e15..1e15+1e9.

Examples:
  evenly count even 0..1_000_000_000
  evenly count 'n % 7 == 3 && prime(n)' -10..=100 --split static -j 4
  evenly count 'n % 7 == 3' 0..1e9 --where prime   only primes are counted
  evenly count odd 0..2^40 --format json --progress none
  evenly count prime 0..1e13 --on ssh:big/16 --on ssh:small
  evenly count prime 0..1e13 --listen tcp:0.0.0.0:7700   (see evenly join)
  evenly count prime 0..1e13 --journal primes.journal --resume
  evenly count prime 0..1e13 --deadline 5m --joblog log.tsv --events log.jsonl";

pub(crate) const RESUME: &str = "\
Runs the interrupted call again, with the same words and in the same directory. Options that are not given \
are as in that call. Paths in options are relative to the present directory. Finished work is not \
repeated; find, map, hist and failures print their whole answer. A journal in the state directory is removed \
when the answer is complete.

Examples:
  evenly resume
  evenly resume primes.journal --retry-failed";

pub(crate) const VERIFY: &str = "\
Exit status: 0 every n is done exactly once; 4 some n are missing, failed, or in two journals; 5 a journal is \
damaged, or belongs to another job.

Examples:
  evenly verify primes.journal
  evenly verify part1.journal part2.journal --merge whole.journal
  evenly verify backfill.journal --windows";

pub(crate) const INSPECT: &str = "\
The report has what each thread waits for and on which descriptor, which processes hold the ends of each pipe and \
socket, and the bytes that wait there. The verdict says in two sentences what is wrong, and what to do. Processes of \
other users need root. Nothing is stopped or changed.

Exit status: 0 nothing is wrong, or the command ended; 1 something is wrong: processes that never wake, or a mistake \
that the verdict names; 2 usage, or no such process.

Examples:
  evenly inspect 4014
  evenly inspect $(pgrep make) --lang es
  evenly inspect -- ./exercise3 4
  evenly inspect 4014 --svg picture.svg
  evenly inspect --watch --format json 4014";

pub(crate) const REPORT: &str = "\
The page is one HTML file without scripts that loads nothing: for light and dark screens, phones and paper. It is \
smaller than 300 kB for any run. Each kind of file knows a part: the journal (--journal) coverage, failures, answer and \
fingerprint, of chunk commands also times; events (--events) workers, losses, throughput and rerun lines; the job log \
(--joblog) what numbers cost, and coverage. The page says what its files do not know. The run may have failed or \
been killed, or still be at work.

Exit status: 0 written; 2 a file is none of these, or of another job, or the page cannot be written; 5 the journal is \
damaged.

Examples:
  evenly report primes.journal -o report.html
  evenly report run.events run.joblog -o report.html
  evenly report primes.journal run.events run.joblog -o report.html";

pub(crate) const LAB: &str = "\
An exercise shows a C program with one mistake, asks what it will do, compiles it with cc and runs it, shows the \
verdict of evenly inspect, explains, and runs the fix.

Exit status: 0 done; 2 usage, no C compiler, or no terminal and no --auto; 4 a program did something else than the \
exercise says.

Examples:
  evenly lab
  evenly lab parent-keeps-end
  evenly lab no-wait --auto --lang es
  evenly lab no-wait --source c > no-wait.c
  evenly lab no-wait --source rust --fixed > no_wait.rs
  evenly lab check ej3.c";

pub(crate) const LAB_CHECK: &str = "\
The program uses n pipes for ranges and one for results. It is compiled with cc and called for twenty pairs of WORKERS \
and N. Looked at: the counts; n+1 pipes; two ends in each worker; end of file in the parent; wait() for each child; no \
write over 4096 bytes (PIPE_BUF); and what it does when pipe(), fork(), read() or write() fails, which is made to \
happen. It gets no standard input, ten seconds for each call, and is ended with all its processes.

Exit status: 0 nothing is wrong; 1 something is, or it does not compile; 2 usage, or no C compiler.

Examples:
  evenly lab check ej3.c
  evenly lab check ej3.c --lang es";

pub(crate) const STATUS: &str = "\
A job answers from its second second on, through a socket that only its user can reach: in $XDG_RUNTIME_DIR/evenly, \
/run/user/UID/evenly, or evenly-UID in the directory for temporary files. Of a journal that no running job \
writes, what it covers is printed, as by evenly verify.

Exit status: 0 printed; 1 no job runs; 2 no such job; 4 the job does not answer; 5 the journal is damaged.

Examples:
  evenly status
  evenly status 4711 --json
  evenly status primes.journal";

pub(crate) const SETTLE: &str = "\
A run with --at-most-once starts no command again whose worker was lost: evenly verify lists its range as a \
failure with the cause unknown. Find out what it did, then decide. A command that failed can be settled too: as \
done if its work is done all the same, as retry to start it again with the next evenly resume. A command that does \
windows is settled window by window, another one number by number. The decision is in the list of evenly verify \
--windows.

Exit status: 0 decided; 2 the items hold no such windows, or cut one; 5 the journal is in use or damaged.

Examples:
  evenly settle backfill.journal 400..500 done
  evenly settle backfill.journal 500..600,900..1000 retry";

pub(crate) const SUM: &str = "\
The sum has up to 128 bits. Of a truth value, true is 1 and false is 0. The sum of real values is exact and \
rounded once, to the nearest double, so it is the same for any number of workers.

Examples:
  evenly sum 'n * n' 1..=1e6
  evenly sum 'if prime(n) { n } else { 0 }' 0..1e6
  evenly sum 'a * b' --grid a=1..=3 --grid b=10,20
  evenly sum '-n' -5..5";

pub(crate) const MIN: &str = "\
Prints VALUE, a tab and N. An empty range has no smallest value: exit status 1.

Examples:
  evenly min 'n * n - 40 * n' 0..100
  evenly min '(n * 7919) mod 10007' 1..10000";

pub(crate) const MAX: &str = "\
Prints VALUE, a tab and N. An empty range has no largest value: exit status 1.

Examples:
  evenly max 'digit_sum(n)' 0..1e6
  evenly max '-n * n + 40 * n' 0..100";

pub(crate) const FIND: &str = "\
Prints the n while it runs, one on a line, and ends when the reader closes the pipe. Exit status 1 if it \
finds none. If some n fails, it stops before the lowest of these (exit status 3); with --partial it leaves \
them out and continues.

Examples:
  evenly find 'isqrt(n) ** 2 == n' 0..1000
  evenly find prime 1e12..2^63 --first 3
  evenly find 'n % 1001 == 7' 0..1e9 | head";

pub(crate) const ANY: &str = "\
Prints true, a tab and the lowest n that satisfies the function, and ends early; or false (exit status 1).

Examples:
  evenly any 'prime(n ** 2 + n + 41) == false' 0..1000
  evenly any 'n * n % 1000 == 444 && even(n)' 1..1e6";

pub(crate) const EVERY: &str = "\
Prints true; or false, a tab and the lowest n that does not satisfy the function, and ends early (exit \
status 1).

Examples:
  evenly all 'isqrt(n) ** 2 <= n' 0..1e6
  evenly all 'prime(n ** 2 + n + 41)' 0..1000";

pub(crate) const HIST: &str = "\
Prints VALUE, a tab and COUNT for each value, ascending; at most 1048576 different values. With --bins, VALUE is the \
lower edge of a bin: -inf for what is below LO, K bins, empty ones too, and HI for what is HI or above.

Examples:
  evenly hist 'n mod 7' -100..100
  evenly hist 'digits(n)' 0..1e6
  evenly hist 'isqrt(n)' 0..1e6 --bins 0..1000/10
  evenly hist prime 0..1e6";

pub(crate) const MEAN: &str = "\
The mean is exact and rounded once, to the nearest double, and printed as the shortest decimal that reads \
back as this double. An empty range has no mean: exit status 1.

Examples:
  evenly mean 'digit_sum(n)' 0..1e6
  evenly mean 'tau(n)' 1..=1e6";

pub(crate) const MAP: &str = "\
Prints N, a tab and VALUE while it runs, and ends when the reader closes the pipe. If some n fails, it \
stops before the lowest of these (exit status 3); with --partial it leaves them out and continues.

Examples:
  evenly map 'n ** 3' 0..10
  evenly map 'gcd(n, 360)' 1..=360 --format json
  evenly map '100 / n' -3..=3 --partial";

pub(crate) const FAILURES: &str = "\
Prints N, a tab and the cause while it runs; exit status 1 if any n fails. It ends early only with \
--first or --halt.

Examples:
  evenly failures '100 / (n - 7)' 0..100
  evenly failures 'n ** 5' 2**25..2**26 --first 3
  evenly failures 'isqrt(n)' -3..3 --format json";

pub(crate) const RUN: &str = "\
The outputs of two commands are never mixed; with --line-buffer, their lines are not. Of the standard error of \
each command, up to 64 KiB are passed on. A command that fails is a failure of its n (exit status 3). A command whose \
worker was lost is started again, with a higher EVENLY_ATTEMPT, unless --at-most-once is given. Commands \
find their n in EVENLY_INDEX, or in EVENLY_START and EVENLY_END.

Examples:
  evenly run 0..10 -- echo {}
  evenly run 0..1000 -k --tag -j 4 -- ./simulate --seed {}
  evenly run 0..1e6 --max-rate 10/s --chunk-max 1000 -- ./fill {start} {end}
  evenly run --lines files.txt -- gzip -k {}
  evenly run --grid a=0..10 --grid b=1,2,5 -- ./simulate {a} {b}
  evenly run 0..8 --as slurm -- ./array-job.sh";

pub(crate) const KEYGEN: &str = "\
Without --key-file, the key is evenly/key in the configuration directory, and the first --listen on tcp or \
udp makes it. Make further keys for machines or jobs that must not share it.

Examples:
  evenly keygen cluster.key
  evenly count prime 0..1e12 --listen tcp:0.0.0.0:7700 --key-file cluster.key
  evenly join tcp:192.0.2.7:7700 --key-file cluster.key";

pub(crate) const KEY: &str = "\
A machine that another one asks for work, or works for, needs the same key. On the machine that has it, 'evenly key \
show' prints a line; run that line on the other. A key in an argument can be seen by other users of that machine \
while the command runs; 'evenly key add -' reads it from standard input instead.

Examples:
  evenly key show
  evenly key show --text | ssh host evenly key add -
  evenly key add - --key-file cluster.key < key.txt";

pub(crate) const SBATCH: &str = "\
Examples:
  evenly sbatch array-job.sh rows.txt out
  evenly sbatch --array=0-99%4 --time=10 --journal done array-job.sh
  evenly sbatch --parsable --array=1-8 --wrap='./run $SLURM_ARRAY_TASK_ID'";

pub(crate) const AGENT: &str = "\
A pool of machines: each runs this command, and any primary that has their key calls as many of them as it likes by \
--on. A primary may ask for every builtin function and expression. The agent runs a command or a library only if \
--allow or --allow-lib names it, with the same words and the same bytes. While the agent works for one primary, it refuses \
others in one line, and they call again. On a network, 'evenly key show' on the machine of the primary prints the \
line that adds its key here. A signal ends the agent.

Examples:
  evenly agent --listen tcp:0.0.0.0:7000                     (on each machine)
  evenly agent --listen tcp:0.0.0.0:7000 --allow './test {}'
  evenly count prime 0..1e13 --on tcp:a:7000 --on tcp:b:7000";

pub(crate) const SLURM_SCRIPT: &str = "\
The script runs the call with --on slurm: one agent on each node of the job, started by srun. Start it with sbatch. It has a \
journal and --resume, so submit it again after the time limit and it continues. Slurm sends it TERM 60 s before the limit. \
Without -c or -n the job has whole nodes (--exclusive). The call is checked now.

Examples:
  evenly slurm-script -N 4 -t 1:00:00 count prime 0..1e12 > job.sbatch
  evenly slurm-script -N 2 -c 8 -p long run 0..1e6 -- ./trial {} > job.sbatch";

pub(crate) const JOIN: &str = "\
The primary sends the job, and this process works on it. On a network, both need the same key: 'evenly key \
show' on the machine of the primary prints the line that adds it here. Where both machines have the same home directory, it is there already. \
The first connection is tried for 10 s. When the job is over, the agent ends.

Examples:
  evenly count prime 0..1e12 --listen tcp:0.0.0.0:7700   (on one machine)
  evenly join tcp:192.0.2.7:7700                         (on each of the others)";
