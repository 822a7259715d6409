"""Just enough of a broker for librdkafka to send it batches and to fetch them from it."""

import socket
import struct
import threading

PRODUCE, FETCH, LIST_OFFSETS, METADATA, FIND_COORDINATOR, API_VERSIONS, INIT_PRODUCER_ID = 0, 1, 2, 3, 10, 18, 22
TOPIC = "topic"


def string(text):
    return struct.pack(">h", len(text)) + text.encode()


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def number(self, kind):
        (value,) = struct.unpack_from(">" + kind, self.data, self.at)
        self.at += struct.calcsize(">" + kind)
        return value

    def take(self, length):
        self.at += max(length, 0)
        return self.data[self.at - length : self.at] if length >= 0 else None

    def string(self):
        return self.take(self.number("h"))

    def bytes(self):
        return self.take(self.number("i"))


class FakeBroker:
    """Leads every partition of one topic. What producers send lands in `batches`; consumers get `stored`, by partition."""

    def __init__(self, producer=(4711, 3), stored=(), newest_fetch=10):
        self.producer = producer
        self.stored = list(stored)
        self.batches = []
        self.versions = {
            PRODUCE: (0, 7),
            FETCH: (0, newest_fetch),
            LIST_OFFSETS: (0, 1),
            METADATA: (0, 4),
            FIND_COORDINATOR: (0, 0),
            API_VERSIONS: (0, 3),
            INIT_PRODUCER_ID: (0, 1),
        }
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.answer_all(connection)
        except ConnectionError:
            pass  # The client is done.

    def answer_all(self, connection):
        stream = connection.makefile("rb")
        while head := stream.read(4):
            request = Reader(stream.read(struct.unpack(">i", head)[0]))
            api, version, correlation = request.number("h"), request.number("h"), request.number("i")
            request.string()  # The client's id.
            response = struct.pack(">i", correlation) + self.answer(api, version, request)
            connection.sendall(struct.pack(">i", len(response)) + response)

    def answer(self, api, version, request):
        answers = {
            PRODUCE: self.on_produce,
            FETCH: self.on_fetch,
            METADATA: self.on_metadata,
            FIND_COORDINATOR: self.on_find_coordinator,
            API_VERSIONS: self.on_api_versions,
            INIT_PRODUCER_ID: self.on_init_producer_id,
        }
        return answers[api](version, request)

    def on_api_versions(self, version, _request):
        supported = version <= self.versions[API_VERSIONS][1]
        error = 0 if supported else 35
        if version < 3 or not supported:
            rows = b"".join(struct.pack(">hhh", api, *span) for api, span in self.versions.items())
            return struct.pack(">hi", error, len(self.versions)) + rows + (struct.pack(">i", 0) if version in (1, 2) else b"")
        rows = b"".join(struct.pack(">hhhb", api, *span, 0) for api, span in self.versions.items())
        return struct.pack(">hb", error, len(self.versions) + 1) + rows + struct.pack(">ib", 0, 0)

    def on_metadata(self, version, _request):
        assert version == 4, version
        brokers = struct.pack(">ii", 1, 1) + string("127.0.0.1") + struct.pack(">ih", self.port, -1)
        count = max(1, len(self.stored))
        partitions = b"".join(struct.pack(">hiiiiii", 0, index, 1, 1, 1, 1, 1) for index in range(count))
        topic = struct.pack(">h", 0) + string(TOPIC) + struct.pack(">bi", 0, count) + partitions
        return struct.pack(">i", 0) + brokers + struct.pack(">hii", -1, 1, 1) + topic

    def on_find_coordinator(self, _version, _request):
        return struct.pack(">hi", 15, -1) + string("") + struct.pack(">i", -1)

    def on_init_producer_id(self, _version, _request):
        return struct.pack(">ihqh", 0, 0, *self.producer)

    def on_produce(self, version, request):
        assert version == 7, version
        request.string()  # The transactional id.
        request.take(2 + 4)  # acks and timeout.
        assert request.number("i") == 1
        topic = request.string().decode()
        assert request.number("i") == 1
        index = request.number("i")
        self.batches.append(request.bytes())
        row = struct.pack(">ihqqq", index, 0, 0, -1, 0)
        return struct.pack(">i", 1) + string(topic) + struct.pack(">i", 1) + row + struct.pack(">i", 0)

    def on_fetch(self, version, request):
        assert version == 4, version
        request.take(4 * 4 + 1)
        rows = []
        for _ in range(request.number("i")):
            request.string()
            for _ in range(request.number("i")):
                index, offset, _ = request.number("i"), request.number("q"), request.number("i")
                raw = self.stored[index]
                base, last_delta = struct.unpack_from(">q", raw, 0)[0], struct.unpack_from(">i", raw, 23)[0]
                end = base + last_delta + 1
                records = raw if offset < end else b""
                rows.append(struct.pack(">ihqqii", index, 0, end, end, -1, len(records)) + records)
        topics = string(TOPIC) + struct.pack(">i", len(rows)) + b"".join(rows)
        return struct.pack(">ii", 0, 1 if rows else 0) + (topics if rows else b"")
