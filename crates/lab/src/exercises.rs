//! The table of all exercises.

mod ends;
mod messages;
mod processes;
mod sockets;

use crate::exercise::Exercise;

/// All exercises, in the order of the class.
pub static EXERCISES: [Exercise; 18] = [
    ends::PARENT_KEEPS_END,
    ends::CHILDREN_KEEP_ENDS,
    ends::WAIT_BEFORE_READ,
    ends::BOTH_FILL,
    ends::PIPE_AFTER_FORK,
    messages::WRITE_TO_READ_END,
    messages::LONG_WRITES,
    messages::PEEK_BY_READ,
    processes::SHARED_COUNTER,
    processes::NO_WAIT,
    processes::UNCHECKED_ERROR,
    processes::CODE_AFTER_EXEC,
    processes::SIGNAL_WITHOUT_DATA,
    sockets::CONNECT_BEFORE_LISTEN,
    sockets::BIND_TWICE,
    sockets::SHORT_DATAGRAM,
    sockets::SPLIT_MESSAGE,
    sockets::ACCEPT_BLOCKS,
];

/// The exercise with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Exercise> {
    EXERCISES.iter().find(|one| one.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_exercise_has_both_languages_and_a_right_answer() {
        let names: BTreeSet<&str> = EXERCISES.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), EXERCISES.len());
        for one in &EXERCISES {
            let answers = one.english.answers.len();
            assert!((2..=4).contains(&answers) && one.right < answers, "{}", one.name);
            assert_eq!(one.spanish.answers.len(), answers, "{}", one.name);
            for (english, spanish) in [
                (one.english.title, one.spanish.title),
                (one.english.question, one.spanish.question),
                (one.english.explanation, one.spanish.explanation),
            ] {
                assert!(!english.is_empty() && english != spanish, "{}", one.name);
            }
            assert_ne!(one.mistake.source.c, one.fix.source.c, "{}", one.name);
            assert_ne!(one.mistake.source.rust, one.fix.source.rust, "{}", one.name);
            for title in [one.english.title, one.spanish.title] {
                assert!(title.chars().count() < 60, "{title}");
            }
        }
    }

    #[test]
    fn sources_fit_a_screen_and_have_no_wide_lines() {
        for one in &EXERCISES {
            let (mistake, fix) = (one.mistake.source, one.fix.source);
            for source in [mistake.c, mistake.rust, fix.c, fix.rust] {
                assert!(source.lines().count() <= 60, "{}", one.name);
                let widest = source.lines().map(str::len).max();
                assert!(widest <= Some(110), "{} {widest:?}", one.name);
            }
        }
    }
}
