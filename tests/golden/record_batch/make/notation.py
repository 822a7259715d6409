"""The notation of cases.txt and of the files made from it."""

from dataclasses import dataclass, field


@dataclass
class Record:
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list


@dataclass
class Case:
    name: str
    codec: str = "none"
    producer: tuple | None = None
    hex: str = ""
    records: list = field(default_factory=list)


def parse_field(text):
    if text == "null":
        return None
    if "x" in text:
        unit, times = text.split("x")
        return bytes.fromhex(unit) * int(times)
    return bytes.fromhex(text)


def parse_headers(text):
    pairs = (pair.split(":") for pair in text.split(",") if pair)
    return [(parse_field(key), parse_field(value)) for key, value in pairs]


def read(path):
    """The cases of cases.txt, or those of a file with bytes."""
    cases = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "case":
                cases.append(Case(rest))
            elif word == "codec":
                cases[-1].codec = rest
            elif word == "hex":
                cases[-1].hex = rest
            elif word == "producer":
                cases[-1].producer = tuple(int(part.split("=")[1]) for part in rest.split(" "))
            elif word == "record":
                parts = dict(part.split("=", 1) for part in rest.split(" "))
                if "offset" in parts:
                    continue  # A decoded record, of a file with bytes.
                record = Record(
                    int(parts["timestamp"]),
                    parse_field(parts["key"]),
                    parse_field(parts["value"]),
                    parse_headers(parts["headers"]),
                )
                cases[-1].records += [record] * int(parts.get("times", "1"))
    return cases


def show_field(value):
    return "null" if value is None else bytes(value).hex()


def show_record(offset, timestamp, key, value, headers):
    shown = ",".join(f"{show_field(key)}:{show_field(value)}" for key, value in headers)
    return f"record offset={offset} timestamp={timestamp} key={show_field(key)} value={show_field(value)} headers={shown}"
