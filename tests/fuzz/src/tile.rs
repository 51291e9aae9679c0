//! Laws of the readers of tiles, entry bundles and their paths. The first line of an input is a path, the rest the bytes.

use portcullis::trail::tile::Tile;
use portcullis::trail::tile::{
    Kind, TileError, WIDTH, format_hashes, parse_bundle, parse_hashes, parse_tile_path, push_entry,
};

/// A path has one tile and a tile one path. Bytes are read at the one width that fits them, as another reader counts, and
/// are written back to the same bytes.
pub fn tile(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (path, bytes) = data.split_at(end);
    let bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
    let tile = std::str::from_utf8(path).ok().and_then(place);
    hashes(bytes);
    bundle(bytes);
    // At the width that the path promises, the answer is the same as without one.
    if let Some(tile) = tile {
        match tile.kind {
            Kind::Entries => assert_eq!(parse_bundle(bytes, tile.width).is_ok(), count(bytes) == Some(tile.width)),
            Kind::Hashes(_) => {
                assert_eq!(parse_hashes(bytes, tile.width).is_ok(), bytes.len() as u64 == 32 * tile.width);
            }
        }
    }
}

fn place(path: &str) -> Option<Tile> {
    let tile = parse_tile_path(path)?;
    assert_eq!(tile.path(), path);
    assert!((1..=WIDTH).contains(&tile.width) && !matches!(tile.kind, Kind::Hashes(8..)), "{tile:?}");
    assert!(path.starts_with("tile/") && !path.contains("//") && !path.contains(".."), "{path}");
    assert_eq!(parse_tile_path(&tile.full().path()), Some(tile.full()));
    // The smallest tree that has it gives it back, and one place less does not.
    let shift = match tile.kind {
        Kind::Entries => 0,
        Kind::Hashes(level) => u32::from(level) * 8,
    };
    let places = tile.number.checked_mul(WIDTH).and_then(|first| first.checked_add(tile.width));
    if let Some(size) = places.and_then(|places| places.checked_mul(1_u64.checked_shl(shift)?)) {
        assert_eq!(Tile::at(tile.kind, tile.number, size), Some(tile));
        assert_ne!(Tile::at(tile.kind, tile.number, size - 1), Some(tile));
        assert_eq!(tile.kind.places(size), size >> shift);
    }
    Some(tile)
}

fn hashes(bytes: &[u8]) {
    for width in [1, bytes.len() as u64 / 32, WIDTH] {
        match parse_hashes(bytes, width) {
            Ok(hashes) => {
                assert_eq!((hashes.len() as u64, bytes.len() as u64), (width, 32 * width));
                assert_eq!(format_hashes(&hashes), bytes);
            }
            Err(TileError::Size { expected, found }) => assert!(expected != found && found == bytes.len()),
            Err(other) => panic!("{other:?} of a tile"),
        }
    }
}

fn bundle(bytes: &[u8]) {
    let count = count(bytes);
    let widths = [Some(0), Some(1), count, count.map(|n| n + 1), count.and_then(|n| n.checked_sub(1)), Some(WIDTH)];
    for width in widths.into_iter().flatten() {
        let Ok(entries) = parse_bundle(bytes, width) else {
            assert_ne!(count, Some(width));
            continue;
        };
        assert_eq!((Some(width), entries.len() as u64), (count, width));
        let mut again = Vec::new();
        entries.iter().for_each(|entry| push_entry(&mut again, entry).expect("it was read"));
        assert_eq!(again, bytes);
    }
}

/// How many entries the bytes hold; none where they end inside of one.
fn count(bytes: &[u8]) -> Option<u64> {
    let (mut at, mut entries) = (0, 0);
    while at < bytes.len() {
        let length = 256 * usize::from(bytes[at]) + usize::from(*bytes.get(at + 1)?);
        at += 2 + length;
        entries += 1;
    }
    (at == bytes.len()).then_some(entries)
}
