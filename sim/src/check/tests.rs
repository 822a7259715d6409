//! Monitors, told of events by hand.
