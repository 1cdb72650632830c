"""Keys that a Compose service may have and a container block has not, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

from agentgit.model.container import Container, Deploy, Healthcheck, NetworkUse, Resources

_HOST = "a replica shares nothing with its host and with other replicas"
_REST = "not in our subset of Compose; the engine's own configuration may have it"

INSTEAD: Mapping[type, Mapping[str, str]] = {
    Container: {
        "build": "build the image before and name it with image",
        "configs": "give the agent its values with config",
        "container_name": "agentgit names replicas; others find them by the instance's name",
        "cpus": "write deploy: {resources: {limits: {cpus: ...}}}",
        "depends_on": "let the agent wait for what it needs; replicas start side by side",
        "devices": _REST,
        "dns": _REST,
        "dns_search": _REST,
        "env_file": "write the variables with environment",
        "expose": "name the port with ports; what others on the network reach needs no publishing",
        "extends": "write what is shared into the agent or the defaults",
        "extra_hosts": _REST,
        "hostname": "others find a replica by the instance's name and by networks: {...: aliases}",
        "ipc": _HOST,
        "links": "instances on the same network find each other by name",
        "logging": "the engine's own configuration says where logs go",
        "mem_limit": "write deploy: {resources: {limits: {memory: ...}}}",
        "memswap_limit": "write deploy: {resources: {limits: {memory: ...}}}",
        "network_mode": "write networks: [NAME]; a replica never shares the network of its host",
        "pid": _HOST,
        "pids_limit": "write deploy: {resources: {limits: {pids: ...}}}",
        "platform": "name the image of that platform by its digest",
        "privileged": "write cap_add for what the agent may do nevertheless",
        "profiles": "an instance runs where a file of an environment declares it",
        "pull_policy": "an image is pulled where it is missing; agentgit lock holds it",
        "runtime": _REST,
        "scale": "write scale: {replicas: ...} beside container",
        "secrets": "not there yet; a named volume that somebody has filled can be mounted",
        "shm_size": _REST,
        "stdin_open": _REST,
        "sysctls": _REST,
        "tty": _REST,
        "ulimits": "the engine's own configuration has the default limits",
        "volumes_from": "mount the same volume with access: shared",
    },
    Deploy: {
        "mode": "write scale: {replicas: ...} beside container",
        "placement": "write placement beside container",
        "replicas": "write scale: {replicas: ...} beside container",
        "restart_policy": "write restart",
        "rollback_config": "what failed goes back by itself",
        "update_config": "write rollout beside container",
    },
    Healthcheck: {
        "disable": "leave healthcheck out, then the one of the image counts",
        "start_interval": "interval holds from the beginning",
    },
    NetworkUse: {
        "ipv4_address": "others find a replica by the instance's name and its aliases",
        "ipv6_address": "others find a replica by the instance's name and its aliases",
    },
    Resources: {"reservations": "only limits are set; nothing is reserved"},
}
