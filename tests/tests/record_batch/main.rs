//! Record batches on trial: against bytes that other implementations made.

mod golden;
mod metadata;
mod notation;
