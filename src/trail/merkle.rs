//! The Merkle tree of RFC 6962, section 2.1, over SHA-256: roots, inclusion and consistency proofs, made and checked.
//! It knows nodes by place; where they are stored is `tile`'s and `log`'s matter.

use crate::model::Digest;
use sha2::{Digest as _, Sha256};

/// A log of a million records a day for three thousand years; keeps every sum below 2^53, so that JSON can hold it.
pub const MAX_SIZE: u64 = 1 << 40;
/// A path in a tree of [`MAX_SIZE`] leaves has at most this many nodes; a consistency proof one more.
pub const MAX_PROOF: usize = 41;

/// Why a proof does not prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index is not below the size, or the older size is not at most the newer one, or a size is beyond
    /// [`MAX_SIZE`].
    #[error("place {place} does not lie in a tree of {size} records")]
    OutOfRange {
        /// The index, or the older size.
        place: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The proof has more or fewer nodes than the sizes ask for.
    #[error("the proof has {found} nodes, which does not fit the sizes")]
    Length {
        /// How many it has.
        found: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to another root")]
    OtherRoot,
}

/// The hash of a leaf: SHA-256 over a zero byte and the entry.
pub fn leaf_hash(entry: &[u8]) -> Digest {
    Digest(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash of a node: SHA-256 over a one byte and both children.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// Perfect subtrees side by side, from the left, each as large as it can be: what it takes to know the root and to grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    // Height and root of each; heights descend strictly.
    peaks: Vec<(u8, Digest)>,
}

impl Range {
    /// Adds the perfect subtree of `2^height` leaves on the right. It must be aligned: the leaves so far are a multiple
    /// of its own.
    pub fn push(&mut self, height: u8, hash: Digest) {
        let mut right = (height, hash);
        while let Some((height, left)) = self.peaks.pop_if(|(height, _)| *height == right.0) {
            right = (height + 1, node_hash(&left, &right.1));
        }
        self.peaks.push(right);
    }

    /// The root over all of them.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev().map(|(_, hash)| *hash);
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(last, |right, left| node_hash(&left, &right))
    }
}

/// Where nodes come from: the root of the perfect subtree of `2^height` leaves that starts at leaf `index << height`.
/// It is asked only for subtrees that lie inside the tree.
pub trait Nodes {
    /// Why there is no such node.
    type Error;
    /// The node.
    fn node(&mut self, height: u8, index: u64) -> Result<Digest, Self::Error>;
}

/// The root over the leaves `start..end`; `start` must be a multiple of the largest power of two in `end - start`, as
/// all ranges of RFC 6962 are.
pub fn range_root<N: Nodes>(nodes: &mut N, start: u64, end: u64) -> Result<Digest, N::Error> {
    let mut range = Range::default();
    let mut at = start;
    while at < end {
        let height = (end - at).ilog2();
        let height = u8::try_from(height).expect("a logarithm of 64 bits is below 64");
        range.push(height, nodes.node(height, at >> height)?);
        at += 1 << height;
    }
    Ok(range.root())
}

/// The audit path of a leaf (RFC 6962, section 2.1.1), from its sibling up. `index` must be below `size`.
pub fn prove_inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Digest>, N::Error> {
    let mut path = Vec::new();
    let (mut start, mut end) = (0, size);
    while end.saturating_sub(start) > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range_root(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The consistency proof from an older size to a newer one (RFC 6962, section 2.1.2). Empty for an empty or equal tree.
pub fn prove_consistency<N: Nodes>(nodes: &mut N, old: u64, new: u64) -> Result<Vec<Digest>, N::Error> {
    let mut path = Vec::new();
    if old == 0 || old >= new {
        return Ok(path);
    }
    let (mut start, mut end) = (0, new);
    let mut whole = true; // whether the older tree is a node of the newer one as it stands
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range_root(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(nodes, start, middle)?);
            start = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(range_root(nodes, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks an audit path (RFC 9162, section 2.1.3.2).
pub fn check_inclusion(leaf: &Digest, index: u64, size: u64, path: &[Digest], root: &Digest) -> Result<(), ProofError> {
    if index >= size || size > MAX_SIZE {
        return Err(ProofError::OutOfRange { place: index, size });
    }
    let length = ProofError::Length { found: path.len() };
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return Err(length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::OtherRoot) }
}

/// Checks a consistency proof (RFC 9162, section 2.1.4.2). From the empty tree every tree follows, without a proof.
pub fn check_consistency(
    old: u64,
    new: u64,
    proof: &[Digest],
    old_root: &Digest,
    new_root: &Digest,
) -> Result<(), ProofError> {
    if old > new || new > MAX_SIZE {
        return Err(ProofError::OutOfRange { place: old, size: new });
    }
    let length = ProofError::Length { found: proof.len() };
    if old == 0 || old == new {
        let same = if old == 0 { *old_root == empty_root() } else { old_root == new_root };
        return if !proof.is_empty() {
            Err(length)
        } else if same {
            Ok(())
        } else {
            Err(ProofError::OtherRoot)
        };
    }
    // An older tree that is one perfect subtree is not repeated in the proof.
    let mut rest = proof.iter();
    let first = if old.is_power_of_two() { *old_root } else { *rest.next().ok_or(length)? };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(length);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(length);
    }
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(ProofError::OtherRoot) }
}

/// The largest power of two below `n`, for `n` of at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use std::convert::Infallible;

    /// Every node worked out from the leaves.
    struct InMemory(Vec<Digest>);

    impl Nodes for InMemory {
        type Error = Infallible;

        fn node(&mut self, height: u8, index: u64) -> Result<Digest, Infallible> {
            let (start, width) = ((index << height) as usize, 1_usize << height);
            let mut range = Range::default();
            self.0[start..start + width].iter().for_each(|leaf| range.push(0, *leaf));
            Ok(range.root())
        }
    }

    fn entry(n: u64) -> Vec<u8> {
        format!("entry {n}").into_bytes()
    }

    fn tree(size: u64) -> InMemory {
        InMemory((0..size).map(|n| leaf_hash(&entry(n))).collect())
    }

    fn root(size: u64) -> Digest {
        range_root(&mut tree(size), 0, size).unwrap()
    }

    /// The tree of the independent implementation.
    fn oracle(size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
        let mut tree = MemoryBackedTree::new();
        (0..size).for_each(|n| tree.push(entry(n)));
        tree
    }

    fn bytes(path: &[Digest]) -> Vec<u8> {
        path.iter().flat_map(|node| node.0).collect()
    }

    #[test]
    fn small_roots_are_those_worked_out_by_hand() {
        let leaf = |n| leaf_hash(&entry(n));
        assert_eq!(empty_root().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(leaf_hash(b"").hex(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(root(1), leaf(0));
        assert_eq!(root(3), node_hash(&node_hash(&leaf(0), &leaf(1)), &leaf(2)));
        let left = node_hash(&node_hash(&leaf(0), &leaf(1)), &node_hash(&leaf(2), &leaf(3)));
        assert_eq!(root(5), node_hash(&left, &leaf(4)));
    }

    #[test]
    fn every_proof_of_every_small_tree_holds_and_no_other_place_or_root_does() {
        for size in 1..=34 {
            let (mut nodes, root) = (tree(size), root(size));
            for index in 0..size {
                let path = prove_inclusion(&mut nodes, index, size).unwrap();
                let leaf = leaf_hash(&entry(index));
                assert_eq!(check_inclusion(&leaf, index, size, &path, &root), Ok(()), "{index} of {size}");
                for other in (0..size).filter(|other| *other != index) {
                    assert!(
                        check_inclusion(&leaf, other, size, &path, &root).is_err(),
                        "{other} for {index} of {size}"
                    );
                }
                let longer = [path.as_slice(), &[leaf]].concat();
                assert!(check_inclusion(&leaf, index, size, &longer, &root).is_err());
                if let Some((_, shorter)) = path.split_last() {
                    assert!(check_inclusion(&leaf, index, size, shorter, &root).is_err());
                }
            }
            assert_eq!(
                check_inclusion(&root, size, size, &[], &root),
                Err(ProofError::OutOfRange { place: size, size })
            );
        }
    }

    #[test]
    fn every_small_tree_follows_from_every_smaller_one_and_from_no_other() {
        for new in 0..=34 {
            let mut nodes = tree(new);
            for old in 0..=new {
                let proof = prove_consistency(&mut nodes, old, new).unwrap();
                assert_eq!(check_consistency(old, new, &proof, &root(old), &root(new)), Ok(()), "{old} to {new}");
                let other = leaf_hash(b"another history");
                assert!(check_consistency(old, new, &proof, &other, &root(new)).is_err());
                assert!(check_consistency(old, new, &proof, &root(old), &other).is_err() || old == 0);
                let longer = [proof.as_slice(), &[other]].concat();
                assert!(check_consistency(old, new, &longer, &root(old), &root(new)).is_err());
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at].0[31] ^= 1;
                    assert!(check_consistency(old, new, &changed, &root(old), &root(new)).is_err());
                }
            }
            let smaller = check_consistency(new + 1, new, &[], &root(new), &root(new));
            assert_eq!(smaller, Err(ProofError::OutOfRange { place: new + 1, size: new }));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn an_independent_implementation_agrees_on_roots_and_inclusion(size in 1_u64..700, index: u64) {
            let index = index % size;
            let theirs = oracle(size);
            prop_assert_eq!(root(size).0.to_vec(), theirs.root().as_bytes().to_vec());
            let path = prove_inclusion(&mut tree(size), index, size).unwrap();
            let expected = theirs.prove_inclusion(index as usize);
            prop_assert_eq!(bytes(&path), expected.as_bytes());
        }

        #[test]
        fn an_independent_implementation_agrees_on_consistency(old in 1_u64..600, more in 1_u64..200) {
            let (new, theirs) = (old + more, oracle(old + more));
            let proof = prove_consistency(&mut tree(new), old, new).unwrap();
            let expected = theirs.prove_consistency(more as usize);
            prop_assert_eq!(bytes(&proof), expected.as_bytes());
            let ours = ct_merkle::ConsistencyProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
            prop_assert!(theirs.root().verify_consistency(&oracle(old).root(), &ours).is_ok());
        }

        #[test]
        fn no_proof_makes_the_checks_panic(a: u64, b: u64, proof: Vec<[u8; 32]>) {
            let proof: Vec<Digest> = proof.into_iter().map(Digest).collect();
            let _ = check_inclusion(&empty_root(), a, b, &proof, &empty_root());
            let _ = check_consistency(a, b, &proof, &empty_root(), &empty_root());
        }
    }
}
