//! Tests of the words: every finding has a cause and a remedy in both languages.

use super::world::{World, end, read};
use crate::case::Case;
use crate::finding::{Finding, Kind};
use crate::verdict::judge;
use crate::words::{Language, Words};
use std::collections::BTreeSet;

#[test]
fn every_kind_has_two_sentences_in_both_languages() {
    let world =
        World::default().process((10, 1, "ej3"), &[end(7, "r", 1), end(8, "w", 1)], read(7, 1));
    let case = Case::of(&world.0);
    let mut seen = BTreeSet::new();
    for kind in Kind::ALL {
        let mut finding: Finding = judge(&case).findings[0].clone();
        finding.kind = kind;
        finding.others.insert(10);
        finding.links.push(finding.links[0].clone());
        assert!(seen.insert(kind.name()), "{kind:?}");
        for language in [Language::English, Language::Spanish] {
            let sentences = Words { case: &case, language }.sentences(&finding);
            for text in [&sentences.cause, &sentences.remedy] {
                assert!(text.len() > 20 && text.ends_with('.') && !text.contains("  "), "{text}");
                assert!(
                    seen.insert(Box::leak(text.clone().into_boxed_str())) || text.len() < 60,
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn the_verdict_names_process_descriptor_and_remedy() {
    let world =
        World::default().process((10, 1, "ej3"), &[end(7, "r", 1), end(8, "w", 1)], read(7, 1));
    let case = Case::of(&world.0);
    let verdict = judge(&case);
    let say = |language| Words { case: &case, language }.sentences(&verdict.findings[0]);
    let english = say(Language::English);
    assert!(english.cause.starts_with("ej3 10 reads fd 7 (pipe, empty)."), "{}", english.cause);
    assert!(english.cause.contains("its own fd 8"), "{}", english.cause);
    assert_eq!(english.remedy, "In 10, close(8) before reading.");
    let spanish = say(Language::Spanish);
    assert!(spanish.cause.starts_with("ej3 10 lee fd 7 (pipe, vacío)."), "{}", spanish.cause);
}

#[test]
fn hidden_system_calls_are_said_once_with_the_setting_of_yama() {
    let mut world = World::default()
        .process((10, 1, "ej3"), &[end(7, "r", 1), end(8, "w", 1)], read(7, 1))
        .process((11, 10, "ej3"), &[end(7, "r", 1)], read(7, 1));
    for pid in [10, 11] {
        world = world.change(pid, |process| process.hides_calls = true);
    }
    let text = |world: &World, language| {
        let case = Case::of(&world.0);
        crate::text::report(&case, &judge(&case), language)
    };
    let unknown = text(&world, Language::English);
    assert!(
        unknown.contains("The system calls of ej3 10 and ej3 11 may not be read: "),
        "{unknown}"
    );
    world.0.ptrace_scope = Some(1);
    let english = text(&world, Language::English);
    assert_eq!(english.matches("may not be read (ptrace_scope: 1): ").count(), 1, "{english}");
    let spanish = text(&world, Language::Spanish);
    assert!(spanish.contains("(ptrace_scope: 1): figura cada pipe"), "{spanish}");
    // A process that computes is in no system call.
    let computes = World::default()
        .process((10, 1, "ej3"), &[], crate::facts::Activity::Runs)
        .change(10, |process| process.hides_calls = true);
    assert!(!text(&computes, Language::English).contains("system calls"));
}

#[test]
fn a_process_with_a_role_goes_by_it_in_every_kind() {
    let mut world =
        World::default().process((10, 1, "ej3"), &[end(7, "r", 1), end(8, "w", 1)], read(7, 1));
    for (language, role) in [(Language::English, "the parent"), (Language::Spanish, "el padre")] {
        world.0.roles.insert(10, role.to_owned());
        let case = Case::of(&world.0);
        let verdict = judge(&case);
        for kind in Kind::ALL {
            let mut finding: Finding = verdict.findings[0].clone();
            finding.kind = kind;
            finding.others.insert(10);
            finding.links.push(finding.links[0].clone());
            let sentences = Words { case: &case, language }.sentences(&finding);
            let text = format!("{} {}", sentences.cause, sentences.remedy);
            assert!(text.contains(&role[3..]) && !text.contains("ej3"), "{text}");
            assert!(!text.contains(" de el ") && !text.contains(" a el "), "{text}");
            // A thread has no role, and to continue a stopped process, its number is needed.
            let has_number = [Kind::Stopped, Kind::ThreadDeadlock].contains(&kind);
            assert!(has_number || !text.contains("10"), "{text}");
        }
        let report = crate::text::report(&case, &verdict, language);
        assert!(report.contains(&format!(" {role} ")) && !report.contains("ej3"), "{report}");
        let summary = crate::text::summary(&case, &verdict, language);
        assert!(summary.starts_with(['T', 'E']), "{summary}");
    }
}
