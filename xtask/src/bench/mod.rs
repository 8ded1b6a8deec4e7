//! `cargo xtask bench`: benchmark of evenly against its peers, measured alternately on this machine.
//!
//! Absolute figures move from machine to machine and from hour to hour. What counts is the ratio
//! of two contenders that ran in turn, A B C A B C, within one section of one run.

mod against;
mod agents;
mod chunks;
mod closures;
mod commands;
mod contender;
mod culprit;
mod findings;
mod joined;
mod journal;
mod known_results;
mod library;
mod machine;
mod measure;
mod memory;
mod options;
mod questions;
mod rivals;
mod size;
mod theory;
mod timed;

use clap::ValueEnum;
use std::process::ExitCode;

pub(crate) use options::Options;
use options::Section;
use rivals::Rivals;

use crate::paths::Paths;
use crate::table::Style;

pub(crate) fn main(options: &Options) -> ExitCode {
    match run(options) {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            for failure in &failures {
                eprintln!("xtask bench: {failure}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("xtask bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the sections in order and prints each as it is ready; returns what failed in them.
fn run(options: &Options) -> Result<Vec<String>, String> {
    let paths = Paths::find(options.evenly.as_deref())?;
    let sections = options.sections();
    let rivals = Rivals::build(&paths, &sections)?;
    let style = if options.markdown { Style::Markdown } else { Style::Text };

    println!("{}", machine::describe(&paths, style));
    let mut failures = Vec::new();
    if let Some(revision) = &options.against {
        eprintln!("against {revision}:");
        for findings in against::measure(&paths, options, revision)? {
            println!("{}", findings.table.render(style));
            failures.extend(findings.failures);
        }
    }
    for section in sections {
        let name = section.to_possible_value();
        eprintln!("{}:", name.as_ref().map_or("", |name| name.get_name()));
        let findings = match section {
            Section::Agents => {
                let found =
                    [agents::dispatch(&paths, options), agents::ping_pong(&rivals, options)];
                for findings in found {
                    println!("{}", findings.table.render(style));
                    failures.extend(findings.failures);
                }
                agents::events(&paths, options)
            }
            Section::Expression => {
                let findings = questions::compiled(&paths, &rivals, options);
                println!("{}", findings.table.render(style));
                failures.extend(findings.failures);
                questions::interpreted(&paths, options)
            }
            Section::Commands => {
                let findings = commands::per_number(&paths, &rivals, options)?;
                println!("{}", findings.table.render(style));
                failures.extend(findings.failures);
                commands::coprocess(&paths, &rivals, options)
            }
            Section::Closures => {
                let mut found = closures::measure(&rivals, options);
                let Some(last) = found.pop() else { continue };
                for findings in found {
                    println!("{}", findings.table.render(style));
                    failures.extend(findings.failures);
                }
                last
            }
            Section::Library => {
                let findings = library::cheap(&paths, &rivals, options);
                println!("{}", findings.table.render(style));
                failures.extend(findings.failures);
                library::dear(&paths, &rivals, options)
            }
            Section::Output => {
                let findings = questions::lines(&paths, options);
                println!("{}", findings.table.render(style));
                failures.extend(findings.failures);
                questions::map(&paths, options)
            }
            Section::Chunks => chunks::measure(&paths, options)?,
            Section::Compute => timed::compute(&paths, &rivals, options),
            Section::Dispatch => timed::dispatch(&paths, &rivals, options),
            Section::Startup => timed::startup(&paths, &rivals, options)?,
            Section::Prime => timed::prime(&paths, options),
            Section::Theory => {
                let found =
                    [theory::far_primes(&paths, options), theory::twin_primes(&paths, options)];
                for findings in found {
                    println!("{}", findings.table.render(style));
                    failures.extend(findings.failures);
                }
                theory::totients(&paths, options)
            }
            Section::Questions => known_results::measure(&paths, &rivals, options),
            Section::Culprit => culprit::measure(&paths, options),
            Section::Journal => journal::measure(&paths, options),
            Section::Memory => memory::measure(&paths, &rivals, options),
            Section::Size => size::measure(&paths)?,
        };
        println!("{}", findings.table.render(style));
        failures.extend(findings.failures);
    }
    Ok(failures)
}
