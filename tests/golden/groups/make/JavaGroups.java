// Makes the files of this directory: what Kafka's own classes write of consumer groups, and what they read in it.

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Collectors;

import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordHelpers;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.OffsetAndMetadata;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.coordinator.group.generated.LegacyOffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;
import org.apache.kafka.server.common.ApiMessageAndVersion;

public class JavaGroups {
    private static final GroupCoordinatorRecordSerde SERDE = new GroupCoordinatorRecordSerde();
    private static final HexFormat HEX = HexFormat.of();
    private static List<String> lines;

    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        write(directory, "records.txt", JavaGroups::records);
        write(directory, "protocol.txt", JavaGroups::protocol);
        write(directory, "homes.txt", JavaGroups::homes);
    }

    private static void write(Path directory, String file, Runnable make) throws Exception {
        lines = new ArrayList<>();
        lines.add("# Made by Kafka " + AppInfoParser.getVersion() + ".");
        make.run();
        Files.writeString(directory.resolve(file), String.join("\n", lines) + "\n");
    }

    private static void records() {
        lines.add("# written: as a broker writes it; read: what it can read, too.");
        written(commit(7, OptionalInt.of(2), "m", OptionalLong.empty(), Uuid.ZERO_UUID));
        written(commit(Long.MAX_VALUE, OptionalInt.empty(), "", OptionalLong.empty(), Uuid.ZERO_UUID));
        written(commit(0, OptionalInt.of(0), "ü".repeat(100), OptionalLong.empty(), Uuid.ZERO_UUID));
        written(GroupCoordinatorRecordHelpers.newOffsetCommitTombstoneRecord("grüppe", "orders", 2147483647));
        written(GroupCoordinatorRecordHelpers.newGroupMetadataTombstoneRecord("grüppe"));
        written(metadata(3, generation()));
        written(metadata(3, new GroupMetadataValue().setProtocolType("").setGeneration(0).setProtocol(null)
            .setLeader(null).setCurrentStateTimestamp(-1)));

        // What only requests of other versions than ours can ask for.
        read(commit(7, OptionalInt.of(2), "m", OptionalLong.of(99), Uuid.ZERO_UUID));
        read(commit(300, OptionalInt.of(1), "x", OptionalLong.empty(), new Uuid(5, 7)));
        for (int version = 0; version <= 4; version++) {
            OffsetCommitValue value = new OffsetCommitValue().setOffset(7).setMetadata("m").setCommitTimestamp(9);
            read(offset(version, value.setLeaderEpoch(version >= 3 ? 2 : -1)));
        }
        OffsetCommitValue tagged = new OffsetCommitValue().setOffset(7).setMetadata("m").setTopicId(new Uuid(0, 7));
        tagged.unknownTaggedFields().add(new RawTaggedField(1, new byte[] {1, 2, 3}));
        tagged.unknownTaggedFields().add(new RawTaggedField(1000, new byte[200]));
        read(offset(4, tagged));
        for (int version = 0; version <= 4; version++) {
            read(metadata(version, generation()));
            read(metadata(version, new GroupMetadataValue().setProtocolType("").setProtocol(null).setLeader(null)));
        }
        GroupMetadataValue future = generation();
        future.unknownTaggedFields().add(new RawTaggedField(5, new byte[] {1}));
        future.members().get(0).unknownTaggedFields().add(new RawTaggedField(0, new byte[0]));
        read(metadata(4, future));
        read(CoordinatorRecord.tombstone(new LegacyOffsetCommitKey().setGroup("g").setTopic("t").setPartition(1)));
    }

    private static CoordinatorRecord commit(long offset, OptionalInt epoch, String metadata, OptionalLong expires, Uuid topic) {
        return GroupCoordinatorRecordHelpers.newOffsetCommitRecord("grüppe", "orders", 3,
            new OffsetAndMetadata(offset, epoch, metadata, 1700000000000L, expires, topic));
    }

    private static CoordinatorRecord offset(int version, OffsetCommitValue value) {
        return CoordinatorRecord.record(new OffsetCommitKey().setGroup("g").setTopic("t").setPartition(1),
            new ApiMessageAndVersion(value, (short) version));
    }

    private static CoordinatorRecord metadata(int version, GroupMetadataValue value) {
        return CoordinatorRecord.record(new GroupMetadataKey().setGroup("g"), new ApiMessageAndVersion(value, (short) version));
    }

    private static GroupMetadataValue generation() {
        return new GroupMetadataValue().setProtocolType("consumer").setGeneration(4).setProtocol("range").setLeader("c-1")
            .setCurrentStateTimestamp(1700000000000L).setMembers(List.of(
                new GroupMetadataValue.MemberMetadata().setMemberId("c-1").setGroupInstanceId("one").setClientId("c")
                    .setClientHost("/127.0.0.1").setRebalanceTimeout(300000).setSessionTimeout(45000)
                    .setSubscription(new byte[] {1, 2}).setAssignment(new byte[] {3}),
                new GroupMetadataValue.MemberMetadata().setMemberId("c-2").setGroupInstanceId(null).setClientId("")
                    .setClientHost("").setRebalanceTimeout(1).setSessionTimeout(2)
                    .setSubscription(new byte[200]).setAssignment(new byte[0])));
    }

    private static void written(CoordinatorRecord record) {
        add("written", record);
    }

    private static void read(CoordinatorRecord record) {
        add("read", record);
    }

    private static void add(String word, CoordinatorRecord record) {
        byte[] key = SERDE.serializeKey(record);
        byte[] value = SERDE.serializeValue(record);
        CoordinatorRecord again = SERDE.deserialize(ByteBuffer.wrap(key), value == null ? null : ByteBuffer.wrap(value));
        lines.add("");
        lines.add(word + " " + show(again.key()) + " " + (again.value() == null ? "nothing" : show(again.value().message())));
        lines.add("key " + HEX.formatHex(key));
        lines.add(value == null ? "none" : "value " + HEX.formatHex(value));
    }

    private static String show(Message any) {
        if (any instanceof OffsetCommitKey it) {
            return "OffsetCommit " + it.group() + " " + it.topic() + "-" + it.partition();
        } else if (any instanceof LegacyOffsetCommitKey it) {
            return "OffsetCommit " + it.group() + " " + it.topic() + "-" + it.partition();
        } else if (any instanceof GroupMetadataKey it) {
            return "GroupMetadata " + it.group();
        } else if (any instanceof OffsetCommitValue it) {
            return "offset=" + it.offset() + " leader_epoch=" + it.leaderEpoch() + " metadata=" + it.metadata()
                + " commit_timestamp=" + it.commitTimestamp();
        } else if (any instanceof GroupMetadataValue it) {
            return "protocol_type=" + it.protocolType() + " generation=" + it.generation() + " protocol=" + it.protocol()
                + " leader=" + it.leader() + " since=" + it.currentStateTimestamp() + " members="
                + it.members().stream().map(JavaGroups::show).collect(Collectors.joining(";", "[", "]"));
        }
        throw new IllegalArgumentException(any.toString());
    }

    private static String show(GroupMetadataValue.MemberMetadata it) {
        // As ClassicGroup is loaded: who has no rebalance timeout is given the session timeout.
        int rebalance = it.rebalanceTimeout() == -1 ? it.sessionTimeout() : it.rebalanceTimeout();
        return String.join(",", it.memberId(), String.valueOf(it.groupInstanceId()), it.clientId(), it.clientHost(),
            "" + rebalance, "" + it.sessionTimeout(), HEX.formatHex(it.subscription()), HEX.formatHex(it.assignment()));
    }

    private static void protocol() {
        lines.add("# written: as a client writes it; read: what it can read, too.");
        Subscription full = new Subscription(List.of("orders", "b", "a"), ByteBuffer.wrap(new byte[] {1, 2}),
            List.of(new TopicPartition("orders", 10), new TopicPartition("a", 1), new TopicPartition("orders", 9)), 5,
            Optional.empty());
        Subscription empty = new Subscription(List.of(), null, List.of(), -1, Optional.empty());
        Subscription racked = new Subscription(List.of("a"), null, List.of(), 0, Optional.of("east"));
        subscription("written", ConsumerProtocol.serializeSubscription(full));
        subscription("written", ConsumerProtocol.serializeSubscription(empty));
        subscription("read", ConsumerProtocol.serializeSubscription(racked));
        for (short version = 0; version <= 2; version++) {
            subscription("read", ConsumerProtocol.serializeSubscription(full, version));
            subscription("read", ConsumerProtocol.serializeSubscription(empty, version));
        }
        subscription("read", ofTheFuture(ConsumerProtocol.serializeSubscription(full)));

        Assignment some = new Assignment(List.of(new TopicPartition("b", 1), new TopicPartition("a", 0),
            new TopicPartition("b", 0)), ByteBuffer.wrap(new byte[] {9}));
        Assignment none = new Assignment(List.of());
        assignment("written", ConsumerProtocol.serializeAssignment(some));
        assignment("written", ConsumerProtocol.serializeAssignment(none));
        for (short version = 0; version <= 2; version++) {
            assignment("read", ConsumerProtocol.serializeAssignment(some, version));
        }
        assignment("read", ofTheFuture(ConsumerProtocol.serializeAssignment(some)));
    }

    /// A newer version with a field that nobody knows yet.
    private static ByteBuffer ofTheFuture(ByteBuffer now) {
        ByteBuffer later = ByteBuffer.allocate(now.remaining() + 2);
        later.put(now.duplicate()).putShort((short) 0x1234).putShort(0, (short) 9).rewind();
        return later;
    }

    private static void subscription(String word, ByteBuffer bytes) {
        Subscription it = ConsumerProtocol.deserializeSubscription(bytes.duplicate());
        lines.add("");
        lines.add(word + " Subscription topics=" + it.topics() + " user_data=" + hex(it.userData()) + " owned="
            + it.ownedPartitions() + " generation=" + it.generationId().orElse(-1));
        lines.add("hex " + hex(bytes));
    }

    private static void assignment(String word, ByteBuffer bytes) {
        Assignment it = ConsumerProtocol.deserializeAssignment(bytes.duplicate());
        lines.add("");
        lines.add(word + " Assignment partitions=" + it.partitions() + " user_data=" + hex(it.userData()));
        lines.add("hex " + hex(bytes));
    }

    private static String hex(ByteBuffer bytes) {
        return bytes == null ? "none" : HEX.formatHex(Utils.toArray(bytes.duplicate()));
    }

    private static void homes() {
        lines.add("# Which of so many partitions a group lives in.");
        for (String group : List.of("", "a", "group", "my-group", "grüppe", "😀", "polygenelubricants", "console-consumer-12345",
            "payments", "a-rather-long-name-of-a-consumer-group-in-production")) {
            for (int count : new int[] {1, 3, 50}) {
                lines.add(Utils.abs(group.hashCode()) % count + " of " + count + " " + group);
            }
        }
    }
}
