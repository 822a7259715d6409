//! What holds for every order of events.
