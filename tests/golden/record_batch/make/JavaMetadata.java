// Makes metadata.txt: values of the metadata log as Kafka's own controller would write them.

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metadata.BrokerRegistrationChangeRecord;
import org.apache.kafka.common.metadata.ConfigRecord;
import org.apache.kafka.common.metadata.FeatureLevelRecord;
import org.apache.kafka.common.metadata.NoOpRecord;
import org.apache.kafka.common.metadata.PartitionChangeRecord;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.ProducerIdsRecord;
import org.apache.kafka.common.metadata.RegisterBrokerRecord;
import org.apache.kafka.common.metadata.RemoveTopicRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.server.common.ApiMessageAndVersion;

public class JavaMetadata {
    private static final List<String> LINES = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        LINES.add("# Made by kafka-metadata " + AppInfoParser.getVersion() + ".");
        ours();
        LINES.add("");
        LINES.add("# What Kafka can say and we cannot.");
        others();
        Files.writeString(Path.of(arguments[0]).resolve("metadata.txt"), String.join("\n", LINES) + "\n");
    }

    private static void ours() {
        add(3, new RegisterBrokerRecord().setBrokerId(3).setIncarnationId(uuid(7)).setBrokerEpoch(42).setRack(null));
        add(3, new RegisterBrokerRecord().setBrokerId(2147483647).setIncarnationId(uuid(4294967295L))
            .setBrokerEpoch(9223372036854775807L).setRack(null));

        add(2, new BrokerRegistrationChangeRecord().setBrokerId(3).setBrokerEpoch(42));
        add(2, new BrokerRegistrationChangeRecord().setBrokerId(3).setBrokerEpoch(42).setFenced((byte) 1));
        add(2, new BrokerRegistrationChangeRecord().setBrokerId(3).setBrokerEpoch(42).setFenced((byte) -1));
        add(2, new BrokerRegistrationChangeRecord().setBrokerId(3).setBrokerEpoch(42).setInControlledShutdown((byte) 1));
        add(2, new BrokerRegistrationChangeRecord().setBrokerId(3).setBrokerEpoch(42).setFenced((byte) 1)
            .setInControlledShutdown((byte) 1));

        add(0, new TopicRecord().setName("orders").setTopicId(uuid(7)));
        add(0, new TopicRecord().setName("x".repeat(200)).setTopicId(uuid(256)));
        add(0, new RemoveTopicRecord().setTopicId(uuid(7)));

        add(0, new ConfigRecord().setResourceType((byte) 2).setResourceName("orders").setName("min.insync.replicas")
            .setValue("2"));

        add(2, partition().setReplicas(List.of(1, 2, 3)).setIsr(List.of(1, 2)).setLeader(1));
        add(2, partition().setReplicas(List.of(1)).setIsr(List.of()).setLeader(-1).setLeaderEpoch(5).setPartitionEpoch(9));

        add(2, change());
        add(2, change().setIsr(List.of(2)));
        add(2, change().setIsr(List.of(2)).setLeader(2).setEligibleLeaderReplicas(List.of(1, 3)));
        add(2, change().setIsr(List.of()).setLeader(-1).setEligibleLeaderReplicas(List.of()).setLastKnownElr(List.of(1)));
        add(2, change().setIsr(List.of(3)).setLeader(3).setLeaderRecoveryState((byte) 1)
            .setEligibleLeaderReplicas(List.of()).setLastKnownElr(List.of()));
        add(2, change().setLeaderRecoveryState((byte) 0));
        add(2, change().setReplicas(List.of(1, 2, 4)).setAddingReplicas(List.of(4)).setRemovingReplicas(List.of(1)));
        add(2, change().setIsr(List.of(2, 4)).setLeader(4).setReplicas(List.of(4, 2)).setAddingReplicas(List.of())
            .setRemovingReplicas(List.of()));

        add(0, new ProducerIdsRecord().setBrokerId(3).setBrokerEpoch(42).setNextProducerId(1000));
        add(0, new NoOpRecord());
    }

    private static void others() {
        RegisterBrokerRecord.BrokerEndpointCollection endPoints = new RegisterBrokerRecord.BrokerEndpointCollection();
        endPoints.add(new RegisterBrokerRecord.BrokerEndpoint().setName("PLAINTEXT").setHost("broker").setPort(9092));
        refused("an end point", 3, new RegisterBrokerRecord().setBrokerId(3).setEndPoints(endPoints).setRack(null));
        refused("a rack", 3, new RegisterBrokerRecord().setBrokerId(3).setRack("east"));
        refused("a log directory", 3, new RegisterBrokerRecord().setBrokerId(3).setRack(null)
            .setLogDirs(List.of(uuid(100))));
        refused("an earlier schema", 1, new RegisterBrokerRecord().setBrokerId(3).setRack(null));
        refused("an id of more than 32 bits", 0, new TopicRecord().setName("orders").setTopicId(new Uuid(5, 7)));
        refused("a broker's configuration", 0, new ConfigRecord().setResourceType((byte) 4).setResourceName("3")
            .setName("min.insync.replicas").setValue("2"));
        refused("a configuration key reset", 0, new ConfigRecord().setResourceType((byte) 2).setResourceName("orders")
            .setName("min.insync.replicas").setValue(null));
        refused("a new partition with eligible leader replicas", 2, partition().setReplicas(List.of(1, 2))
            .setIsr(List.of(1)).setLeader(1).setEligibleLeaderReplicas(List.of(2)).setLastKnownElr(List.of()));
        refused("a new partition in recovery", 2, partition().setReplicas(List.of(1)).setIsr(List.of(1)).setLeader(1)
            .setLeaderRecoveryState((byte) 1));
        refused("a new partition with directories", 2, partition().setReplicas(List.of(1)).setIsr(List.of(1)).setLeader(1)
            .setDirectories(List.of(uuid(100))));
        refused("a new partition that is being reassigned", 2, partition().setReplicas(List.of(1, 2)).setIsr(List.of(1))
            .setLeader(1).setAddingReplicas(List.of(2)));
        refused("a change with directories", 2, change().setReplicas(List.of(1)).setDirectories(List.of(uuid(100))));
        refused("a feature level", 0, new FeatureLevelRecord().setName("metadata.version").setFeatureLevel((short) 27));
    }

    private static PartitionRecord partition() {
        return new PartitionRecord().setTopicId(uuid(7)).setPartitionId(2).setLeaderEpoch(0).setPartitionEpoch(0);
    }

    private static PartitionChangeRecord change() {
        return new PartitionChangeRecord().setTopicId(uuid(7)).setPartitionId(2);
    }

    private static Uuid uuid(long number) {
        return new Uuid(0, number);
    }

    private static void add(int version, ApiMessage message) {
        byte[] value = write(version, message);
        ApiMessageAndVersion again = new MetadataRecordSerde()
            .read(new ByteBufferAccessor(ByteBuffer.wrap(value)), value.length);
        LINES.add("");
        LINES.add("record " + show(again.message()));
        LINES.add("hex " + HexFormat.of().formatHex(value));
    }

    private static void refused(String why, int version, ApiMessage message) {
        LINES.add("");
        LINES.add("refused " + why);
        LINES.add("hex " + HexFormat.of().formatHex(write(version, message)));
    }

    private static byte[] write(int version, ApiMessage message) {
        ApiMessageAndVersion whole = new ApiMessageAndVersion(message, (short) version);
        ObjectSerializationCache cache = new ObjectSerializationCache();
        MetadataRecordSerde serde = new MetadataRecordSerde();
        ByteBuffer buffer = ByteBuffer.allocate(serde.recordSize(whole, cache));
        serde.write(whole, cache, new ByteBufferAccessor(buffer));
        return buffer.array();
    }

    private static String show(ApiMessage any) {
        if (any instanceof RegisterBrokerRecord it) {
            return "RegisterBroker broker=" + it.brokerId() + " incarnation=" + number(it.incarnationId())
                + " epoch=" + it.brokerEpoch();
        } else if (any instanceof BrokerRegistrationChangeRecord it) {
            return "BrokerRegistrationChange broker=" + it.brokerId() + " epoch=" + it.brokerEpoch()
                + " fenced=" + switchOf(it.fenced(), 0, -1)
                + " in_controlled_shutdown=" + switchOf(it.inControlledShutdown(), 0, -1);
        } else if (any instanceof TopicRecord it) {
            return "Topic name=" + it.name() + " id=" + number(it.topicId());
        } else if (any instanceof RemoveTopicRecord it) {
            return "RemoveTopic id=" + number(it.topicId());
        } else if (any instanceof ConfigRecord it) {
            return "Config topic=" + it.resourceName() + " key=" + it.name() + " value=" + it.value();
        } else if (any instanceof PartitionRecord it) {
            return "Partition topic=" + number(it.topicId()) + " partition=" + it.partitionId()
                + " replicas=" + nodes(it.replicas()) + " isr=" + nodes(it.isr()) + " leader=" + leader(it.leader())
                + " leader_epoch=" + it.leaderEpoch() + " partition_epoch=" + it.partitionEpoch();
        } else if (any instanceof PartitionChangeRecord it) {
            return "PartitionChange topic=" + number(it.topicId()) + " partition=" + it.partitionId()
                + " isr=" + nodes(it.isr()) + " replicas=" + nodes(it.replicas())
                + " removing=" + nodes(it.removingReplicas()) + " adding=" + nodes(it.addingReplicas())
                + " leader=" + leader(it.leader())
                + " recovering=" + switchOf(it.leaderRecoveryState(), -1, 0)
                + " elr=" + nodes(it.eligibleLeaderReplicas()) + " last_known_elr=" + nodes(it.lastKnownElr());
        } else if (any instanceof ProducerIdsRecord it) {
            return "ProducerIds broker=" + it.brokerId() + " epoch=" + it.brokerEpoch()
                + " next_producer_id=" + it.nextProducerId();
        } else if (any instanceof NoOpRecord) {
            return "NoOp";
        }
        throw new IllegalArgumentException(any.toString());
    }

    private static String number(Uuid id) {
        return Long.toString(id.getLeastSignificantBits());
    }

    private static String leader(int leader) {
        return leader == -2 ? "same" : leader == -1 ? "none" : Integer.toString(leader);
    }

    private static String nodes(List<Integer> nodes) {
        return nodes == null ? "same"
            : nodes.stream().map(node -> Integer.toString(node)).collect(Collectors.joining(",", "[", "]"));
    }

    private static String switchOf(byte value, int same, int off) {
        return value == same ? "same" : value == off ? "false" : "true";
    }
}
