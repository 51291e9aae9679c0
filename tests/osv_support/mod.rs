//! Dumps of OSV for tests, as they are made and as a mirror gives them. It holds no test.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// One record, last changed on this day.
pub(crate) fn record(id: &str, ecosystem: &str, package: &str, day: &str) -> String {
    format!(
        "{{\"id\":\"{id}\",\"modified\":\"{day}T00:00:00Z\",\"summary\":\"of {package}\",\"affected\":[{{\"package\":\
         {{\"ecosystem\":\"{ecosystem}\",\"name\":\"{package}\"}},\"ranges\":[{{\"type\":\"SEMVER\",\"events\":[\
         {{\"introduced\":\"0\"}},{{\"fixed\":\"1.2.3\"}}]}}]}}]}}"
    )
}

/// So many records of npm, one for each package, the newest of 2024-01-28 at most.
pub(crate) fn npm(count: usize) -> Vec<(String, String)> {
    (1..=count).map(|n| one(n, "npm", "GHSA", &format!("2024-01-{:02}", n % 28 + 1))).collect()
}

/// The same, all changed on one day.
pub(crate) fn npm_at(count: usize, day: &str) -> Vec<(String, String)> {
    (1..=count).map(|n| one(n, "npm", "GHSA", day)).collect()
}

/// So many records of Go.
pub(crate) fn go(count: usize) -> Vec<(String, String)> {
    (1..=count).map(|n| one(n, "Go", "GO", "2024-01-02")).collect()
}

fn one(n: usize, ecosystem: &str, prefix: &str, day: &str) -> (String, String) {
    let id = format!("{prefix}-{n:04}");
    (format!("{id}.json"), record(&id, ecosystem, &format!("pkg-{n:02}"), day))
}

/// A zip archive of these files, stored (APPNOTE 6.3.10).
pub(crate) fn zip(files: &[(String, String)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let offset = u32::try_from(out.len()).unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let size = u32::try_from(text.len()).unwrap().to_le_bytes();
        let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
        // Version, flags, method, time, date, checksum, both sizes, length of the name and of the extra field.
        let common =
            [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &crc.sum().to_le_bytes(), &size, &size, &name_length, &[0, 0]];
        let common = common.concat();
        out.extend([b"PK\x03\x04", &common[..], name.as_bytes(), text.as_bytes()].concat());
        directory
            .extend([b"PK\x01\x02\x14\x00", &common[..], &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat());
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let (start, size) = (u32::try_from(out.len()).unwrap(), u32::try_from(directory.len()).unwrap());
    out.extend(directory);
    out.extend(
        [b"PK\x05\x06\0\0\0\0", &count[..], &count, &size.to_le_bytes(), &start.to_le_bytes(), &[0, 0]].concat(),
    );
    out
}

/// What the client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// The state that it knows.
    pub(crate) known: Option<String>,
}

/// A mirror on loopback, until it is dropped.
pub(crate) struct Mirror {
    /// `http://127.0.0.1:…`
    pub(crate) base: String,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Mirror {
    /// `answer` gives all bytes of an answer.
    pub(crate) fn new(answer: impl Fn(&Asked) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (asked, stop) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::<AtomicBool>::default());
        let (log, ends) = (Arc::clone(&asked), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let mut reader = BufReader::new(stream.unwrap());
                let mut request = Asked { path: String::new(), known: None };
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap_or(0) > 2 {
                    if request.path.is_empty() {
                        request.path = line.split(' ').nth(1).unwrap_or("").to_owned();
                    }
                    if let Some((name, value)) = line.split_once(':')
                        && name.eq_ignore_ascii_case("if-none-match")
                    {
                        request.known = Some(value.trim().to_owned());
                    }
                    line.clear();
                }
                let bytes = answer(&request);
                log.lock().unwrap().push(request);
                let _ = reader.get_mut().write_all(&bytes); // the client may hang up early, which is its right
            }
        });
        Self { base, asked, stop, thread: Some(thread) }
    }

    /// What was asked for since the last time.
    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let address = self.base.strip_prefix("http://").unwrap();
        let _ = std::net::TcpStream::connect(address); // wakes the listener, which then ends
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// An answer with this status line, further headers and body.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
