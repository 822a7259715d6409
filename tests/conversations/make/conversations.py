"""The conversations. Each begins with topics of its own; its first line says what it is for."""
from protocol import Batch

FAR_AWAY = 4102444800000


def two_batches(c):
    c.produce(Batch(["a", "b"]))
    c.produce(Batch(["c"], timestamp=5000))


def produce_acks(c):
    """acks=all and acks=1 are answered with the base offset, acks=0 is not answered, and acks=2 is refused."""
    c.topic()
    for acks in (-1, 1, 0, 2):
        c.produce(Batch(["a", "b"]), acks)
    c.list_offsets(-1)


def produce_nowhere(c):
    """A topic that is not there, a partition that is not there, and what becomes of the connection with acks=0."""
    c.topic()
    c.produce(Batch(["a"]), name="nowhere")
    c.produce(Batch(["a"]), partition=7)
    c.produce(Batch(["a"]), partition=7, acks=0)


def produce_broken(c):
    """Batches that contradict themselves are refused, each with its error, and nothing is appended."""
    c.topic()
    c.produce(Batch(["a"], broken_crc=True))
    c.produce(Batch(["a"], magic=3))
    c.produce(Batch(["a"], base_offset=5))
    c.produce(Batch(["a", "b"], claimed=3))
    c.produce(Batch(["a", "b"], deltas=[0, 2]))
    c.produce(Batch(["a"], producer=(4000, 0, -1)))
    c.produce(Batch(["a"], attributes=0x20))
    c.produce(Batch(["a"], timestamp=FAR_AWAY))
    c.list_offsets(-1)


def produce_too_large(c):
    """max.message.bytes counts the whole batch."""
    c.topic(max_message_bytes="200")
    c.produce(Batch(["x" * 300]))
    c.produce(Batch(["x" * 130]))
    c.produce(Batch(["x" * 131]))
    c.produce(Batch(["x" * 132]))


def compression(c):
    """Every codec is taken, stored as it came and found by time; streams that break are not."""
    c.topic()
    for codec in (1, 2, 3, 4):
        c.produce(Batch(["a", "b"], codec=codec, timestamp=1000 * codec))
    c.fetch(0)
    c.list_offsets(3001)
    for codec in (1, 2, 3, 4, 5):
        c.produce(Batch(["a", "b"], codec=codec, broken_stream=True))
    c.produce(Batch(["a", "b"], codec=1, deltas=[0, 2]))
    c.list_offsets(-1)


def duplicate_sequence(c):
    """The last five batches of a producer are recognised when they come again, and only those."""
    c.topic()
    for sequence in range(7):
        c.produce(Batch(["a"], (4000, 0, sequence)))
    for sequence in (6, 2, 1):
        c.produce(Batch(["a"], (4000, 0, sequence)))
    c.list_offsets(-1)


def out_of_order_sequence(c):
    """A gap is refused, and so is a batch that is neither next nor one that is remembered."""
    c.topic()
    c.produce(Batch(["a"], (4000, 0, 0)))
    c.produce(Batch(["c"], (4000, 0, 2)))
    c.produce(Batch(["b"], (4000, 0, 1)))
    c.produce(Batch(["b", "c"], (4000, 0, 1)))
    c.produce(Batch(["c"], (4000, 0, 2)))
    c.list_offsets(-1)


def unknown_producer(c):
    """A producer of whom the log knows nothing may begin anywhere."""
    c.topic()
    c.produce(Batch(["a"], (4000, 3, 5)))
    c.produce(Batch(["b"], (4000, 3, 6)))
    c.produce(Batch(["b"], (4000, 3, 4)))


def producer_epochs(c):
    """An older epoch is fenced, a new one begins at 0, and forgets what the old one sent."""
    c.topic()
    c.produce(Batch(["a"], (4000, 1, 0)))
    c.produce(Batch(["b"], (4000, 0, 1)))
    c.produce(Batch(["c"], (4000, 2, 1)))
    c.produce(Batch(["c"], (4000, 2, 0)))
    c.produce(Batch(["a"], (4000, 1, 0)))


def sequence_wraps(c):
    """After the largest sequence comes 0."""
    c.topic()
    c.produce(Batch(["a"], (4000, 0, 2147483646)))
    c.produce(Batch(["b", "c"], (4000, 0, 2147483647)))
    c.produce(Batch(["d"], (4000, 0, 1)))
    c.produce(Batch(["b", "c"], (4000, 0, 2147483647)))


def init_producer_id(c):
    """Every request for a producer id gets another one, with epoch 0."""
    c.init_producer_id(until=lambda answer: answer["error_code"] == 0)
    c.init_producer_id()
    c.init_producer_id()


def fetch_within(c):
    """Whole batches from the one that holds the offset on, and the first whatever its size."""
    c.topic()
    two_batches(c)
    for offset in (0, 1, 2, 3):
        c.fetch(offset)
    c.fetch(0, partition_max_bytes=1)
    c.fetch(0, max_bytes=1)
    c.fetch(1, partition_max_bytes=70)
    c.fetch(0, partition_max_bytes=150)


def fetch_out_of_range(c):
    """Beyond the end, and before the start."""
    c.topic()
    two_batches(c)
    c.fetch(4)
    c.fetch(-5)


def fetch_nowhere(c):
    """A topic that is not there, and a partition that is not there."""
    c.topic()
    c.fetch(0, name="nowhere")
    c.fetch(0, partition=7)


def fetch_leader_epoch(c):
    """A leader epoch of the future is unknown, and so is a last fetched epoch."""
    c.topic()
    two_batches(c)
    c.fetch(0, epoch=0)
    c.fetch(0, epoch=5)
    c.fetch(3, last=0)
    c.fetch(3, last=4)


def list_offsets(c):
    """The ends of the log, the first record at or after a time, and the one with the largest."""
    c.topic()
    for timestamp in (-1, -2, -3, 0):
        c.list_offsets(timestamp)
    two_batches(c)
    for timestamp in (-1, -2, -3, 0, 1001, 1002, 5000, 5001):
        c.list_offsets(timestamp)
    c.list_offsets(-1, epoch=5)
    c.list_offsets(-1, partition=7)
    c.list_offsets(-1, name="nowhere")


def offset_for_leader_epoch(c):
    """Where the only epoch ended, and where epochs that are not there yet."""
    c.topic()
    c.end_of(0)
    two_batches(c)
    for leader_epoch in (0, 1, -1):
        c.end_of(leader_epoch)
    c.end_of(0, epoch=5)
    c.end_of(0, partition=7)
    c.end_of(0, name="nowhere")


def metadata(c):
    """A topic with two partitions, one that is not there, and a name that cannot be."""
    c.create(replicas=((1, 2), (2, 1)))
    c.metadata(until=lambda answer: len(answer["topics"][0]["partitions"]) == 2)
    c.metadata("nowhere")
    c.metadata("no/name")


def create_topics(c):
    """Names, assignments and configurations that cannot be are refused, each with its error."""
    c.create("made")
    c.create("made")
    c.create("no/name")
    c.create("..")
    c.create("ma.de_1")
    c.create("ma_de.1")
    c.create("twice", [[1, 1]])
    c.create("stranger", [[99]])
    c.create("nobody", [[]])
    c.create("uneven", [[1], [1, 2]])
    c.create("zero", min_insync_replicas="0")
    c.create("unknown", no_such_key="1")


def asked_the_follower(c):
    """Who does not lead says so, and who leads instead."""
    c.topic([[1, 2]])
    c.produce(Batch(["a"]))
    c.produce(Batch(["b"]), to=2)
    c.produce(Batch(["b"]), to=2, acks=0)
    c.fetch(1, to=2)
    c.fetch(0, epoch=3, to=2)
    c.list_offsets(-1, to=2)
    c.end_of(0, to=2)


def asked_a_stranger(c):
    """A broker without a replica says the same."""
    c.topic([[1]])
    c.produce(Batch(["b"]), to=2)
    c.fetch(0, to=2)
    c.list_offsets(-1, to=2)
    c.end_of(0, to=2)


def not_enough_replicas(c):
    """With a follower away and min.insync.replicas=2, acks=all is refused, acks=1 is taken and not seen until the follower is back."""
    c.topic([[1, 2]], min_insync_replicas="2")
    c.produce(Batch(["a"]))
    c.happens("stop", 2)
    c.until(1, [1], brokers=[1])
    c.produce(Batch(["b"]))
    c.produce(Batch(["b"]), acks=1)
    c.fetch(0)
    c.list_offsets(-1)
    c.happens("start", 2)
    c.until(1, [1, 2])
    c.until_watermark(2)
    c.fetch(0)


def request_timed_out(c):
    """acks=all waits for a paused follower no longer than the request says; the batch stays."""
    c.topic([[1, 2]])
    c.produce(Batch(["a"], (4000, 0, 0)))
    c.until_watermark(1)
    c.happens("pause", 2)
    c.produce(Batch(["b"], (4000, 0, 1)), timeout_ms=300)
    c.fetch(1)
    c.produce(Batch(["b"], (4000, 0, 1)), timeout_ms=300)
    c.happens("resume", 2)
    c.until_watermark(2)
    c.produce(Batch(["b"], (4000, 0, 1)))


def new_leader(c):
    """A leader is killed and comes back as a follower: epochs of the past are fenced, their ends known, duplicates recognised."""
    c.topic([[2, 1]])
    c.produce(Batch(["a", "b"], (4000, 0, 0)), to=2)
    c.fetch(2, to=2, until=lambda answer: answer["responses"][0]["partitions"][0]["high_watermark"] == 2)
    c.happens("kill", 2)
    c.until(1, [1], brokers=[1])
    c.produce(Batch(["a", "b"], (4000, 0, 0)))
    c.produce(Batch(["c"], (4000, 0, 2)))
    c.happens("start", 2)
    c.until(1, [1, 2])
    c.until_watermark(3)
    c.fetch(0)
    for leader_epoch in (0, 1, 2, 3):
        c.end_of(leader_epoch)
    for epoch in (0, 1, 5):
        c.fetch(3, epoch=epoch)
        c.list_offsets(-1, epoch=epoch)
        c.end_of(0, epoch=epoch)
    c.fetch(3, last=0)
    c.fetch(2, last=0)
    c.produce(Batch(["d"], (4000, 0, 9)))
    c.produce(Batch(["d"], (4000, 0, 3)), to=2)
    c.fetch(0, epoch=0, to=2)
    c.fetch(0, epoch=1, to=2)
    for timestamp in (-1, -2, 1001):
        c.list_offsets(timestamp)


def stable(c):
    """A group with one member, in its first generation."""
    c.groups()
    c.join()
    c.join("member-1")
    c.sync("member-1", 1, [("member-1", "beef")])


def groups_lifecycle(c):
    """A member joins, gets its partitions, is alive and leaves; the group is described, listed and deleted."""
    c.groups()
    c.find_coordinator()
    c.find_coordinator(to=2)
    c.join()
    c.join("member-1", protocols=("sticky", "range"))
    c.heartbeat("member-1", 1)
    c.describe_groups()
    c.sync("member-1", 1, [("member-1", "beef")], protocol="sticky")
    c.heartbeat("member-1", 1)
    c.describe_groups()
    c.list_groups()
    c.list_groups(["Empty"])
    c.delete_groups()
    c.sync("member-1", 1, protocol="sticky")
    c.leave("member-1")
    c.heartbeat("member-1", 1)
    c.describe_groups()
    c.list_groups(["Empty"])
    c.delete_groups()
    c.describe_groups()
    c.list_groups()
    c.delete_groups()


def groups_rejoining(c):
    """A leader that joins again gets a new generation, whoever has been in the group longer or not."""
    stable(c)
    c.topic()
    c.join("member-1")
    c.heartbeat("member-1", 1)
    c.commit(5, "member-1", 1)
    c.commit(5, "member-1", 2)
    c.sync("member-1", 1)
    c.sync("member-1", 2, [("member-1", "cafe")])
    c.heartbeat("member-1", 2)
    c.join("member-1", protocols=("range", "roundrobin"))
    c.sync("member-1", 3)
    c.heartbeat("member-1", 3)


def groups_strangers(c):
    """Groups that are not there, members that are not in them, generations that are not theirs, and protocols that nobody else supports."""
    c.groups()
    c.topic()
    c.find_coordinator("")
    c.join(group="")
    c.join(session_timeout_ms=1)
    c.join("nobody")
    c.join(protocols=())
    c.heartbeat("nobody", 1)
    c.sync("nobody", 1)
    c.leave("nobody")
    c.commit(5, "nobody", 1)
    c.committed()
    c.committed(None)
    c.describe_groups()
    c.delete_groups()
    stable(c)
    c.heartbeat("member-1", 0)
    c.heartbeat("nobody", 1)
    c.heartbeat("member-1", 1, instance="i")
    c.sync("member-1", 2)
    c.sync("nobody", 1)
    c.sync("member-1", 1, protocol="sticky")
    c.sync("member-1", 1, kind="connect")
    c.join("nobody")
    c.join(protocols=("sticky",))
    c.join(kind="connect")
    c.leave("nobody")
    c.commit(5, "member-1", 0)
    c.commit(5, "nobody", 1)
    c.commit(5)
    c.commit(5, "member-1", 1)
    c.committed()


def groups_offsets(c):
    """Whoever is no member commits while nobody is in the group; what was committed comes back, and nothing else."""
    c.groups()
    c.topic(((1,), (1,)))
    c.commit(5)
    c.committed((0, 1))
    c.committed(None)
    c.commit(7, metadata="so far", epoch=0)
    c.committed((0,))
    c.committed((0,), stable=0)
    c.commit(9, partition=1, metadata="x" * 4096)
    c.commit(9, partition=1, metadata="x" * 4097)
    c.commit(9, name="nowhere")
    c.commit(9, partition=7)
    c.committed((0, 1, 7))
    c.commit(3)
    c.committed(None)
    c.list_groups()
    c.describe_groups()
    c.delete_groups()
    c.committed(None)


def groups_static_member(c):
    """A static member comes back under another id, keeps its partitions, and fences whoever it was."""
    c.groups()
    c.topic()
    c.join(instance="i")
    c.sync("member-1", 1, [("member-1", "beef")], instance="i")
    c.join(instance="i")
    c.heartbeat("member-1", 1, instance="i")
    c.heartbeat("member-1", 1)
    c.commit(5, "member-1", 1, instance="i")
    c.sync("member-1", 1, instance="i")
    c.join("member-1", instance="i")
    c.leave("member-1", instance="i")
    c.sync("member-2", 1, instance="i")
    c.commit(5, "member-2", 1, instance="i")
    c.describe_groups()
    c.leave("", instance="j")
    c.leave("", instance="i")
    c.describe_groups()


def groups_asked_a_stranger(c):
    """A broker that does not coordinate a group says so."""
    stable(c)
    c.topic()
    c.join(to=2)
    c.join("member-1", to=2)
    c.sync("member-1", 1, to=2)
    c.heartbeat("member-1", 1, to=2)
    c.leave("member-1", to=2)
    c.commit(5, "member-1", 1, to=2)
    c.committed(to=2)
    c.describe_groups(to=2)
    c.list_groups(to=2)
    c.delete_groups(to=2)


GROUPS = [groups_lifecycle, groups_rejoining, groups_strangers, groups_offsets, groups_static_member, groups_asked_a_stranger]

ALL = [*GROUPS, init_producer_id, produce_acks, produce_nowhere, produce_broken, produce_too_large, compression, duplicate_sequence,
       out_of_order_sequence, unknown_producer, producer_epochs, sequence_wraps, fetch_within, fetch_out_of_range, fetch_nowhere,
       fetch_leader_epoch, list_offsets, offset_for_leader_epoch, metadata, create_topics, asked_the_follower, asked_a_stranger,
       request_timed_out, not_enough_replicas, new_leader]
