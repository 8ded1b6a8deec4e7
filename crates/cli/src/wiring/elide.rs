//! Shortening of long tables and lists to one page.
//!
//! Nothing is left out that differs from what is shown: the odd one is what one looks for.

/// Tables of more rows leave out their middle: a primary and four workers are shown in full.
const ROWS: usize = 5;

/// Lists of more ends of one pipe leave out their middle.
pub(super) const ENDS: usize = 5;

/// Tables of more descriptors leave out their middle: that of a primary which holds both ends of
/// all pipes of four workers is shown in full.
pub(super) const DESCRIPTORS: usize = 12;

/// Lists of more closed descriptors leave out their middle.
pub(super) const CLOSED: usize = 4;

/// A row of a table, or what stands for many.
pub(super) enum Row<'a, T> {
    Shown(&'a T),
    /// For those left out; `like` is the row right above it.
    More {
        like: &'a T,
        left_out: Vec<&'a T>,
    },
}

/// The rows to show. If there are too many, those of the commonest shape are left out but for the
/// first two and the last.
pub(super) fn rows<'a, T, S: PartialEq>(all: &[&'a T], shape: impl Fn(&T) -> S) -> Vec<Row<'a, T>> {
    if all.len() <= ROWS {
        return all.iter().copied().map(Row::Shown).collect();
    }
    // Indices by shape; there are few shapes, so looking through them is fine.
    let mut kinds: Vec<(S, Vec<usize>)> = Vec::new();
    for (index, &one) in all.iter().enumerate() {
        let shape = shape(one);
        match kinds.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, indices)) => indices.push(index),
            None => kinds.push((shape, vec![index])),
        }
    }
    let commonest = kinds.iter().map(|(_, indices)| indices).max_by_key(|indices| indices.len());
    let [_first, second, middle @ .., _last] = commonest.map_or(&[][..], Vec::as_slice) else {
        return all.iter().copied().map(Row::Shown).collect();
    };
    if middle.len() < 2 {
        return all.iter().copied().map(Row::Shown).collect(); // the remark would be as long as the row
    }
    let mut rows = Vec::new();
    for (index, &one) in all.iter().enumerate() {
        if middle.binary_search(&index).is_err() {
            rows.push(Row::Shown(one));
        }
        if index == *second {
            let left_out = middle.iter().map(|&index| all[index]).collect();
            rows.push(Row::More { like: one, left_out });
        }
    }
    rows
}

/// The words to show. If there are more than `most`, the middle is left out; `more` says how many.
pub(super) fn words(
    mut all: Vec<String>,
    most: usize,
    more: impl FnOnce(usize) -> String,
) -> Vec<String> {
    let last = 1;
    let first = most.saturating_sub(last + 1);
    if all.len() > most {
        let left_out = all.len() - first - last;
        all.splice(first..all.len() - last, [more(left_out)]);
    }
    all
}
