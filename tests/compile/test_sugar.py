"""The list forms of keyed maps say the same as the maps, and their mistakes have a place."""

from __future__ import annotations

import pytest

from agentgit.compile.check import Checker
from agentgit.compile.parse import parse_file
from agentgit.compile.shape import spec_shape
from agentgit.compile.tree import Node, find, locate, to_plain
from agentgit.errors import Problem


def check(spec: str) -> tuple[Node, list[Problem]]:
    found: list[Problem] = []
    parsed = parse_file("x.yaml", spec.encode())
    assert parsed.problems == []
    checker = Checker(found.append, layer=True)
    return checker.check(parsed.documents[0], spec_shape("Agent"), "spec"), found


@pytest.mark.parametrize(
    ("listed", "mapped"),
    [
        ("container: {environment: [A=b, C=, D=e=f, M=1]}",
         "container: {environment: {A: b, C: '', D: e=f, M: '1'}}"),
        ("container: {labels: [a.b/c=d]}", "container: {labels: {a.b/c: d}}"),
        ("process: {environment: [A=b]}", "process: {environment: {A: b}}"),
        ('container: {ports: ["8080:80", 90, "127.0.0.1:53:54/udp", "9000", "[::1]:1:2"]}',
         ("container: {ports: {p80: {target: 80, published: 8080}, p90: {target: 90}, "
         "p54: {target: 54, published: 53, protocol: udp, host_ip: 127.0.0.1}, "
         'p9000: {target: 9000}, p2: {target: 2, published: 1, host_ip: "::1"}}}')),
        ("container: {ports: [{target: 80, published: 8080, name: web}, {target: 81}]}",
         "container: {ports: {web: {target: 80, published: 8080}, p81: {target: 81}}}"),
        ('container: {volumes: ["data:/data", "logs:/var/log:ro", "x:/x:rw"]}',
         ("container: {volumes: {/data: {name: data}, /var/log: {name: logs, readOnly: true}, "
         "/x: {name: x, readOnly: false}}}")),
        ("container: {volumes: [{type: volume, source: data, target: /data, read_only: true}]}",
         "container: {volumes: {/data: {name: data, readOnly: true}}}"),
        ("container: {networks: [front, back]}", "container: {networks: {front: {}, back: {}}}"),
        ("tools: [{name: crm, mcpServer: crm}]", "tools: {crm: {mcpServer: crm}}"),
        ("card: {skills: [{id: b, name: Billing}]}", "card: {skills: {b: {name: Billing}}}"),
        ("container: {command: '--say \"a b\" it'}", "container: {command: [--say, a b, it]}"),
        ("container: {healthcheck: {test: run it}}",
         "container: {healthcheck: {test: [CMD-SHELL, run it]}}"),
    ],
)  # fmt: skip
def test_a_list_says_the_same_as_the_map(listed: str, mapped: str) -> None:
    one, wrong = check(listed)
    other, wrong_too = check(mapped)
    assert (wrong, wrong_too) == ([], [])
    assert to_plain(one) == to_plain(other)


def test_items_keep_their_positions() -> None:
    tree, _ = check("container:\n  environment:\n    - A=b\n    - C=d\n")
    node = find(tree, ("container", "environment", "C"))
    assert node is not None
    assert str(locate(node)) == "x.yaml:4:7"


@pytest.mark.parametrize(
    ("line", "column", "message", "hint"),
    [
        ("container: {environment: [LOG_LEVEL]}", 27,
         '"LOG_LEVEL" has no value; variables of this machine are never passed on',
         'write "LOG_LEVEL=value"'),
        ("container: {environment: [3]}", 27, "an item must be text such as A=b, found 3",
         'write "NAME=value"'),
        ("container: {environment: [A=1, A=2]}", 32, '"A" appears twice', "keep one of them"),
        ('container: {ports: ["8000-8010:80"]}', 21, '"8000-8010:80" is not a port',
         'write "8080:80", "127.0.0.1:8080:80/udp" or {target: 80}; ranges are not supported'),
        ("container: {ports: [99999]}", 21, "target must be at most 65535, found 99999", None),
        ("container: {ports: [80, 80/udp]}", 25, '"p80" appears twice', "keep one of them"),
        ("container: {ports: [{published: 3}]}", 21,
         "a port in a list needs a target, and may have a name", None),
        ('container: {ports: [{target: 80, published: "81"}]}', 45,
         'published must be a whole number, found "81"', "write 81 without quotes"),
        ('container: {volumes: ["./x:/y"]}', 23,
         "folders of the host cannot be mounted, only named volumes",
         'write a name: "data:/data"'),
        ("container: {volumes: [{type: bind, source: /x, target: /y}]}", 30,
         "folders of the host cannot be mounted, only named volumes",
         'write a name: "data:/data"'),
        ("container: {volumes: [data]}", 23, '"data" is not a volume',
         'write "data:/data" or "data:/data:ro"'),
        ("container: {volumes: [{source: x}]}", 23, "a volume in a list needs a target",
         "write target: /data"),
        ("container: {networks: [{a: b}]}", 24, "a map is not the name of a network", None),
        ("container: {command: run && stop}", 22,
         "command: && is for a shell, and none reads it: write [sh, -c, LINE]", None),
        ("container: {command: it's}", 22, "command: a quotation in it does not end", None),
        ("tools: [{mcpServer: crm}]", 9, "an item of this list must be a map with name", None),
        ("card: {skills: [{name: Billing}]}", 17, "an item of this list must be a map with id",
         None),
    ],
)  # fmt: skip
def test_a_wrong_item(line: str, column: int, message: str, hint: str | None) -> None:
    _, (problem,) = check(line)
    assert (problem.message, problem.hint) == (message, hint)
    assert str(problem.location) == f"x.yaml:1:{column}"
