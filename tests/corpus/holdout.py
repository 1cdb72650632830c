"""Container blocks with the fields, forms and values that services in public Compose files have.

Held out: nobody looked at them while the rest was written. Only which fields stand together, in
which form and with which kind of value is taken from there. What they run, where they publish and
whom they run as is ours, because there is one image; health checks succeed, and every two seconds.
A folder of the host has become a named volume, and a variable of a machine a plain value.
"""

from __future__ import annotations

import json
from typing import Any

from tests.corpus.fields import PLAIN, WAIT

RUN = ["/bin/sh", "-c", WAIT]
LINE = f'/bin/sh -c "{WAIT}"'  # a line is split into words
FROM_PORT = 22_000


def _check(test: str | list[str] = "true", **more: Any) -> dict[str, Any]:
    return {"test": test, "interval": "2s", **more}


def _limits(**values: Any) -> dict[str, Any]:
    return {"resources": {"limits": values}}


EXEC, SHELL = ["CMD", "true"], ["CMD-SHELL", "exit 0"]
HARDENED = {"read_only": True, "restart": "unless-stopped"}
HOLDOUT: dict[str, tuple[str, dict[str, Any]]] = {  # by service: the repository, the block
    "postgres": ("docker/awesome-compose", {
        "restart": "always", "user": "app", "volumes": ["db-data:/var/lib/db"],
        "environment": ["DB=example", "PASSWORD_FILE=/run/db-password"],
        "healthcheck": _check(EXEC, timeout="5s", retries=5)}),
    "elastic": ("docker/awesome-compose", {
        "environment": {"discovery.type": "single-node", "JAVA_OPTS": "-Xms512m -Xmx512m"},
        "healthcheck": _check(SHELL, timeout="10s", retries=3), "networks": ["elastic"],
        "ports": ["PORT:9200", "PORT:9300"]}),
    "mysql": ("docker/awesome-compose", {
        "command": LINE, "environment": ["DATABASE=example"], "networks": ["backnet"],
        "healthcheck": _check(SHELL, retries=5, start_period="30s"), "restart": "always",
        "volumes": ["mysql:/var/lib/mysql"]}),
    "minecraft": ("docker/awesome-compose", {
        "deploy": _limits(memory="1.5G"), "environment": {"EULA": "TRUE"},
        "ports": ["PORT:25565"], "volumes": ["world:/data"]}),
    "flask": ("docker/awesome-compose", {
        "environment": ["PORT=9091"], "stop_signal": "SIGINT", "volumes": ["code:/src"]}),
    "traefik": ("docker/awesome-compose", {
        "labels": ["traefik.enable=true", "traefik.http.routers.go.rule=Path(`/`)",
                   "traefik.http.services.go.loadbalancer.server.port=80"]}),
    "pihole": ("docker/awesome-compose", {
        "cap_add": ["NET_ADMIN"], "environment": ["DNS=172.20.0.2#5054;1.1.1.1", "REV=true"],
        "networks": ["dns-net"], "ports": ["PORT:53/udp", "PORT:80/tcp", "PORT:443/tcp"],
        "restart": "always", "volumes": ["pi:/etc/pi/", "masq:/etc/masq.d/"]}),
    "wireguard": ("docker/awesome-compose", {
        "cap_add": ["NET_ADMIN", "SYS_MODULE"], "environment": ["PUID=1000", "PEERS=1"],
        "ports": ["PORT:51820/udp"], "restart": "unless-stopped",
        "volumes": ["config:/config", "src:/usr/src", "modules:/lib/modules"]}),
    "nextcloud": ("docker/awesome-compose", {
        "environment": ["REDIS_HOST=redis", "MYSQL_HOST=db"], "networks": ["redisnet", "dbnet"],
        "ports": ["PORT:80"], "restart": "always", "volumes": ["nc-data:/var/www/html"]}),
    "api": ("docker/awesome-compose", {
        "environment": {"PORT": 8000}, "ports": ["PORT:8000"], "restart": "no"}),
    "vote": ("dockersamples/example-voting-app", {
        "healthcheck": _check(EXEC, timeout="5s", retries=3, start_period="10s"),
        "networks": ["front-tier", "back-tier"], "ports": ["PORT:80"],
        "volumes": ["vote:/usr/local/app"]}),
    "vote-result": ("dockersamples/example-voting-app", {
        "entrypoint": LINE, "networks": ["front-tier", "back-tier"],
        "ports": ["PORT:80", "127.0.0.1:PORT:9229"], "volumes": ["result:/usr/local/app"]}),
    "vote-db": ("dockersamples/example-voting-app", {
        "environment": {"USER_NAME": "postgres"}, "healthcheck": _check(),
        "networks": ["back-tier"], "volumes": ["vote-db:/var/lib/db", "checks:/checks"]}),
    "seaweed": ("getsentry/self-hosted", {
        "command": ["-c", WAIT], "entrypoint": ["/bin/sh"], "restart": "unless-stopped",
        "environment": {"HTTP_PROXY": "", "http_proxy": "", "ACCESS_KEY": "sentry"},
        "healthcheck": _check(SHELL, timeout="20s", retries=5, start_period="60s"),
        "volumes": ["weed:/data"]}),
    "kafka": ("getsentry/self-hosted", {
        "environment": {"ROLES": "broker,controller", "VOTERS": "1001@127.0.0.1:29093"},
        "healthcheck": _check(SHELL, timeout="10s", retries=30, start_period="10s"),
        "restart": "unless-stopped",
        "volumes": ["kafka:/var/lib/data", "kafka-log:/var/lib/log", "secrets:/etc/k/secrets"]}),
    "valkey": ("getsentry/self-hosted", {
        "command": RUN, "healthcheck": _check("true | cat", timeout="1m30s", retries=10),
        "restart": "unless-stopped",
        "volumes": ["redis:/data", {"type": "volume", "read_only": True, "source": "conf",
                                    "target": "/usr/local/etc/redis"}]}),
    "dovecot": ("mailcow/mailcow-dockerized", {
        "cap_add": ["NET_BIND_SERVICE"], "environment": ["MASTER_USER=", "TZ=Europe/Berlin"],
        "labels": {"ofelia.enabled": "true", "ofelia.job-exec.sync.schedule": "0 * * * * *",
                   "ofelia.job-exec.sync.command": '/bin/sh -c "[[ y == y ]] && run || exit 0"'},
        "networks": {"mail": {"aliases": ["dovecot"]}}, "restart": "always",
        "ports": ["127.0.0.1:PORT:12345", "PORT:143"], "tmpfs": ["/run/lock"]}),
    "mailcow-mysql": ("mailcow/mailcow-dockerized", {
        "environment": ["TZ=Europe/Berlin", "SKIP_TZINFO=1"], "stop_grace_period": "45s",
        "networks": {"mail": {"aliases": ["mysql"]}}, "ports": ["127.0.0.1:PORT:3306"],
        "restart": "always", "volumes": ["mysql-vol-1:/var/lib/mysql/", "conf:/etc/my/:ro"]}),
    "ofelia": ("mailcow/mailcow-dockerized", {
        "command": LINE, "labels": {"ofelia.enabled": "true"}, "restart": "always",
        "networks": {"mail": {"aliases": ["ofelia"]}}, "security_opt": ["label=disable"]}),
    "watchdog": ("mailcow/mailcow-dockerized", {
        "environment": ["LOG_LINES=9999", "NET=fd4d:6169:6c63:6f77::/64"], "tmpfs": ["/tmp"],  # noqa: S108
        "networks": {"mail": {"aliases": ["watchdog"]}}, "restart": "always",
        "volumes": ["rspamd:/var/lib/rspamd", "postfix:/var/spool/postfix", "ssl:/etc/ssl:ro"]}),
    "jitsi-web": ("jitsi/docker-jitsi-meet", {
        **HARDENED, "labels": {"service": "jitsi-web"}, "networks": {"meet": {}},
        "ports": ["PORT:8000", "PORT:8443"],
        "tmpfs": ["/run:size=16M,mode=1750,exec", "/tmp:size=16M,mode=1777,noexec"],  # noqa: S108
        "volumes": ["web:/config", "transcripts:/usr/share/transcripts:ro"]}),
    "jitsi-prosody": ("jitsi/docker-jitsi-meet", {
        **HARDENED, "labels": {"service": "jitsi-prosody"}, "tmpfs": ["/run:size=16M,mode=1750"],
        "networks": {"meet": {"aliases": ["xmpp.meet.jitsi"]}}, "volumes": ["prosody:/config"]}),
    "jitsi-jvb": ("jitsi/docker-jitsi-meet", {
        **HARDENED, "networks": {"meet": {}}, "tmpfs": ["/tmp:size=16M,mode=1777,noexec"],  # noqa: S108
        "ports": ["PORT:10000/udp", "127.0.0.1:PORT:8080"]}),
    "catalog": ("open-telemetry/opentelemetry-demo", {
        **HARDENED, "deploy": _limits(memory="20M"), "environment": ["LIMIT=16MiB"],
        "healthcheck": _check(EXEC, start_period="10s", timeout="5s", retries=20),
        "ports": ["3550"], "tmpfs": ["/tmp"]}),  # noqa: S108
    "collector": ("open-telemetry/opentelemetry-demo", {
        "command": RUN, "deploy": _limits(memory="400M"), "environment": ["HOST=collector"],
        "ports": ["4317", "4318"], "restart": "unless-stopped", "user": "0:0",
        "volumes": ["fs:/hostfs:ro"]}),
    "opensearch": ("open-telemetry/opentelemetry-demo", {
        "deploy": _limits(memory="1G"), "environment": ["cluster.name=demo", "node.name=one"],
        "healthcheck": _check("echo '\"status\":\"green\"' | grep -E '(green|yellow)'",
                              start_period="10s", timeout="10s", retries=10),
        "ports": ["9200"], "restart": "unless-stopped"}),
    "netbox": ("netbox-community/netbox-docker", {
        "command": RUN, "healthcheck": _check("true || exit 1", start_period="40s", timeout="3s"),
        "user": "app:root", "volumes": ["test:/etc/netbox/config"]}),
    "n8n": ("n8n-io/self-hosted-ai-starter-kit", {
        "command": ["-c", WAIT], "entrypoint": ["/bin/sh"], "networks": ["demo"],
        "environment": ["DB_TYPE=postgresdb", "DIAGNOSTICS=false"], "volumes": ["n8n:/demo"]}),
    "plausible": ("plausible/community-edition", {
        "command": LINE, "restart": "always", "ports": ["127.0.0.1:PORT:8000"],
        "environment": ["TMPDIR=/var/lib/plausible/tmp"], "volumes": ["plausible:/var/lib/p"]}),
    "searxng": ("searxng/searxng-docker", {
        "cap_add": ["CHOWN", "SETGID", "SETUID", "DAC_OVERRIDE"], "cap_drop": ["ALL"],
        "environment": ["BASE_URL=https://localhost/"], "networks": ["searxng"],
        "ports": ["127.0.0.1:PORT:8080"], "restart": "always", "volumes": ["searxng:/etc/s"]}),
    "searxng-redis": ("searxng/searxng-docker", {
        "cap_add": ["SETGID", "SETUID", "DAC_OVERRIDE"], "cap_drop": ["ALL"], "command": LINE,
        "networks": ["searxng"], "tmpfs": ["/var/lib/redis"]}),
    "clickhouse": ("langfuse/langfuse", {
        "environment": {"CLICKHOUSE_DB": "default"}, "restart": "always", "user": "101:101",
        "healthcheck": _check(timeout="5s", retries=10, start_period="1s"),
        "ports": ["127.0.0.1:PORT:8123", "127.0.0.1:PORT:9000"],
        "volumes": ["click-data:/var/lib/ch", "click-logs:/var/log/ch"]}),
    "langfuse": ("langfuse/langfuse", {
        "environment": {"URL": "postgresql://u:p@db:5432/db", "SALT": "mysalt",
                        "TELEMETRY": "true", "KEY": "0" * 64, "DELAY_MS": ""},
        "ports": ["127.0.0.1:PORT:3030"], "restart": "always"}),
    "airflow": ("apache/airflow", {
        "command": LINE, "user": "50000:0", "restart": "always", "ports": ["PORT:8080"],
        "environment": {"AIRFLOW__CORE__FERNET_KEY": "", "AIRFLOW__CORE__LOAD_EXAMPLES": "true"},
        "healthcheck": _check(EXEC, timeout="10s", retries=5, start_period="30s"),
        "volumes": ["dags:/opt/dags", "logs:/opt/logs"]}),
    "authentik": ("goauthentik/authentik", {
        "command": LINE, "user": "root", "restart": "unless-stopped",
        "environment": {"AUTHENTIK_REDIS__HOST": "redis"}, "volumes": ["media:/media"]}),
    "immich": ("immich-app/immich", {
        "healthcheck": _check("true || exit 1"), "restart": "always",
        "volumes": ["model-cache:/cache"]}),
}  # fmt: skip


def build_holdout() -> dict[str, dict[str, Any]]:
    """Give the blocks by instance, each with ports of its own."""
    ports = iter(range(FROM_PORT, FROM_PORT + 1000))
    return {
        name: {"image": PLAIN} | _place(block, ports) | ({} if _runs(block) else {"command": RUN})
        for name, (_, block) in HOLDOUT.items()
    }


def _runs(block: dict[str, Any]) -> bool:
    return "command" in block or "entrypoint" in block


def _place(block: dict[str, Any], ports: Any) -> dict[str, Any]:
    parts = json.dumps(block).split("PORT:")
    text = parts[0] + "".join(f"{next(ports)}:{part}" for part in parts[1:])
    placed: dict[str, Any] = json.loads(text)
    return placed
