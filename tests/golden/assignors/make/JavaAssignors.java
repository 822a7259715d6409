// Makes range.txt, roundrobin.txt, sticky.txt and cooperative-sticky.txt: who gets which partitions from Kafka's own assignors;
// faulty.txt: where these fail, or give somebody what it has not subscribed to or what does not exist; and user_data.txt: what they
// have members send.

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.AppInfoParser;

public class JavaAssignors {
    private static final Node NODE = new Node(1, "localhost", 9092);
    private static final List<String> NAMES = List.of("orders", "payments", "b", "page_views.v2", "clicks", "T7");

    private static final List<Integer> LOPSIDED = List.of(1, 2, 4, 14, 20, 26, 71, 83, 101, 114, 122, 131, 185, 202, 245, 254, 284, 310, 363,
        394, 419, 458, 485, 538, 615, 671, 695, 763, 795);

    private static final List<String> FAULTY = new ArrayList<>();

    private final String name;
    private final List<String> lines = new ArrayList<>();
    private int cases = 0;

    private JavaAssignors(String name) {
        this.name = name;
    }

    private static class Member {
        final String id;
        String instance = null;
        List<String> topics = new ArrayList<>();
        List<TopicPartition> owned = new ArrayList<>();
        int generation = -1;

        Member(String id) {
            this.id = id;
        }
    }

    public static void main(String[] arguments) throws Exception {
        String version = "# Made by kafka-clients " + AppInfoParser.getVersion() + ".";
        FAULTY.add(version);
        for (String name : List.of("range", "roundrobin", "sticky", "cooperative-sticky")) {
            JavaAssignors file = new JavaAssignors(name);
            file.lines.add(version);
            file.sizes();
            file.topics();
            file.statics();
            file.crowds();
            if (name.endsWith("sticky")) {
                file.histories();
                file.disputes();
                file.lopsided();
                file.wrongClaims();
            }
            Files.writeString(Path.of(arguments[0]).resolve(name + ".txt"), String.join("\n", file.lines) + "\n");
            System.out.println(name + ": " + file.cases + " cases");
        }
        userData(version, Path.of(arguments[0]).resolve("user_data.txt"));
        Files.writeString(Path.of(arguments[0]).resolve("faulty.txt"), String.join("\n", FAULTY) + "\n");
    }

    // What members send for their assignors, who were given something or nothing.
    private static void userData(String version, Path path) throws Exception {
        List<String> lines = new ArrayList<>(List.of(version));
        for (String name : List.of("range", "roundrobin", "sticky", "cooperative-sticky")) {
            JavaAssignors file = new JavaAssignors(name);
            lines.add(name + " sends=" + hex(file.assignor().subscriptionUserData(Set.of("orders"))));
            for (int seed = 0; seed < (name.endsWith("sticky") ? 8 : 1); seed++) {
                Random random = new Random(1000 + seed);
                List<TopicPartition> given = new ArrayList<>();
                someTopics(random).forEach((topic, count) -> {
                    for (int partition = 0; partition < count; partition++)
                        given.add(new TopicPartition(topic, partition));
                });
                Collections.shuffle(given, random);
                ConsumerPartitionAssignor its = file.assignor();
                its.onAssignment(new Assignment(given), new ConsumerGroupMetadata("group", seed, "member", Optional.empty()));
                ByteBuffer sent = its.subscriptionUserData(Set.of("orders"));
                String read = name.equals("sticky") ? " reads=" + show(decode(sent.duplicate())) : "";
                lines.add(name + " generation=" + seed + " given=" + show(given) + " sends=" + hex(sent) + read);
            }
        }
        Files.writeString(path, String.join("\n", lines) + "\n");
    }

    private static String hex(ByteBuffer bytes) {
        if (bytes == null)
            return "nothing";
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }

    // One topic: fewer members than partitions, as many, more.
    private void sizes() {
        Random random = new Random(1);
        for (int members = 1; members <= 5; members++)
            for (int partitions : List.of(1, 2, 3, 4, 5, 7))
                run("sizes", Map.of("orders", partitions), group(random, members, List.of("orders")));
    }

    // Several topics, some without partitions, some missing; equal and unequal subscriptions.
    private void topics() {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(100 + seed);
            boolean equal = seed % 2 == 0;
            Map<String, Integer> topics = someTopics(random);
            List<Member> members = group(random, 1 + random.nextInt(6), new ArrayList<>(topics.keySet()));
            if (!equal)
                for (Member member : members)
                    member.topics = subset(random, NAMES);
            if (random.nextInt(4) == 0)
                topics.remove(topics.keySet().iterator().next());
            run(equal ? "topics" : "unequal", topics, members);
        }
        // Somebody's pattern matches nothing yet.
        for (int seed = 0; seed < 10; seed++) {
            Random random = new Random(200 + seed);
            List<Member> members = group(random, 2 + random.nextInt(4), List.of("orders", "clicks"));
            members.get(random.nextInt(members.size())).topics = new ArrayList<>();
            run("nothing-matched", Map.of("orders", 4, "clicks", 3), members);
        }
        run("nothing-exists", Map.of(), group(new Random(3), 2, List.of("orders")));
    }

    // Static members, all or some, restarted with other member ids.
    private void statics() {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(300 + seed);
            Map<String, Integer> topics = someTopics(random);
            List<Member> members = group(random, 2 + random.nextInt(5), new ArrayList<>(topics.keySet()));
            for (Member member : members)
                if (seed % 2 == 0 || random.nextBoolean())
                    member.instance = "i" + (members.size() - members.indexOf(member));
            run("static", topics, members);
            if (name.endsWith("sticky"))
                continue;
            List<Member> restarted = group(random, members.size(), new ArrayList<>(topics.keySet()));
            for (int i = 0; i < members.size(); i++)
                restarted.get(i).instance = members.get(i).instance;
            run("static-restarted", topics, restarted);
        }
    }

    // So many members and topics that tables of them grow.
    private void crowds() {
        for (int size : List.of(12, 13, 25)) {
            Random random = new Random(400 + size);
            Map<String, Integer> topics = new LinkedHashMap<>();
            for (int i = 0; i < size - 5; i++)
                topics.put("t" + random.nextInt(1000), 1 + random.nextInt(3));
            List<Member> members = group(random, size, new ArrayList<>(topics.keySet()));
            run("crowd", topics, members);
            // Most topics are missing, so that the table of those that exist is smaller than that of subscriptions.
            Map<String, Integer> few = new LinkedHashMap<>(topics);
            few.keySet().removeIf(topic -> random.nextInt(3) > 0);
            run("crowd-missing", few, members);
            members.get(3).topics.remove(0);
            members.get(5).topics.remove(1);
            run("crowd-unequal", topics, members);
            if (!name.endsWith("sticky"))
                continue;
            Map<String, Integer> one = Map.of("orders", size * 2);
            List<Member> many = group(random, size, List.of("orders"));
            keep(many, run("crowd", one, many), 1);
            many.addAll(group(random, 3, List.of("orders")));
            keep(many, run("crowd-grows", one, many), 2);
            many.subList(0, 5).clear();
            run("crowd-shrinks", one, many);
        }
    }

    // Rebalance after rebalance, each with what the one before has left: members join, leave, restart, miss one, change their minds;
    // topics appear and grow.
    private void histories() {
        for (int seed = 0; seed < 30; seed++) {
            Random random = new Random(500 + seed);
            boolean equal = seed % 2 == 0;
            Map<String, Integer> topics = someTopics(random);
            List<Member> members = group(random, 1 + random.nextInt(4), new ArrayList<>(topics.keySet()));
            if (!equal)
                for (Member member : members)
                    member.topics = subset(random, new ArrayList<>(topics.keySet()));
            String event = "starts";
            for (int generation = 1; generation <= 7; generation++) {
                Map<String, List<TopicPartition>> result = run("history-" + seed + "-" + event, topics, members);
                Set<Member> missing = new HashSet<>();
                for (Member member : members)
                    if (random.nextInt(8) == 0)
                        missing.add(member);
                List<Member> present = new ArrayList<>(members);
                present.removeAll(missing);
                keep(present, result, generation);
                event = change(random, equal, topics, members);
                Collections.shuffle(members, random);
            }
        }
    }

    private String change(Random random, boolean equal, Map<String, Integer> topics, List<Member> members) {
        Member some = members.get(random.nextInt(members.size()));
        List<String> all = new ArrayList<>(topics.keySet());
        switch (random.nextInt(equal ? 6 : 7)) {
            case 0:
                if (members.size() > 1) {
                    members.remove(some);
                    return "leaves";
                }
            case 1:
            case 2:
                Member joining = group(random, 1, all).get(0);
                joining.topics = equal ? new ArrayList<>(some.topics) : subset(random, all);
                members.add(joining);
                return "joins";
            case 3:
                some.owned = new ArrayList<>();
                some.generation = -1;
                return "restarts";
            case 4:
                topics.merge(all.get(random.nextInt(all.size())), 1, Integer::sum);
                return "grows";
            case 5:
                return "nothing";
            default:
                some.topics = subset(random, all);
                // The cooperative protocol gives up at once what it has no subscription to any more.
                if (name.equals("cooperative-sticky"))
                    some.owned.removeIf(partition -> !some.topics.contains(partition.topic()));
                return "resubscribes";
        }
    }

    // Several members claim the same partitions, in the same generation or in others.
    private void disputes() {
        for (int seed = 0; seed < 80; seed++) {
            Random random = new Random(600 + seed);
            Map<String, Integer> topics = someTopics(random);
            List<Member> members = group(random, 2 + random.nextInt(4), new ArrayList<>(topics.keySet()));
            for (Member member : members) {
                if (seed % 2 == 1)
                    member.topics = subset(random, new ArrayList<>(topics.keySet()));
                member.generation = List.of(-1, 3, 4, 4, 5, 5, 5).get(random.nextInt(7));
                for (String topic : member.topics)
                    for (int partition = 0; partition < topics.get(topic); partition++)
                        if (random.nextInt(seed % 3 == 0 ? 2 : 3) == 0)
                            member.owned.add(new TopicPartition(topic, partition));
                Collections.shuffle(member.owned, random);
            }
            run("dispute", topics, members);
        }
    }

    // A few members own most, others once did, and not everybody still wants what it owns. Seeds are those at which the finer points of the
    // general algorithm show: without one of them, some of these cases come out differently.
    private void lopsided() {
        for (int seed : LOPSIDED) {
            Random random = new Random(800 + seed);
            Map<String, Integer> topics = new LinkedHashMap<>();
            for (String topic : NAMES.subList(0, 2 + random.nextInt(3)))
                topics.put(topic, seed % 10 == 0 ? 20 + random.nextInt(30) : 1 + random.nextInt(12));
            List<String> all = new ArrayList<>(topics.keySet());
            List<Member> members = group(random, 3 + random.nextInt(5), all);
            int stale = random.nextInt(3);
            for (Member member : members) {
                member.topics = subset(random, all);
                member.generation = random.nextInt(4) < stale ? 3 + random.nextInt(2) : 5;
            }
            for (String topic : all)
                for (int partition = 0; partition < topics.get(topic); partition++)
                    for (int claims = random.nextInt(4); claims > 0; claims--)
                        claim(random, members, new TopicPartition(topic, partition));
            run("lopsided-" + seed, topics, members);
        }
    }

    private static void claim(Random random, List<Member> members, TopicPartition partition) {
        Member member = members.get(random.nextBoolean() ? 0 : random.nextInt(members.size()));
        boolean isWanted = member.topics.contains(partition.topic());
        boolean isUnwantedSince = member.generation == 5 && random.nextInt(8) == 0;
        boolean isTaken = members.stream().anyMatch(other -> other.generation == member.generation && other.owned.contains(partition));
        if ((isWanted || isUnwantedSince) && !isTaken)
            member.owned.add(partition);
    }

    // Claims to what does not exist, or to what the member has not subscribed to.
    private void wrongClaims() {
        for (int seed = 0; seed < 32; seed++) {
            Random random = new Random(700 + seed);
            Map<String, Integer> topics = someTopics(random);
            List<String> all = new ArrayList<>(topics.keySet());
            List<Member> members = group(random, 2 + random.nextInt(3), all);
            for (Member member : members) {
                if (seed % 4 != 0)
                    member.topics = subset(random, all);
                member.generation = 4 + random.nextInt(2);
                for (String topic : all)
                    for (int partition = 0; partition < topics.get(topic) + (seed % 4 == 1 ? 0 : 2); partition++)
                        if (random.nextInt(4) == 0)
                            member.owned.add(new TopicPartition(topic, partition));
            }
            run("wrong-claim", topics, members);
        }
    }

    private static Map<String, Integer> someTopics(Random random) {
        Map<String, Integer> topics = new LinkedHashMap<>();
        for (String topic : subset(random, NAMES))
            topics.put(topic, 1 + random.nextInt(6));
        return topics;
    }

    private static List<String> subset(Random random, List<String> all) {
        List<String> some = new ArrayList<>(all);
        Collections.shuffle(some, random);
        return new ArrayList<>(some.subList(0, 1 + random.nextInt(some.size())));
    }

    private static List<Member> group(Random random, int size, List<String> topics) {
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            Member member = new Member(String.format("c%d-%05x", 1 + random.nextInt(9), random.nextInt(1 << 20)));
            member.topics = new ArrayList<>(topics);
            members.add(member);
        }
        return members;
    }

    private static void keep(List<Member> members, Map<String, List<TopicPartition>> result, int generation) {
        if (result == null)
            return;
        for (Member member : members) {
            member.owned = new ArrayList<>(result.get(member.id));
            member.generation = generation;
        }
    }

    private Map<String, List<TopicPartition>> run(String title, Map<String, Integer> topics, List<Member> members) {
        List<PartitionInfo> partitions = new ArrayList<>();
        topics.forEach((topic, count) -> {
            for (int partition = 0; partition < count; partition++)
                partitions.add(new PartitionInfo(topic, partition, NODE, new Node[] {NODE}, new Node[] {NODE}));
        });
        Cluster cluster = new Cluster("cluster", List.of(NODE), partitions, Set.of(), Set.of());
        // A table as the leader of a group fills it, in the order of the JoinGroup response.
        Map<String, Subscription> subscriptions = new HashMap<>();
        for (Member member : members)
            subscriptions.put(member.id, subscription(member));
        Map<String, List<TopicPartition>> result = null;
        String fault = null;
        try {
            result = new LinkedHashMap<>();
            for (Map.Entry<String, Assignment> entry :
                assignor().assign(cluster, new GroupSubscription(subscriptions)).groupAssignment().entrySet())
                result.put(entry.getKey(), entry.getValue().partitions());
            fault = fault(topics, members, result);
        } catch (RuntimeException exception) {
            result = null;
            fault = "throws " + exception.getClass().getSimpleName();
        }
        List<String> text = show(title, topics, members, result);
        if (fault == null) {
            cases++;
            lines.addAll(text);
            return result;
        }
        FAULTY.addAll(text);
        FAULTY.add("fault " + fault);
        return null;
    }

    private ConsumerPartitionAssignor assignor() {
        switch (name) {
            case "range": return new RangeAssignor();
            case "roundrobin": return new RoundRobinAssignor();
            case "sticky": return new StickyAssignor();
            default: return new CooperativeStickyAssignor();
        }
    }

    // What a consumer sends, by way of its own assignor.
    private Subscription subscription(Member member) {
        ConsumerPartitionAssignor its = assignor();
        if (member.generation != -1 || !member.owned.isEmpty())
            its.onAssignment(new Assignment(member.owned), new ConsumerGroupMetadata("group", member.generation, member.id, Optional.empty()));
        ByteBuffer userData = its.subscriptionUserData(new HashSet<>(member.topics));
        if (name.equals("sticky") && userData != null)
            member.owned = decode(userData.duplicate());
        List<TopicPartition> owned = name.equals("cooperative-sticky") ? member.owned : List.of();
        Subscription subscription = new Subscription(member.topics, userData, owned, member.generation, Optional.empty());
        subscription.setGroupInstanceId(Optional.ofNullable(member.instance));
        return subscription;
    }

    // The sticky assignor's user data has the partitions in an order of its own.
    private static List<TopicPartition> decode(ByteBuffer userData) {
        List<TopicPartition> owned = new ArrayList<>();
        for (int topics = userData.getInt(); topics > 0; topics--) {
            byte[] topic = new byte[userData.getShort()];
            userData.get(topic);
            for (int partitions = userData.getInt(); partitions > 0; partitions--)
                owned.add(new TopicPartition(new String(topic, StandardCharsets.UTF_8), userData.getInt()));
        }
        return owned;
    }

    private static String fault(Map<String, Integer> topics, List<Member> members, Map<String, List<TopicPartition>> result) {
        Map<TopicPartition, String> given = new HashMap<>();
        for (Member member : members)
            for (TopicPartition partition : result.get(member.id)) {
                if (!member.topics.contains(partition.topic()))
                    return member.id + " gets " + partition + " without a subscription";
                if (partition.partition() >= topics.get(partition.topic()))
                    return member.id + " gets " + partition + " which does not exist";
                if (given.put(partition, member.id) != null)
                    return partition + " has two owners";
            }
        return null;
    }

    private List<String> show(String title, Map<String, Integer> topics, List<Member> members, Map<String, List<TopicPartition>> result) {
        List<String> text = new ArrayList<>();
        text.add("");
        text.add("case " + name + " " + title);
        StringBuilder exist = new StringBuilder("exist");
        new TreeMap<>(topics).forEach((topic, count) -> exist.append(" ").append(topic).append(":").append(count));
        text.add(exist.toString());
        for (Member member : members) {
            StringBuilder line = new StringBuilder("member " + member.id);
            if (member.instance != null)
                line.append(" instance=").append(member.instance);
            line.append(" topics=").append(String.join(",", member.topics));
            if (member.generation != -1)
                line.append(" generation=").append(member.generation);
            if (!member.owned.isEmpty())
                line.append(" owns=").append(show(member.owned));
            if (result != null)
                line.append(" gets=").append(show(result.get(member.id)));
            text.add(line.toString());
        }
        return text;
    }

    private static String show(List<TopicPartition> partitions) {
        StringBuilder text = new StringBuilder();
        String topic = "";
        for (TopicPartition partition : partitions) {
            if (partition.topic().equals(topic))
                text.append(",");
            else
                text.append(text.length() == 0 ? "" : "/").append(topic = partition.topic()).append(":");
            text.append(partition.partition());
        }
        return text.toString();
    }
}
