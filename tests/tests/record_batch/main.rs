//! Record batches on trial: against bytes that other implementations made, against a second implementation, and against chance.

mod golden;
mod metadata;
mod notation;
mod properties;
