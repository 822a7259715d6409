//! A seeded world, an explorer and checks for the machines of `kafkasim-core`.
