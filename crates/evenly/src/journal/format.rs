//! Numbers by which a journal file is recognised: application id and format version.

/// `application_id` of the database: `evnj`. file(1) reads it.
pub(super) const APPLICATION_ID: i64 = 0x6576_6e6a;

/// `user_version` of the database: the version of its tables.
pub(super) const FORMAT: i64 = 2;

/// The version before, without the table `window`. A run that goes on with such a journal makes it one of [`FORMAT`].
pub(super) const FORMER: i64 = 1;

/// `user_version` of a journal whose answers contradicted each other.
pub(super) const UNTRUSTED: i64 = -1;
