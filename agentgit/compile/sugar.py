"""The list forms of keyed maps (Compose, A2A), read into maps with their positions kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from agentgit.compile.tree import (
    INVALID,
    ListNode,
    MapNode,
    Node,
    Scalar,
    ScalarValue,
    locate,
    move,
)
from agentgit.compile.words import show
from agentgit.errors import Problem
from agentgit.model.container import Container
from agentgit.model.spec import AgentSpec, Card, Process

Report = Callable[[Problem], None]
Entry = tuple[Scalar, Node]  # what says the key, and the value
Sugar = Callable[[ListNode, Report], MapNode]
_PORT = re.compile(
    r"(?:(?:(?P<ip>\[[0-9a-fA-F:]+\]|[^:\[\]]*):)?(?P<published>\d*):)?(?P<target>\d+)"
    r"(?:/(?P<protocol>\w+))?\Z"
)
_MOUNT_MODES = {"ro": True, "rw": False}


def read_assignments(node: ListNode, report: Report) -> MapNode:
    """Read `["A=b"]`."""
    return _gather(node, report, _assignment)


def read_ports(node: ListNode, report: Report) -> MapNode:
    """Read `["8080:80", "127.0.0.1:8080:80/udp", {target: 80, name: web}]`."""
    return _gather(node, report, _port)


def read_volumes(node: ListNode, report: Report) -> MapNode:
    """Read `["data:/data:ro", {source: data, target: /data}]`."""
    return _gather(node, report, _volume)


def read_networks(node: ListNode, report: Report) -> MapNode:
    """Read `["front", "back"]`."""
    return _gather(node, report, _network)


def read_tools(node: ListNode, report: Report) -> MapNode:
    """Read `[{name: crm, mcpServer: crm}]`."""
    return _gather(node, report, lambda item, tell: _named(item, "name", tell))


def read_skills(node: ListNode, report: Report) -> MapNode:
    """Read `[{id: billing, name: Billing}]`, as an A2A card has it."""
    return _gather(node, report, lambda item, tell: _named(item, "id", tell))


def read_knowledge(node: ListNode, report: Report) -> MapNode:
    """Read `[handbook, {name: faq, ref: public}]`; a name alone is one of the catalog."""
    return _gather(node, report, _knowledge)


SUGAR: Mapping[tuple[type, str], Sugar] = {
    (Container, "environment"): read_assignments,
    (Container, "labels"): read_assignments,
    (Container, "ports"): read_ports,
    (Container, "volumes"): read_volumes,
    (Container, "networks"): read_networks,
    (Process, "environment"): read_assignments,
    (AgentSpec, "tools"): read_tools,
    (AgentSpec, "knowledge"): read_knowledge,
    (Card, "skills"): read_skills,
}


def _gather(
    node: ListNode, report: Report, read: Callable[[Node, Report], Entry | None]
) -> MapNode:
    """Make a map of a list, item by item; a name that appears twice is reported."""
    result = MapNode(node.file, node.at)
    result.key_at, result.tag = node.key_at, node.tag
    for item in node.items:
        if isinstance(item, Scalar) and item.value is INVALID:
            continue
        if item.tag is not None:
            message = f"{item.tag} has no meaning inside a list"
            report(Problem(message, locate(item), "write it before the list, or use the map form"))
        entry = read(item, report)
        if entry is None:
            continue
        name, value = entry
        key = str(name.value)
        if key in result.items:
            also = (("first here", locate(result.items[key])),)
            report(Problem(f'"{key}" appears twice', locate(item), "keep one of them", also))
            continue
        result.items[key] = move(value, name.at)
    return result


def _assignment(item: Node, report: Report) -> Entry | None:
    if not isinstance(item, Scalar) or not isinstance(item.value, str):
        hint = 'write "NAME=value"'
        report(
            Problem(f"an item must be text such as A=b, found {show(item)}", locate(item), hint)
        )
        return None
    name, equals, value = item.value.partition("=")
    if not equals or not name:
        message = f"{show(item)} has no value; variables of this machine are never passed on"
        report(Problem(message, locate(item), f'write "{name or "NAME"}=value"'))
        return None
    return _scalar(item, name), _scalar(item, value)


def _port(item: Node, report: Report) -> Entry | None:
    if isinstance(item, MapNode):
        return _long_port(item, report)
    raw = item.raw if isinstance(item, Scalar) and not isinstance(item.value, bool) else ""
    match = _PORT.match(raw) if isinstance(item, Scalar) else None
    if match is None or not isinstance(item, Scalar):
        hint = 'write "8080:80", "127.0.0.1:8080:80/udp" or {target: 80}; ranges are not supported'
        report(Problem(f"{show(item)} is not a port", locate(item), hint))
        return None
    port = MapNode(item.file, item.at)
    _put(port, item, "target", int(match["target"][:9]))
    if match["published"]:
        _put(port, item, "published", int(match["published"][:9]))
    if match["protocol"]:
        _put(port, item, "protocol", match["protocol"].lower())
    if match["ip"]:
        _put(port, item, "host_ip", match["ip"].strip("[]"))
    return _scalar(item, f"p{match['target']}"), port


def _long_port(item: MapNode, report: Report) -> Entry | None:
    name, target = item.items.get("name"), item.items.get("target")
    port = _without(item, "name")
    if isinstance(name, Scalar) and isinstance(name.value, str):
        return name, port
    if name is not None or not isinstance(target, Scalar) or not isinstance(target.value, int):
        report(Problem("a port in a list needs a target, and may have a name", locate(item)))
        return None
    return _scalar(target, f"p{target.value}"), port


def _volume(item: Node, report: Report) -> Entry | None:
    if isinstance(item, MapNode):
        return _long_volume(item, report)
    if not isinstance(item, Scalar) or not isinstance(item.value, str):
        report(Problem(f"{show(item)} is not a volume", locate(item), 'write "data:/data"'))
        return None
    source, *rest = item.value.split(":")
    if _is_bind(source):
        _refuse_bind(item, report)
        return None
    if not source or len(rest) not in {1, 2} or (len(rest) == 2 and rest[1] not in _MOUNT_MODES):
        hint = 'write "data:/data" or "data:/data:ro"'
        report(Problem(f"{show(item)} is not a volume", locate(item), hint))
        return None
    volume = MapNode(item.file, item.at)
    _put(volume, item, "name", source)
    if len(rest) == 2:
        _put(volume, item, "readOnly", _MOUNT_MODES[rest[1]])
    return _scalar(item, rest[0]), volume


def _long_volume(item: MapNode, report: Report) -> Entry | None:
    kind, target = item.items.get("type"), item.items.get("target")
    source = item.items.get("source")
    if isinstance(kind, Scalar) and kind.value != "volume":
        _refuse_bind(kind, report)
        return None
    if isinstance(source, Scalar) and isinstance(source.value, str) and _is_bind(source.value):
        _refuse_bind(source, report)
        return None
    if not isinstance(target, Scalar) or not isinstance(target.value, str):
        report(Problem("a volume in a list needs a target", locate(item), "write target: /data"))
        return None
    volume = _without(item, "type", "target")
    for compose, ours in (("source", "name"), ("read_only", "readOnly")):
        if compose in volume.items and ours not in volume.items:
            volume.items[ours] = volume.items.pop(compose)
    return target, volume


def _network(item: Node, report: Report) -> Entry | None:
    if not isinstance(item, Scalar) or not isinstance(item.value, str):
        report(Problem(f"{show(item)} is not the name of a network", locate(item)))
        return None
    return item, MapNode(item.file, item.at)


def _knowledge(item: Node, report: Report) -> Entry | None:
    if not isinstance(item, Scalar):
        return _named(item, "name", report)
    if not isinstance(item.value, str):
        message = f"{show(item)} is not the name of an entry of the catalog"
        report(Problem(message, locate(item)))
        return None
    entry = MapNode(item.file, item.at)
    _put(entry, item, "ref", item.value)
    return item, entry


def _named(item: Node, key: str, report: Report) -> Entry | None:
    name = item.items.get(key) if isinstance(item, MapNode) else None
    if (
        not isinstance(item, MapNode)
        or not isinstance(name, Scalar)
        or not isinstance(name.value, str)
    ):
        report(Problem(f"an item of this list must be a map with {key}", locate(item)))
        return None
    return name, _without(item, key)


def _is_bind(source: str) -> bool:
    return source.startswith((".", "~")) or "/" in source


def _refuse_bind(node: Node, report: Report) -> None:
    message = "folders of the host cannot be mounted, only named volumes"
    report(Problem(message, locate(node), 'write a name: "data:/data"'))


def _scalar(source: Scalar, value: ScalarValue) -> Scalar:
    node = Scalar(source.file, source.at, value, str(value), source.width)
    node.key_at = source.at
    return node


def _put(target: MapNode, source: Scalar, key: str, value: ScalarValue) -> None:
    target.items[key] = _scalar(source, value)


def _without(item: MapNode, *keys: str) -> MapNode:
    copy = MapNode(item.file, item.at)
    copy.items = {key: value for key, value in item.items.items() if key not in keys}
    return copy
