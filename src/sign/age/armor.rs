//! ASCII armor of age files (C2SP age, "ASCII armor"; RFC 7468, strict form). It does not look into what it holds.

use super::AgeError;
use crate::text::base64;

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
/// Letters of a full line.
const COLUMNS: usize = 64;

/// Whether the bytes hold the first line of an armored file, wherever it stands.
pub(super) fn is_armored(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes())
}

/// The bytes in strict PEM: white space around it is passed over, lines end with LF or CRLF, all but the last are full,
/// and the base 64 is the one writing of its bytes. Errors: [`AgeError::Armor`] with the line.
pub fn decode(bytes: &[u8]) -> Result<Vec<u8>, AgeError> {
    let bad = |line: usize| AgeError::Armor { line };
    let trimmed = bytes.trim_ascii_start();
    let before = bytes.len() - trimmed.len();
    let first = 1 + bytes.iter().take(before).filter(|byte| **byte == b'\n').count();
    let text = std::str::from_utf8(trimmed.trim_ascii_end()).map_err(|_| bad(first))?;
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).zip(first..);
    if lines.next().is_none_or(|(line, _)| line != BEGIN) {
        return Err(bad(first));
    }
    let (mut body, mut short, mut last) = (String::new(), false, first);
    for (line, at) in lines.by_ref() {
        last = at;
        if line == END {
            break;
        }
        // A line after a short one, an empty one, or one that is too long.
        if short || line.is_empty() || line.len() > COLUMNS {
            return Err(bad(at));
        }
        short = line.len() < COLUMNS;
        body.push_str(line);
    }
    // The text ends with its last line, so this is also an end line that is missing.
    if !text.ends_with(END) || lines.next().is_some() {
        return Err(bad(last));
    }
    base64::decode(body.as_bytes()).map_err(|_| bad(last))
}

/// The armored text of an age file.
pub fn encode(file: &[u8]) -> String {
    let mut out = format!("{BEGIN}\n");
    for line in file.chunks(COLUMNS / 4 * 3) {
        out.push_str(&base64::encode(line));
        out.push('\n');
    }
    out.push_str(END);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> AgeError {
        decode(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_full_last_line_and_an_empty_file_are_read() {
        for size in [0, 1, 47, 48, 49, 96] {
            let file = vec![7; size];
            assert_eq!(decode(encode(&file).as_bytes()), Ok(file), "{size}");
        }
        assert_eq!(encode(&[0; 48]).lines().count(), 3);
    }

    #[test]
    fn white_space_around_and_crlf_are_passed_over_and_nothing_else() {
        let good = encode(&[7; 60]);
        for same in [good.trim_end().to_owned(), good.replace('\n', "\r\n"), format!("\n \t\r\n{good} \n")] {
            assert_eq!(decode(same.as_bytes()), Ok(vec![7; 60]), "{same:?}");
        }
        for (bad, line) in [
            (format!("x{good}"), 1),
            (format!("\n\nx{good}"), 3),
            (format!("{good}x"), 4),
            (good.replace(BEGIN, &format!("{BEGIN} ")), 1),
            (good.replace(BEGIN, &format!("{BEGIN}\n")), 2),
            (good.replace(BEGIN, &format!("{BEGIN}\nVersion: 1\n")), 3),
            (good.replace(END, &format!("\n{END}")), 4),
            (good.replace(END, &format!(" {END}")), 4),
            (good.replace(END, ""), 3),
            (good.replace("AGE ", "age "), 1),
            (good.replacen("Bw", "B w", 1), 2),
        ] {
            assert_eq!(refused(&bad), AgeError::Armor { line }, "{bad:?}");
        }
    }

    #[test]
    fn a_second_writing_of_the_same_bytes_is_refused() {
        let good = encode(&[7; 49]); // the last line is "Bw=="
        assert!(good.contains("\nBw==\n"));
        for bad in ["Bx==", "Bw", "Bw=", "Bw=\n="] {
            assert!(matches!(refused(&good.replace("Bw==", bad)), AgeError::Armor { .. }), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_back_alike(bytes: Vec<u8>, text in "[A-Za-z=\n -]{0,80}") {
            prop_assert_eq!(decode(encode(&bytes).as_bytes()), Ok(bytes.clone()));
            let _ = decode(&bytes);
            let framed = format!("{BEGIN}\n{text}\n{END}\n");
            if let Ok(file) = decode(framed.as_bytes()) {
                prop_assert_eq!(encode(&file), framed);
            }
        }
    }
}
