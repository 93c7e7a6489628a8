//! Notes, checkpoints and proof files against `signed_note` and `tlog_tiles`.

use countersign_warrant::Digest;
use ed25519_dalek::SigningKey;
use signed_note::{Note, StandardVerifier, VerifierList};

use crate::evidence::checkpoint::{Checkpoint, CheckpointError, ExtendError};
use crate::evidence::note::{NoteError, SignedNote, VerifierKey};
use crate::evidence::proof::{ProofFile, ProofFileError};
use crate::evidence::tree::{leaf_hash, prove_consistency, prove_inclusion, root_of};

const ORIGIN: &str = "ledger.example/countersign";

fn key(seed: u8) -> (SigningKey, VerifierKey) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let public = VerifierKey::new(ORIGIN, key.verifying_key()).unwrap();
    (key, public)
}

/// As the accessors of a store answer.
#[allow(clippy::unnecessary_wraps)]
fn leaf(index: u64) -> Result<Digest, ()> {
    Ok(leaf_hash(&index.to_be_bytes()))
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size, root: root_of(0..size, leaf).unwrap() }
}

#[test]
fn signed_note_reads_and_verifies_ours() {
    let (key, public) = key(1);
    let note = checkpoint(5).sign(&key).unwrap().to_string();
    let theirs = Note::from_bytes(note.as_bytes()).unwrap();
    let verifier = StandardVerifier::new(&public.to_string()).unwrap();
    let (good, _) = theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!(good.len(), 1);
    assert_eq!(theirs.to_bytes(), note.as_bytes());
    let body = tlog_tiles::Checkpoint::from_bytes(theirs.text()).unwrap();
    assert_eq!((body.origin(), body.size()), (ORIGIN, 5));
    assert_eq!(body.hash().0, *checkpoint(5).root.as_bytes());
    assert_eq!(Checkpoint::open(&note, &public), Ok(checkpoint(5)));
}

/// The example of the Go package `golang.org/x/mod/sumdb/note`, whose format C2SP signed-note is.
#[test]
fn the_published_example_verifies() {
    let public: VerifierKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\
                \n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let read: SignedNote = note.parse().unwrap();
    assert_eq!(read.verify(&public), Ok(()));
    assert_eq!(read.to_string(), note);
    let changed: SignedNote = note.replace("problem is", "problem was").parse().unwrap();
    assert_eq!(changed.verify(&public), Err(NoteError::Signature("PeterNeumann".to_owned())));
}

#[test]
fn only_the_named_key_counts_and_other_lines_are_kept() {
    let ((first, public), (second, other)) = (key(1), key(2));
    let note = checkpoint(3).sign(&first).unwrap().to_string();
    let line = checkpoint(3).sign(&second).unwrap().to_string();
    let both = format!("{note}{}\n", line.lines().last().unwrap());
    let read: SignedNote = both.parse().unwrap();
    assert_eq!(read.signatures().len(), 2);
    assert_eq!((read.verify(&public), read.verify(&other)), (Ok(()), Ok(())));
    let read: SignedNote = note.parse().unwrap();
    assert_eq!(read.verify(&other), Err(NoteError::Unsigned(ORIGIN.to_owned())));
    for wrong in [
        note.replace('\u{2014}', "-"),
        note.trim_end().to_owned(),
        note.replace("\n\n", "\n"),
        note.replace("\n\n", "\n\u{7}\n\n"),
        note.split("\u{2014}").next().unwrap().to_owned(),
        note.replace(ORIGIN, "a b"),
        format!("{note}{}", "\u{2014} x AAAAAAA=\n".repeat(64)),
    ] {
        assert!(wrong.parse::<SignedNote>().map(|note| note.verify(&public)) != Ok(Ok(())), "{wrong}");
    }
}

#[test]
fn every_flipped_bit_of_a_checkpoint_is_found() {
    let (key, public) = key(1);
    let note = checkpoint(1000).sign(&key).unwrap().to_string().into_bytes();
    for bit in 0..note.len() * 8 {
        let mut wrong = note.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let read = std::str::from_utf8(&wrong).ok().map(|note| Checkpoint::open(note, &public));
        assert!(!matches!(read, Some(Ok(_))), "bit {bit}");
    }
}

#[test]
fn verifier_keys_have_one_text() {
    let (_, public) = key(1);
    let text = public.to_string();
    assert_eq!(text.parse(), Ok(public.clone()));
    for wrong in [text.to_uppercase(), text.replace("+A", "+B"), text.replace("ledger", "lodger"), "a+b".to_owned()] {
        assert_eq!(wrong.parse::<VerifierKey>().unwrap_err().code(), "note.verifier_key");
    }
    for name in ["", "a b", "a+b", "a\nb"] {
        assert!(VerifierKey::new(name, SigningKey::from_bytes(&[1; 32]).verifying_key()).is_err());
    }
}

#[test]
fn a_checkpoint_of_another_log_or_form_is_refused() {
    let (key, public) = key(1);
    let foreign = SignedNote::sign("elsewhere.example\n1\n", ORIGIN, &key).unwrap().to_string();
    assert_eq!(Checkpoint::open(&foreign, &public), Err(CheckpointError::Body));
    let body = checkpoint(1).body();
    for wrong in [body.replace("\n1\n", "\n01\n"), body.replace("\n1\n", "\n-1\n"), format!("{body}extension\n")] {
        let note = SignedNote::sign(&wrong, ORIGIN, &key).unwrap().to_string();
        assert_eq!(Checkpoint::open(&note, &public), Err(CheckpointError::Body), "{wrong}");
    }
    let note = SignedNote::sign(&body.replace(ORIGIN, "elsewhere.example"), ORIGIN, &key).unwrap().to_string();
    assert_eq!(Checkpoint::open(&note, &public).unwrap_err().code(), "checkpoint.origin");
}

#[test]
fn a_signer_learns_of_smaller_and_forked_trees() {
    let (before, now) = (checkpoint(7), checkpoint(20));
    let proof = prove_consistency(7, 20, leaf).unwrap();
    assert_eq!(now.extends(&before, &proof), Ok(()));
    assert_eq!(before.extends(&before, &[]), Ok(()));
    assert_eq!(before.extends(&now, &proof), Err(ExtendError::Smaller { signed: 20, size: 7 }));
    let forked = Checkpoint { root: Digest::of(b"x"), ..before.clone() };
    assert_eq!(now.extends(&forked, &proof), Err(ExtendError::Forked { signed: 7 }));
    let other = Checkpoint { origin: "elsewhere.example".to_owned(), ..now.clone() };
    assert_eq!(other.extends(&before, &proof), Err(ExtendError::Origin));
}

#[test]
fn proof_files_stand_alone() {
    let (key, public) = key(1);
    let file = ProofFile {
        extra: Some(b"why".to_vec()),
        index: 6,
        hashes: prove_inclusion(6, 20, leaf).unwrap(),
        checkpoint: checkpoint(20).sign(&key).unwrap(),
    };
    let text = file.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra d2h5\nindex 6\n"));
    let read: ProofFile = text.parse().unwrap();
    assert_eq!(read, file);
    assert_eq!(read.verify(&6_u64.to_be_bytes(), &public), Ok(checkpoint(20)));
    assert_eq!(read.verify(b"x", &public), Err(ProofFileError::NotIncluded { index: 6, size: 20 }));
    let lone = ProofFile { extra: None, index: 0, hashes: vec![], checkpoint: checkpoint(1).sign(&key).unwrap() };
    assert_eq!(lone.to_string().parse::<ProofFile>(), Ok(lone.clone()));
    assert_eq!(lone.verify(&0_u64.to_be_bytes(), &public), Ok(checkpoint(1)));
    for wrong in
        [text.replace("v1", "v2"), text.replace("index 6", "index 06"), text.replace("\n\n", "\n"), String::new()]
    {
        assert_eq!(wrong.parse::<ProofFile>(), Err(ProofFileError::Malformed));
    }
}
