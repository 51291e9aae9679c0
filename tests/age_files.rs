//! Encrypted keys as files: the committed ones still open, and are still what our writer makes. Other programs are asked
//! in `age_interop.rs`.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test: what fails here should fail loudly")]

mod support;

use portcullis::sign::age::{self, Audience, Identity, Passphrase, Unlock};
use portcullis::sign::{AgeError, KeyError, KeySource, SigningKey, key};
use portcullis::sys::{Fault, RealSys, Sys, SysError};
use std::path::Path;
use support::{World, project};

/// What the passphrase file is encrypted with. It protects nothing.
const PASSPHRASE: &str = "fixture passphrase";

fn fixture(name: &str) -> std::path::PathBuf {
    project("fixtures/age").join(name)
}

/// Every file of the folder, made in a world whose random numbers are all the byte 7.
fn made(world: &World) -> Vec<(&'static str, Vec<u8>)> {
    let key = SigningKey::from_seed(&[1; 32]).unwrap();
    let identity = Identity::generate(world).unwrap();
    let recipient = identity.recipient().unwrap();
    let passphrase = Passphrase::new(PASSPHRASE).unwrap();
    let to = Audience::Recipients(std::slice::from_ref(&recipient));
    let under = Audience::PassphraseWithWorkUnsafe(&passphrase, 10);
    let identities =
        format!("# of the tests: it protects nothing\n# public key: {recipient}\n{}\n", identity.secret_text());
    vec![
        ("identity", identities.into_bytes()),
        ("recipient.age", key.to_age(to, world).unwrap().into_bytes()),
        ("recipient.binary.age", age::encrypt(key.to_pem().unwrap().as_bytes(), to, world).unwrap()),
        ("passphrase.age", key.to_age(under, world).unwrap().into_bytes()),
    ]
}

#[test]
fn the_committed_files_are_what_the_writer_makes() {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in made(&World::new(dir.path())) {
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::create_dir_all(fixture("")).unwrap();
            std::fs::write(fixture(name), &bytes).unwrap();
        }
        assert_eq!(std::fs::read(fixture(name)).unwrap(), bytes, "{name}");
    }
}

#[test]
fn the_committed_files_open_with_what_the_environment_and_the_command_line_give() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let load = |world: &World, name: &str, identity: Option<&Path>| {
        let unlock = key::unlock(world, identity)?;
        let source = KeySource::File(fixture(name));
        SigningKey::load_with(world, &source, &unlock).map(|key| *key.public())
    };
    let error = |name: &str, error: AgeError| Err(KeyError::Age { origin: fixture(name).display().to_string(), error });
    let public = Ok(*SigningKey::from_seed(&[1; 32]).unwrap().public());
    // A repository keeps no modes: the copy is what a user would have.
    let identity = dir.path().join("identity");
    RealSys.replace(&identity, &std::fs::read(fixture("identity")).unwrap(), true).unwrap();
    let exposed = load(&world, "recipient.age", Some(&fixture("identity")));
    assert!(matches!(exposed, Err(KeyError::Sys(SysError { fault: Fault::Exposed { .. }, .. }))), "{exposed:?}");

    assert_eq!(load(&world, "recipient.age", Some(&identity)), public);
    assert_eq!(load(&world, "recipient.binary.age", Some(&identity)), public);
    let wrong = fixture("recipient.age");
    let refused = KeyError::Identities { path: wrong.clone(), error: AgeError::EncryptedIdentity };
    assert_eq!(load(&world, "recipient.age", Some(&wrong)), Err(refused));
    let missing = load(&world, "recipient.age", Some(&fixture("missing")));
    assert!(matches!(missing, Err(KeyError::Sys(_))), "{missing:?}");
    assert_eq!(load(&world, "recipient.age", None), error("recipient.age", AgeError::NeedsIdentity));
    assert_eq!(load(&world, "passphrase.age", Some(&identity)), error("passphrase.age", AgeError::NeedsPassphrase));

    world.vars.insert(age::PASSPHRASE_VARIABLE.into(), String::new());
    assert_eq!(load(&world, "passphrase.age", None), error("passphrase.age", AgeError::NeedsPassphrase));
    world.vars.insert(age::PASSPHRASE_VARIABLE.into(), PASSPHRASE.into());
    assert_eq!(load(&world, "passphrase.age", None), public);
    world.vars.insert(age::PASSPHRASE_VARIABLE.into(), format!("{PASSPHRASE}\n"));
    assert_eq!(load(&world, "passphrase.age", None), error("passphrase.age", AgeError::WrongPassphrase));
}

#[test]
fn a_key_in_a_variable_may_be_encrypted_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let armored = std::fs::read_to_string(fixture("passphrase.age")).unwrap();
    world.vars.insert("KEY".into(), armored);
    world.vars.insert(age::PASSPHRASE_VARIABLE.into(), PASSPHRASE.into());
    let unlock = Unlock::gather(&world, None).unwrap();
    let key = SigningKey::load_with(&world, &KeySource::EnvUnsafe("KEY".into()), &unlock).unwrap();
    assert_eq!(key.public(), SigningKey::from_seed(&[1; 32]).unwrap().public());
}

#[test]
fn no_failure_of_the_world_gives_a_key_or_a_file() {
    for fail_at in 0..4 {
        let dir = tempfile::tempdir().unwrap();
        let mut world = World::new(dir.path());
        world.fail_at = Some(fail_at);
        let identity = Identity::generate(&World::new(dir.path())).unwrap();
        let recipients = [identity.recipient().unwrap()];
        let key = SigningKey::from_seed(&[1; 32]).unwrap();
        let written = key.to_age(Audience::Recipients(&recipients), &world);
        // File key, ephemeral secret, nonce: three draws, each of which may fail.
        assert_eq!(written.is_err(), fail_at < 3, "{fail_at}");
        assert!(matches!(written, Ok(_) | Err(KeyError::Age { error: AgeError::Sys(_), .. })), "{fail_at}");
    }
}

#[test]
fn no_error_or_debug_text_shows_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(dir.path());
    let unlock = Unlock {
        identities: vec![Identity::generate(&world).unwrap()],
        passphrase: Some(Passphrase::new("canary passphrase").unwrap()),
    };
    let refused = SigningKey::load_with(&world, &KeySource::File(fixture("passphrase.age")), &unlock).unwrap_err();
    let shown = format!("{unlock:?} {refused} {refused:?}").to_lowercase();
    for secret in ["canary", "age-secret-key", "7, 7", "0707"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
