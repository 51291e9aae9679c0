//! Version orders, one file for each, and OSV's ranges over them. It knows no feed and no lockfile.
//!
//! [`Scheme::parse`] is the only door. A version is kept as a [`Version`]: its scheme and a key whose bytes sort as the
//! version does (`key`), so that every order is total and comparing is cheap. A text that is no version is an error that
//! names it, and never «not affected»: the caller makes a gap of it.

mod apk;
mod bitnami;
mod dpkg;
mod go;
mod key;
mod maven;
mod nuget;
mod numbers;
mod packagist;
mod pep440;
mod pub_dev;
pub mod range;
mod rpm;
mod rubygems;
mod scan;
mod scheme;
mod semver;
pub mod vers;
mod zeros;

pub use scheme::Scheme;

use key::Key;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Bytes of a version, at most. The longest in use are branch names of Composer (up to 255 bytes) and versions of RPM
/// modules. It also bounds the parts and the digits of a number.
pub const MAX_LENGTH: usize = 1024;

/// A version of one scheme. Equal means equal in the order: `1.0` and `1.0.0` of PEP 440 are one version.
///
/// There is no `Ord`: versions of two schemes have no order, and one of them would silently be the lower one. See
/// [`Version::compare`].
#[derive(Clone)]
pub struct Version {
    scheme: Scheme,
    standing: Standing,
    key: Box<[u8]>,
}

/// What the place of a version in its order is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// The scheme says where it belongs.
    Ordered,
    /// The tools put it somewhere because it must be somewhere: a branch of Composer, a version of PyPI from before
    /// PEP 440, a version of Alpine or Maven that breaks their form. It may be younger than what it sorts below.
    Convention,
}

/// Two versions of different schemes, which have no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {left} version cannot be compared with a {right} version")]
pub struct Mixed {
    /// The scheme of the first.
    pub left: Scheme,
    /// The scheme of the second.
    pub right: Scheme,
}

/// A text that is not a version of its scheme. The text is as it came: neutralise it before it is shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {scheme} version: {why}")]
pub struct NotAVersion {
    /// The scheme that it should be of.
    pub scheme: Scheme,
    /// The text; of one that is too long the first 80 characters.
    pub text: String,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a version. Places are bytes, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// More than [`MAX_LENGTH`].
    #[error("it has {bytes} bytes, more than {MAX_LENGTH}")]
    TooLong {
        /// Bytes it has.
        bytes: usize,
    },
    /// A number should begin there.
    #[error("a number is missing at byte {at}")]
    NumberExpected {
        /// The place.
        at: usize,
    },
    /// Letters or digits should begin there.
    #[error("letters or digits are missing at byte {at}")]
    IdentifierExpected {
        /// The place.
        at: usize,
    },
    /// What stands there belongs to no version.
    #[error("what begins at byte {at} belongs to no version")]
    Unexpected {
        /// The place.
        at: usize,
    },
    /// More numbers than the scheme has places for.
    #[error("it has {numbers} numbers, more than {limit}")]
    TooManyNumbers {
        /// Numbers it has.
        numbers: usize,
        /// Numbers it may have.
        limit: usize,
    },
}

impl Scheme {
    /// Reads a version. White space around it does not count.
    pub fn parse(self, text: &str) -> Result<Version, NotAVersion> {
        let trimmed = text.trim_ascii();
        self.read(trimmed).map_err(|why| {
            let text =
                if matches!(why, Why::TooLong { .. }) { trimmed.chars().take(80).collect() } else { trimmed.into() };
            NotAVersion { scheme: self, text, why }
        })
    }

    /// Compares two texts of this scheme. Who compares one version with many parses it once instead.
    pub fn compare(self, left: &str, right: &str) -> Result<Ordering, NotAVersion> {
        Ok(self.parse(left)?.key.cmp(&self.parse(right)?.key))
    }

    fn read(self, text: &str) -> Result<Version, Why> {
        if text.is_empty() {
            return Err(Why::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(Why::TooLong { bytes: text.len() });
        }
        let allowed = |b: &u8| {
            b.is_ascii_graphic() || (self == Scheme::Rpm && !b.is_ascii()) || (self == Scheme::Go && *b == b' ')
        };
        if let Some(at) = text.bytes().position(|b| !allowed(&b)) {
            return Err(Why::Unexpected { at });
        }
        let (text, mut key) = (text.as_bytes(), Key::with_room_for(text.len()));
        let mut standing = Standing::Ordered;
        match self {
            Scheme::Semver => semver::encode(text, &mut key),
            Scheme::Bitnami => bitnami::encode(text, &mut key),
            Scheme::Go => go::encode(text, &mut key),
            Scheme::Pub => pub_dev::encode(text, &mut key),
            Scheme::Nuget => nuget::encode(text, &mut key),
            Scheme::Pep440 => {
                if pep440::encode(text, &mut key).is_err() {
                    standing = Standing::Convention;
                    key = Key::with_room_for(text.len());
                    pep440::legacy(text, &mut key);
                }
                Ok(())
            }
            Scheme::RubyGems => rubygems::encode(text, &mut key),
            Scheme::Maven => maven::encode(text, &mut key).map(|found| standing = found),
            Scheme::Packagist => packagist::encode(text, &mut key).map(|found| standing = found),
            Scheme::Cran => numbers::cran(text, &mut key),
            Scheme::Hackage => numbers::hackage(text, &mut key),
            Scheme::Dpkg => dpkg::encode(text, &mut key),
            Scheme::Rpm => rpm::encode(text, &mut key),
            Scheme::Apk => {
                standing = apk::encode(text, &mut key);
                Ok(())
            }
        }?;
        Ok(Version { scheme: self, standing, key: key.finish() })
    }
}

impl Version {
    /// The scheme that it is of.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// What its place in the order is worth.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Which one is the later. An error where the schemes differ.
    pub fn compare(&self, other: &Version) -> Result<Ordering, Mixed> {
        if self.scheme != other.scheme {
            return Err(Mixed { left: self.scheme, right: other.scheme });
        }
        Ok(self.key.cmp(&other.key))
    }

    /// Bytes that sort as the versions of this scheme do, and are equal where they are. For an index over versions of
    /// one scheme; they change when the encoding does, so whoever stores them stores the version of the writer, too.
    pub fn sort_key(&self) -> &[u8] {
        &self.key
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.scheme == other.scheme && self.key == other.key
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.scheme.hash(state);
        self.key.hash(state);
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({}, {})", self.scheme, self.key.escape_ascii())
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
