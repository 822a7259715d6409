#!/usr/bin/env python3
"""Records conversations with a cluster of two Apache Kafka brokers, for tests/tests/conversations to replay.

Usage: record.py JARS DIRECTORY VERSION > ../kafka.json

JARS holds org.apache.kafka:kafka_2.13 and everything that it depends on, as published; DIRECTORY is a new one for configuration and logs;
VERSION is what the record says. Starts and ends the brokers itself: 1, which is the controller as well, and 2. Last run with Python 3.11 and
Java 17 against Apache Kafka 4.1.0.

Everything is recorded under the names of the protocol guide, with three changes: topics are called what a conversation calls them (their ids,
too), texts for people are left out, and so is what differs from run to run (hosts, ports, the cluster's id, whom Metadata calls the controller). A step with "until" was repeated
until it was answered so. `null` for an answer means that none came, "closed" that the broker closed the connection.
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

from protocol import APIS, Batch, Names, Reader, write

LEFT_OUT = {"error_message", "record_errors", "cluster_id", "controller_id", "host", "port", "configs", "client_host"}
# Where groups live: one partition, on broker 1.
GROUPS = "__consumer_offsets"
PORTS = {1: 19192, 2: 19292}
CONFIG = """
process.roles={roles}
node.id={node}
controller.quorum.voters=1@127.0.0.1:19193
listeners={listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={directory}/{node}
auto.create.topics.enable=false
broker.session.timeout.ms=6000
log.retention.ms=-1
group.initial.rebalance.delay.ms=100
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
"""


class Cluster:
    def __init__(self, jars, directory):
        self.java = ["java", "-Xmx400m", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*"]
        self.directory, self.processes = directory, {}
        os.makedirs(directory)
        for node, port in PORTS.items():
            client = f"PLAINTEXT://127.0.0.1:{port}"
            is_controller = node == 1
            with open(self.config(node), "w") as file:
                file.write(CONFIG.format(node=node, port=port, directory=directory, roles="broker,controller" if is_controller else "broker",
                                         listeners=f"{client},CONTROLLER://127.0.0.1:19193" if is_controller else client))
            subprocess.run([*self.java, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAQACAAAAAAAAAAQ", "-c", self.config(node)],
                           check=True, stdout=sys.stderr)

    def config(self, node):
        return f"{self.directory}/{node}.properties"

    def start(self, node):
        with open(f"{self.directory}/{node}.log", "a") as log:
            self.processes[node] = subprocess.Popen([*self.java, "kafka.Kafka", self.config(node)], stdout=log, stderr=log)
        for _ in range(600):
            try:
                return socket.create_connection(("127.0.0.1", PORTS[node]), 1).close()
            except OSError:
                time.sleep(0.2)
        raise TimeoutError(f"broker {node} does not come up")

    def signal(self, node, number):
        self.processes[node].send_signal(number)

    def ended(self, node):
        self.processes.pop(node).wait(60)


class Conversation:
    def __init__(self, cluster, name):
        # What matters to the conversation about names has its topics for itself.
        prefix = "" if name == "create_topics" else name + "-"
        self.cluster, self.names, self.steps = cluster, Names(prefix), []

    def send(self, connection, api, request):
        key, version, shape, _ = APIS[api]
        header = struct.pack(">hhih", key, version, 7, 8) + b"recorder"
        message = header if shape is None else header + b"\0" + write(shape, request, self.names)
        connection.sendall(struct.pack(">i", len(message)) + message)

    def receive(self, connection):
        stream = connection.makefile("rb")
        try:
            size = stream.read(4)
        except ConnectionResetError:
            size = b""
        return stream.read(struct.unpack(">i", size)[0]) if size else None

    def ask(self, node, api, request):
        with socket.create_connection(("127.0.0.1", PORTS[node]), 40) as connection:
            self.send(connection, api, request)
            if api == "Produce" and request["acks"] == 0:
                # Whatever comes next says whether the connection is still there.
                self.send(connection, "ApiVersions", None)
                return "closed" if self.receive(connection) is None else None
            answer = self.receive(connection)
            if answer is None:
                return "closed"
            read = Reader(answer[5:], self.names).struct(APIS[api][3])
            for topic in read.get("topics", []):
                if topic.get("error_code") == 0 and "topic_id" in topic:
                    self.names.ids[topic["name"]] = topic["topic_id"]
            if api == "ListGroups":
                # Other conversations have had their groups, too.
                read["groups"] = [group for group in read["groups"] if not group["group_id"].startswith("groups_")]
            return self.recorded(read)

    def recorded(self, value):
        if isinstance(value, list):
            return [self.recorded(item) for item in value]
        if isinstance(value, dict):
            return {name: self.recorded(item) for name, item in value.items() if name not in LEFT_OUT}
        return self.names.recorded_id(value) if isinstance(value, bytes) else value

    def step(self, api, request, to=1, until=None):
        for _ in range(600):
            answer = self.ask(to, api, request)
            if until is None or until(answer):
                break
            time.sleep(0.1)
        else:
            raise TimeoutError(f"never answered as awaited: {answer}")
        shown = json.loads(json.dumps(request, default=lambda batch: batch.data.hex()))
        self.steps.append({"to": to, "api": api, "request": shown, "answer": answer} | ({"until": True} if until else {}))

    def happens(self, what, node):
        """To a broker: it is stopped in order, killed, paused, resumed or started."""
        self.steps.append({what: node})
        if what == "start":
            return self.cluster.start(node)
        self.cluster.signal(node, {"stop": signal.SIGTERM, "kill": signal.SIGKILL, "pause": signal.SIGSTOP, "resume": signal.SIGCONT}[what])
        if what in ("stop", "kill"):
            self.cluster.ended(node)

    def groups(self):
        """There is a topic for groups, and broker 1 coordinates them."""
        topic = {"name": GROUPS, "num_partitions": -1, "replication_factor": -1, "configs": [],
                 "assignments": [{"partition_index": 0, "broker_ids": [1]}]}
        self.names.prefix, prefix = "", self.names.prefix
        self.ask(1, "CreateTopics", {"topics": [topic], "timeout_ms": 10000, "validate_only": 0})
        for _ in range(600):
            found = self.ask(1, "FindCoordinator", {"key_type": 0, "coordinator_keys": ["g"]})["coordinators"][0]
            answer = self.ask(1, "OffsetFetch", {"groups": [{"group_id": "g", "topics": []}], "require_stable": 0})
            if found["node_id"] == 1 and answer["groups"][0]["error_code"] == 0:
                break
            time.sleep(0.1)
        self.names.prefix = prefix
        self.steps.append({"groups": 1})

    def find_coordinator(self, group="g", to=1):
        self.step("FindCoordinator", {"key_type": 0, "coordinator_keys": [group]}, to)

    def join(self, member="", instance=None, group="g", protocols=("range",), kind="consumer", session_timeout_ms=10000, to=1):
        supported = [{"name": name, "metadata": "0001"} for name in protocols]
        self.step("JoinGroup", {"group_id": group, "session_timeout_ms": session_timeout_ms, "rebalance_timeout_ms": 60000, "member_id": member,
                                "group_instance_id": instance, "protocol_type": kind, "protocols": supported, "reason": None}, to)

    def sync(self, member, generation, assignments=(), instance=None, group="g", kind="consumer", protocol="range", to=1):
        given = [{"member_id": each, "assignment": assignment} for each, assignment in assignments]
        self.step("SyncGroup", {"group_id": group, "generation_id": generation, "member_id": member, "group_instance_id": instance,
                                "protocol_type": kind, "protocol_name": protocol, "assignments": given}, to)

    def heartbeat(self, member, generation, instance=None, group="g", to=1):
        self.step("Heartbeat", {"group_id": group, "generation_id": generation, "member_id": member, "group_instance_id": instance}, to)

    def leave(self, member, instance=None, group="g", to=1):
        members = [{"member_id": member, "group_instance_id": instance, "reason": None}]
        self.step("LeaveGroup", {"group_id": group, "members": members}, to)

    def commit(self, offset, member="", generation=-1, instance=None, group="g", name="t", partition=0, metadata="", epoch=-1, to=1):
        committed = {"partition_index": partition, "committed_offset": offset, "committed_leader_epoch": epoch, "committed_metadata": metadata}
        self.step("OffsetCommit", {"group_id": group, "generation_id_or_member_epoch": generation, "member_id": member,
                                   "group_instance_id": instance, "topics": [{"name": name, "partitions": [committed]}]}, to)

    def committed(self, partitions=(0,), group="g", name="t", stable=1, to=1):
        topics = None if partitions is None else [{"name": name, "partition_indexes": list(partitions)}]
        self.step("OffsetFetch", {"groups": [{"group_id": group, "topics": topics}], "require_stable": stable}, to)

    def describe_groups(self, group="g", to=1):
        self.step("DescribeGroups", {"groups": [group], "include_authorized_operations": 0}, to)

    def list_groups(self, states=(), to=1):
        self.step("ListGroups", {"states_filter": list(states)}, to)

    def delete_groups(self, group="g", to=1):
        self.step("DeleteGroups", {"groups_names": [group]}, to)

    def create(self, name="t", replicas=((1,),), to=1, **configs):
        assignments = [{"partition_index": index, "broker_ids": list(nodes)} for index, nodes in enumerate(replicas)]
        configs = [{"name": key.replace("_", "."), "value": value} for key, value in configs.items()]
        topic = {"name": name, "num_partitions": -1, "replication_factor": -1, "assignments": assignments, "configs": configs}
        self.step("CreateTopics", {"topics": [topic], "timeout_ms": 10000, "validate_only": 0}, to)

    def metadata(self, name="t", to=1, until=None):
        request = {"topics": [{"topic_id": "none", "name": name}], "allow_auto_topic_creation": 0, "include_topic_authorized_operations": 0}
        self.step("Metadata", request, to, until)

    def until(self, leader, isr, name="t", brokers=(1, 2), to=1):
        def is_so(answer):
            partitions = answer["topics"][0]["partitions"]
            return {broker["node_id"] for broker in answer["brokers"]} == set(brokers) and partitions and all(
                partition["leader_id"] == leader and set(partition["isr_nodes"]) == set(isr) for partition in partitions)
        self.metadata(name, to, is_so)

    def topic(self, replicas=((1,),), **configs):
        """Creates t, and waits until everybody knows."""
        self.create("t", replicas, **configs)
        for node in PORTS:
            self.until(replicas[0][0], replicas[0], to=node)

    def produce(self, batch, acks=-1, name="t", partition=0, timeout_ms=20000, to=1):
        data = [{"topic_id": name, "partition_data": [{"index": partition, "records": batch}]}]
        self.step("Produce", {"transactional_id": None, "acks": acks, "timeout_ms": timeout_ms, "topic_data": data}, to)

    def fetch(self, offset, epoch=-1, last=-1, partition_max_bytes=1048576, max_bytes=52428800, name="t", partition=0, to=1, wait_ms=0, until=None):
        fetched = {"partition": partition, "current_leader_epoch": epoch, "fetch_offset": offset, "last_fetched_epoch": last,
                   "log_start_offset": -1, "partition_max_bytes": partition_max_bytes}
        request = {"max_wait_ms": wait_ms, "min_bytes": 1, "max_bytes": max_bytes, "isolation_level": 0, "session_id": 0, "session_epoch": -1,
                   "topics": [{"topic_id": name, "partitions": [fetched]}], "forgotten_topics_data": [], "rack_id": ""}
        self.step("Fetch", request, to, until)

    def until_watermark(self, offset, to=1):
        self.fetch(offset, to=to, until=lambda answer: answer["responses"][0]["partitions"][0]["high_watermark"] == offset)

    def list_offsets(self, timestamp, epoch=-1, name="t", partition=0, to=1):
        query = {"partition_index": partition, "current_leader_epoch": epoch, "timestamp": timestamp}
        topics = [{"name": name, "partitions": [query]}]
        self.step("ListOffsets", {"replica_id": -1, "isolation_level": 0, "topics": topics, "timeout_ms": 20000}, to)

    def end_of(self, leader_epoch, epoch=-1, name="t", partition=0, to=1):
        query = {"partition": partition, "current_leader_epoch": epoch, "leader_epoch": leader_epoch}
        self.step("OffsetForLeaderEpoch", {"replica_id": -1, "topics": [{"topic": name, "partitions": [query]}]}, to)

    def init_producer_id(self, to=1, until=None):
        request = {"transactional_id": None, "transaction_timeout_ms": 60000, "producer_id": -1, "producer_epoch": -1}
        self.step("InitProducerId", request, to, until)


def main():
    from conversations import ALL
    jars, directory, version = sys.argv[1:]
    cluster, recorded = Cluster(jars, directory), []
    try:
        for node in PORTS:
            cluster.start(node)
        for tell in ALL:
            print(tell.__name__, file=sys.stderr)
            conversation = Conversation(cluster, tell.__name__)
            tell(conversation)
            recorded.append({"name": tell.__name__, "purpose": tell.__doc__, "steps": conversation.steps})
    finally:
        for process in cluster.processes.values():
            process.kill()
    print('{"recorded_from": %s, "conversations": [' % json.dumps(f"Apache Kafka {version}"))
    print(",\n".join(written(conversation) for conversation in recorded))
    print("]}")


def written(conversation):
    """One line for what happens, requests and answers each."""
    steps = []
    for step in conversation.pop("steps"):
        head = {name: value for name, value in step.items() if name not in ("request", "answer")}
        line = "  " + json.dumps(head)
        if "request" in step:
            line = f'{line[:-1]},\n    "request": {json.dumps(step["request"])},\n    "answer": {json.dumps(step["answer"])}}}'
        steps.append(line)
    return json.dumps(conversation)[:-1] + ', "steps": [\n' + ",\n".join(steps) + "]}"


if __name__ == "__main__":
    main()
