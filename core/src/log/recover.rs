//! Opening a log after a start: CRC scan, epoch cache and producer states rebuilt.
