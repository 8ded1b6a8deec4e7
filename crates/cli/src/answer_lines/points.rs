//! Answer lines that begin with the number of a point of a grid, with the point in its place.

use evenly::Grid;

/// The lines with points. What is no number of a point stays.
pub(super) fn with_points(grid: &Grid, lines: &[u8]) -> Vec<u8> {
    let mut named = Vec::with_capacity(lines.len() * 3);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = line.split_at(digits);
        let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
        match number.and_then(|number| grid.point(number)) {
            Some(point) => named.extend(point.to_string().into_bytes()),
            None => named.extend_from_slice(&line[..digits]),
        }
        named.extend_from_slice(rest);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_stand_for_their_numbers() {
        let axes = [("a", "0..10".parse().unwrap()), ("b", "1,2,5".parse().unwrap())];
        let grid = Grid::new(axes).unwrap();
        let lines = with_points(&grid, b"0\t7\n29\texit 1\n30\n-1\n");
        assert_eq!(lines, b"a=0 b=1\t7\na=9 b=5\texit 1\n30\n-1\n");
        assert_eq!(with_points(&grid, b""), b"");
    }
}
