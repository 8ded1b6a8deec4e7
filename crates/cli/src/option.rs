//! Declaration of groups of options, parser for the value of an option, and replacement by the options of a later call.

use crate::exit::ExitOutcome;

/// Options of a call that a later call may replace: `evenly resume` does.
pub(crate) trait Replace {
    /// Takes the options that the later call gives.
    fn replace_by(&mut self, later: Self);
}

impl<T> Replace for Option<T> {
    fn replace_by(&mut self, later: Self) {
        if later.is_some() {
            *self = later;
        }
    }
}

impl<T> Replace for Vec<T> {
    fn replace_by(&mut self, later: Self) {
        if !later.is_empty() {
            *self = later;
        }
    }
}

impl Replace for bool {
    fn replace_by(&mut self, later: Self) {
        *self |= later;
    }
}

/// Takes the options that a later call gives, but for some, which become variables. The compiler refuses an option that
/// is in neither list.
macro_rules! replace_fields {
    ($options:ident, $later:ident but [$($other:ident),*]: $($field:ident),* $(,)?) => {
        let Self { $($other,)* $($field,)* } = $later;
        $($options.$field.replace_by($field);)*
    };
}
pub(crate) use replace_fields;

/// Parses the value of `--name`, if it is given. Underscores in the name stand for dashes.
///
/// # Errors
/// One line with the value, the option and the cause.
pub(crate) fn option<T>(
    name: &str,
    typed: Option<&str>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, ExitOutcome> {
    let Some(typed) = typed else { return Ok(None) };
    let name = name.replace('_', "-");
    let refused = |cause| ExitOutcome::Usage(format!("bad value '{typed}' for --{name}: {cause}"));
    parse(typed).map(Some).map_err(refused)
}

/// Declares a group of options once: for each its help, its value, the parser of the value, and the method of the
/// library that takes it.
///
/// The group becomes a struct of texts for clap, which `resolve` turns into a struct of values, which `apply` passes to
/// the library. Its `#[arg]` attributes are those of clap.
macro_rules! option_group {
    ($arguments:ident => $values:ident => $target:ident {
        $($(#[$attribute:meta])* $name:ident: $type:ty = $parse:expr => $method:ident;)*
    }) => {
        // No doc comment: clap would make it the text of the verb.
        #[derive(Debug, clap::Args)]
        pub(crate) struct $arguments {
            $($(#[$attribute])* pub(crate) $name: Option<String>,)*
        }

        /// The values of a group of options; `None` leaves the default of the library.
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $values {
            $(pub(crate) $name: Option<$type>,)*
        }

        impl $arguments {
            /// Parses the values.
            ///
            /// # Errors
            /// Names the option with a bad value.
            pub(crate) fn resolve(&self) -> Result<$values, crate::exit::ExitOutcome> {
                Ok($values {
                    $($name: crate::option::option(
                        stringify!($name), self.$name.as_deref(), $parse,
                    )?,)*
                })
            }
        }

        impl crate::option::Replace for $arguments {
            fn replace_by(&mut self, later: Self) {
                $(self.$name.replace_by(later.$name);)*
            }
        }

        impl $values {
            /// Passes the values that are given to the library.
            pub(crate) fn apply(self, mut target: $target) -> $target {
                $(if let Some(value) = self.$name {
                    target = target.$method(value);
                })*
                target
            }
        }
    };
}
pub(crate) use option_group;
