// Records the history of real clients against a real broker.
//
// Usage: java -cp 'JARS/*' Record.java JARS DIRECTORY VERSION > ../real.kafka-4.1.0.jsonl
//
// JARS holds org.apache.kafka:kafka_2.13 and everything that it depends on, as published; DIRECTORY is a new one for the broker's configuration and
// logs; VERSION is what the history says. Starts and ends the broker itself. Last run with Java 17 against Apache Kafka 4.1.0.
//
// Two consumers of one group share three partitions: the second one joins while the first one reads, so that there are two rebalances, and the first one is
// closed in the end. Both commit, synchronously, asynchronously and within their rebalance listeners. A reader that is in no group reads everything at last.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.PrintStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Record {
    static final String TOPIC = "orders";
    static final String SERVERS = "127.0.0.1:19392";
    static final Duration SHORT = Duration.ofMillis(100);
    static final List<TopicPartition> ALL = List.of(new TopicPartition(TOPIC, 0), new TopicPartition(TOPIC, 1), new TopicPartition(TOPIC, 2));

    // ---- What is recorded

    static final ObjectMapper JSON = new ObjectMapper();
    static final List<String> lines = new ArrayList<>();
    static final long began = System.nanoTime();

    /** One line: pairs of keys and values; a key without a value is left out. */
    static synchronized void tell(String process, String event, Object... pairs) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("at_us", (System.nanoTime() - began) / 1000);
        line.put("process", process);
        line.put("event", event);
        for (int i = 0; i < pairs.length; i += 2) {
            if (pairs[i + 1] != null) {
                line.put((String) pairs[i], pairs[i + 1]);
            }
        }
        lines.add(json(line));
    }

    static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    static Object bytes(byte[] bytes) {
        if (bytes == null) {
            return null;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            return Map.of("hex", HexFormat.of().formatHex(bytes));
        }
    }

    static List<String> names(Collection<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::toString).sorted().toList();
    }

    static Map<String, Long> offsets(Map<TopicPartition, OffsetAndMetadata> offsets) {
        if (offsets == null) {
            return null;
        }
        Map<String, Long> named = new TreeMap<>();
        offsets.forEach((partition, at) -> named.put(partition.toString(), at == null ? null : at.offset()));
        return named;
    }

    static String error(Throwable thrown) {
        return thrown.getClass().getSimpleName();
    }

    // ---- Clients that tell what they do

    static class Producer {
        final String name;
        final KafkaProducer<byte[], byte[]> producer;
        final AtomicLong ids = new AtomicLong();

        Producer(String name) {
            this.name = name;
            this.producer = new KafkaProducer<>(Map.of("bootstrap.servers", SERVERS, "acks", "all", "max.request.size", 2000, "linger.ms", 0),
                    new ByteArraySerializer(), new ByteArraySerializer());
            tell(name, "start");
        }

        void send(Integer partition, String key, byte[] value) {
            long id = ids.getAndIncrement();
            byte[] keyBytes = key == null ? null : key.getBytes(StandardCharsets.UTF_8);
            tell(name, "send", "id", id, "topic", TOPIC, "partition", partition, "key", key, "value", bytes(value));
            producer.send(new ProducerRecord<>(TOPIC, partition, keyBytes, value), (place, thrown) -> {
                if (thrown == null) {
                    tell(name, "send-ok", "id", id, "partition", place.partition(), "offset", place.offset());
                } else {
                    // A record that is too large is refused before anything is sent.
                    tell(name, thrown instanceof RecordTooLargeException ? "send-fail" : "send-info", "id", id, "error", error(thrown));
                }
            });
        }

        void close() {
            tell(name, "close");
            producer.close();
            tell(name, "close-ok");
            tell(name, "stop");
        }
    }

    static class Consumer implements ConsumerRebalanceListener {
        final String name;
        final KafkaConsumer<byte[], byte[]> consumer;
        final Map<TopicPartition, OffsetAndMetadata> read = new LinkedHashMap<>();
        final AtomicLong ids = new AtomicLong();
        boolean wasAssigned;

        Consumer(String name, String group) {
            this.name = name;
            Map<String, Object> config = new LinkedHashMap<>(Map.of("bootstrap.servers", SERVERS, "auto.offset.reset", "earliest", "max.poll.records", 4,
                    "enable.auto.commit", false, "heartbeat.interval.ms", 200, "session.timeout.ms", 6000));
            if (group != null) {
                config.put("group.id", group);
            }
            this.consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
            tell(name, "start", "group", group, "auto_commit", group == null ? null : false);
        }

        void subscribe() {
            tell(name, "subscribe", "topics", List.of(TOPIC));
            consumer.subscribe(List.of(TOPIC), this);
        }

        void assign(List<TopicPartition> partitions) {
            tell(name, "assign", "partitions", names(partitions));
            consumer.assign(partitions);
        }

        int poll() {
            tell(name, "poll");
            try {
                List<Map<String, Object>> told = new ArrayList<>();
                for (var record : consumer.poll(SHORT)) {
                    Map<String, Object> each = new LinkedHashMap<>();
                    each.put("in", record.topic() + "-" + record.partition());
                    each.put("offset", record.offset());
                    record.leaderEpoch().ifPresent(epoch -> each.put("epoch", epoch));
                    each.put("value", bytes(record.value()));
                    told.add(each);
                    read.put(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
                }
                tell(name, "poll-ok", "records", told);
                return told.size();
            } catch (RuntimeException thrown) {
                tell(name, "poll-fail", "error", error(thrown));
                return 0;
            }
        }

        void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets) {
            tell(name, "commit", "offsets", offsets(offsets));
            try {
                Map<TopicPartition, OffsetAndMetadata> committed = offsets == null ? positions() : offsets;
                if (offsets == null) {
                    consumer.commitSync();
                } else {
                    consumer.commitSync(offsets);
                }
                tell(name, "commit-ok", "offsets", offsets(committed));
            } catch (RuntimeException thrown) {
                tell(name, "commit-info", "error", error(thrown));
            }
        }

        /** What a commit without offsets commits. */
        Map<TopicPartition, OffsetAndMetadata> positions() {
            Map<TopicPartition, OffsetAndMetadata> positions = new LinkedHashMap<>();
            consumer.assignment().forEach(partition -> positions.put(partition, new OffsetAndMetadata(consumer.position(partition))));
            return positions;
        }

        void commitAsync() {
            long id = ids.getAndIncrement();
            Map<TopicPartition, OffsetAndMetadata> offsets = Map.copyOf(read);
            tell(name, "commit", "id", id, "offsets", offsets(offsets));
            consumer.commitAsync(offsets, (committed, thrown) -> {
                if (thrown == null) {
                    tell(name, "commit-ok", "id", id, "offsets", offsets(committed));
                } else {
                    tell(name, "commit-info", "id", id, "error", error(thrown));
                }
            });
        }

        void committed() {
            tell(name, "committed", "partitions", names(ALL));
            tell(name, "committed-ok", "offsets", offsets(consumer.committed(Set.copyOf(ALL))));
        }

        void position(TopicPartition partition) {
            tell(name, "position", "in", partition.toString());
            tell(name, "position-ok", "offset", consumer.position(partition));
        }

        void seek(TopicPartition partition, long offset) {
            tell(name, "seek", "in", partition.toString(), "offset", offset);
            consumer.seek(partition, offset);
        }

        void pause(boolean pause) {
            Set<TopicPartition> partitions = consumer.assignment();
            tell(name, pause ? "pause" : "resume", "partitions", names(partitions));
            if (pause) {
                consumer.pause(partitions);
            } else {
                consumer.resume(partitions);
            }
        }

        void close() {
            tell(name, "close");
            consumer.close();
            tell(name, "close-ok");
            tell(name, "stop");
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            tell(name, "assigned", "partitions", names(partitions));
            wasAssigned = true;
            partitions.forEach(this::position);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            tell(name, "revoked", "partitions", names(partitions));
            read.keySet().retainAll(partitions);
            if (!read.isEmpty()) {
                commitSync(Map.copyOf(read));
            }
            read.clear();
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            tell(name, "lost", "partitions", names(partitions));
            read.clear();
        }
    }

    // ---- What they do

    static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static void perform() {
        Producer producer = new Producer("producer-1");
        for (int i = 0; i < 12; i++) {
            producer.send(i % 3, null, text("a" + i));
        }
        producer.producer.flush();
        Consumer one = new Consumer("consumer-1", "g");
        one.subscribe();
        for (int polls = 0; one.read.isEmpty() && polls < 200; polls++) {
            one.poll();
        }
        one.commitSync(null);
        one.poll();
        one.commitAsync();
        Consumer two = new Consumer("consumer-2", "g");
        two.subscribe();
        for (int i = 0; i < 12; i++) {
            producer.send(null, "k" + i, i == 7 ? new byte[] {(byte) 0xff, 0, 7} : text("b" + i));
        }
        producer.send(0, null, new byte[5000]);
        // The second one joins, and the first one shares what it has.
        for (int polls = 0; !two.wasAssigned && polls < 200; polls++) {
            one.poll();
            two.poll();
        }
        for (int polls = 0; polls < 4; polls++) {
            one.poll();
            one.commitAsync();
            two.poll();
            two.commitSync(null);
        }
        one.consumer.wakeup();
        tell(one.name, "wakeup");
        one.poll();
        one.pause(true);
        for (int i = 0; i < 6; i++) {
            producer.send(i % 3, null, text("c" + i));
        }
        producer.producer.flush();
        one.poll();
        one.pause(false);
        one.poll();
        TopicPartition mine = one.consumer.assignment().iterator().next();
        one.seek(mine, 1);
        one.poll();
        one.poll();
        one.commitSync(null);
        one.committed();
        two.poll();
        two.commitAsync();
        // The first one goes, and the second one goes on from what was committed.
        one.close();
        two.wasAssigned = false;
        for (int polls = 0; !two.wasAssigned && polls < 200; polls++) {
            two.poll();
        }
        while (two.poll() > 0) {
            two.commitAsync();
        }
        two.committed();
        two.close();
        producer.close();
        Consumer reader = new Consumer("reader", null);
        reader.assign(ALL);
        tell(reader.name, "seek-to-beginning", "partitions", names(ALL));
        reader.consumer.seekToBeginning(ALL);
        for (int empty = 0; empty < 5;) {
            empty = reader.poll() > 0 ? 0 : empty + 1;
        }
        reader.close();
    }

    // ---- The broker

    static Process java(String jars, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("java", "-Xmx400m", "-XX:TieredStopAtLevel=1", "-cp", jars + "/*"));
        command.addAll(Arrays.asList(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    }

    static Process broker(String jars, String directory) throws Exception {
        Files.createDirectories(Path.of(directory));
        String config = directory + "/server.properties";
        Files.writeString(Path.of(config), """
                process.roles=broker,controller
                node.id=1
                controller.quorum.voters=1@127.0.0.1:19393
                listeners=PLAINTEXT://127.0.0.1:19392,CONTROLLER://127.0.0.1:19393
                advertised.listeners=PLAINTEXT://127.0.0.1:19392
                controller.listener.names=CONTROLLER
                listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
                log.dirs=%s/log
                auto.create.topics.enable=false
                group.initial.rebalance.delay.ms=100
                offsets.topic.num.partitions=1
                offsets.topic.replication.factor=1
                """.formatted(new File(directory).getAbsolutePath()));
        java(jars, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAQACAAAAAAAAAAQ", "-c", config).waitFor();
        Process broker = java(jars, "kafka.Kafka", config);
        for (int tries = 0; tries < 1500; tries++) {
            try (Socket socket = new Socket("127.0.0.1", 19392)) {
                return broker;
            } catch (java.io.IOException e) {
                Thread.sleep(200);
            }
        }
        broker.destroy();
        throw new IllegalStateException("the broker does not come up");
    }

    public static void main(String[] arguments) throws Exception {
        // Whatever the clients log does not belong into the history.
        PrintStream out = System.out;
        System.setOut(System.err);
        Process broker = broker(arguments[0], arguments[1]);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", (Object) SERVERS))) {
            admin.createTopics(List.of(new NewTopic(TOPIC, 3, (short) 1))).all().get();
            perform();
        } finally {
            broker.destroy();
            broker.waitFor();
        }
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("kafkasim_history", 1);
        header.put("recorded_by", "tests/histories/make/Record.java with Apache Kafka " + arguments[2]);
        header.put("all_producers", true);
        header.put("read_to_end", names(ALL));
        out.println(json(header));
        lines.forEach(out::println);
        out.println(json(Map.of("lines", lines.size())));
    }
}
