//! How bad a finding is and on whose word.

use std::fmt;
use std::str::FromStr;

/// A severity band. The bounds are those of the CVSS v3.1 and v4.0 qualitative scale:
/// 0.0 none, 0.1–3.9 low, 4.0–6.9 medium, 7.0–8.9 high, 9.0–10.0 critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Score 0.0, or purely informational.
    None,
    /// 0.1–3.9.
    Low,
    /// 4.0–6.9.
    Medium,
    /// 7.0–8.9.
    High,
    /// 9.0–10.0.
    Critical,
}

impl Severity {
    /// Every band, least first.
    pub const ALL: [Self; 5] = [Self::None, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The band of a CVSS score; what lies outside 0.0–10.0 is taken as the nearest band.
    pub fn of_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::None,
        }
    }

    /// The lowercase word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The word is not one of `none`, `low`, `medium`, `high`, `critical`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a severity (none, low, medium, high, critical)")]
pub struct NotASeverity;

impl FromStr for Severity {
    type Err = NotASeverity;

    fn from_str(text: &str) -> Result<Self, NotASeverity> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or(NotASeverity)
    }
}

/// On whose word a finding has its severity.
#[derive(Clone, Debug, PartialEq)]
pub enum SeverityBasis {
    /// The record has no score; the policy's default stands in and is shown as assumed.
    Assumed,
    /// A CVSS vector of the record, with its base score in 0.0–10.0.
    Cvss {
        /// The vector as written in the record, with its version prefix.
        vector: String,
        /// The base score.
        score: f64,
    },
    /// A vendor's own word: the record has no score.
    Vendor {
        /// The word as the record has it, such as `Moderate`.
        word: String,
        /// The database that has the record.
        database: String,
    },
    /// The rule fixes it.
    Rule,
    /// The record says that the package is malicious.
    Malicious,
}

impl fmt::Display for SeverityBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Assumed => f.write_str("assumed"),
            Self::Cvss { .. } => f.write_str("cvss"),
            Self::Vendor { .. } => f.write_str("vendor"),
            Self::Rule => f.write_str("rule"),
            Self::Malicious => f.write_str("malicious"),
        }
    }
}
