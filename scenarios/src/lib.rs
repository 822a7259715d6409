//! Scenarios and exhibits, as data and as code.
