//! Choice of the keys for --listen and join: those of --key-file, or the user's default key.

use evenly::{Address, Key, KeyError};
use std::path::PathBuf;

/// Most keys at once: the old and the new one while a key is replaced.
const MOST: usize = 2;

/// The keys that agents may have. Where agents come over a network and no key is named, the user's
/// own is used, and made if there is none.
pub(crate) fn to_listen(listen: &[Address], named: &[PathBuf]) -> Result<Vec<Key>, String> {
    if named.len() > MOST {
        return Err(
            "--key-file is given more than twice; give the new key and the old one".to_owned()
        );
    }
    if !named.is_empty() {
        return named
            .iter()
            .map(|path| Key::read(path).map_err(|error| error.to_string()))
            .collect();
    }
    if !listen.iter().any(Address::needs_key) {
        return Ok(Vec::new());
    }
    let path = Key::default_path().map_err(|error| error.to_string())?;
    let (key, _) = Key::read_or_make(&path).map_err(|error| error.to_string())?;
    Ok(vec![key])
}

/// The key to join with and its file: the one named, or the user's own if one is needed.
pub(crate) fn to_join(
    address: &Address,
    named: Option<&PathBuf>,
) -> Result<Option<(Key, PathBuf)>, String> {
    let path = match named {
        Some(path) => path.clone(),
        None if address.needs_key() => Key::default_path().map_err(|error| error.to_string())?,
        None => return Ok(None),
    };
    let key = Key::read(&path).map_err(|error| match error {
        KeyError::Missing { path } => format!(
            "there is no key file '{}'; copy the key file of the primary to it (evenly/key in the \
             configuration directory of its user, as ~/.config/evenly/key, or what its --key-file names)",
            path.display()
        ),
        error => error.to_string(),
    })?;
    Ok(Some((key, path)))
}
