//! Choice of language (`say!`), and the names of processes, ends and channels in sentences.

mod activity;
mod finding;

use crate::case::Case;
use crate::facts::{Channel, End, Object};

/// A language of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    /// The language of the environment: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set (locale(7)).
    #[must_use]
    pub fn of_environment() -> Self {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let mut values = names.iter().filter_map(std::env::var_os);
        let value = values.find(|value| !value.is_empty()).unwrap_or_default();
        if value.to_string_lossy().starts_with("es") { Self::Spanish } else { Self::English }
    }
}

/// Formats the first text in English and the second in Spanish.
#[macro_export]
macro_rules! say {
    ($language:expr, $english:literal, $spanish:literal) => {
        match $language {
            $crate::Language::English => format!($english),
            $crate::Language::Spanish => format!($spanish),
        }
    };
}
pub(crate) use say;

/// The words for one case in one language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    pub(crate) case: &'a Case<'a>,
    pub(crate) language: Language,
}

/// How many things a sentence lists; more are counted.
const LISTED: usize = 4;

impl Words<'_> {
    /// A process: its role if the caller knows it, or else name and number.
    pub(crate) fn process(&self, pid: u32) -> String {
        let role = self.case.facts.roles.get(&pid).cloned();
        role.unwrap_or_else(|| format!("{} {pid}", self.case.facts.name(pid)))
    }

    /// A process that the sentence has named already: its role, or its number alone.
    pub(crate) fn process_again(&self, pid: u32) -> String {
        self.case.facts.roles.get(&pid).cloned().unwrap_or_else(|| pid.to_string())
    }

    /// Several things, with commas and an "and".
    pub(crate) fn list(&self, things: &[String]) -> String {
        let and = say!(self.language, "and", "y");
        match things {
            [] => String::new(),
            [one] => one.clone(),
            [first, last] => format!("{first} {and} {last}"),
            many if many.len() <= LISTED => {
                let (last, before) = many.split_last().unwrap_or((&many[0], &[]));
                format!("{} {and} {last}", before.join(", "))
            }
            many => {
                let left = many.len() - LISTED + 1;
                let more = say!(self.language, "{left} more", "{left} más");
                format!("{} {and} {more}", many[..LISTED - 1].join(", "))
            }
        }
    }

    pub(crate) fn processes(&self, pids: impl IntoIterator<Item = u32>) -> String {
        let names: Vec<String> = pids.into_iter().map(|pid| self.process(pid)).collect();
        self.list(&names)
    }

    /// Descriptors as a list; those of `own` without its name.
    pub(crate) fn ends(&self, ends: &[End], own: u32) -> String {
        let mut by_process: Vec<(u32, Vec<String>)> = Vec::new();
        for end in ends {
            match by_process.iter_mut().find(|(pid, _)| *pid == end.pid) {
                Some((_, numbers)) => numbers.push(end.fd.to_string()),
                None => by_process.push((end.pid, vec![end.fd.to_string()])),
            }
        }
        by_process.sort_by_key(|(pid, _)| *pid != own);
        let mut all: Vec<String> = Vec::new();
        for (pid, numbers) in by_process {
            let numbers = numbers.join(", ");
            let itself = say!(self.language, "itself", "él mismo");
            let who = if pid == own { itself } else { self.process(pid) };
            all.push(format!("{who} fd {numbers}"));
        }
        self.list(&all)
    }

    /// An object with its name.
    pub(crate) fn object(&self, object: &Object) -> String {
        let channel = self.case.facts.channels.get(object);
        let path = channel.and_then(|channel| channel.path.clone()).unwrap_or_default();
        match object {
            Object::Pipe(inode) => format!("pipe {inode}"),
            Object::Fifo(..) => format!("FIFO {path}"),
            Object::Socket(inode) => match channel.and_then(|channel| channel.socket.as_ref()) {
                Some(socket) if socket.address.is_empty() => {
                    format!("socket {inode} ({})", socket.kind)
                }
                Some(socket) => format!("socket {inode} ({} {})", socket.kind, socket.address),
                None => format!("socket {inode}"),
            },
            Object::Terminal(path) => say!(self.language, "terminal {path}", "terminal {path}"),
            Object::Controller(path) => {
                say!(self.language, "controller of {path}", "controlador de {path}")
            }
            Object::Event(number) => format!("eventfd {number}"),
            Object::File(..) => say!(self.language, "file {path}", "archivo {path}"),
            Object::Kernel(kind) => kind.clone(),
            Object::Epoll => "epoll".to_owned(),
            Object::Other(path) => path.clone(),
        }
    }

    /// The kind of an object and how full it is, for the words in parentheses behind a descriptor.
    pub(crate) fn state(&self, object: &Object) -> String {
        let channel = self.case.facts.channels.get(object);
        let kind = match object {
            Object::Pipe(_) => "pipe".to_owned(),
            Object::Socket(_) => {
                let socket = channel.and_then(|channel| channel.socket.as_ref());
                socket.map_or("socket".to_owned(), |socket| format!("socket {}", socket.kind))
            }
            other => self.object(other),
        };
        match channel.and_then(|channel| self.fill(channel)) {
            Some(fill) => format!("{kind}, {fill}"),
            None => kind,
        }
    }

    fn fill(&self, channel: &Channel) -> Option<String> {
        let waiting = channel.waiting?;
        if waiting == 0 {
            return Some(say!(self.language, "empty", "vacío"));
        }
        Some(match channel.capacity {
            Some(capacity) if waiting >= capacity => {
                say!(
                    self.language,
                    "full: {waiting} of {capacity}",
                    "lleno: {waiting} de {capacity}"
                )
            }
            Some(capacity) => {
                say!(self.language, "{waiting} of {capacity}", "{waiting} de {capacity}")
            }
            None => say!(self.language, "{waiting} bytes", "{waiting} bytes"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;

    #[test]
    fn a_long_list_is_counted() {
        let facts = Facts::default();
        let case = Case::of(&facts);
        let english = Words { case: &case, language: Language::English };
        let spanish = Words { case: &case, language: Language::Spanish };
        let things: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        assert_eq!(english.list(&things[..1]), "a");
        assert_eq!(english.list(&things[..2]), "a and b");
        assert_eq!(english.list(&things[..3]), "a, b and c");
        assert_eq!(spanish.list(&things), "a, b, c y 2 más");
    }
}
