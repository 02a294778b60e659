"""A gateway's file: every problem at once, with its line; choices of devices."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from gateway_peers import GATEWAY, UNIT

from edge.bus_settings import Unit, registers_of
from edge.new_file import NewGateway, NewUnit, text_of
from edge.remote_config import RemoteConfig
from edge.sensor import shelf
from edge.settings import GatewayFileError, parse
from edge.toml_position import line_of
from standalone.services import free_port
from telemetry.birth import Config

GOOD = GATEWAY.format(broker=1883, folder="/tmp", modbus=502)
ROOT = Path(__file__).parents[2]


def unit(**more):
    return UNIT.format(**({"name": "mast", "station": "tram-1", "model": "lufft-ws", "unit": 1, "interval": 60} | more))


def problems(text):
    with pytest.raises(GatewayFileError) as error:
        parse(text)
    return error.value.problems


def nongvu(*arguments, **more):
    command = [sys.executable, str(ROOT / "nongvu.py"), "edge", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **more)


def test_a_right_file():
    file = parse(GOOD + unit())
    assert file.buses[0].units[0].model == "lufft-ws"


def test_every_problem_at_once_with_its_line():
    text = GOOD.replace('code = "test-01"', 'code = "Test 01"').replace("resend = 1.0", "resend = 0") + unit(unit=999)
    found = problems(text.replace('"lufft-ws"', '"nope"') + "colour = 3\n")
    assert [problem.split(":")[0] for problem in found] == ["line 3", "line 8", "line 22", "line 23", "line 25"]
    assert "no model 'nope'" in found[2]
    assert "no such setting" in found[4]


def test_problems_between_parts():
    text = GOOD + unit() + unit(name="other") + unit(name="third", station="tram-2", interval=1)
    text += '[[alarm]]\nname = "a"\nstation = "tram-9"\nquantity = "water_level"\nabove = 1\nrelay = "pump"\n'
    found = " ".join(problems(text))
    assert "also said by 'mast'" in found
    assert "every 10 s at most" in found
    assert "nobody here reads tram-9:water_level" in found
    assert "no relay 'pump'" in found


def test_one_installed_device_may_differ_from_its_model():
    model = shelf()["soil-7in1"]
    chosen = Unit(name="p", station="s", model="soil-7in1", unit=1, interval=60, level="-0.30m",
                  omit=("soil_nitrogen", "soil_phosphorus", "soil_potassium"),
                  overrides={"soil_ph": {"scale": 0.01}}, levels={"soil_temperature": "-0.10m"})  # fmt: skip
    registers = {register.name: register for register in registers_of(chosen, model)}
    assert set(registers) == {"soil_moisture/-0.30m", "soil_temperature/-0.10m",
                              "soil_electrical_conductivity/-0.30m", "soil_ph/-0.30m"}  # fmt: skip
    assert registers["soil_ph/-0.30m"].scale == 0.01
    only = chosen.model_copy(update={"only": ("soil_salinity",), "omit": (), "overrides": {}, "levels": {}})
    assert [register.quantity for register in registers_of(only, model)] == ["soil_salinity"]
    lufft = Unit(name="p", station="s", model="lufft-ws", unit=1, interval=60, variants=("rain-difference",))
    rain = [register for register in registers_of(lufft, shelf()["lufft-ws"]) if register.quantity == "precipitation"]
    assert [register.address for register in rain] == [49]
    with pytest.raises(ValueError, match="no variant"):
        registers_of(lufft.model_copy(update={"variants": ("x",)}), shelf()["lufft-ws"])
    with pytest.raises(ValueError, match="has no colour"):
        registers_of(lufft.model_copy(update={"omit": ("colour",)}), shelf()["lufft-ws"])


def test_lines_of_nested_tables():
    text = "[a]\nx = 1\n[[b]]\ny = 1\n[[b.c]]\nz = 1\n[[b]]\n[[b.c]]\nz = 2\n"
    assert line_of(text, ("a", "x")) == 2
    assert line_of(text, ("b", 0, "c", 0, "z")) == 6
    assert line_of(text, ("b", 1, "c", 0, "z")) == 9
    assert line_of(text, ("b", 1, "q")) == 7


def test_a_new_file_is_right():
    new = NewGateway("hl-01", "mqtt://b:1883", bus={"name": "field", "kind": "modbus_rtu", "device": "/dev/ttyUSB0"},
                     units=(NewUnit("p", "tram-1", "soil-7in1", 1, 600, "-0.30m"),))  # fmt: skip
    file = parse(text_of(new))
    assert file.buses[0].units[0].level == "-0.30m"


def test_check_says_all_and_exits_with_2(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD.replace("mqtt://", "http://") + unit(unit=999))
    done = nongvu("check", path)
    assert done.returncode == 2
    assert "line 7" in done.stderr
    assert "line 23" in done.stderr
    done = nongvu("run", path)
    assert done.returncode == 2
    assert "nothing was started" in done.stderr
    path.write_text(GOOD + unit())
    done = nongvu("check", path, "--json")
    assert done.returncode == 0
    said = json.loads(done.stdout)
    assert said["units"] == ["mast"]
    assert "wind_speed" in said["remarks"][0]


def test_new_asks_until_each_answer_is_one_and_writes(tmp_path):
    answers = ["Huu Lung", "hl-01", "broker", "mqtt://b:1883", "", "", str(tmp_path / "b"), "tcp", "modbus_tcp", "10.0.0.5",
               "502", "y", "soil", "soil-7in1", "tram-1", "300", "1", "0", "600", "30 cm", "-0.30m", "n"]  # fmt: skip
    path = tmp_path / "a new folder" / "g.toml"
    done = nongvu("new", path, input="\n".join(answers) + "\n")
    assert done.returncode == 0, done.stderr
    assert "no code" in done.stdout + done.stderr
    assert nongvu("check", path).returncode == 0
    assert nongvu("new", path, input="").returncode == 2  # nothing is overwritten
    assert nongvu("new", "/dev/null/g.toml", input="").returncode == 2  # and nothing asked that could not be kept


def test_new_keeps_the_answers_where_they_do_not_fit_together(tmp_path):
    unit = ["y", "soil-7in1", "tram-1", "1", "600", ""]
    answers = ["hl-01", "mqtt://b:1883", "", "", "", "modbus_tcp", "h", "502", *unit, *unit, "n"]
    done = nongvu("new", tmp_path / "g.toml", input="\n".join(answers) + "\n")
    assert done.returncode == 2
    assert "names are given once only" in done.stderr
    assert (tmp_path / "g.toml").read_text().count("soil-7in1-1") == 2


def test_probe_says_why_there_is_no_line():
    done = nongvu("probe", "/dev/ttyNONE", "--units", "1")
    assert done.returncode == 1
    assert "no such port; there are" in done.stderr
    done = nongvu("probe", f"tcp://127.0.0.1:{free_port()}", "--units", "1")
    assert done.returncode == 1
    assert "nobody takes connections on 127.0.0.1" in done.stderr


def test_models_for_people_and_machines():
    assert "lufft-ws" in nongvu("models").stdout
    assert "not verified" in nongvu("models", "lufft-ws").stdout
    assert len(json.loads(nongvu("models", "--json").stdout)) >= 12
    assert nongvu("models", "nope").returncode == 2


def test_decode_assistant_on_the_command_line():
    done = nongvu("probe", "--words", "01EF 0144 0004", "--shows", "49.5", "--json")
    assert json.loads(done.stdout)[0] == {
        "address": 0, "type": "u16", "order": "ABCD", "scale": 0.1, "before": 0.0, "value": 49.5}  # fmt: skip
    assert nongvu("probe", "--words", "0001", "--shows", "77.7").returncode == 1
    assert nongvu("probe").returncode == 2


def test_a_card_that_cannot_be_written_refuses_a_configuration(tmp_path):
    local = tmp_path / "gateway.toml"
    local.write_text(GOOD)
    (tmp_path / "configuration.toml.new").mkdir()  # where the new one would be written
    config = RemoteConfig(local, tmp_path)
    text = GOOD.replace("status_interval = 5", "status_interval = 6")
    assert not config.desire(Config(1, text), parse(GOOD))
    news = config.news("2026-07-01T00:00:00+00:00")
    assert (news.revision, news.outcome) == (1, "refused")
    assert "cannot be written" in news.reasons[0]
    assert config.text() == GOOD
    assert not config.desire(Config(1, text), parse(GOOD))  # asked again at the next connection: it stays decided
    assert config.news("2026-07-01T00:00:00+00:00") == news


@pytest.mark.parametrize("had_one", [False, True])
def test_a_power_cut_while_a_configuration_is_written_leaves_the_old_one_and_it_is_taken_anew(
    tmp_path, monkeypatch, had_one
):
    local = tmp_path / "gateway.toml"
    local.write_text(GOOD)
    five, six, seven = (GOOD.replace("status_interval = 5", f"status_interval = {n}") for n in (5, 6, 7))
    if had_one:
        config = RemoteConfig(local, tmp_path)
        assert config.desire(Config(1, six), parse(GOOD))
        config.line_came_up()
    before = six if had_one else five

    def cut_off(self, text):
        raise KeyboardInterrupt

    config = RemoteConfig(local, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(RemoteConfig, "_put", cut_off)
        with pytest.raises(KeyboardInterrupt):
            config.desire(Config(2, seven), parse(before))
    config = RemoteConfig(local, tmp_path)
    assert config.text() == before
    config.line_came_up()  # of the old one: nothing is told of the new
    assert config.state.outcome != "applied" or config.state.revision == 1
    assert config.desire(Config(2, seven), parse(before))
    assert RemoteConfig(local, tmp_path).text() == seven
    assert config.state.trial
