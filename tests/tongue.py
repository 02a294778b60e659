"""A third language, made up: the Vietnamese file with every text replaced by its key and its placeholders."""

import json
import shutil
import string
import tomllib
from pathlib import Path

from telemetry.language import Shelf

CODE, NAME = "tyz", "Tày"


def made(key, text):
    """A text that tells where it stands and has the same placeholders, so that what is not of it is seen."""
    names = [name for _, name, *_ in string.Formatter().parse(text) if name]
    later = "".join(literal for literal, *_ in string.Formatter().parse(text))
    names += [f"{{{name}}}" for _, name, *_ in string.Formatter().parse(later) if name]
    dates = [part for part in ("%H:%M", "%d/%m/%Y", "%d/%m") if part in text][:2]
    return " ".join([f"tyz.{key}", *dates, *("{" + name + "}" for name in dict.fromkeys(names))])


def translated(value, key=""):
    if isinstance(value, str):
        return made(key, value) if value else ""
    if isinstance(value, list):
        return [translated(part, f"{key}{number}") for number, part in enumerate(value)]
    return {name: translated(part, name) for name, part in value.items()}


def written(value):
    """A value as TOML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {written(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def text_of(folder, *, lacks=(), without=()):
    """The file of the made-up language for a package's folder."""
    sections = tomllib.loads((Path(folder) / "vi.toml").read_text(encoding="utf-8"))
    lines = [f'name = "{NAME}"', f'tag = "{CODE}"', 'decimal = "·"', f"lacks = {json.dumps(list(lacks))}"]
    for place in lacks:
        *way, last = place.split(".")
        found = sections
        for key in way:
            found = found[key]
        found.pop(last)
    for name, texts in sections.items():
        if isinstance(texts, dict) and name not in without:
            lines.append(f"[{json.dumps(name)}]")
            lines += [f"{json.dumps(key)} = {written(part)}" for key, part in translated(texts).items()]
    return "\n".join(lines) + "\n"


def with_third(package, tmp_path, *, own=(), holes=None, lacks=(), without=()):
    """The shelf of a package with one file more; `package` is its module of languages."""
    folder = tmp_path / package.__name__
    shutil.copytree(Path(package.__file__).parent, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / f"{CODE}.toml").write_text(text_of(folder, lacks=lacks, without=(*without, *own)), encoding="utf-8")
    return Shelf.of(folder, own, holes)
