//! Compact binary encoding of any value that serde can serialise.
//!
//! Each value has a tag before it, so types that look ahead (`untagged`, `flatten`) are read back, too. Doubles keep
//! all their bits, and maps may have keys of any type. Field names are written once: a struct is a map from their
//! numbers, so that fields may be left out. Only this build of the program reads the bytes, so the format has no version.

mod deserializer;
mod error;
mod serializer;
mod tag;
#[cfg(test)]
mod tests;

pub(crate) use error::EncodingError;
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

/// The bytes of a value.
///
/// # Errors
/// If the value refuses to be serialised.
pub(crate) fn to_bytes<V: Serialize + ?Sized>(value: &V) -> Result<Vec<u8>, EncodingError> {
    let mut serializer = serializer::Serializer::default();
    value.serialize(&mut serializer)?;
    Ok(serializer.into_bytes())
}

/// The value of these bytes, all of which belong to it.
///
/// # Errors
/// If the type asks for other data than it has written.
pub(crate) fn from_bytes<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, EncodingError> {
    let mut deserializer = deserializer::Deserializer::new(bytes);
    let value = V::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}
