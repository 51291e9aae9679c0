//! Points and spans of time with their unit in the type. No clock: `now` is always an argument.

use std::fmt;
use std::str::FromStr;

/// A point in time, whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A span of whole seconds, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub u64);

/// A span of whole days of 86,400 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Days(pub u32);

/// Why a text is not a time or a span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not `YYYY-MM-DD` and not RFC 3339.
    #[error("not a date (YYYY-MM-DD) or an RFC 3339 time")]
    NotATime,
    /// Not a whole number followed by `s`, `m`, `h`, `d` or `w`.
    #[error("not a span such as 90s, 30m, 24h, 7d or 2w")]
    NotASpan,
}

impl Timestamp {
    /// Midnight UTC at the start of the day that this point lies in.
    pub fn day_start(self) -> Self {
        Self(self.0 - self.0.rem_euclid(86_400))
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    pub fn since(self, earlier: Self) -> Seconds {
        Seconds(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The point `days` later.
    pub fn plus_days(self, days: Days) -> Self {
        Self(self.0.saturating_add(i64::from(days.0) * 86_400))
    }

    /// `YYYY-MM-DD` in UTC.
    pub fn date(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with a `Z`. A point that the calendar cannot hold is printed as seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "{}s", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// `YYYY-MM-DD` (its midnight in UTC) or RFC 3339.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        if let Ok(date) = text.parse::<jiff::civil::Date>()
            && text.len() == 10
        {
            let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| TimeError::NotATime)?;
            return Ok(Self(zoned.timestamp().as_second()));
        }
        text.parse::<jiff::Timestamp>().map(|time| Self(time.as_second())).map_err(|_| TimeError::NotATime)
    }
}

impl FromStr for Seconds {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let unit = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some('w') => 604_800,
            _ => return Err(TimeError::NotASpan),
        };
        let digits = text.get(..text.len() - 1).unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(TimeError::NotASpan);
        }
        let count: u64 = digits.parse().map_err(|_| TimeError::NotASpan)?;
        count.checked_mul(unit).map(Self).ok_or(TimeError::NotASpan)
    }
}

impl fmt::Display for Seconds {
    /// In the largest unit that leaves a whole number of at least one, rounded down: `9d`, `30h`, `5m`, `12s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            s if s >= 2 * 86_400 => write!(f, "{}d", s / 86_400),
            s if s >= 3_600 => write!(f, "{}h", s / 3_600),
            s if s >= 60 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}d", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight_in_utc() {
        assert_eq!("1970-01-02".parse(), Ok(Timestamp(86_400)));
        assert_eq!(
            "2026-11-22T01:02:03Z".parse::<Timestamp>().map(|t| t.to_string()),
            Ok("2026-11-22T01:02:03Z".into())
        );
        assert_eq!("2026-11-22T01:02:03Z".parse::<Timestamp>().map(Timestamp::date), Ok("2026-11-22".into()));
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in ["", "2026-13-01", "2026-02-30", "tomorrow", "20261122"] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimeError::NotATime), "{text}");
        }
    }

    #[test]
    fn spans_have_a_unit() {
        assert_eq!("24h".parse(), Ok(Seconds(86_400)));
        assert_eq!("7d".parse(), Ok(Seconds(604_800)));
        for text in ["", "d", "7", "-1d", "1.5h", "7 d", "99999999999999999999d", "99999999999999999w", "é"] {
            assert_eq!(text.parse::<Seconds>(), Err(TimeError::NotASpan), "{text}");
        }
    }
}
