"""JSON Patch (RFC 6902) over an entity's JSON: add, replace, remove, test."""

from __future__ import annotations

import copy

from api.protocol.problems import Problem
from api.sensorthings.grammar import wrong


def apply(document: dict[str, object], operations: object) -> dict[str, object]:
    """The document after the operations; only the properties that they touched are given back."""
    if not isinstance(operations, list) or len(operations) > 100:
        raise wrong("a JSON Patch is an array of at most 100 operations")
    changed, touched = copy.deepcopy(document), set()
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise wrong("an operation of a JSON Patch has 'op' and 'path'")
        parts = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        if not 1 <= len(parts) <= 10:
            raise wrong("a path of a JSON Patch names a property, as /properties/colour")
        _one(changed, parts, operation)
        touched.add(parts[0])
    return {name: changed.get(name) for name in touched}


def _one(document: dict[str, object], parts: list[str], operation: dict[str, object]) -> None:
    *above, last = parts
    path = repr(str(operation["path"])[:80])
    holder: object = document
    for part in above:
        holder = holder.get(part) if isinstance(holder, dict) else None
    if not isinstance(holder, dict):
        raise wrong(f"the path {path} leads nowhere")
    name = operation.get("op")
    if name not in {"add", "replace", "remove", "test"}:
        raise wrong("of JSON Patch add, replace, remove and test are known")
    if name != "add" and last not in holder:
        raise wrong(f"the path {path} leads nowhere")
    if name == "test":
        if holder[last] != operation.get("value"):
            raise Problem(409, f"the test of {path} failed: somebody changed it")
    elif name == "remove":
        del holder[last]
    elif "value" not in operation:
        raise wrong(f"{name} needs a 'value'")
    else:
        holder[last] = operation["value"]
