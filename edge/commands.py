"""`nongvu edge`: the commands run, check, models, probe and new, as they are typed."""

# ruff: noqa: PLC0415 — each command loads only what it needs

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from telemetry.process import WRONG_SETTINGS

if TYPE_CHECKING:
    from edge.probe import Found
    from edge.settings import GatewayFile

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The gateway: reads sensors, keeps the readings, sends them."
)

GatewayPath = Annotated[Path, typer.Argument(metavar="GATEWAY.toml", help="The gateway's file.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
UserModels = Annotated[Path | None, typer.Option("--models", help="Folder with sensor models of your own.")]


@app.command("run")
def run_gateway(path: GatewayPath) -> None:
    """Run a gateway until it is told to stop (SIGTERM or Ctrl-C)."""
    from edge.gateway import run

    run(path)


@app.command()
def check(path: GatewayPath, *, as_json: AsJson = False) -> None:
    """Check a gateway's file: every problem at once, with its line. Touches no network."""
    from edge.gateway import refuse
    from edge.settings import GatewayFileError, read

    try:
        file = read(path)
    except GatewayFileError as error:
        if as_json:
            sys.stdout.write(json.dumps({"right": False, "problems": error.problems}, ensure_ascii=False) + "\n")
            raise SystemExit(WRONG_SETTINGS) from None
        refuse(path, error.problems)
    units = [unit.name for _, unit in file.units]
    pushed = [device.name for source in file.mqtt for device in source.devices]
    pushed += [device.name for server in file.http for device in server.devices]
    said = {"right": True, "gateway": file.gateway.code, "units": units, "pushed": pushed, "remarks": _remarks(file)}
    if as_json:
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{path} is right: gateway {file.gateway.code}; devices on buses: {len(units)}, ")
    sys.stdout.write(f"that send by themselves: {len(pushed)}.\n")
    for remark in _remarks(file):
        sys.stdout.write(f"  note: {remark}\n")


def _remarks(file: GatewayFile) -> list[str]:
    from edge.bus_settings import registers_of
    from edge.sensor import shelf

    models = shelf(file.gateway.models)
    remarks = []
    for _, unit in file.units:
        doubtful = [item.name for item in registers_of(unit, models[unit.model]) if not item.verified]
        if doubtful:
            remarks.append(f"{unit.name}: compare {', '.join(doubtful)} with the display, no public source confirms it")
    broker = file.broker
    places = (broker.password_file, broker.authority, broker.certificate, broker.key)
    return [*remarks, *(f"{place} is not there yet" for place in places if place is not None and not place.exists())]


@app.command()
def models(
    name: Annotated[str | None, typer.Argument(help="One model, in detail.")] = None,
    *, user: UserModels = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """List the sensor models, or show one with its registers."""
    from edge.sensor import SensorModelError, shelf

    try:
        found = shelf(user)
    except SensorModelError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(WRONG_SETTINGS) from None
    if name is not None and name not in found:
        sys.stderr.write(f"no model {name!r}; there are {', '.join(found)}\n")
        raise SystemExit(WRONG_SETTINGS)
    chosen = {name: found[name]} if name else found
    if as_json:
        text = json.dumps({key: model.model_dump(mode="json") for key, model in chosen.items()}, ensure_ascii=False)
        sys.stdout.write(text + "\n")
        return
    for key, model in chosen.items():
        sys.stdout.write(f"{key:<22} {model.title}{'' if model.verified else '  [not verified]'}\n")
        if name:
            _show_model(model)


def _show_model(model: Any) -> None:
    for register in model.registers:
        marks = [register.variant and f"variant {register.variant}", register.optional and "optional",
                 not register.verified and "not verified", register.counter and "counter", register.note]  # fmt: skip
        said = "; ".join(str(mark) for mark in marks if mark)
        scale = f"× {register.scale:g} {register.unit}".rstrip()
        sys.stdout.write(f"  {register.address:>6}  {register.type:<5} {register.name:<32} {scale:<14} {said}\n")
    for source in model.sources:
        sys.stdout.write(f"  source: {source}\n")
    if model.note:
        sys.stdout.write(f"  {model.note}\n")


@app.command()
def probe(
    line: Annotated[str | None, typer.Argument(help="tcp://host:502, rtu-tcp://host:4001 or /dev/ttyUSB0")] = None,
    *,
    units: Annotated[str, typer.Option(help="Units to ask, such as 1-10,144.")] = "1-32,144",
    baud_rate: Annotated[int, typer.Option(help="Of a serial line.")] = 9600,
    parity: Annotated[str, typer.Option(help="Of a serial line: N, E or O.")] = "N",
    model: Annotated[str | None, typer.Option(help="Read the units as this model, without recognising.")] = None,
    budget: Annotated[float, typer.Option(help="Longest wait for an answer, in seconds.")] = 0.25,
    address: Annotated[int | None, typer.Option(help="Decode: first word to read from the first unit.")] = None,
    count: Annotated[int, typer.Option(help="Decode: number of words to read.")] = 4,
    function: Annotated[int, typer.Option(help="Decode: 3 (holding) or 4 (input registers).")] = 3,
    words: Annotated[
        str | None, typer.Option(help="Decode: words in hexadecimal instead, such as '01EF 0144'.")
    ] = None,
    shows: Annotated[str | None, typer.Option(help="Decode: the value on the device's display, such as 49.5.")] = None,
    user: UserModels = None,
    as_json: AsJson = False,
) -> None:
    """Find out who is on a bus and what they say; or how words must be read to give what a display shows.

    Examples: 'nongvu edge probe /dev/ttyUSB0 --baud-rate 4800', 'nongvu edge probe --words "01EF 0144" --shows 32.4',
    'nongvu edge probe tcp://10.0.0.5 --units 1 --address 0 --count 8 --shows 49.5'.
    """
    from edge.commands_probe import decode_words, scan_line

    if (words is None and line is None) or (shows is None and (words is not None or address is not None)):
        sys.stderr.write("give a line to scan, or --words with --shows, or a line with --address and --shows\n")
        raise SystemExit(WRONG_SETTINGS)
    try:
        numbers = _numbers(units)
        if shows is not None:
            found = decode_words(line, numbers[0], (baud_rate, parity), words, (address or 0, count, function), shows)
            _show_candidates(found, as_json=as_json)
            return
        answer = asyncio.run(scan_line(line or "", numbers, (baud_rate, parity), model, budget, user, quiet=as_json))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(WRONG_SETTINGS) from None
    except ConnectionError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    _show_found(answer, as_json=as_json)


def _show_candidates(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    for item in [] if as_json else found:
        before = f" before = {item['before']:g}" if item["before"] else ""
        sys.stdout.write(f"address = {item['address']}  type = {item['type']}  order = {item['order']}  ")
        sys.stdout.write(f"scale = {item['scale']:g}{before}  → {item['value']:g}\n")
    if not found:
        sys.stderr.write("nothing fits: is the value shown of this register, and steady?\n")
        raise SystemExit(1)


def _show_found(found: list[Found], *, as_json: bool) -> None:
    if as_json:
        rows = [{"unit": item.unit, "models": item.models, "error": item.error,
                 "readings": [dict(zip(("name", "value", "unit", "verified"), row, strict=True))
                              for row in item.readings]} for item in found]  # fmt: skip
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
    for item in [] if as_json else found:
        sys.stdout.write(f"unit {item.unit}: {' or '.join(item.models) or 'answers, but no model recognises it'}\n")
        for name, value, measure, verified in item.readings:
            marks = ("" if verified else "   [not verified]") + _strange(name, value)
            sys.stdout.write(f"    {name:<34}{value:>12g} {measure}{marks}\n")
        if item.error:
            sys.stdout.write(f"    {item.error}\n")
    if not found:
        sys.stderr.write("nobody answers: check A/B wires, power, baud rate and parity\n")
        raise SystemExit(1)
    if all(item.error and not item.readings for item in found):
        sys.stderr.write("nobody said a value: another model, or another function?\n")
        raise SystemExit(1)


def _strange(name: str, value: float) -> str:
    """What is wrong with a value by itself, as alarms would see it; empty where nothing is, and of a total."""
    from edge.fitness import unfit
    from telemetry.quantities import Aggregate, quantity

    row = quantity(name.partition("/")[0])
    why = "" if row.aggregate is Aggregate.SUM else unfit(row.name, value, 0.0, 1.0)
    return f"   [{why}]" if why else ""


def _numbers(text: str) -> list[int]:
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        numbers += range(int(first), int(last or first) + 1)
    if not numbers or not all(0 <= number <= 255 for number in numbers):
        message = f"--units {text!r}: write numbers from 0 to 255, such as 1-10,144"
        raise ValueError(message)
    return numbers


@app.command()
def new(
    path: GatewayPath, *, force: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False
) -> None:
    """Ask what a gateway's file needs, and write it."""
    from edge.commands_new import asked
    from edge.new_file import text_of
    from edge.settings import GatewayFileError, parse

    if path.exists() and not force:
        sys.stderr.write(f"{path} is there already; --force replaces it\n")
        raise SystemExit(WRONG_SETTINGS)
    if not _writable(path):  # before the questions: no answer is to be lost
        sys.stderr.write(f"{path} cannot be written; run it with sudo, or write elsewhere\n")
        raise SystemExit(WRONG_SETTINGS)
    text = text_of(asked())
    path.write_text(text, "utf-8")
    try:
        parse(text)
    except GatewayFileError as error:
        sys.stderr.write(f"{path} written; to be corrected in it:\n")
        _list(error.problems)
    sys.stdout.write(f"{path} written; next: nongvu edge check {path}\n")


def _writable(path: Path) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(path if path.exists() else path.parent, os.W_OK)


def _list(problems: list[str]) -> NoReturn:
    for problem in problems:
        sys.stderr.write(f"  {problem}\n")
    raise SystemExit(WRONG_SETTINGS)
