//! Key files: what is made, what is read, and what is refused.

use super::key::default_path;
use super::{Key, KeyError};
use crate::scratch::Scratch;
use evenly_testkit::needs::lacks;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn what_is_made_is_private_random_and_read_again() {
    let directory = Scratch::new("key-made");
    let (one, other) = (directory.path("one"), directory.path("other"));
    let key = Key::make(&one).unwrap();
    assert_eq!(mode(&one), 0o600);
    assert_eq!(std::fs::read(&one).unwrap(), key.bytes());
    assert_eq!(Key::read(&one).unwrap().bytes(), key.bytes());
    assert_ne!(Key::make(&other).unwrap().bytes(), key.bytes());
    assert_eq!(format!("{key:?}"), "Key");

    let said = Key::make(&one).unwrap_err().to_string();
    assert!(said.contains("one' exists and is not overwritten"), "{said}");
    assert_eq!(Key::read(&one).unwrap().bytes(), key.bytes());
    assert_eq!(directory.names().len(), 2, "nothing but the two keys");
}

#[test]
fn links_are_not_written_through() {
    let directory = Scratch::new("key-link");
    let link = directory.path("link");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    assert!(matches!(Key::make(&link), Err(KeyError::Exists { .. })));
    assert_eq!(directory.names(), ["link"]);
}

#[test]
fn what_is_no_key_is_refused() {
    let directory = Scratch::new("key-refused");
    let path = directory.path("key");
    let refused = |expected: &[&str]| {
        let said = Key::read(&path).unwrap_err().to_string();
        assert!(!said.contains('\n'), "{said}");
        for word in expected.iter().chain(&[path.to_str().unwrap()]) {
            assert!(said.contains(word), "'{word}' is missing in: {said}");
        }
    };
    refused(&["no key file", "evenly keygen"]);
    for (length, said) in [(0, "0 bytes"), (31, "31 bytes"), (33, "33 bytes"), (64, "64 bytes")] {
        std::fs::write(&path, vec![1; length]).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        refused(&[said, "32"]);
    }
    std::fs::write(&path, [1; 32]).unwrap();
    for bits in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666] {
        std::fs::set_permissions(&path, Permissions::from_mode(bits)).unwrap();
        refused(&[&format!("mode {bits:o}"), "chmod 600"]);
    }
    for bits in [0o600, 0o400] {
        std::fs::set_permissions(&path, Permissions::from_mode(bits)).unwrap();
        assert_eq!(Key::read(&path).unwrap().bytes(), &[1; 32]);
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    refused(&["not a regular file"]);
    std::fs::remove_dir(&path).unwrap();
    // It has no writer, and the call returns all the same.
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    refused(&["not a regular file"]);
}

#[test]
fn a_key_of_another_user_is_refused() {
    if lacks(&["root"]) {
        return;
    }
    let directory = Scratch::new("key-other");
    let path = directory.path("key");
    Key::make(&path).unwrap();
    std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
    let said = Key::read(&path).unwrap_err().to_string();
    assert!(
        said.contains("user 65534") && said.contains("name a copy that belongs to this user"),
        "{said}"
    );
}

#[test]
fn it_is_made_where_it_is_missing_with_its_directory() {
    let directory = Scratch::new("key-default");
    let path = directory.path("config/evenly/key");
    let (key, is_made) = Key::read_or_make(&path).unwrap();
    assert!(is_made);
    assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
    let (same, is_made) = Key::read_or_make(&path).unwrap();
    assert!(!is_made);
    assert_eq!(same.bytes(), key.bytes());
    // What is there and is no key is not replaced.
    std::fs::write(&path, "short").unwrap();
    assert!(matches!(Key::read_or_make(&path), Err(KeyError::Length { length: 5, .. })));
}

#[test]
fn all_who_make_it_at_the_same_time_have_the_same() {
    let directory = Scratch::new("key-race");
    let path = directory.path("key");
    for _ in 0..50 {
        let mut keys: Vec<_> = std::thread::scope(|scope| {
            let one = || scope.spawn(|| *Key::read_or_make(&path).unwrap().0.bytes());
            let makers = [one(), one(), one(), one()];
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        keys.dedup();
        assert_eq!(keys.len(), 1);
        assert_eq!(directory.names(), ["key"]);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn the_default_is_in_the_configuration_directory() {
    let at = |configuration: Option<&str>, home: Option<&str>| {
        default_path(configuration.map(Into::into), home.map(Into::into))
    };
    assert_eq!(at(Some("/c"), Some("/h")).unwrap(), PathBuf::from("/c/evenly/key"));
    for configuration in [None, Some(""), Some("relative")] {
        assert_eq!(at(configuration, Some("/h")).unwrap(), PathBuf::from("/h/.config/evenly/key"));
        assert!(matches!(at(configuration, None), Err(KeyError::NoHome)));
        assert!(matches!(at(configuration, Some("")), Err(KeyError::NoHome)));
    }
}

#[test]
fn the_text_of_a_key_gives_the_same_key_and_no_damaged_text_does() {
    let directory = Scratch::new("key-text");
    let key = Key::make(&directory.path("key")).unwrap();
    let text = key.text();
    let text = text.as_str();
    for typed in [text.to_owned(), format!(" evenly key add {text}\n"), format!("{text}\r\n")] {
        assert_eq!(Key::from_text(&typed).unwrap().bytes(), key.bytes(), "{typed}");
        let read = Key::read_text(&mut typed.as_bytes()).unwrap();
        assert_eq!(read.bytes(), key.bytes(), "{typed}");
    }
    for end in 0..text.len() {
        assert!(Key::from_text(&text[..end]).is_err(), "{end}");
    }
    for position in 0..text.len() {
        let mut damaged = text.as_bytes().to_vec();
        damaged[position] = if damaged[position] == b'7' { b'8' } else { b'7' };
        assert!(Key::from_text(str::from_utf8(&damaged).unwrap()).is_err(), "{position}");
    }
    let said = Key::from_text("0123").unwrap_err().to_string();
    assert!(
        said.contains("is not the text of a key") && said.contains("evenly key show"),
        "{said}"
    );
    assert!(Key::read_text(&mut std::io::repeat(b'x')).is_err());
    assert_eq!(format!("{:?}", key.text()), "KeyText");
}

#[test]
fn an_added_key_is_private_and_replaces_no_other_key() {
    let directory = Scratch::new("key-added");
    let (here, there) = (directory.path("here"), directory.path("made/at/once/there"));
    let key = Key::make(&here).unwrap();
    key.add(&there).unwrap();
    assert_eq!(mode(&there), 0o600);
    assert_eq!(mode(there.parent().unwrap()), 0o700);
    assert_eq!(Key::read(&there).unwrap().bytes(), key.bytes());
    key.add(&there).unwrap();
    let another = Key::make(&directory.path("another")).unwrap();
    let said = another.add(&there).unwrap_err().to_string();
    assert!(said.contains("holds another key and is not overwritten"), "{said}");
    assert_eq!(Key::read(&there).unwrap().bytes(), key.bytes());
}
