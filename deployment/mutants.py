"""Whether tests notice faults: mutants of the files of `mutants.toml`, each tried by the tests nearest to its file.

    python deployment/mutants.py                    # all of the table
    python deployment/mutants.py episode level      # files whose path holds one of these
    python deployment/mutants.py episode --where revise     # of these functions alone, without the bars

A mutant that no test fails on has survived. Work is done in temporary copies of the tree, one a core; each mutant is
tried in a process forked from one that has loaded the libraries. Exit code 1: fewer killed or more explained than the
table's bars, or an explanation that is of no survivor.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from mutation import Mutant, mutants

ROOT = Path(__file__).parents[1]
TABLE = Path(__file__).with_suffix(".toml")
WORKERS = 2
#: A mutant may compute so many times as long as the source does, and so much more; and last so much longer, waiting.
TIMES, MORE, WAITING = 5.0, 5.0, 60.0
#: Plug-ins of pytest are loaded by it alone.
_NOT_AHEAD = ("_pytest", "pytest", "xdist", "_hypothesis_pytestplugin", "pluggy", "__main__", "mutants", "mutation")


@dataclass(slots=True)
class Score:
    """What became of the mutants of a file."""

    file: str
    killed: int = 0
    hung: int = 0
    explained: int = 0
    survived: list[Mutant] = field(default_factory=list)
    #: Explanations that are of no survivor.
    idle: list[dict[str, str]] = field(default_factory=list)

    @property
    def all(self) -> int:
        """How many there were."""
        return self.killed + self.explained + len(self.survived)

    def share(self, number: int) -> float:
        """Of all [%]."""
        return 100.0 * number / max(self.all, 1)

    def passes(self, bars: dict[str, float]) -> bool:
        """Whether the bars are met."""
        enough = self.share(self.killed) >= bars["killed"] and self.share(self.explained) <= bars["explained"]
        return (enough or not self.all) and not self.idle

    def report(self) -> str:
        """What a person reads of it."""
        killed, explained = self.share(self.killed), self.share(self.explained)
        lines = [f"{self.file}: {self.all} mutants, {self.killed} killed ({killed:.1f} %, {self.hung} of them hung)"]
        lines[0] += f", {self.explained} explained ({explained:.1f} %), {len(self.survived)} survived"
        lines += [f"  {self.file}:{one.line} {one.where}\n{one.diff()}" for one in self.survived]
        for one in self.idle:
            lines.append("  explained, but it did not survive or is no mutant any more:")
            lines.append(f"    {one['where']}: {one['was']} -> {one['becomes']}")
        return "\n".join(lines)


def settle(file: str, ends: Sequence[tuple[Mutant, str]], explained: Sequence[dict[str, str]]) -> Score:
    """Count what became of a file's mutants: killed, hung or survived; explanations name their place and lines."""
    score = Score(file)
    used = set()
    reasons = {(one["where"], one["was"], one["becomes"]): place for place, one in enumerate(explained)}
    for mutant, end in ends:
        reason = reasons.get((mutant.where, mutant.was, mutant.becomes))
        if end != "survived":
            score.killed += 1
            score.hung += end == "hung"
        elif reason is None:
            score.survived.append(mutant)
        else:
            used.add(reason)
            score.explained += 1
    score.idle = [one for place, one in enumerate(explained) if place not in used]
    return score


class Worker:
    """A copy of the tree, and a process in it that tries sources."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--serve"],
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(folder), "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / ".hypothesis")},
        )  # fmt: skip
        self.limits: dict[str, tuple[float, float]] = {}

    def ask(self, **order: Any) -> dict[str, Any]:
        """Have one source of a file tried; see `tried`."""
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            message = "a worker died; run it again, with one file"
            raise SystemExit(message)
        result: dict[str, Any] = json.loads(answer)
        return result

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()

    def end(self, file: str, tests: list[str], source: str) -> str:
        """What became of a mutant: killed, hung or survived."""
        if file not in self.limits:
            plain = self.ask(file=file, tests=tests, source=None, cpu=600.0, wall=600.0)
            if plain["end"] != "survived":
                message = f"{file}: its tests fail without any mutant, or none loads it:\n{plain['said']}"
                raise SystemExit(message)
            self.limits[file] = TIMES * plain["cpu"] + MORE, TIMES * plain["wall"] + WAITING
        cpu, wall = self.limits[file]
        return str(self.ask(file=file, tests=tests, source=source, cpu=cpu, wall=wall)["end"])


@contextlib.contextmanager
def workers(count: int) -> Iterator[SimpleQueue[Worker]]:
    """Processes with a copy of the tree each: what is tracked, and what is new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    idle: SimpleQueue[Worker] = SimpleQueue()
    running = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        try:
            for number in range(count):
                copy = Path(folder) / str(number)
                for name in filter(None, listed.split("\0")):
                    if (ROOT / name).is_file():
                        (copy / name).parent.mkdir(parents=True, exist_ok=True)
                        shutil.copy2(ROOT / name, copy / name)
                running.append(Worker(copy))
                idle.put(running[-1])
            yield idle
        finally:
            for worker in running:
                worker.close()


def score(file: str, row: dict[str, Any], where: Sequence[str], idle: SimpleQueue[Worker]) -> Score:
    """Try the mutants of a file."""
    chosen = [one for one in mutants((ROOT / file).read_text("utf-8")) if not where or one.where in where]

    def one(mutant: Mutant) -> tuple[Mutant, str]:
        worker = idle.get()
        try:
            return mutant, worker.end(file, row["tests"], mutant.source)
        finally:
            idle.put(worker)

    with ThreadPoolExecutor(WORKERS) as pool:
        ends = list(pool.map(one, chosen))
    explained = [given for given in row.get("explained", []) if not where or given["where"] in where]
    return settle(file, ends, explained)


def main(argv: Sequence[str]) -> int:
    """Try the files that are named, and say what survived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="parts of paths of the table; none: all")
    parser.add_argument("--where", action="append", default=[], help="only in this function or class; no bars")
    given = parser.parse_args(argv)
    table = tomllib.loads(TABLE.read_text("utf-8"))
    chosen = [file for file in table["files"] if not given.files or any(part in file for part in given.files)]
    if not chosen:
        parser.error(f"no file of {TABLE.relative_to(ROOT)} is named so; there are {', '.join(table['files'])}")
    bars, missed = table["bars"], []
    with workers(WORKERS) as idle:
        for file in chosen:
            begun = time.monotonic()
            result = score(file, table["files"][file], given.where, idle)
            sys.stdout.write(f"{result.report()}\n  {time.monotonic() - begun:.0f} s\n")
            sys.stdout.flush()
            if not given.where and not result.passes(bars):
                missed.append(file)
    if missed:
        sys.stdout.write(
            f"Not enough: {', '.join(missed)}. At least {bars['killed']} % are to be killed, at most "
            f"{bars['explained']} % explained: write a test that fails on a survivor, or say in "
            f"{TABLE.relative_to(ROOT)} why no test can.\n"
        )
    return 1 if missed else 0


# --- the process in a copy ---


def serve() -> None:
    """Answer each order of the input with a line of the output."""
    ready = False
    for line in sys.stdin:
        order = json.loads(line)
        answer = tried(**order)
        if not ready:
            preload(answer["modules"])
            ready = True
        sys.stdout.write(json.dumps(answer | {"modules": []}) + "\n")
        sys.stdout.flush()


def tried(file: str, tests: list[str], source: str | None, cpu: float, wall: float) -> dict[str, Any]:
    """Run tests on a source of a file, None for the file's own: how it ended, seconds, what was said and loaded."""
    path, log = Path(file), Path("mutants.log")
    if not path.is_file():
        return {"end": "killed", "cpu": 0.0, "wall": 0.0, "said": f"{file} is not there", "modules": []}
    own = path.read_bytes()
    if source is not None:
        path.write_text(source, "utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        _child(file, tests, log, cpu, ahead=source is None)
    end, used = _ended(child, begun + wall)
    path.write_bytes(own)
    modules = Path("mutants.modules")
    return {
        "end": end,
        "cpu": used,
        "wall": time.monotonic() - begun,
        "said": log.read_text("utf-8", errors="replace")[-4000:] if source is None else "",
        "modules": modules.read_text().split() if source is None and modules.exists() else [],
    }


def _ended(child: int, until: float) -> tuple[str, float]:
    """How a process ended, and its seconds of CPU; whatever it left running is ended with it."""
    end = ""
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > until:
            end = "hung"
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    if os.WIFSIGNALED(status):
        end = "hung" if end or os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGKILL} else "killed"
    return end or ("survived" if os.WEXITSTATUS(status) == 0 else "killed"), usage.ru_utime + usage.ru_stime


def _child(file: str, tests: list[str], log: Path, cpu: float, *, ahead: bool) -> None:
    """Run pytest in this process, which ends by it."""
    code = 70
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu) + 1, int(cpu) + 10))
        sys.dont_write_bytecode = not ahead
        said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = _pytest(file, tests, ahead=ahead)
        sys.stdout.flush()
    finally:
        os._exit(code)


def _pytest(file: str, tests: list[str], *, ahead: bool) -> int:
    import pytest  # noqa: PLC0415  (the driver needs none of it)
    from hypothesis import Phase, settings  # noqa: PLC0415

    # the first example that fails is enough; what fails is not kept, so that mutants do not help each other
    settings.register_profile("mutants", database=None, phases=(Phase.explicit, Phase.generate))
    settings.load_profile("mutants")
    options = ["-x", "-q", "--tb=line", "--hypothesis-seed=0", "-p", "no:cacheprovider", "-p", "no:xdist"]
    code = int(pytest.main([*options, "-W", "ignore::pytest.PytestAssertRewriteWarning", *tests]))
    path = Path(file).resolve()
    if ahead and not any(getattr(module, "__file__", None) == str(path) for module in list(sys.modules.values())):
        sys.stdout.write(f"none of {', '.join(tests)} loads {path}\n")
        return code or 70
    if ahead:
        Path("mutants.modules").write_text("\n".join(sys.modules), "utf-8")
    return code


def preload(names: Sequence[str]) -> None:
    """Load libraries, whose code no mutant changes, once for all processes that are forked from this one."""
    own = {path.stem for path in Path().iterdir()}
    for name in names:
        top = name.partition(".")[0]
        if top not in own and top not in _NOT_AHEAD:
            with contextlib.suppress(Exception):
                importlib.import_module(name)


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        sys.exit(main(sys.argv[1:]))
