"""Makes librdkafka.txt and ours.read_by_librdkafka.txt with librdkafka, through the confluent-kafka package."""

import pathlib
import struct
import sys

import confluent_kafka

import notation
from fake_broker import TOPIC, FakeBroker

# A producer has to send as many records first as the sequence says.
LARGEST_SEQUENCE = 100


def send(producer, records):
    for record in records:
        headers = [(key.decode(), value) for key, value in record.headers]
        producer.produce(
            TOPIC, partition=0, timestamp=record.timestamp, key=record.key, value=record.value, headers=headers
        )
    assert producer.flush(30) == 0, "a batch was not acknowledged"


def build(case):
    producer_id, epoch, sequence = case.producer or (-1, -1, 0)
    broker = FakeBroker(producer=(producer_id, epoch))
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": f"127.0.0.1:{broker.port}",
            "enable.idempotence": case.producer is not None,
            "compression.type": case.codec,
            "linger.ms": 1000,
        }
    )
    if sequence > 0:
        send(producer, [notation.Record(1, None, b"earlier", [])] * sequence)
    send(producer, case.records)
    return broker.batches[-1]


def read(cases):
    stored = [bytes.fromhex(case.hex) for case in cases]
    broker = FakeBroker(stored=stored, newest_fetch=4)
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": f"127.0.0.1:{broker.port}",
            "group.id": "none",
            "enable.auto.commit": False,
            "check.crcs": True,
        }
    )
    starts = [struct.unpack_from(">q", raw)[0] for raw in stored]
    consumer.assign([confluent_kafka.TopicPartition(TOPIC, index, start) for index, start in enumerate(starts)])
    wanted = sum(struct.unpack_from(">i", raw, 57)[0] for raw in stored)
    lines = [[] for _ in cases]
    for _ in range(wanted):
        message = consumer.poll(30)
        assert message is not None and message.error() is None, message and message.error()
        headers = [(key.encode(), value) for key, value in message.headers() or []]
        line = notation.show_record(message.offset(), message.timestamp()[1], message.key(), message.value(), headers)
        lines[message.partition()].append(line)
    assert consumer.poll(1) is None, "more records than were sent"
    consumer.close()
    return lines


def main(folder):
    version = confluent_kafka.libversion()[0]
    made = [f"# Made by librdkafka {version}."]
    for case in notation.read(folder / "cases.txt"):
        if case.producer and case.producer[2] > LARGEST_SEQUENCE:
            continue
        raw = build(case)
        asked = [
            notation.show_record(offset, record.timestamp, record.key, record.value, record.headers)
            for offset, record in enumerate(case.records)
        ]
        made += ["", f"case {case.name}", *asked, f"hex {raw.hex()}"]
    (folder / "librdkafka.txt").write_text("\n".join(made) + "\n")

    ours = notation.read(folder / "ours.txt")
    seen = [f"# Read by librdkafka {version}."]
    for case, lines in zip(ours, read(ours)):
        seen += ["", f"case {case.name}", *lines]
    (folder / "ours.read_by_librdkafka.txt").write_text("\n".join(seen) + "\n")


main(pathlib.Path(sys.argv[1]))
