//! The report as text: processes, pipes, verdict.

use crate::case::Case;
use crate::facts::{Activity, Object, Process};
use crate::finding::Verdict;
use crate::words::{Language, Words, say};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Most processes and most pipes that are listed.
const LISTED: usize = 40;

/// The objects that a report shows: those with two sides that a shown process holds.
pub(crate) fn objects<'a>(case: &'a Case<'_>) -> BTreeSet<&'a Object> {
    let facts = case.facts;
    // Of the processes at other ends, what they share with these is enough.
    let shown = case.subjects.iter().filter_map(|pid| facts.processes.get(pid));
    let entries = shown.flat_map(|process| process.table.iter().flatten());
    let is_asked = |object: &Object| match object {
        Object::Pipe(_) | Object::Fifo(..) | Object::Event(_) | Object::Controller(_) => true,
        // A socket without a peer that is shown tells nothing.
        Object::Socket(_) => {
            case.facts.channels.get(object).is_some_and(|one| one.socket.is_some())
        }
        _ => false,
    };
    entries.map(|entry| &entry.object).filter(|object| is_asked(object)).collect()
}

/// The threads that the report shows of a process: all, or one if they all do the same.
pub(crate) fn threads(process: &Process) -> Vec<(u32, &Activity)> {
    let mut all: Vec<(u32, &Activity)> = Vec::new();
    for thread in &process.threads {
        if all.iter().all(|(_, does)| **does != thread.does) {
            all.push((thread.tid, &thread.does));
        }
    }
    all
}

/// The whole report.
pub(crate) fn report(case: &Case<'_>, verdict: &Verdict, language: Language) -> String {
    let words = Words { case, language };
    let mut text = processes(&words);
    text.push_str(&pipes(&words));
    text.push_str(&self::verdict(&words, verdict));
    text
}

fn columns(rows: &[Vec<String>]) -> String {
    let most = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        rows.iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..most).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn processes(words: &Words<'_>) -> String {
    let language = words.language;
    let roles = &words.case.facts.roles;
    let head = match (language, roles.is_empty()) {
        (Language::English, true) => ["PID", "PARENT", "PROGRAM", "DOES"],
        (Language::English, false) => ["PID", "PARENT", "PROCESS", "DOES"],
        (Language::Spanish, true) => ["PID", "PADRE", "PROGRAMA", "HACE"],
        (Language::Spanish, false) => ["PID", "PADRE", "PROCESO", "HACE"],
    };
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let shown: Vec<u32> = words.case.shown.iter().copied().collect();
    for pid in shown.iter().take(LISTED) {
        let Some(process) = words.case.facts.processes.get(pid) else { continue };
        let name = roles.get(pid).unwrap_or(&process.name).clone();
        let mut row = vec![pid.to_string(), process.parent.to_string(), name];
        let all = threads(process);
        if process.is_zombie {
            row.push(say!(
                language,
                "has ended; its parent has not waited for it",
                "terminó; su padre todavía no hizo wait()"
            ));
        } else if let [(_, does)] = all[..] {
            row.push(words.does(does));
        } else {
            rows.push(row);
            for (tid, does) in all {
                let name = say!(language, "thread {tid}", "hilo {tid}");
                rows.push(vec![String::new(), String::new(), name, words.does(does)]);
            }
            continue;
        }
        rows.push(row);
    }
    let mut text = columns(&rows);
    if let Some(left) = shown.len().checked_sub(LISTED).filter(|&left| left > 0) {
        let _ = writeln!(
            text,
            "{}",
            say!(language, "and {left} more processes", "y {left} procesos más")
        );
    }
    text
}

fn pipes(words: &Words<'_>) -> String {
    let language = words.language;
    let objects = objects(words.case);
    if objects.is_empty() {
        return String::new();
    }
    let head = match language {
        Language::English => ["PIPE OR SOCKET", "WAITING", "CAN WRITE", "CAN READ"],
        Language::Spanish => ["PIPE O SOCKET", "EN ESPERA", "PUEDE ESCRIBIR", "PUEDE LEER"],
    };
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let holders = &words.case.holders;
    for object in objects.iter().copied().take(LISTED) {
        let channel = words.case.facts.channels.get(object);
        let of = language;
        let waiting = channel.and_then(|channel| {
            let waiting = channel.waiting?;
            Some(match channel.capacity {
                Some(capacity) => say!(of, "{waiting} of {capacity}", "{waiting} de {capacity}"),
                None => waiting.to_string(),
            })
        });
        let source = words.case.facts.source(object);
        // What the two sides of a connection hold are two sockets; each has its own line.
        let writers = source.as_ref().map(|source| words.ends(holders.writers(source), 0));
        let readers = words.ends(holders.readers(object), 0);
        let dash =
            |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or("-".to_owned());
        rows.push(vec![words.object(object), dash(waiting), dash(writers), dash(Some(readers))]);
    }
    let mut text = format!("\n{}", columns(&rows));
    if let Some(left) = objects.len().checked_sub(LISTED).filter(|&left| left > 0) {
        let _ = writeln!(text, "{}", say!(language, "and {left} more", "y {left} más"));
    }
    text
}

fn verdict(words: &Words<'_>, verdict: &Verdict) -> String {
    let language = words.language;
    let mut text = String::new();
    for finding in &verdict.findings {
        let sentences = words.sentences(finding);
        let name = match (finding.kind.never_wakes(), finding.kind.is_wrong()) {
            (true, _) => say!(language, "NEVER ENDS", "NO TERMINA"),
            (false, true) => say!(language, "WRONG", "ERROR"),
            (false, false) => say!(language, "NOTE", "NOTA"),
        };
        let _ = writeln!(text, "\n{name}: {}\n{}", sentences.cause, sentences.remedy);
        if !finding.also.is_empty() {
            let also = words.processes(finding.also.iter().copied());
            let line = say!(language, "Waiting for these: {also}.", "Los esperan: {also}.");
            let _ = writeln!(text, "{line}");
        }
    }
    if !verdict.is_wrong() {
        let _ = writeln!(text, "\n{}", nothing(words, verdict));
    }
    if !verdict.hidden.is_empty() {
        let hidden = words.processes(verdict.hidden.iter().copied());
        let line = say!(
            language,
            "The descriptors of {hidden} cannot be read (another user, or not dumpable); ends there are not listed.",
            "No se pueden leer los descriptores de {hidden} (otro usuario, o no se deja inspeccionar); sus extremos no figuran."
        );
        let _ = writeln!(text, "{line}");
    }
    if !verdict.hidden_calls.is_empty() {
        let _ = writeln!(text, "{}", hidden_calls(words, &verdict.hidden_calls));
    }
    text
}

/// Why the descriptors that these processes wait for are not known for certain, and what to do.
fn hidden_calls(words: &Words<'_>, pids: &BTreeSet<u32>) -> String {
    let language = words.language;
    let pids = words.processes(pids.iter().copied());
    let why = match words.case.facts.ptrace_scope {
        Some(scope @ 1..) => format!(" (ptrace_scope: {scope})"),
        _ => String::new(),
    };
    say!(
        language,
        "The system calls of {pids} may not be read{why}: every pipe that each may wait for is listed. Root may read them, and so may evenly inspect -- CMD, which starts the command itself.",
        "No se pueden leer las llamadas al sistema de {pids}{why}: figura cada pipe que puede estar esperando. Root puede leerlas, y también evenly inspect -- CMD, que lanza el comando."
    )
}

/// What the processes wait for that could go on.
fn waits(words: &Words<'_>, verdict: &Verdict) -> String {
    let waits = verdict.waits.iter().take(5);
    let waits =
        waits.map(|&(pid, cause)| format!("{} {}", words.process(pid), words.outside(cause)));
    words.list(&waits.collect::<Vec<_>>())
}

/// That nothing is wrong, and what the processes wait for.
fn nothing(words: &Words<'_>, verdict: &Verdict) -> String {
    let causes = waits(words, verdict);
    match causes.is_empty() {
        true => say!(words.language, "Nothing is wrong.", "No hay nada mal."),
        false => {
            say!(words.language, "Nothing is wrong: {causes}.", "No hay nada mal: {causes}.")
        }
    }
}

/// Cause and remedy of the first finding, or what the processes wait for that could go on.
pub(crate) fn hold_up(case: &Case<'_>, verdict: &Verdict, language: Language) -> String {
    let words = Words { case, language };
    match waits(&words, verdict) {
        waits if verdict.findings.is_empty() && !waits.is_empty() => {
            capitalized(&format!("{waits}."))
        }
        _ => summary(case, verdict, language),
    }
}

/// Cause and remedy of the first finding, or that nothing is wrong.
pub(crate) fn summary(case: &Case<'_>, verdict: &Verdict, language: Language) -> String {
    let words = Words { case, language };
    match verdict.findings.first() {
        Some(finding) => {
            let sentences = words.sentences(finding);
            let text = format!("{} {}", sentences.cause, sentences.remedy);
            match case.facts.roles.is_empty() {
                true => text,
                false => capitalized(&text),
            }
        }
        None => nothing(&words, verdict),
    }
}

fn capitalized(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().into_iter().flat_map(char::to_uppercase).chain(signs).collect()
}
