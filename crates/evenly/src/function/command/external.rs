//! A command as a function: what the driver asks of either.

use super::super::{Function, Kind, Program, Typed};
use super::{BatchScript, Command, Lines, srun, template};
use evenly_core::{Interval, Items, Tally};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

impl Command {
    /// As a function that a job can apply.
    #[must_use]
    pub fn into_function(mut self) -> Box<dyn Function> {
        let variables = self.variables();
        self.environment = template::inherited_environment(|name| {
            variables.iter().any(|variable| name.as_bytes() == variable.as_bytes())
                || self.array.as_ref().is_some_and(|array| array.replaces(name))
                || self.batch.as_ref().is_some_and(|batch| !batch.exports(name))
        });
        let set = self.batch.iter().flat_map(BatchScript::set_variables);
        self.environment.extend(set);
        if self.provided_srun().is_some() {
            // It has another one with each task.
            self.environment.retain(|variable| !variable.as_bytes().starts_with(srun::PATH));
        }
        Box::new(External { name: self.name(), command: Rc::new(self) })
    }
}

/// A command in the place of a function that is computed.
struct External {
    name: String,
    command: Rc<Command>,
}

impl Function for External {
    fn name(&self) -> &str {
        &self.name
    }

    fn name_for_agents(&self) -> String {
        self.command.name_for_agents()
    }

    fn typed(&self) -> Typed {
        let before = self.command.options(true).trim_end().to_owned();
        Typed { before, behind: format!(" -- {}", self.command.shown) }
    }

    fn kind(&self) -> Kind {
        // Its exit status, or what it puts out: whatever is asked for.
        Kind::Truth
    }

    fn command(&self) -> Option<Rc<Command>> {
        Some(Rc::clone(&self.command))
    }

    fn program(&self) -> Program {
        Program::Command(self.command.fingerprint.digest())
    }

    fn program_for_agents(&self) -> Program {
        Program::Command(self.command.fingerprint.digest_without_lines())
    }

    fn set_lines(&mut self, lines: Option<Rc<Lines>>) {
        self.command = Rc::new(Command { lines, ..(*self.command).clone() });
    }

    fn files(&self) -> Vec<PathBuf> {
        self.command.fingerprint.files().named().map(ToOwned::to_owned).collect()
    }

    fn changed_file(&self, thoroughly: bool) -> Option<PathBuf> {
        self.command.fingerprint.files().changed(thoroughly)
    }

    fn as_in_job(&self, name: &str, items: &Items) -> Option<Box<dyn Function>> {
        Some(self.command.as_in(name, items)?.into_function())
    }

    fn begin(&mut self) -> std::io::Result<()> {
        self.command.lines.as_ref().map_or(Ok(()), |lines| lines.reopen())
    }

    fn chunk_time(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn fold(&mut self, slice: Interval, _: &mut Tally) -> i64 {
        debug_assert!(false, "a worker runs commands itself");
        slice.last()
    }
}
