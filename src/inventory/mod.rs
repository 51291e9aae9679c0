//! From bytes to components and edges, one file per format.
