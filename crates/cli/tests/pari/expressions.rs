//! Writer of random expressions, each in the language of `evenly` and in that of PARI/GP.

use evenly_testkit::Random;

/// An expression in both languages.
type Pair = (String, String);

/// A form of a function: how it is written here and in PARI, with `$1`, `$2` and `$3` for its arguments. An argument is
/// `a`ny integer, `s`mall from 0 to 9, `p`ositive, or two at least (`q`); the latter are below 10^5 or so.
type Form = (&'static str, &'static str, &'static str);

const NUMBERS: &[Form] = &[
    ("($1 + $2)", "($1 + $2)", "aa"),
    ("($1 - $2)", "($1 - $2)", "aa"),
    ("($1 * $2)", "($1 * $2)", "aa"),
    ("($1 / $2)", "tdiv($1, $2)", "aa"),
    ("($1 % $2)", "trem($1, $2)", "aa"),
    ("($1 div $2)", "($1 \\ $2)", "aa"),
    ("($1 mod $2)", "($1 % $2)", "aa"),
    ("($1 ** $2)", "($1 ^ $2)", "as"),
    ("(-$1)", "(-$1)", "a"),
    ("abs($1)", "abs($1)", "a"),
    ("min($1, $2)", "min($1, $2)", "aa"),
    ("max($1, $2)", "max($1, $2)", "aa"),
    ("($1 & $2)", "bitand($1, $2)", "aa"),
    ("($1 | $2)", "bitor($1, $2)", "aa"),
    ("xor($1, $2)", "bitxor($1, $2)", "aa"),
    ("($1 << $2)", "shift($1, $2)", "as"),
    ("($1 >> $2)", "shift($1, -$2)", "ps"),
    ("gcd($1, $2)", "gcd($1, $2)", "aa"),
    ("lcm($1, $2)", "lcm($1, $2)", "aa"),
    ("sigma($1)", "sigma($1)", "p"),
    ("sigma($1, $2)", "sigma($1, $2)", "ps"),
    ("tau($1)", "numdiv($1)", "p"),
    ("phi($1)", "eulerphi($1)", "p"),
    ("omega($1)", "omega($1)", "p"),
    ("bigomega($1)", "bigomega($1)", "p"),
    ("mobius($1)", "moebius($1)", "p"),
    ("rad($1)", "rad($1)", "p"),
    ("lpf($1)", "lpf($1)", "q"),
    ("gpf($1)", "gpf($1)", "q"),
    ("powmod($1, $2, $3)", "lift(Mod($1, $3) ^ $2)", "app"),
    ("kronecker($1, $2)", "kronecker($1, $2)", "aa"),
    ("binomial($1 % 60, $2)", "binomial($1 % 60, $2)", "ps"),
    ("factorial($1)", "($1!)", "s"),
    ("fibonacci($1 % 150)", "fibonacci($1 % 150)", "p"),
    ("isqrt($1)", "sqrtint($1)", "p"),
    ("iroot($1, $2 + 1)", "sqrtnint($1, $2 + 1)", "ps"),
    ("ilog($1, $2)", "logint($1, $2)", "pq"),
    ("nextprime($1)", "nextprime($1)", "p"),
    ("prevprime($1)", "precprime($1)", "q"),
    ("primepi($1 % 5000)", "primepi($1 % 5000)", "p"),
    ("digits($1)", "#digits($1)", "p"),
    ("digits($1, $2)", "#digits($1, $2)", "pq"),
    ("digit_sum($1)", "sumdigits($1)", "p"),
    ("digit_sum($1, $2)", "sumdigits($1, $2)", "pq"),
    ("reverse($1)", "fromdigits(Vecrev(digits($1)))", "p"),
    ("popcount($1)", "hammingweight($1)", "p"),
    ("ctz($1)", "valuation($1, 2)", "p"),
];

const TRUTHS: &[Form] = &[
    ("($1 == $2)", "($1 == $2)", "aa"),
    ("($1 != $2)", "($1 != $2)", "aa"),
    ("($1 < $2)", "($1 < $2)", "aa"),
    ("($1 <= $2)", "($1 <= $2)", "aa"),
    ("($1 > $2)", "($1 > $2)", "aa"),
    ("even($1)", "($1 % 2 == 0)", "a"),
    ("odd($1)", "($1 % 2 == 1)", "a"),
    ("prime($1)", "($1 > 1 && isprime($1))", "a"),
    ("is_square($1)", "issquare($1)", "a"),
    ("is_squarefree($1)", "issquarefree($1)", "p"),
    ("is_power($1, $2 + 2)", "(ispower($1, $2 + 2) > 0)", "ps"),
    ("(bit($1, $2) == 1)", "bittest($1, $2)", "ps"),
    ("is_palindrome($1)", "(digits($1) == Vecrev(digits($1)))", "p"),
];

/// The source of one expression.
pub(crate) struct Writer<'a> {
    random: &'a mut Random,
    /// Variables that can be used, and how many there were.
    variables: Vec<String>,
    named: usize,
}

impl<'a> Writer<'a> {
    /// A new expression.
    pub(crate) fn write(random: &'a mut Random) -> Pair {
        let mut writer = Self { random, variables: vec!["n".to_owned()], named: 0 };
        let depth = writer.random.between(1, 4);
        if writer.random.percent(75) { writer.number(depth) } else { writer.truth(depth) }
    }

    fn number(&mut self, depth: u64) -> Pair {
        if depth == 0 || self.random.percent(10) {
            return self.leaf();
        }
        match self.random.below(10) {
            0 => {
                let (c, a, b) =
                    (self.truth(depth - 1), self.number(depth - 1), self.number(depth - 1));
                let here = format!("(if {} {{ {} }} else {{ {} }})", c.0, a.0, b.0);
                (here, format!("if({}, {}, {})", c.1, a.1, b.1))
            }
            1 => self.definition(depth),
            2 | 3 => self.reduction(depth),
            _ => {
                let form = self.random.pick(NUMBERS);
                self.call(form, depth)
            }
        }
    }

    fn truth(&mut self, depth: u64) -> Pair {
        if depth > 1 && self.random.percent(30) {
            let (a, b) = (self.truth(depth - 1), self.truth(depth - 1));
            let operator = self.random.pick(&["&&", "||"]);
            let join = |a: &str, b: &str| format!("({a} {operator} {b})");
            return (join(&a.0, &b.0), join(&a.1, &b.1));
        }
        if depth > 1 && self.random.percent(20) {
            let a = self.truth(depth - 1);
            return (format!("(!{})", a.0), format!("(!{})", a.1));
        }
        let form = self.random.pick(TRUTHS);
        self.call(form, depth)
    }

    fn leaf(&mut self) -> Pair {
        if self.random.percent(70) {
            let at = self.random.index(self.variables.len());
            let name = self.variables[at].clone();
            return (name.clone(), name);
        }
        let number = match self.random.below(4) {
            0 => self.random.below(1 << 40),
            _ => self.random.below(12),
        };
        (number.to_string(), number.to_string())
    }

    fn call(&mut self, (here, pari, kinds): Form, depth: u64) -> Pair {
        let (mut here, mut pari) = (here.to_owned(), pari.to_owned());
        for (at, kind) in (1..).zip(kinds.chars()) {
            let argument = self.argument(kind, depth.saturating_sub(1));
            here = here.replace(&format!("${at}"), &argument.0);
            pari = pari.replace(&format!("${at}"), &argument.1);
        }
        (here, pari)
    }

    fn argument(&mut self, kind: char, depth: u64) -> Pair {
        if kind == 's' {
            let small = self.random.below(10).to_string();
            return (small.clone(), small);
        }
        let (here, pari) = self.number(depth);
        match kind {
            'p' => (format!("({here} mod 100003 + 1)"), format!("({pari} % 100003 + 1)")),
            'q' => (format!("({here} mod 9973 + 2)"), format!("({pari} % 9973 + 2)")),
            _ => (here, pari),
        }
    }

    /// A new variable for what `body` writes.
    fn bound(&mut self, body: impl FnOnce(&mut Self) -> Pair) -> (String, Pair) {
        self.named += 1;
        let name = format!("v{}", self.named);
        self.variables.push(name.clone());
        let body = body(self);
        self.variables.pop();
        (name, body)
    }

    fn definition(&mut self, depth: u64) -> Pair {
        let value = self.number(depth - 1);
        let (x, body) = self.bound(|writer| writer.number(depth - 1));
        if self.random.percent(50) {
            let here = format!("(let {x} = {}; {})", value.0, body.0);
            return (here, format!("call(({x}) -> {}, [{}])", body.1, value.1));
        }
        let steps = self.random.below(5);
        let here = format!("iterate({x} = {}, {steps}, {})", value.0, body.0);
        let pari =
            format!("call(({x}) -> for(i{x}=1, {steps}, {x} = {}); {x}, [{}])", body.1, value.1);
        (here, pari)
    }

    /// A loop over at most a dozen numbers or so.
    fn reduction(&mut self, depth: u64) -> Pair {
        let (low, count) = (self.argument('a', 0), self.random.below(9));
        let of = self.argument('p', depth - 1);
        let (is_sum, source) = (self.random.percent(60), self.random.below(4));
        let (d, body) =
            self.bound(
                |writer| {
                    if is_sum { writer.number(depth - 1) } else { writer.truth(depth - 1) }
                },
            );
        let items = match source {
            0 => (format!("divisors({})", of.0), format!("divisors({})", of.1)),
            1 => (format!("digits({})", of.0), format!("digits({})", of.1)),
            2 => (format!("primes({count}..=30)"), format!("primes([{count}, 30])")),
            _ => {
                let here = format!("{}..{} + {count}", low.0, low.0);
                (here, format!("vector({count}, i{d}, {} + i{d} - 1)", low.1))
            }
        };
        let mapped = format!("apply({d} -> {}, {})", body.1, items.1);
        let (name, pari) = if is_sum {
            if self.random.percent(70) {
                ("sum", format!("vecsum({mapped})"))
            } else {
                ("product", format!("vecprod({mapped})"))
            }
        } else {
            ("count", format!("vecsum({mapped})"))
        };
        if name == "count" {
            return (format!("count({d} in {}, {})", items.0, body.0), pari);
        }
        (format!("{name}({d} in {}, {})", items.0, body.0), pari)
    }
}
