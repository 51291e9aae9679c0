//! Places and bytes of tiles and entry bundles (C2SP tlog-tiles): paths, widths, length-prefixed entries. It reads and
//! writes no files.

use crate::model::Digest;

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u64 = 256;
/// The binary levels that one tile spans.
pub const HEIGHT: u8 = 8;
/// A tile has at most 256 hashes of 32 bytes.
pub const MAX_TILE: usize = 8_192;
/// An entry's length is a `uint16`. Ours are at most 4 KiB.
pub const MAX_ENTRY: usize = 65_535;
/// 256 entries of 4 KiB with their lengths.
pub const MAX_BUNDLE: usize = 256 * (4_096 + 2);
/// The path of the published checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// Why bytes are not a tile or a bundle of the expected width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not one hash of 32 bytes for each place.
    #[error("the tile has {found} bytes, not {expected}")]
    Size {
        /// 32 times the width.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// A bundle ends inside an entry, or holds more or fewer entries than it should.
    #[error("the bundle does not hold exactly {expected} entries")]
    Entries {
        /// How many it should.
        expected: u64,
    },
    /// An entry is too long for its length field.
    #[error("an entry has {size} bytes, more than {MAX_ENTRY}")]
    EntryTooLong {
        /// Its size in bytes.
        size: usize,
    },
}

/// What a file of the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hashes, at this level of tiles (0 to 5 in a tree of at most 2^40 leaves).
    Hashes(u8),
    /// Entries.
    Entries,
}

impl Kind {
    /// The number of binary levels below one place of such a tile.
    fn shift(self) -> u32 {
        match self {
            Self::Hashes(level) => u32::from(level) * u32::from(HEIGHT),
            Self::Entries => 0,
        }
    }

    /// Places that a tree of `size` leaves fills at this level.
    pub fn places(self, size: u64) -> u64 {
        size.checked_shr(self.shift()).unwrap_or(0)
    }
}

/// A full or partial tile or bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Hashes or entries.
    pub kind: Kind,
    /// Its number within its level.
    pub number: u64,
    /// How much of it is filled, 1 to 256.
    pub width: u64,
}

impl Tile {
    /// The tile in a tree of `size` leaves; none where the tree does not reach it.
    pub fn at(kind: Kind, number: u64, size: u64) -> Option<Self> {
        let filled = kind.places(size).checked_sub(number.checked_mul(WIDTH)?)?;
        (filled > 0).then_some(Self { kind, number, width: filled.min(WIDTH) })
    }

    /// Every tile of the level in a tree of `size` leaves, from the left.
    pub fn level(kind: Kind, size: u64) -> impl Iterator<Item = Self> {
        (0..kind.places(size).div_ceil(WIDTH)).filter_map(move |number| Self::at(kind, number, size)) // all are reached
    }

    /// Every tile and bundle of a tree of `size` leaves.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let levels = (0..HEIGHT).map(Kind::Hashes).take_while(move |kind| kind.places(size) > 0);
        std::iter::once(Kind::Entries).chain(levels).flat_map(move |kind| Self::level(kind, size))
    }

    /// The path relative to the top of the log.
    pub fn path(&self) -> String {
        if self.width < WIDTH { format!("{}/{}", self.partials(), self.width) } else { self.full_path() }
    }

    /// The directory of the partial tiles of this number.
    pub fn partials(&self) -> String {
        format!("{}.p", self.full_path())
    }

    /// The same tile once it is full.
    pub fn full(&self) -> Self {
        Self { width: WIDTH, ..*self }
    }

    fn full_path(&self) -> String {
        let level = match self.kind {
            Kind::Hashes(level) => level.to_string(),
            Kind::Entries => "entries".to_owned(),
        };
        let mut parts = vec![format!("{:03}", self.number % 1_000)];
        let mut rest = self.number / 1_000;
        while rest > 0 {
            parts.push(format!("x{:03}", rest % 1_000));
            rest /= 1_000;
        }
        parts.reverse();
        format!("tile/{level}/{}", parts.join("/"))
    }
}

/// Parses the path of a tile or bundle; none where it is not exactly one that [`Tile::path`] writes.
pub fn parse_tile_path(path: &str) -> Option<Tile> {
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let kind = match level {
        "entries" => Kind::Entries,
        level => Kind::Hashes(level.parse().ok().filter(|level| *level < HEIGHT)?),
    };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok().filter(|width| (1..WIDTH).contains(width))?),
        None => (rest, WIDTH),
    };
    let mut value = 0_u64;
    for part in number.split('/') {
        let part: u64 = part.strip_prefix('x').unwrap_or(part).parse().ok().filter(|part| *part < 1_000)?;
        value = value.checked_mul(1_000)?.checked_add(part)?;
    }
    let tile = Tile { kind, number: value, width };
    (tile.path() == path).then_some(tile) // leading zeroes, missing marks and signs do not survive this
}

/// The hashes of a tile of this width.
pub fn parse_hashes(bytes: &[u8], width: u64) -> Result<Vec<Digest>, TileError> {
    let expected = usize::try_from(width.min(WIDTH)).unwrap_or(usize::MAX) * 32;
    if bytes.len() != expected {
        return Err(TileError::Size { expected, found: bytes.len() });
    }
    let (hashes, _) = bytes.as_chunks::<32>(); // the length was checked: nothing is left over
    Ok(hashes.iter().map(|hash| Digest(*hash)).collect())
}

/// The bytes of a tile.
pub fn format_hashes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The entries of a bundle of this width.
pub fn parse_bundle(bytes: &[u8], width: u64) -> Result<Vec<&[u8]>, TileError> {
    let wrong = TileError::Entries { expected: width };
    let mut rest = bytes;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(wrong)?;
        let (entry, after) = after.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(wrong)?;
        entries.push(entry);
        rest = after;
        if entries.len() as u64 > width {
            return Err(wrong);
        }
    }
    if entries.len() as u64 == width { Ok(entries) } else { Err(wrong) }
}

/// Appends an entry to the bytes of a bundle.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), TileError> {
    let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { size: entry.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |kind, number, width| Tile { kind, number, width }.path();
        assert_eq!(path(Kind::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(Kind::Hashes(1), 0, 1), "tile/1/000.p/1");
        assert_eq!(path(Kind::Entries, 273, 112), "tile/entries/273.p/112");
        assert_eq!(path(Kind::Entries, 1_000, 256), "tile/entries/x001/000");
        for path in ["tile/0/x001/x234/067", "tile/1/000.p/1", "tile/entries/x001/000.p/255"] {
            assert_eq!(parse_tile_path(path).map(|tile| tile.path()).as_deref(), Some(path));
        }
        for path in [
            "tile/0/1234067",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/00/000",
            "tile/8/000",
            "tile/0/x000/001",
            "tile/0/001/000",
            "tile/0/000/",
            "tile/0/+00",
            "checkpoint",
        ] {
            assert_eq!(parse_tile_path(path), None, "{path}");
        }
    }

    #[test]
    fn a_tree_of_seventy_thousand_has_the_tiles_that_the_specification_counts() {
        let level = |level| Tile::level(Kind::Hashes(level), 70_000).map(|tile| tile.width).collect::<Vec<_>>();
        assert_eq!((level(0).len(), level(0).last().copied()), (274, Some(112)));
        assert_eq!(level(1), [256, 17]);
        assert_eq!(level(2), [1]);
        assert_eq!(Tile::all(70_000).count(), 274 + 274 + 2 + 1);
        let paths: Vec<_> = Tile::all(256).map(|tile| tile.path()).collect();
        assert_eq!(paths, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(Tile::all(0).count(), 0);
    }

    #[test]
    fn a_bundle_holds_exactly_its_entries() {
        let mut bundle = Vec::new();
        push_entry(&mut bundle, b"ab").unwrap();
        push_entry(&mut bundle, b"").unwrap();
        assert_eq!(bundle, [0, 2, b'a', b'b', 0, 0]);
        assert_eq!(parse_bundle(&bundle, 2), Ok(vec![b"ab".as_slice(), b""]));
        for width in [0, 1, 3] {
            assert_eq!(parse_bundle(&bundle, width), Err(TileError::Entries { expected: width }));
        }
        assert_eq!(parse_bundle(&bundle[..5], 2), Err(TileError::Entries { expected: 2 }));
        assert_eq!(push_entry(&mut bundle, &[0; 65_536]), Err(TileError::EntryTooLong { size: 65_536 }));
    }

    proptest! {
        #[test]
        fn every_path_is_read_back(level in 0_u8..6, number in 0_u64..1 << 40, width in 1_u64..=256, entries: bool) {
            let kind = if entries { Kind::Entries } else { Kind::Hashes(level) };
            let tile = Tile { kind, number, width };
            prop_assert_eq!(parse_tile_path(&tile.path()), Some(tile));
        }

        #[test]
        fn no_bytes_make_the_parsers_panic(bytes: Vec<u8>, text: String, width: u64) {
            let _ = parse_bundle(&bytes, width);
            let _ = parse_hashes(&bytes, width);
            let _ = parse_tile_path(&text);
        }
    }
}
