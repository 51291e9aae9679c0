//! From a verdict to bytes, one file per format. Nothing here can change an answer.
