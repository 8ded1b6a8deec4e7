//! Choice of the keys for --listen and join: those of --key-file, that of --key-env, or the user's default key.

use crate::arguments::CallArguments;
use evenly::{Address, Key, KeyError};
use std::path::PathBuf;

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
        match (&call.key_env, &*call.key_file) {
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

    /// The keys that agents may have. Where agents come over a network and no key is named, the user's own is used,
    /// and made if there is none.
    pub(crate) fn to_listen(&self, listen: &[Address]) -> Result<Vec<Key>, String> {
        let keys = match self {
            Self::Variable(name) => Key::from_variable(name).map(|key| vec![key]),
            Self::Files(files) => files.iter().map(|file| Key::read(file)).collect(),
            Self::Default if !listen.iter().any(Address::needs_key) => Ok(Vec::new()),
            Self::Default => Key::default_path()
                .and_then(|path| Key::read_or_make(&path))
                .map(|(key, _)| vec![key]),
        };
        keys.map_err(|error| error.to_string())
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
        let key = Key::read(&path).map_err(|error| match error {
            KeyError::Missing { path } => format!(
                "there is no key file '{}'; on the machine of the primary run 'evenly key show', and run the line that \
                 it prints here",
                path.display()
            ),
            error => error.to_string(),
        })?;
        Ok(Some((key, path.display().to_string())))
    }
}
