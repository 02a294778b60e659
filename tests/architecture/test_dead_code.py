"""What nothing names is found; what others call by name, and fields of documents, are not said to be dead."""

import importlib.util
from pathlib import Path

SPEC = importlib.util.spec_from_file_location("dead_code", Path(__file__).parents[2] / "deployment" / "dead_code.py")
dead_code = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(dead_code)


def test_dead_code_is_found_and_fields_are_none(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.vulture]\npaths = ["a.py"]\nexclude = ["b.py"]\nmin_confidence = 60\n'
        'ignore_names = ["on_*"]\nignore_decorators = ["@*.get"]\n'
    )
    (tmp_path / "a.py").write_text(
        "class Answer:\n    level: int\n    LIMIT = 3\n\n\ndef on_message():\n    return Answer\n\n\ndef forgotten():\n    return 1\n"
    )
    found = dead_code.dead(tmp_path)
    assert [line.split("unused ")[1].split(" (")[0] for line in found] == ["variable 'LIMIT'", "function 'forgotten'"]
