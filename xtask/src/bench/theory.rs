//! Benchmark of number theory that is sieved: large primes, twin primes, and a function of the prime factors.

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::options::Options;
use super::timed::{Unit, timed};
use crate::paths::{Paths, installed};

/// Primes near 10^18, where most base primes strike no number of a segment.
pub(crate) fn far_primes(paths: &Paths, options: &Options) -> Findings {
    let workers = options.workers;
    let answer = || Answer::Integer(24_127_085);
    let evenly = format!("count prime 1e18..1000000001000000000 -j {workers}");
    let contenders = [
        Contender::evenly(&paths.evenly, &evenly, answer()),
        primesieve(&format!("1e18 -d1e9 -t{workers} -q"), answer()),
    ];
    let title = format!("Primes: count the primes of 1e9 numbers from 1e18 on, {workers} workers");
    let unit = Unit::Rate { work: 1e9, scale: 1e9, name: "G numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}

/// A conjunction of primes.
pub(crate) fn twin_primes(paths: &Paths, options: &Options) -> Findings {
    let workers = options.workers;
    let answer = || Answer::Integer(3_424_506);
    let condition = "prime(n) && prime(n + 2)";
    let contenders = [
        Contender::evenly(&paths.evenly, "count", answer())
            .argument(condition)
            .argument("0..1e9")
            .argument(format!("-j{workers}"))
            .named(format!("evenly count '{condition}' 0..1e9 -j {workers}")),
        primesieve(&format!("1e9 -c2 -t{workers} -q"), answer()),
    ];
    let title = format!("Twin primes: count them below 1e9, {workers} workers");
    let unit = Unit::Rate { work: 1e9, scale: 1e9, name: "G numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}

/// A function of the prime factors of each number.
pub(crate) fn totients(paths: &Paths, options: &Options) -> Findings {
    let workers = options.workers;
    let answer = || Answer::Integer(3_039_635_516_365_908);
    let script = "echo 'print(parsum(n = 1, 10^8, eulerphi(n)))' | gp -q -f -s 64M";
    let contenders = [
        Contender::evenly(&paths.evenly, "sum", answer())
            .argument("phi(n)")
            .argument("1..=1e8")
            .argument(format!("-j{workers}"))
            .named(format!("evenly sum 'phi(n)' 1..=1e8 -j {workers}")),
        Contender::peer("PARI/GP, parsum", installed("sh").as_ref(), "-c", answer())
            .argument(script)
            .needing(installed("gp").is_some()),
    ];
    let title = format!("Factors: the sum of phi(n) up to 1e8, {workers} workers");
    let unit = Unit::Rate { work: 1e8, scale: 1e6, name: "M numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}

fn primesieve(arguments: &str, answer: Answer) -> Contender {
    let name = format!("primesieve {arguments}");
    Contender::peer(name, installed("primesieve").as_ref(), arguments, answer)
}
