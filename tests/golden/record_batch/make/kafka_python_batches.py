"""Makes kafka_python.txt and ours.read_by_kafka_python.txt with kafka-python."""

import pathlib
import sys

import kafka
import kafka.codec
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

import notation

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def show(raw):
    batch = DefaultRecordBatch(raw)
    crc = "ok" if batch.validate_crc() else "wrong"
    lines = [
        f"batch base_offset={batch.base_offset} last_offset={batch.last_offset} leader_epoch={batch.leader_epoch}"
        f" codec={CODECS[batch.compression_type]}"
        f" control={str(batch.is_control_batch).lower()} transactional={str(batch.is_transactional).lower()}"
        f" producer={batch.producer_id}/{batch.producer_epoch} sequences={batch.base_sequence}..{batch.last_sequence}"
        f" timestamps={batch.first_timestamp}..{batch.max_timestamp} records={batch.records_count} crc={crc}"
    ]
    for record in batch:
        headers = [(key.encode(), value) for key, value in record.headers]
        lines.append(notation.show_record(record.offset, record.timestamp, record.key, record.value, headers))
    return lines


def build(case):
    producer_id, epoch, sequence = case.producer or (-1, -1, -1)
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=CODECS.index(case.codec),
        is_transactional=False,
        producer_id=producer_id,
        producer_epoch=epoch,
        base_sequence=sequence,
        batch_size=1 << 20,
    )
    for offset, record in enumerate(case.records):
        headers = [(key.decode(), value) for key, value in record.headers]
        builder.append(offset, record.timestamp, record.key, record.value, headers)
    return bytes(builder.build())


def main(folder):
    made = [f"# Made by kafka-python {kafka.__version__}."]
    for case in notation.read(folder / "cases.txt"):
        if case.codec != "none" and not getattr(kafka.codec, f"has_{case.codec}")():
            raise SystemExit(f"the library for {case.codec} is missing")
        raw = build(case)
        made += ["", f"case {case.name}", *show(raw), f"hex {raw.hex()}"]
    (folder / "kafka_python.txt").write_text("\n".join(made) + "\n")

    read = [f"# Read by kafka-python {kafka.__version__}."]
    for case in notation.read(folder / "ours.txt"):
        read += ["", f"case {case.name}", *show(bytes.fromhex(case.hex))]
    (folder / "ours.read_by_kafka_python.txt").write_text("\n".join(read) + "\n")


main(pathlib.Path(sys.argv[1]))
