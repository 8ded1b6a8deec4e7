//! Choice of the keys for --listen, --on, join and agent: those of --key-file, that of --key-env, or the user's default key.

use crate::arguments::CallArguments;
use evenly::{Address, Key, KeyError};
use std::path::{Path, PathBuf};

/// Most keys at once: the old and the new one while a key is replaced.
const MOST: usize = 2;

/// Where the keys of a call are.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// In the file of the user's configuration.
    Default,
    /// In these files.
    Files(Vec<PathBuf>),
    /// In an environment variable.
    Variable(String),
}

impl KeySource {
    /// That of a job or of its resumption.
    ///
    /// # Errors
    /// If there are too many files.
    pub(crate) fn of_call(call: &CallArguments) -> Result<Self, String> {
        Self::of_called(&call.key_file, call.key_variable.key_env.as_ref())
    }

    /// That of an agent which primaries call.
    ///
    /// # Errors
    /// If there are too many files.
    pub(crate) fn of_called(files: &[PathBuf], variable: Option<&String>) -> Result<Self, String> {
        match (variable, files) {
            (Some(name), _) => Ok(Self::Variable(name.clone())),
            (None, []) => Ok(Self::Default),
            (None, files) if files.len() > MOST => {
                Err("--key-file is given more than twice; give the new key and the old one"
                    .to_owned())
            }
            (None, files) => Ok(Self::Files(files.to_vec())),
        }
    }

    /// That of an agent.
    pub(crate) fn of_agent(file: Option<&PathBuf>, variable: Option<&String>) -> Self {
        match (variable, file) {
            (Some(name), _) => Self::Variable(name.clone()),
            (None, Some(file)) => Self::Files(vec![file.clone()]),
            (None, None) => Self::Default,
        }
    }

    /// The option that names it.
    pub(crate) fn option(&self) -> Option<&'static str> {
        match self {
            Self::Default => None,
            Self::Files(_) => Some("--key-file"),
            Self::Variable(_) => Some("--key-env"),
        }
    }

    /// The keys that agents may have. Where agents come or are called over a network and no key is named, the user's own is
    /// used, and made if there is none.
    pub(crate) fn to_listen<'a>(
        &self,
        mut addresses: impl Iterator<Item = &'a Address>,
    ) -> Result<Vec<Key>, String> {
        let keys = match self {
            Self::Variable(name) => Key::from_variable(name).map(|key| vec![key]),
            Self::Files(files) => files.iter().map(|file| Key::read(file)).collect(),
            Self::Default if !addresses.any(Address::needs_key) => Ok(Vec::new()),
            Self::Default => Key::default_path()
                .and_then(|path| Key::read_or_make(&path))
                .map(|(key, _)| vec![key]),
        };
        keys.map_err(|error| error.to_string())
    }

    /// The keys that primaries may have which call an agent at this address. An agent makes none: they are those of the
    /// primaries.
    pub(crate) fn to_be_called(&self, address: &Address) -> Result<Vec<Key>, String> {
        match self {
            Self::Files(files) => {
                let keys = files.iter().map(|file| read_of_primary(file));
                keys.collect()
            }
            Self::Default | Self::Variable(_) => {
                Ok(self.to_join(address)?.map(|(key, _)| key).into_iter().collect())
            }
        }
    }

    /// The key to join with and its place for messages: the one named, or the user's own if one is needed.
    pub(crate) fn to_join(&self, address: &Address) -> Result<Option<(Key, String)>, String> {
        let path = match self {
            Self::Variable(name) => {
                let key = Key::from_variable(name).map_err(|error| error.to_string())?;
                return Ok(Some((key, format!("${name}"))));
            }
            Self::Files(files) => files.first().cloned(),
            Self::Default if !address.needs_key() => None,
            Self::Default => Some(Key::default_path().map_err(|error| error.to_string())?),
        };
        let Some(path) = path else { return Ok(None) };
        Ok(Some((read_of_primary(&path)?, path.display().to_string())))
    }
}

/// Reads the key of a primary on another machine.
fn read_of_primary(path: &Path) -> Result<Key, String> {
    Key::read(path).map_err(|error| match error {
        KeyError::Missing { path } => format!(
            "there is no key file '{}'; on the machine of the primary run 'evenly key show', and run the line that it \
             prints here",
            path.display()
        ),
        error => error.to_string(),
    })
}
