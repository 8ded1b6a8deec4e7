//! What stands at the end of each help text: what to know about a command, and calls of it.

pub(crate) const ALL: &str = "\
Examples:
  evenly count even 0..1_000_000_000         how many of them are even
  evenly count 'n % 7 == 3' 0..=1e9 -j 4     by four workers
  evenly sum 'n * n' 0..1e6                  the sum of the squares
  evenly find 'prime(n) && prime(n + 2)' 0..1000   the lower ones of twin primes
  evenly all 'isqrt(n) ** 2 <= n' 0..1e9     true, or false and the lowest counterexample
  evenly count even 0..100 -j 2 --wiring     show the processes, pipes and descriptors
  evenly run 0..100 -- ./simulate --seed {}  run a command for each
  evenly failures 0..1e6 -- ./test {}        which of them fail, and how
  evenly join tcp:192.0.2.7:7700             work for a primary on another machine
  evenly resume                              go on with the run that was interrupted last

Exit status: 0 done, 1 the answer is no or there is none, 2 usage or cannot start, 3 some n failed,
4 incomplete, 5 journal refused or damaged, 124 deadline, 130/143 interrupted/terminated,
141 standard output closed, 70 a bug of evenly.";

pub(crate) const COUNT: &str = "\
Ranges: A..B without B, A..=B with B; signed 64-bit. Numbers: 1_000, 1e9, 2^32, 2**32, -2^63, 0xff.

Examples:
  evenly count even 0..1_000_000_000
  evenly count 'n % 7 == 3 && prime(n)' -10..=100 --split static -j 4
  evenly count odd 0..2^40 --format json --progress none
  evenly count prime 0..1e13 --listen tcp:0.0.0.0:7700   and elsewhere: evenly join tcp:HOST:7700
  evenly count prime 0..1e13 --journal primes.journal --resume
  evenly count prime 0..1e13 --deadline 5m --joblog chunks.tsv --events events.jsonl";

pub(crate) const RESUME: &str = "\
It is run in the directory where it was started, with the words of that call. What is done is not done
again; find, map, hist and failures give their whole answer. A journal that nobody named is removed when
the answer is there.

Examples:
  evenly resume
  evenly resume primes.journal --retry-failed";

pub(crate) const VERIFY: &str = "\
Exit status: 0 every n is done, once; 4 some are missing, failed, or in two journals; 5 a journal is
damaged, or of another job.

Examples:
  evenly verify primes.journal
  evenly verify part1.journal part2.journal --merge whole.journal";

pub(crate) const SUM: &str = "\
The sum has up to 128 bits. Of a truth value, true is 1 and false is 0.

Examples:
  evenly sum 'n * n' 1..=1e6
  evenly sum 'if prime(n) { n } else { 0 }' 0..1e6
  evenly sum '-n' -5..5";

pub(crate) const MIN: &str = "\
Prints VALUE, a tab and N. Of an empty range there is none: status 1.

Examples:
  evenly min 'n * n - 40 * n' 0..100
  evenly min '(n * 7919) mod 10007' 1..10000";

pub(crate) const MAX: &str = "\
Prints VALUE, a tab and N. Of an empty range there is none: status 1.

Examples:
  evenly max 'digit_sum(n)' 0..1e6
  evenly max '-n * n + 40 * n' 0..100";

pub(crate) const FIND: &str = "\
Prints them while it runs, one on a line, and ends when nobody reads any more. Nothing found:
status 1. If some n fails, it ends before the lowest of them (status 3); with --partial it goes on.

Examples:
  evenly find 'isqrt(n) ** 2 == n' 0..1000
  evenly find prime 1e12..2^63 --first 3
  evenly find 'n % 1001 == 7' 0..1e9 | head";

pub(crate) const ANY: &str = "\
Prints true, a tab and the lowest n that satisfies it, and ends early; or false (status 1).

Examples:
  evenly any 'prime(n ** 2 + n + 41) == false' 0..1000
  evenly any 'n * n % 1000 == 444 && even(n)' 1..1e6";

pub(crate) const EVERY: &str = "\
Prints true; or false, a tab and the lowest n that does not satisfy it, and ends early (status 1).

Examples:
  evenly all 'isqrt(n) ** 2 <= n' 0..1e6
  evenly all 'prime(n ** 2 + n + 41)' 0..1000";

pub(crate) const HIST: &str = "\
Prints VALUE, a tab and COUNT for each value, ascending. There may be 1048576 different values.

Examples:
  evenly hist 'n mod 7' -100..100
  evenly hist 'digits(n)' 0..1e6
  evenly hist prime 0..1e6";

pub(crate) const MAP: &str = "\
Prints N, a tab and VALUE while it runs, and ends when nobody reads any more. If some n fails, it
ends before the lowest of them (status 3); with --partial it leaves them out and goes on.

Examples:
  evenly map 'n ** 3' 0..10
  evenly map 'gcd(n, 360)' 1..=360 --format json
  evenly map '100 / n' -3..=3 --partial";

pub(crate) const FAILURES: &str = "\
Prints N, a tab and the cause while it runs; status 1 if there are any. It goes on for as long as
there are numbers, unless --halt says otherwise.

Examples:
  evenly failures '100 / (n - 7)' 0..100
  evenly failures 'n ** 5' 2**25..2**26 --halt soon,fail=3
  evenly failures 'isqrt(n)' -3..3 --format json";

pub(crate) const RUN: &str = "\
What one command prints is never mixed with what another does. Standard error is passed on, up to 64 KiB
of each; standard output up to 16 MiB. A command that fails is a failure of its n: status 3. Commands may be
started again after a worker was lost, with EVENLY_ATTEMPT raised; they find their n in EVENLY_INDEX (or
EVENLY_START and EVENLY_END), too.

Examples:
  evenly run 0..10 -- echo {}
  evenly run 0..1000 -k --tag -j 4 -- ./simulate --seed {}
  evenly run 0..1e6 --max-rate 10/s --chunk-max 1000 -- ./backfill {start} {end}
  evenly run 0..8 --as slurm -- ./array-job.sh";

pub(crate) const KEYGEN: &str = "\
Where nothing else is said, the key is evenly/key in the configuration directory, and the first
--listen on tcp or udp makes it. A key of its own is for machines or jobs that are not to share it.

Examples:
  evenly keygen cluster.key
  evenly count prime 0..1e12 --listen tcp:0.0.0.0:7700 --key-file cluster.key
  evenly join tcp:192.0.2.7:7700 --key-file cluster.key";

pub(crate) const JOIN: &str = "\
The primary says what is to be done, and this process brings workers. On a network, both need the
same key: a copy of the key file that the first --listen made, which is there already where both
have the same home directory. It is tried for 10 s; when the job is over, so is this.

Examples:
  evenly count prime 0..1e12 --listen tcp:0.0.0.0:7700   on one machine
  evenly join tcp:192.0.2.7:7700                         on each of the others";
