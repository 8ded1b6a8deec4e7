//! Benchmark of number theory that is sieved: large primes, twin primes, and a function of the prime factors.

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::options::Options;
use super::timed::{Unit, timed};
use crate::paths::{Paths, installed};

/// How much a row does, as an exponent of ten, and the answer: of a quick run, and of a full one.
type Sizes = [(u32, u128); 2];

fn size(options: &Options, sizes: Sizes) -> (u32, Answer) {
    let (exponent, answer) = sizes[usize::from(!options.quick)];
    (exponent, Answer::Integer(answer))
}

/// Primes near 10^18, where most base primes strike no number of a segment.
pub(crate) fn far_primes(paths: &Paths, options: &Options) -> Findings {
    const SIZES: Sizes = [(6, 24_280), (9, 24_127_085)];
    let workers = options.workers;
    let (exponent, answer) = size(options, SIZES);
    let evenly = format!("count prime 1e18..+1e{exponent} -j {workers}");
    let contenders = [
        Contender::evenly(&paths.evenly, &evenly, answer),
        primesieve(&format!("1e18 -d1e{exponent} -t{workers} -q"), size(options, SIZES).1),
    ];
    let title =
        format!("Primes: count the primes of 1e{exponent} numbers from 1e18 on, {workers} workers");
    let work = 10_f64.powi(exponent as i32);
    let unit = Unit::Rate { work, scale: 1e6, name: "M numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}

/// A conjunction of primes.
pub(crate) fn twin_primes(paths: &Paths, options: &Options) -> Findings {
    const SIZES: Sizes = [(6, 8_169), (9, 3_424_506)];
    let workers = options.workers;
    let (exponent, answer) = size(options, SIZES);
    let condition = "prime(n) && prime(n + 2)";
    let range = format!("0..1e{exponent}");
    let contenders = [
        Contender::evenly(&paths.evenly, "count", answer)
            .argument(condition)
            .argument(&range)
            .argument(format!("-j{workers}"))
            .named(format!("evenly count '{condition}' {range} -j {workers}")),
        primesieve(&format!("1e{exponent} -c2 -t{workers} -q"), size(options, SIZES).1),
    ];
    let title = format!("Twin primes: count them below 1e{exponent}, {workers} workers");
    let work = 10_f64.powi(exponent as i32);
    let unit = Unit::Rate { work, scale: 1e6, name: "M numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}

/// A function of the prime factors of each number.
pub(crate) fn totients(paths: &Paths, options: &Options) -> Findings {
    const SIZES: Sizes = [(6, 303_963_552_392), (8, 3_039_635_516_365_908)];
    let workers = options.workers;
    let (exponent, answer) = size(options, SIZES);
    let script =
        format!("echo 'print(parsum(n = 1, 10^{exponent}, eulerphi(n)))' | gp -q -f -s 64M");
    let range = format!("1..=1e{exponent}");
    let contenders = [
        Contender::evenly(&paths.evenly, "sum", answer)
            .argument("phi(n)")
            .argument(&range)
            .argument(format!("-j{workers}"))
            .named(format!("evenly sum 'phi(n)' {range} -j {workers}")),
        Contender::peer("PARI/GP, parsum", installed("sh").as_ref(), "-c", size(options, SIZES).1)
            .argument(script)
            .needing(installed("gp").is_some()),
    ];
    let title = format!("Factors: the sum of phi(n) up to 1e{exponent}, {workers} workers");
    let work = 10_f64.powi(exponent as i32);
    let unit = Unit::Rate { work, scale: 1e6, name: "M numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}

fn primesieve(arguments: &str, answer: Answer) -> Contender {
    let name = format!("primesieve {arguments}");
    Contender::peer(name, installed("primesieve").as_ref(), arguments, answer)
}
