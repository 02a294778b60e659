"""The alert rules for operators, read and tried by Prometheus' own promtool: each speaks when it should, and not before."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

RULES = Path(__file__).parents[2] / "deployment" / "prometheus" / "rules.yaml"
PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not here: run tests/acceptance/peers")

#: What a Prometheus saw, a value a minute: (series, values), and the alerts that have to stand after half an hour.
SEEN = [
    ('up{job="nongvu", instance="ingest:9100"}', "1x4 0x40", "ProcessGone"),
    ('nongvu_ingest_connected{instance="ingest:9100", session="live"}', "1x4 0x40", "BrokerLost"),
    ("nongvu_ingest_packs_total", "5+0x60", "NothingArrives"),
    ('nongvu_database_errors_total{instance="ingest:9100", task="write live"}', "0+3x60", "DatabaseRefuses"),
    ('nongvu_database_unavailable{instance="notify:9100", task="claim"}', "0x4 1x40", "DatabaseUnavailable"),
    ('nongvu_ingest_declared_dropped_total{gateway="g-1"}', "0+1x60", "GatewayDropped"),
    ('nongvu_notify_messages_total{route="esms", outcome="failed"}', "0+2x60", "MessagesFail"),
]
WELL = [
    ('up{job="nongvu", instance="ingest:9100"}', "1x60"),
    ('nongvu_ingest_connected{instance="ingest:9100", session="live"}', "1x60"),
    ("nongvu_ingest_packs_total", "0+60x60"),
    ('nongvu_database_errors_total{instance="ingest:9100", task="write live"}', "0x60"),
    ('nongvu_database_unavailable{instance="ingest:9100", task="write live"}', "0x20 1 0x40"),
    ('nongvu_notify_messages_total{route="esms", outcome="sent"}', "0+9x60"),
]


def promtool(*arguments):
    return subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, check=False)


def names():
    return [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def tried(tmp_path, series, asked):
    """Run promtool over what was seen, expecting nothing of the alerts asked about."""
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series],
                "alert_rule_test": [{"eval_time": "40m", "alertname": alert, "exp_alerts": []} for alert in asked],
            }
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(test))
    return promtool("test", "rules", file)


def test_promtool_reads_the_rules():
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(names())} rules found" in done.stdout


def test_promtool_reads_the_configuration():
    done = promtool("check", "config", RULES.with_name("prometheus.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_said_while_all_is_well(tmp_path):
    done = tried(tmp_path, WELL, names())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("series", "values", "alert"), SEEN, ids=[alert for *_, alert in SEEN])
def test_an_alert_stands_when_it_should(tmp_path, series, values, alert):
    done = tried(tmp_path, [(series, values)], [alert])
    assert done.returncode == 1, "promtool found no alert"
    assert f'alertname="{alert}"' in done.stdout + done.stderr
    assert "remedy=" in done.stdout + done.stderr
