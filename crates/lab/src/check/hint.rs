//! What the wrong counts of a student's program have in common.

use evenly_inspect::{Language, say};

/// A count of a program: how it was called, what it printed, and the right count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count<'a> {
    pub(crate) workers: usize,
    pub(crate) end: i64,
    pub(crate) printed: &'a str,
    pub(crate) right: i64,
}

/// The cause that all wrong counts suggest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// It counts in 0..=N.
    CountsEnd,
    /// Every wrong count is too large.
    TooMany,
    /// Every wrong count is too small, and where N can be divided by the number of workers it is right.
    LosesRest,
    /// It takes the first argument for N.
    TakesFirst,
    /// It reads its numbers from standard input.
    ReadsInput,
    /// It takes exit statuses for counts.
    ExitStatus,
}

impl Hint {
    /// The cause of these counts, of which `wrong` are wrong, in a program with this source.
    pub(crate) fn of(counts: &[Count<'_>], source: &str) -> Option<Self> {
        let wrong: Vec<_> = counts.iter().filter(|one| one.printed() != Some(one.right)).collect();
        let all_wrong = |test: fn(&Count<'_>, i64) -> bool| {
            wrong.iter().all(|one| one.printed().is_some_and(|printed| test(one, printed)))
        };
        let is_whole = |one: &Count<'_>| one.end % one.workers as i64 == 0;
        if wrong.is_empty() {
            return None;
        }
        if wrong.len() == counts.len() && reads_input(source) {
            return Some(Self::ReadsInput);
        }
        if all_wrong(|one, printed| one.end % 2 == 0 && printed == one.right + 1) {
            return Some(Self::CountsEnd);
        }
        if counts.iter().all(|one| one.printed() == Some((one.workers as i64 + 1) / 2)) {
            return Some(Self::TakesFirst);
        }
        if all_wrong(|one, printed| printed > one.right) {
            return Some(Self::TooMany);
        }
        let loses = all_wrong(|one, printed| printed < one.right);
        if loses && source.contains("WEXITSTATUS") {
            return Some(Self::ExitStatus);
        }
        (loses && !wrong.iter().any(|one| is_whole(one))).then_some(Self::LosesRest)
    }

    /// One sentence.
    pub(crate) fn text(self, language: Language) -> String {
        match self {
            Self::CountsEnd => say!(
                language,
                "N itself does not count: the range goes from 0 to N - 1.",
                "N no se cuenta: el rango va de 0 a N - 1."
            ),
            Self::TooMany => say!(
                language,
                "It counts too many: is a number in two ranges, or does the end of a range count?",
                "Cuenta de más: ¿hay números en dos rangos, o cuenta el final de cada rango?"
            ),
            Self::LosesRest => say!(
                language,
                "It counts too few where N cannot be divided by WORKERS: the rest needs a worker, too.",
                "Cuenta de menos cuando N no es divisible por WORKERS: te falta repartir el resto (N % WORKERS)."
            ),
            Self::TakesFirst => say!(
                language,
                "It takes argv[1] for N: that is the number of workers, and the last argument is N.",
                "Toma argv[1] como N: es la cantidad de workers, y el último argumento es N."
            ),
            Self::ExitStatus => say!(
                language,
                "An exit status is a number from 0 to 255, so a larger count gets lost: send it through a pipe.",
                "Un estado de salida va de 0 a 255, así que una cuenta mayor se pierde: mandala por un pipe."
            ),
            Self::ReadsInput => say!(
                language,
                "It reads standard input, which is empty here: take WORKERS and N from argv.",
                "Lee la entrada estándar, que acá está vacía: tomá WORKERS y N de argv."
            ),
        }
    }
}

impl Count<'_> {
    /// The number that was printed, if there is just one.
    fn printed(&self) -> Option<i64> {
        let words = self.printed.split(|sign: char| !sign.is_ascii_digit() && sign != '-');
        let mut numbers = words.filter_map(|word| word.parse().ok());
        numbers.next().filter(|_| numbers.next().is_none())
    }
}

/// Whether a C program calls scanf or getchar. `sscanf` and `fscanf` may read something else.
fn reads_input(source: &str) -> bool {
    let is_call = |name: &str| {
        source.match_indices(name).any(|(at, _)| {
            !source[..at].ends_with(|sign: char| sign.is_ascii_alphanumeric() || sign == '_')
        })
    };
    is_call("scanf(") || is_call("scanf (") || is_call("getchar(")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: [(usize, i64); 6] = [(1, 1000), (3, 1000), (2, 3), (4, 10), (5, 1000), (3, 1002)];

    fn hint(printed: fn(i64, i64) -> i64, source: &str) -> Option<Hint> {
        let printed = CALLS.map(|(workers, end)| format!("{} x", printed(workers as i64, end)));
        let counts = CALLS.iter().zip(&printed).map(|(&(workers, end), printed)| Count {
            workers,
            end,
            printed,
            right: (end + 1) / 2,
        });
        Hint::of(&counts.collect::<Vec<_>>(), source)
    }

    #[test]
    fn the_cause_is_what_all_wrong_counts_suggest() {
        fn right(end: i64) -> i64 {
            (end + 1) / 2
        }
        assert_eq!(hint(|_, end| (end + 1) / 2, ""), None);
        assert_eq!(hint(|_, end| end / 2 + 1, ""), Some(Hint::CountsEnd));
        assert_eq!(hint(|workers, end| right(end) + workers, ""), Some(Hint::TooMany));
        assert_eq!(hint(|workers, end| right(end / workers * workers), ""), Some(Hint::LosesRest));
        assert_eq!(hint(|workers, _| right(workers), ""), Some(Hint::TakesFirst));
        assert_eq!(hint(|_, _| 0, ""), None);
        assert_eq!(hint(|_, end| right(end) % 256, "WEXITSTATUS(s)"), Some(Hint::ExitStatus));
        assert_eq!(hint(|_, _| 0, "sscanf(text, fscanf(file,"), None);
        assert_eq!(hint(|_, _| 0, " scanf(\"%d\""), Some(Hint::ReadsInput));
    }
}
