"""Kafka's wire protocol, as much of it as the recorder speaks: flexible versions of its requests, and record batches."""
import struct
import zlib

BROKER = [("node_id", "int32"), ("host", "string"), ("port", "int32"), ("rack", "string")]
LEADER = (("leader_id", "int32"), ("leader_epoch", "int32"))

# Name: key, version, request, answer. A list is an array of structures, a tuple a structure; a number before a name makes it a tagged field.
APIS = {
    "Produce": (0, 13,
                [("transactional_id", "string"), ("acks", "int16"), ("timeout_ms", "int32"),
                 ("topic_data", [("topic_id", "uuid"), ("partition_data", [("index", "int32"), ("records", "records")])])],
                [("responses", [("topic_id", "uuid"),
                                ("partition_responses", [("index", "int32"), ("error_code", "int16"), ("base_offset", "int64"),
                                                         ("log_append_time_ms", "int64"), ("log_start_offset", "int64"),
                                                         ("record_errors", [("batch_index", "int32"), ("batch_index_error_message", "string")]),
                                                         ("error_message", "string"), ("0 current_leader", LEADER)])]),
                 ("throttle_time_ms", "int32"), ("0 node_endpoints", [*BROKER])]),
    "Fetch": (1, 17,
              [("max_wait_ms", "int32"), ("min_bytes", "int32"), ("max_bytes", "int32"), ("isolation_level", "int8"), ("session_id", "int32"),
               ("session_epoch", "int32"),
               ("topics", [("topic_id", "uuid"),
                           ("partitions", [("partition", "int32"), ("current_leader_epoch", "int32"), ("fetch_offset", "int64"),
                                           ("last_fetched_epoch", "int32"), ("log_start_offset", "int64"), ("partition_max_bytes", "int32")])]),
               ("forgotten_topics_data", []), ("rack_id", "string")],
              [("throttle_time_ms", "int32"), ("error_code", "int16"), ("session_id", "int32"),
               ("responses", [("topic_id", "uuid"),
                              ("partitions", [("partition_index", "int32"), ("error_code", "int16"), ("high_watermark", "int64"),
                                              ("last_stable_offset", "int64"), ("log_start_offset", "int64"),
                                              ("aborted_transactions", [("producer_id", "int64"), ("first_offset", "int64")]),
                                              ("preferred_read_replica", "int32"), ("records", "records"),
                                              ("0 diverging_epoch", (("epoch", "int32"), ("end_offset", "int64"))),
                                              ("1 current_leader", LEADER)])]),
               ("0 node_endpoints", [*BROKER])]),
    "ListOffsets": (2, 10,
                    [("replica_id", "int32"), ("isolation_level", "int8"),
                     ("topics", [("name", "topic"), ("partitions", [("partition_index", "int32"), ("current_leader_epoch", "int32"),
                                                                    ("timestamp", "int64")])]),
                     ("timeout_ms", "int32")],
                    [("throttle_time_ms", "int32"),
                     ("topics", [("name", "topic"), ("partitions", [("partition_index", "int32"), ("error_code", "int16"), ("timestamp", "int64"),
                                                                    ("offset", "int64"), ("leader_epoch", "int32")])])]),
    "Metadata": (3, 12,
                 [("topics", [("topic_id", "uuid"), ("name", "topic")]), ("allow_auto_topic_creation", "int8"),
                  ("include_topic_authorized_operations", "int8")],
                 [("throttle_time_ms", "int32"), ("brokers", BROKER), ("cluster_id", "string"), ("controller_id", "int32"),
                  ("topics", [("error_code", "int16"), ("name", "topic"), ("topic_id", "uuid"), ("is_internal", "int8"),
                              ("partitions", [("error_code", "int16"), ("partition_index", "int32"), ("leader_id", "int32"),
                                              ("leader_epoch", "int32"), ("replica_nodes", "int32s"), ("isr_nodes", "int32s"),
                                              ("offline_replicas", "int32s")]),
                              ("topic_authorized_operations", "int32")])]),
    "CreateTopics": (19, 7,
                     [("topics", [("name", "topic"), ("num_partitions", "int32"), ("replication_factor", "int16"),
                                  ("assignments", [("partition_index", "int32"), ("broker_ids", "int32s")]),
                                  ("configs", [("name", "string"), ("value", "string")])]),
                      ("timeout_ms", "int32"), ("validate_only", "int8")],
                     [("throttle_time_ms", "int32"),
                      ("topics", [("name", "topic"), ("topic_id", "uuid"), ("error_code", "int16"), ("error_message", "string"),
                                  ("num_partitions", "int32"), ("replication_factor", "int16"),
                                  ("configs", [("name", "string"), ("value", "string"), ("read_only", "int8"), ("config_source", "int8"),
                                               ("is_sensitive", "int8")])])]),
    "InitProducerId": (22, 4,
                       [("transactional_id", "string"), ("transaction_timeout_ms", "int32"), ("producer_id", "int64"),
                        ("producer_epoch", "int16")],
                       [("throttle_time_ms", "int32"), ("error_code", "int16"), ("producer_id", "int64"), ("producer_epoch", "int16")]),
    "OffsetForLeaderEpoch": (23, 4,
                             [("replica_id", "int32"),
                              ("topics", [("topic", "topic"), ("partitions", [("partition", "int32"), ("current_leader_epoch", "int32"),
                                                                              ("leader_epoch", "int32")])])],
                             [("throttle_time_ms", "int32"),
                              ("topics", [("topic", "topic"), ("partitions", [("error_code", "int16"), ("partition", "int32"),
                                                                              ("leader_epoch", "int32"), ("end_offset", "int64")])])]),
    "OffsetCommit": (8, 9,
                     [("group_id", "group"), ("generation_id_or_member_epoch", "int32"), ("member_id", "member"), ("group_instance_id", "string"),
                      ("topics", [("name", "topic"), ("partitions", [("partition_index", "int32"), ("committed_offset", "int64"),
                                                                     ("committed_leader_epoch", "int32"), ("committed_metadata", "string")])])],
                     [("throttle_time_ms", "int32"),
                      ("topics", [("name", "topic"), ("partitions", [("partition_index", "int32"), ("error_code", "int16")])])]),
    "OffsetFetch": (9, 8,
                    [("groups", [("group_id", "group"), ("topics", [("name", "topic"), ("partition_indexes", "int32s")])]),
                     ("require_stable", "int8")],
                    [("throttle_time_ms", "int32"),
                     ("groups", [("group_id", "group"),
                                 ("topics", [("name", "topic"),
                                             ("partitions", [("partition_index", "int32"), ("committed_offset", "int64"),
                                                             ("committed_leader_epoch", "int32"), ("metadata", "string"),
                                                             ("error_code", "int16")])]),
                                 ("error_code", "int16")])]),
    "FindCoordinator": (10, 4,
                        [("key_type", "int8"), ("coordinator_keys", "groups")],
                        [("throttle_time_ms", "int32"),
                         ("coordinators", [("key", "group"), ("node_id", "int32"), ("host", "string"), ("port", "int32"),
                                           ("error_code", "int16"), ("error_message", "string")])]),
    "JoinGroup": (11, 9,
                  [("group_id", "group"), ("session_timeout_ms", "int32"), ("rebalance_timeout_ms", "int32"), ("member_id", "member"),
                   ("group_instance_id", "string"), ("protocol_type", "string"), ("protocols", [("name", "string"), ("metadata", "hex")]),
                   ("reason", "string")],
                  [("throttle_time_ms", "int32"), ("error_code", "int16"), ("generation_id", "int32"), ("protocol_type", "string"),
                   ("protocol_name", "string"), ("leader", "member"), ("skip_assignment", "int8"), ("member_id", "member"),
                   ("members", [("member_id", "member"), ("group_instance_id", "string"), ("metadata", "hex")])]),
    "Heartbeat": (12, 4,
                  [("group_id", "group"), ("generation_id", "int32"), ("member_id", "member"), ("group_instance_id", "string")],
                  [("throttle_time_ms", "int32"), ("error_code", "int16")]),
    "LeaveGroup": (13, 5,
                   [("group_id", "group"), ("members", [("member_id", "member"), ("group_instance_id", "string"), ("reason", "string")])],
                   [("throttle_time_ms", "int32"), ("error_code", "int16"),
                    ("members", [("member_id", "member"), ("group_instance_id", "string"), ("error_code", "int16")])]),
    "SyncGroup": (14, 5,
                  [("group_id", "group"), ("generation_id", "int32"), ("member_id", "member"), ("group_instance_id", "string"),
                   ("protocol_type", "string"), ("protocol_name", "string"),
                   ("assignments", [("member_id", "member"), ("assignment", "hex")])],
                  [("throttle_time_ms", "int32"), ("error_code", "int16"), ("protocol_type", "string"), ("protocol_name", "string"),
                   ("assignment", "hex")]),
    "DescribeGroups": (15, 6,
                       [("groups", "groups"), ("include_authorized_operations", "int8")],
                       [("throttle_time_ms", "int32"),
                        ("groups", [("error_code", "int16"), ("error_message", "string"), ("group_id", "group"), ("group_state", "string"),
                                    ("protocol_type", "string"), ("protocol_data", "string"),
                                    ("members", [("member_id", "member"), ("group_instance_id", "string"), ("client_id", "string"),
                                                 ("client_host", "string"), ("member_metadata", "hex"), ("member_assignment", "hex")]),
                                    ("authorized_operations", "int32")])]),
    "ListGroups": (16, 4,
                   [("states_filter", "strings")],
                   [("throttle_time_ms", "int32"), ("error_code", "int16"),
                    ("groups", [("group_id", "group"), ("protocol_type", "string"), ("group_state", "string")])]),
    "DeleteGroups": (42, 2,
                     [("groups_names", "groups")],
                     [("throttle_time_ms", "int32"), ("results", [("group_id", "group"), ("error_code", "int16")])]),
    "ApiVersions": (18, 0, None, None),
}
NUMBERS = {"int8": ">b", "int16": ">h", "int32": ">i", "int64": ">q"}


def unsigned(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def signed(number):
    return unsigned(number << 1 if number >= 0 else (-number << 1) - 1)


def compact(data):
    return b"\0" if data is None else unsigned(len(data) + 1) + data


class Names:
    """What topics are called in the record, and on the wire."""

    def __init__(self, prefix):
        self.prefix, self.ids = prefix, {"nowhere": b"\x11" * 16, "none": bytes(16)}
        # Members are called by the order in which they come up: their ids are drawn by chance.
        self.members = {"": "", "nobody": "nobody"}

    def wire(self, name):
        return None if name is None else (self.prefix + name).encode()

    def recorded(self, wire):
        return None if wire is None else wire.decode().removeprefix(self.prefix)

    def group(self, name):
        return (self.prefix + name).encode() if name else b""

    def member(self, name):
        return next(wire for wire, known in self.members.items() if known == name).encode()

    def recorded_member(self, wire):
        return self.members.setdefault(wire, f"member-{len(self.members) - 1}")

    def recorded_id(self, wire):
        return next((name for name, known in self.ids.items() if known == wire), "new")


def write(schema, value, names):
    return b"".join(put(kind, value[name], names) for name, kind in schema) + b"\0"


def put(kind, value, names):
    if isinstance(kind, list):
        if value is None:
            return b"\0"
        return unsigned(len(value) + 1) + b"".join(write(kind, item, names) for item in value)
    if kind == "int32s":
        return unsigned(len(value) + 1) + struct.pack(f">{len(value)}i", *value)
    if kind == "uuid":
        return names.ids[value]
    if kind == "topic":
        return compact(names.wire(value))
    if kind == "group":
        return compact(names.group(value))
    if kind == "member":
        return compact(names.member(value))
    if kind == "string":
        return compact(None if value is None else value.encode())
    if kind == "hex":
        return compact(bytes.fromhex(value))
    if kind in ("strings", "groups"):
        return unsigned(len(value) + 1) + b"".join(put(kind[:-1], item, names) for item in value)
    if kind == "records":
        return compact(value.data)
    return struct.pack(NUMBERS[kind], value)


class Reader:
    def __init__(self, data, names):
        self.data, self.at, self.names = data, 0, names

    def bytes(self, length):
        self.at += length
        return self.data[self.at - length:self.at]

    def unsigned(self):
        number, shift = 0, 0
        while True:
            byte = self.bytes(1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    def compact(self):
        length = self.unsigned()
        return None if length == 0 else self.bytes(length - 1)

    def struct(self, schema):
        value = {name: self.get(kind) for name, kind in schema if " " not in name}
        tagged = {name.split()[0]: (name.split()[1], kind) for name, kind in schema if " " in name}
        value |= {name: None for name, _ in tagged.values()}
        for _ in range(self.unsigned()):
            tag, size = self.unsigned(), self.unsigned()
            end = self.at + size
            if str(tag) in tagged:
                name, kind = tagged[str(tag)]
                value[name] = self.get(kind)
            self.at = end
        return value

    def get(self, kind):
        if isinstance(kind, tuple):
            return self.struct(kind)
        if isinstance(kind, list):
            return [self.struct(kind) for _ in range(self.unsigned() - 1)]
        if kind == "int32s":
            return [self.get("int32") for _ in range(self.unsigned() - 1)]
        if kind == "uuid":
            return self.bytes(16)
        if kind == "topic":
            return self.names.recorded(self.compact())
        if kind == "string":
            text = self.compact()
            return None if text is None else text.decode()
        if kind == "group":
            return self.names.recorded(self.compact())
        if kind == "member":
            return self.names.recorded_member(self.compact().decode())
        if kind in ("records", "hex"):
            return (self.compact() or b"").hex()
        return struct.unpack(NUMBERS[kind], self.bytes(struct.calcsize(NUMBERS[kind])))[0]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def xxh32(data):
    """Of fewer than 16 bytes."""
    prime, mask = (2654435761, 2246822519, 3266489917, 668265263, 374761393), 0xFFFFFFFF
    rotate = lambda number, by: (number << by | number >> 32 - by) & mask
    hashed = prime[4] + len(data) & mask
    while len(data) >= 4:
        hashed = rotate(hashed + struct.unpack("<I", data[:4])[0] * prime[2] & mask, 17) * prime[3] & mask
        data = data[4:]
    for byte in data:
        hashed = rotate(hashed + byte * prime[4] & mask, 11) * prime[0] & mask
    hashed = (hashed ^ hashed >> 15) * prime[1] & mask
    hashed = (hashed ^ hashed >> 13) * prime[2] & mask
    return hashed ^ hashed >> 16


def gzip(data):
    stream = zlib.compressobj(6, zlib.DEFLATED, 31)
    return stream.compress(data) + stream.flush()


def snappy(data):
    """Kafka's framing, with one block that holds one literal of at most 60 bytes."""
    block = unsigned(len(data)) + bytes([len(data) - 1 << 2]) + data
    return b"\x82SNAPPY\0" + struct.pack(">iii", 1, 1, len(block)) + block


def lz4(data):
    """A frame with one block that is stored as it is."""
    descriptor = b"\x60\x40"
    return b"\x04\x22\x4d\x18" + descriptor + bytes([xxh32(descriptor) >> 8 & 0xFF]) + struct.pack("<I", len(data) | 1 << 31) + data + bytes(4)


def zstd(data):
    """A frame with one raw block of at most 255 bytes."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(data)]) + (len(data) << 3 | 1).to_bytes(3, "little") + data


CODECS = [lambda data: data, gzip, snappy, lz4, zstd]


class Batch:
    """A record batch as a producer sends it, or as one should not."""

    def __init__(self, values, producer=(-1, -1, -1), timestamp=1000, codec=0, attributes=0, base_offset=0, magic=2, broken_crc=False,
                 broken_stream=False, claimed=None, deltas=None):
        records = b""
        deltas = deltas or list(range(len(values)))
        for delta, value in zip(deltas, values):
            body = b"\0" + signed(delta) + signed(delta) + signed(-1) + signed(len(value)) + value.encode() + signed(0)
            records += signed(len(body)) + body
        records = b"\xff" * 30 if broken_stream else CODECS[min(codec, 4)](records)
        last = deltas[-1] if claimed is None else claimed - 1
        rest = struct.pack(">hiqqqhii", codec | attributes, last, timestamp, timestamp + deltas[-1], *producer,
                           len(values) if claimed is None else claimed) + records
        crc = crc32c(rest) ^ (1 if broken_crc else 0)
        self.data = struct.pack(">qiibI", base_offset, len(rest) + 9, -1, magic, crc) + rest
