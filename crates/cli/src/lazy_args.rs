//! Wrapper for clap arguments that are built only when their command is used.
//!
//! Each verb has the same 35 arguments. Building them for all eleven verbs took 0.3 ms at each start.

use crate::help_groups::with_headings;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Id};
use std::ops::{Deref, DerefMut};

/// Arguments of one subcommand, built on demand.
#[derive(Debug)]
pub(crate) struct LazyArgs<T>(Box<T>);

impl<T> LazyArgs<T> {
    pub(crate) fn into_inner(self) -> T {
        *self.0
    }
}

impl<T> Deref for LazyArgs<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for LazyArgs<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Args> Args for LazyArgs<T> {
    fn group_id() -> Option<Id> {
        T::group_id()
    }

    fn augment_args(command: Command) -> Command {
        command.defer(|command| with_headings(T::augment_args(command)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(T::augment_args_for_update)
    }
}

impl<T: FromArgMatches> FromArgMatches for LazyArgs<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self::from)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches_mut(matches).map(Self::from)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }

    fn update_from_arg_matches_mut(&mut self, matches: &mut ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches_mut(matches)
    }
}

impl<T> From<T> for LazyArgs<T> {
    fn from(arguments: T) -> Self {
        Self(Box::new(arguments))
    }
}
