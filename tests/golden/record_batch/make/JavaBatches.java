// Makes java.txt and ours.read_by_java.txt with Kafka's own client library.

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.DefaultRecordBatch;
import org.apache.kafka.common.record.EndTransactionMarker;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MemoryRecordsBuilder;
import org.apache.kafka.common.record.MutableRecordBatch;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.Utils;

public class JavaBatches {
    private static final HexFormat HEX = HexFormat.of();
    private static final long NOON = 1700000000000L;

    private record Contents(long timestamp, byte[] key, byte[] value, Header[] headers) {}

    private static final class Case {
        private final String name;
        private String codec = "none";
        private String hex = "";
        private long offset = 0;
        private int leaderEpoch = -1;
        private long producerId = RecordBatch.NO_PRODUCER_ID;
        private short producerEpoch = RecordBatch.NO_PRODUCER_EPOCH;
        private int sequence = RecordBatch.NO_SEQUENCE;
        private final List<Contents> records = new ArrayList<>();

        private Case(String name) {
            this.name = name;
        }
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        List<String> made = new ArrayList<>();
        made.add("# Made by kafka-clients " + AppInfoParser.getVersion() + ".");
        for (Case wanted : read(folder.resolve("cases.txt"))) {
            add(made, wanted.name, build(wanted));
        }
        addWhatOnlyBrokersWrite(made);
        Files.writeString(folder.resolve("java.txt"), String.join("\n", made) + "\n");

        List<String> read = new ArrayList<>();
        read.add("# Read by kafka-clients " + AppInfoParser.getVersion() + ".");
        for (Case ours : read(folder.resolve("ours.txt"))) {
            read.add("");
            read.add("case " + ours.name);
            show(read, batch(MemoryRecords.readableRecords(ByteBuffer.wrap(HEX.parseHex(ours.hex)))));
        }
        Files.writeString(folder.resolve("ours.read_by_java.txt"), String.join("\n", read) + "\n");
    }

    private static void addWhatOnlyBrokersWrite(List<String> made) throws Exception {
        MemoryRecords stamped = someRecords(builder(40, false, false, RecordBatch.NO_TIMESTAMP));
        batch(stamped).setMaxTimestamp(TimestampType.LOG_APPEND_TIME, NOON + 777);
        add(made, "log-append-time", stamped);

        add(made, "transactional", someRecords(builder(50, true, false, RecordBatch.NO_TIMESTAMP)));
        add(made, "commit-marker", MemoryRecords.withEndTransactionMarker(
            60, NOON, 7, 4711, (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 12)));
        add(made, "abort-marker", MemoryRecords.withEndTransactionMarker(
            61, NOON, 7, 4711, (short) 3, new EndTransactionMarker(ControlRecordType.ABORT, 12)));
        add(made, "leader-change", MemoryRecords.withLeaderChangeMessage(
            62, NOON, 7, ByteBuffer.allocate(256), new LeaderChangeMessage().setLeaderId(1)));

        MemoryRecords full = someRecords(builder(70, false, false, RecordBatch.NO_TIMESTAMP));
        ByteBuffer kept = ByteBuffer.allocate(1024);
        full.filterTo(new KeepsOne(), kept, BufferSupplier.NO_CACHING);
        kept.flip();
        add(made, "compacted", MemoryRecords.readableRecords(kept));

        ByteBuffer emptied = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(emptied, RecordBatch.MAGIC_VALUE_V2, 4711, (short) 3, 0, 80, 84, 7,
            TimestampType.CREATE_TIME, NOON, false, false);
        emptied.flip();
        add(made, "compacted-to-nothing", MemoryRecords.readableRecords(emptied));

        add(made, "delete-horizon", someRecords(builder(90, false, false, NOON + 86400000)));
    }

    private static final class KeepsOne extends MemoryRecords.RecordFilter {
        private KeepsOne() {
            super(NOON, 0);
        }

        @Override
        protected BatchRetentionResult checkBatchRetention(RecordBatch batch) {
            return new BatchRetentionResult(BatchRetention.RETAIN_EMPTY, false);
        }

        @Override
        protected boolean shouldRetainRecord(RecordBatch batch, Record record) {
            return record.offset() == batch.baseOffset() + 1;
        }
    }

    private static MemoryRecordsBuilder builder(long offset, boolean transactional, boolean control, long horizon) {
        return new MemoryRecordsBuilder(new ByteBufferOutputStream(1024), RecordBatch.MAGIC_VALUE_V2, Compression.NONE,
            TimestampType.CREATE_TIME, offset, RecordBatch.NO_TIMESTAMP, 4711, (short) 3, 5, transactional, control, 7,
            1024, horizon);
    }

    private static MemoryRecords someRecords(MemoryRecordsBuilder builder) {
        for (String text : new String[] {"a", "b", "c"}) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            builder.append(NOON + builder.numRecords(), bytes, bytes);
        }
        return builder.build();
    }

    private static MemoryRecords build(Case wanted) {
        Compression codec = Compression.of(wanted.codec).build();
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1024), RecordBatch.MAGIC_VALUE_V2,
            codec, TimestampType.CREATE_TIME, wanted.offset, RecordBatch.NO_TIMESTAMP, wanted.producerId,
            wanted.producerEpoch, wanted.sequence, false, wanted.leaderEpoch);
        for (Contents record : wanted.records) {
            builder.append(record.timestamp, record.key, record.value, record.headers);
        }
        return builder.build();
    }

    private static MutableRecordBatch batch(MemoryRecords records) {
        return records.batches().iterator().next();
    }

    private static void add(List<String> lines, String name, MemoryRecords records) {
        lines.add("");
        lines.add("case " + name);
        show(lines, batch(records));
        lines.add("hex " + HEX.formatHex(Utils.toArray(records.buffer().duplicate())));
    }

    private static void show(List<String> lines, MutableRecordBatch any) {
        DefaultRecordBatch batch = (DefaultRecordBatch) any;
        lines.add("batch base_offset=" + batch.baseOffset() + " last_offset=" + batch.lastOffset()
            + " leader_epoch=" + batch.partitionLeaderEpoch() + " codec=" + batch.compressionType().name
            + " control=" + batch.isControlBatch() + " transactional=" + batch.isTransactional()
            + " producer=" + batch.producerId() + "/" + batch.producerEpoch()
            + " sequences=" + batch.baseSequence() + ".." + batch.lastSequence()
            + " timestamps=" + batch.baseTimestamp() + ".." + batch.maxTimestamp()
            + " records=" + batch.countOrNull() + " crc=" + (batch.isValid() ? "ok" : "wrong"));
        for (Record record : batch) {
            List<String> headers = new ArrayList<>();
            for (Header header : record.headers()) {
                byte[] key = header.key().getBytes(StandardCharsets.UTF_8);
                headers.add(HEX.formatHex(key) + ":" + showField(header.value()));
            }
            lines.add("record offset=" + record.offset() + " timestamp=" + record.timestamp()
                + " key=" + showField(Utils.toNullableArray(record.key()))
                + " value=" + showField(Utils.toNullableArray(record.value()))
                + " headers=" + String.join(",", headers));
        }
    }

    private static String showField(byte[] field) {
        return field == null ? "null" : HEX.formatHex(field);
    }

    private static List<Case> read(Path path) throws Exception {
        List<Case> cases = new ArrayList<>();
        for (String line : Files.readAllLines(path)) {
            String[] words = line.split(" ");
            if (words[0].equals("case")) {
                cases.add(new Case(words[1]));
                continue;
            }
            if (cases.isEmpty()) {
                continue;
            }
            Case last = cases.get(cases.size() - 1);
            switch (words[0]) {
                case "codec" -> last.codec = words[1];
                case "hex" -> last.hex = words[1];
                case "at" -> {
                    last.offset = Long.parseLong(value(words[1]));
                    last.leaderEpoch = Integer.parseInt(value(words[2]));
                }
                case "producer" -> {
                    last.producerId = Long.parseLong(value(words[1]));
                    last.producerEpoch = Short.parseShort(value(words[2]));
                    last.sequence = Integer.parseInt(value(words[3]));
                }
                case "record" -> readRecord(last, words);
                default -> { }
            }
        }
        return cases;
    }

    private static void readRecord(Case into, String[] words) {
        int at = 1;
        int times = 1;
        if (words[at].startsWith("offset=")) {
            return; // A decoded record, of a file with bytes.
        }
        if (words[at].startsWith("times=")) {
            times = Integer.parseInt(value(words[at++]));
        }
        long timestamp = Long.parseLong(value(words[at]));
        byte[] key = readField(value(words[at + 1]));
        byte[] content = readField(value(words[at + 2]));
        List<Header> headers = new ArrayList<>();
        for (String pair : value(words[at + 3]).split(",")) {
            if (!pair.isEmpty()) {
                String[] parts = pair.split(":", -1);
                headers.add(new RecordHeader(new String(readField(parts[0]), StandardCharsets.UTF_8), readField(parts[1])));
            }
        }
        for (int i = 0; i < times; i++) {
            into.records.add(new Contents(timestamp, key, content, headers.toArray(new Header[0])));
        }
    }

    private static String value(String assignment) {
        return assignment.substring(assignment.indexOf('=') + 1);
    }

    private static byte[] readField(String text) {
        if (text.equals("null")) {
            return null;
        }
        int times = text.indexOf('x');
        String hex = times < 0 ? text : text.substring(0, times).repeat(Integer.parseInt(text.substring(times + 1)));
        return HEX.parseHex(hex);
    }
}
