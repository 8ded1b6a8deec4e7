//! Benchmark of one-line questions of number theory (docs/questions.md): evenly beside PARI/GP and the same loop in Rust.

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::measure::{Outcome, alternate};
use super::options::Options;
use super::rivals::Rivals;
use crate::paths::{Paths, installed};
use crate::table::{Table, significant};

/// A question, and how each contender is asked.
struct Question {
    name: &'static str,
    /// As the loop in Rust is called.
    rust: &'static str,
    verb: &'static str,
    function: &'static str,
    /// An expression of PARI in n: whether n is counted.
    pari: &'static str,
    start: u64,
    /// The end and the answer: of a quick run, and of a full one.
    short: (u64, &'static str),
    long: (u64, &'static str),
}

const QUESTIONS: [Question; 9] = [
    Question {
        name: "perfect",
        rust: "perfect",
        verb: "count",
        function: "sum(d in divisors(n) if d < n, d) == n",
        pari: "sigma(n) == 2 * n",
        start: 1,
        short: (10_000, "4"),
        long: (1_000_000, "4"),
    },
    Question {
        name: "amicable",
        rust: "amicable",
        verb: "count",
        function: "let m = sum(d in divisors(n), d) - n; m > n && sum(d in divisors(m), d) == n + m",
        pari: "my(m = sigma(n) - n); m > n && sigma(m) == n + m",
        start: 1,
        short: (10_000, "5"),
        long: (1_000_000, "42"),
    },
    Question {
        name: "Carmichael",
        rust: "carmichael",
        verb: "count",
        function: "!prime(n) && all(p in divisors(n) if prime(p), n % (p * p) != 0 && (n - 1) % (p - 1) == 0)",
        pari: "my(f = factor(n), c = !isprime(n)); for(i = 1, #f~, if(f[i, 2] > 1 || (n - 1) % (f[i, 1] - 1), \
               c = 0; break)); c",
        start: 2,
        short: (10_000, "7"),
        long: (1_000_000, "43"),
    },
    Question {
        name: "happy",
        rust: "happy",
        verb: "count",
        function: "iterate(x = n, while x != 1 && x != 4, sum(d in digits(x), d * d)) == 1",
        pari: "my(x = n); while(x != 1 && x != 4, x = norml2(digits(x))); x == 1",
        start: 1,
        short: (10_001, "1442"),
        long: (1_000_001, "143071"),
    },
    Question {
        name: "Collatz steps",
        rust: "collatz",
        verb: "max",
        function: "steps(x = n, while x != 1, if even(x) { x / 2 } else { 3 * x + 1 })",
        pari: "",
        start: 1,
        short: (10_000, "261\t6171"),
        long: (300_000, "442\t230631"),
    },
    Question {
        name: "Harshad",
        rust: "harshad",
        verb: "count",
        function: "n % digit_sum(n) == 0",
        pari: "n % sumdigits(n) == 0",
        start: 1,
        short: (10_001, "1538"),
        long: (10_000_001, "806095"),
    },
    Question {
        name: "taxicab",
        rust: "taxicab",
        verb: "count",
        function: "count(a in 1..=iroot(n / 2, 3), is_power(n - a ** 3, 3)) > 1",
        pari: "sum(a = 1, sqrtnint(n \\ 2, 3), ispower(n - a^3, 3) > 0) > 1",
        start: 1,
        short: (14_000, "3"),
        long: (500_000, "27"),
    },
    Question {
        name: "squarefree by primes",
        rust: "squarefree",
        verb: "count",
        function: "all(p in primes(2..=isqrt(n)), n % (p * p) != 0)",
        pari: "issquarefree(n)",
        start: 1,
        short: (10_001, "6083"),
        long: (1_000_001, "607926"),
    },
    Question {
        name: "squarefree by name",
        rust: "squarefree",
        verb: "count",
        function: "is_squarefree(n)",
        pari: "issquarefree(n)",
        start: 1,
        short: (10_001, "6083"),
        long: (1_000_001, "607926"),
    },
];

/// A table with a row for each question.
pub(crate) fn measure(paths: &Paths, rivals: &Rivals, options: &Options) -> Findings {
    let workers = options.workers;
    let title =
        format!("Questions: one line beside the same loop in Rust and PARI/GP, {workers} workers");
    let (evenly, rust) = (format!("evenly -j {workers}"), format!("Rust, -O3, {workers} threads"));
    let header = ["question, range", &evenly, &rust, "PARI/GP", "evenly/Rust", "evenly/PARI"];
    let note = "M numbers/s of the whole process.";
    let mut findings = Findings { table: Table::new(title, note, &header), failures: Vec::new() };
    for question in &QUESTIONS {
        eprintln!("  {}", question.name);
        question.measure(paths, rivals, options, &mut findings);
    }
    findings
}

impl Question {
    /// Adds its row.
    fn measure(&self, paths: &Paths, rivals: &Rivals, options: &Options, findings: &mut Findings) {
        let Self { name, rust, verb, function, start, .. } = self;
        let (end, text) = if options.quick { self.short } else { self.long };
        let (workers, answer) = (options.workers, || Answer::Line(text));
        let range = format!("{start}..{end}");
        let evenly = Contender::evenly(&paths.evenly, verb, answer())
            .argument(*function)
            .argument(&range)
            .argument(format!("-j{workers}"))
            .named(format!("evenly {verb} '{function}' {range} -j {workers}"));
        let words = format!("{rust} {start} {end} {workers}");
        let rust = format!("the loop in Rust, {rust}");
        let rust = Contender::peer(rust, rivals.known_results.as_ref(), &words, answer());
        let script = format!("echo '{}' | gp -q -f -s 64M", self.pari_script(end, workers));
        let pari = Contender::peer("PARI/GP", installed("sh").as_ref(), "-c", answer())
            .argument(script)
            .needing(installed("gp").is_some());
        let outcomes = alternate(&[evenly, rust, pari], options.rounds());
        let work = (end - start) as f64 / 1e6;
        let rates = outcomes.iter().map(|outcome| match outcome {
            Outcome::Measured(sample) => Ok(work / sample.median.as_secs_f64()),
            Outcome::NotInstalled => Err("not installed"),
            Outcome::Failed(failure) => {
                findings.failures.push(failure.clone());
                Err("FAILED")
            }
        });
        let rates: Vec<Result<f64, &str>> = rates.collect();
        let mut row = vec![format!("{name}, {range}")];
        row.extend(rates.iter().map(|rate| match rate {
            Ok(rate) => significant(*rate),
            Err(why) => (*why).to_owned(),
        }));
        row.extend(rates.iter().skip(1).map(|other| match (&rates[0], other) {
            (Ok(evenly), Ok(other)) => significant(evenly / other),
            _ => "-".to_owned(),
        }));
        findings.table.rows.push(row);
    }

    /// A line of PARI/GP that prints the answer, by as many threads as there are workers.
    fn pari_script(&self, end: u64, workers: usize) -> String {
        let (start, last, pari) = (self.start, end - 1, self.pari);
        let threads = format!("default(nbthreads, {workers})");
        if self.rust == "collatz" {
            // Each of 64 tasks has every 64th number; of equal lengths the lowest number counts.
            return format!(
                "{threads}; v = parvector(64, k, my(m = 0, a = 0); forstep(n = k, {last}, 64, my(x = n, s = 0); \
                 while(x != 1, x = if(x % 2, 3 * x + 1, x / 2); s++); if(s > m, m = s; a = n)); [m, -a]); \
                 w = vecsort(v)[64]; print(w[1], \"\\t\", -w[2])"
            );
        }
        format!("{threads}; print(parsum(n = {start}, {last}, {pari}))")
    }
}
