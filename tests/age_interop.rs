//! Other programs and the public vectors agree with our reader and writer of age files. Each test that finds nothing to
//! ask says so on standard error and passes:
//!
//! - `PORTCULLIS_AGE`: a folder with `age` and `age-keygen` (`go install filippo.io/age/cmd/...@latest`), or they are in
//!   `PATH`; for passphrases also `script` of util-linux, because `age` asks on a terminal alone.
//! - `PORTCULLIS_CCTV_AGE`: the folder `testdata` of the vectors of C2SP (`go mod download -json c2sp.org/CCTV/age@v0.0.0-20251208015420-e9274a7bdbfd`).

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test: what fails here should fail loudly, and it runs other programs"
)]

use portcullis::model::Digest;
use portcullis::sign::age::{self, Audience, Header, Identity, Passphrase, Unlock};
use portcullis::sign::{AgeError, KeySource, SigningKey};
use portcullis::sys::{Bytes, RealSys};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn program(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("PORTCULLIS_AGE").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = named.into_iter().chain(std::env::split_paths(&path)).map(|dir| dir.join(name)).find(|p| p.is_file());
    if found.is_none() {
        eprintln!("skipped: there is no `{name}` in PORTCULLIS_AGE or PATH");
    }
    found
}

/// Runs a program with a text on standard input and gives its standard output.
fn run(program: &Path, args: &[&str], stdin: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // Written from beside: the program may fill its own output before it has read all.
    let output = std::thread::scope(|scope| {
        scope.spawn(move || pipe.write_all(stdin).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn identity_of(path: &Path) -> Identity {
    age::parse_identities(&std::fs::read(path).unwrap()).unwrap().remove(0)
}

#[test]
fn age_reads_what_we_write_to_a_recipient() {
    let Some(program) = program("age") else { return };
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::from_seed(&[1; 32]).unwrap();
    let (me, other) = (Identity::generate(&RealSys).unwrap(), Identity::generate(&RealSys).unwrap());
    let identities = dir.path().join("identity");
    std::fs::write(&identities, me.secret_text()).unwrap();
    let recipients = [other.recipient().unwrap(), me.recipient().unwrap()];
    let args = ["-d", "-i", identities.to_str().unwrap()];
    let armored = key.to_age(Audience::Recipients(&recipients), &RealSys).unwrap();
    assert_eq!(run(&program, &args, armored.as_bytes()), key.to_pem().unwrap().as_bytes());
    for size in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let plain = vec![5; size];
        let file = age::encrypt(&plain, Audience::Recipients(&recipients), &RealSys).unwrap();
        assert!(run(&program, &args, &file) == plain, "{size}");
    }
}

#[test]
fn we_read_what_age_writes_to_a_recipient() {
    let (Some(program), Some(keygen)) = (program("age"), program("age-keygen")) else { return };
    let dir = tempfile::tempdir().unwrap();
    let [mine, other, file] = ["mine", "other", "key.age"].map(|name| dir.path().join(name));
    for path in [&mine, &other] {
        run(&keygen, &["-o", path.to_str().unwrap()], b"");
    }
    let recipient = |path: &Path| {
        let text = String::from_utf8(run(&keygen, &["-y", path.to_str().unwrap()], b"")).unwrap();
        assert_eq!(text.trim(), identity_of(path).recipient().unwrap().to_string());
        text.trim().to_owned()
    };
    let (to_me, to_other) = (recipient(&mine), recipient(&other));
    let key = SigningKey::from_seed(&[2; 32]).unwrap();
    let unlock = Unlock { identities: vec![identity_of(&mine)], passphrase: None };
    for armor in [&["-a"][..], &[]] {
        let args = [armor, &["-r", &to_other, "-r", &to_me]].concat();
        std::fs::write(&file, run(&program, &args, key.to_pem().unwrap().as_bytes())).unwrap();
        let read = SigningKey::load_with(&RealSys, &KeySource::File(file.clone()), &unlock).unwrap();
        assert_eq!(read.public(), key.public());
    }
    for size in [0, 65_536, 65_537] {
        let sealed = run(&program, &["-r", &to_me], &vec![5; size]);
        assert!(age::decrypt(&sealed, &unlock, Bytes::mib(1)).unwrap() == vec![5; size], "{size}");
    }
}

/// `age` on a terminal of its own, with answers to what it asks.
fn on_a_terminal(script: &Path, command: &str, answers: &str) {
    let mut child = Command::new(script)
        .args(["-qec", command, "/dev/null"])
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut shown = Vec::new();
    // Each answer waits for its question: what is typed earlier is thrown away with the echo.
    for answer in answers.lines() {
        let asked = shown.len();
        while !shown[asked..].contains(&b':') {
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&shown));
            shown.push(byte[0]);
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        writeln!(stdin, "{answer}").unwrap();
    }
    stdout.read_to_end(&mut shown).unwrap();
    assert!(child.wait().unwrap().success(), "{command}: {}", String::from_utf8_lossy(&shown));
}

#[test]
fn age_and_we_read_each_others_files_under_a_passphrase() {
    let (Some(program), Some(script)) = (program("age"), program("script")) else { return };
    let dir = tempfile::tempdir().unwrap();
    let [pem, theirs, ours, back] = ["key.pem", "theirs.age", "ours.age", "back.pem"].map(|name| dir.path().join(name));
    let key = SigningKey::from_seed(&[3; 32]).unwrap();
    let text = key.to_pem().unwrap();
    std::fs::write(&pem, &text).unwrap();
    let passphrase = Passphrase::new("correct horse").unwrap();

    let line = format!("{} -p -a -o {} {}", program.display(), theirs.display(), pem.display());
    on_a_terminal(&script, &line, "correct horse\ncorrect horse\n");
    let unlock = Unlock { identities: vec![], passphrase: Some(passphrase.clone()) };
    let read = SigningKey::load_with(&RealSys, &KeySource::File(theirs), &unlock).unwrap();
    assert_eq!(read.public(), key.public());

    let under = Audience::PassphraseWithWorkUnsafe(&passphrase, 10);
    std::fs::write(&ours, key.to_age(under, &RealSys).unwrap()).unwrap();
    let line = format!("{} -d -o {} {}", program.display(), back.display(), ours.display());
    on_a_terminal(&script, &line, "correct horse\n");
    assert_eq!(std::fs::read_to_string(&back).unwrap(), text);
}

/// One public vector: what it says about itself, and the file.
struct Vector {
    name: String,
    says: BTreeMap<String, Vec<String>>,
    file: Vec<u8>,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let mut says: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in String::from_utf8(bytes[..end].to_vec()).unwrap().lines() {
            let (key, value) = line.split_once(": ").unwrap();
            says.entry(key.to_owned()).or_default().push(value.to_owned());
        }
        let mut file = bytes[end + 2..].to_vec();
        if says.contains_key("compressed") {
            let mut inflated = Vec::new();
            flate2::read::ZlibDecoder::new(file.as_slice()).read_to_end(&mut inflated).unwrap();
            file = inflated;
        }
        Self { name: path.file_name().unwrap().to_str().unwrap().to_owned(), says, file }
    }

    fn one(&self, key: &str) -> Option<&str> {
        self.says.get(key).and_then(|values| values.first()).map(String::as_str)
    }

    fn decrypt(&self) -> Result<Vec<u8>, AgeError> {
        // Of an armored vector the armor is asked for, whatever the first bytes look like.
        let binary = if self.says.contains_key("armored") { age::dearmor(&self.file)? } else { self.file.clone() };
        age::decrypt(&binary, &self.unlock(), Bytes::mib(64))
    }

    fn identities(&self) -> Vec<Result<Identity, AgeError>> {
        let texts = self.says.get("identity").into_iter().flatten();
        texts.map(|text| Identity::parse(text, 1)).collect()
    }

    fn unlock(&self) -> Unlock {
        let identities = self.identities().into_iter().filter_map(Result::ok).collect();
        Unlock { identities, passphrase: self.one("passphrase").map(|text| Passphrase::new(text).unwrap()) }
    }
}

/// The words of the vectors for our errors.
fn class(error: &AgeError) -> &'static str {
    match error {
        AgeError::Armor { .. } => "armor failure",
        AgeError::NotAge
        | AgeError::UnsupportedVersion
        | AgeError::Header { .. }
        | AgeError::Stanza { .. }
        | AgeError::ScryptNotAlone
        | AgeError::WorkFactor { .. }
        | AgeError::LowOrder
        | AgeError::NoNonce => "header failure",
        AgeError::HeaderMac => "HMAC failure",
        AgeError::WrongPassphrase | AgeError::NotForThisIdentity { .. } | AgeError::UnsupportedRecipients => "no match",
        AgeError::Payload { .. } => "payload failure",
        other => panic!("no vector is about {other:?}"),
    }
}

#[test]
fn every_public_vector_is_decrypted_or_refused_for_its_reason() {
    let Some(dir) = std::env::var_os("PORTCULLIS_CCTV_AGE") else {
        eprintln!("skipped: PORTCULLIS_CCTV_AGE does not name the vectors");
        return;
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for vector in paths.iter().map(|path| Vector::read(path)) {
        let expected = vector.one("expect").unwrap();
        let unsupported = Err(AgeError::UnsupportedIdentity { line: 1 });
        let nothing_supported = !vector.says.contains_key("passphrase")
            && vector.says.contains_key("identity")
            && vector.identities().iter().all(|identity| *identity == unsupported);
        let answer = vector.decrypt();
        let counted = match answer {
            _ if nothing_supported => {
                assert!(answer.is_err(), "{}", vector.name);
                "identity of an unsupported kind"
            }
            Ok(plain) => {
                assert_eq!(expected, "success", "{}", vector.name);
                assert_eq!(Digest::of(&plain).hex(), vector.one("payload").unwrap(), "{}", vector.name);
                expected
            }
            Err(error) => {
                assert_eq!(class(&error), expected, "{}: {error}", vector.name);
                expected
            }
        };
        // Whatever parses is written back to the same bytes, and so is armor but for line ends and white space around.
        if let Ok((header, rest)) = Header::parse(&vector.file) {
            assert!([header.to_bytes(), rest.to_vec()].concat() == vector.file, "{}", vector.name);
        }
        if let Ok(binary) = age::dearmor(&vector.file) {
            let text = String::from_utf8(vector.file.clone()).unwrap().replace("\r\n", "\n");
            assert_eq!(age::armor(&binary).trim(), text.trim(), "{}", vector.name);
        }
        *counts.entry(counted.to_owned()).or_default() += 1;
    }
    eprintln!("{} vectors: {counts:?}", paths.len());
    assert!(counts["success"] >= 20 && counts["header failure"] >= 40, "{counts:?}");
}
