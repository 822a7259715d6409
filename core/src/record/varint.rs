//! Zigzag variable-length integers.
