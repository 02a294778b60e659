"""What other processes wrote as JSON: whatever it is, a page gets values of the kind it shows."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, nodes

from api.answers import stored_json
from api.web.page import TEMPLATES

KEYS = st.sampled_from([
    "online", "waiting", "vi", "en", "short", "long", "page", "radio", "advice", "title", "unit", "levels", "words",
    "name", "act", "now", "then", "episodes", "days", "longest_days", "problem", "rule", "place", "from", "to", "enter",
    "below", "minimum", "maximum", "of_season", "1", "newer",
])  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("1e400"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=8),
    max_leaves=30,
)


@given(JSON)
def test_nothing_that_was_written_breaks_the_reader(value: object) -> None:
    state = stored_json.gateway_state(value)
    assert isinstance(state.waiting, int)
    assert state.waiting >= 0
    assert isinstance(stored_json.bulletin_text(value, "en"), str)
    assert isinstance(stored_json.title(value, "vi", "x"), str)
    assert all(isinstance(text, str) for text in stored_json.level_words(value, 1, "vi"))
    texts = stored_json.texts(value, "vi")
    assert isinstance(texts.long, str)
    assert all(isinstance(text, str) for text in texts.advice.values())
    stored_json.thresholds(value)
    stored_json.property_row(value)
    for state_of_request in ("waiting", "working", "done", "failed"):
        row = {"subject": value, "answer": value, "progress": 0.5, "state": state_of_request}
        preview = stored_json.preview(row)
        assert preview.percent == 50
        assert (preview.outcomes is None) or all(isinstance(one.episodes, int) for one in preview.outcomes)
        assert preview.levels == sorted(preview.levels, key=lambda name: (len(name), name))


@pytest.mark.parametrize(
    ("status", "online", "waiting"),
    [
        ({"gateway": "g", "online": True, "boot": "b"}, True, 0),
        ({"online": True, "waiting": 7, "newer": {"x": 1}}, True, 7),
        ({"online": "true", "waiting": "12"}, True, 12),
        ({"online": True, "waiting": None}, True, 0),
        ({"online": None, "waiting": -3}, False, 0),
        ({"waiting": [1]}, False, 0),
        (None, False, 0),
        ([], False, 0),
    ],
)
def test_a_gateways_status(status: object, online: bool, waiting: int) -> None:
    found = stored_json.gateway_state(status)
    assert (found.online, found.waiting, found.heard) == (online, waiting, bool(status))


def test_the_tables_read_a_status_alike(database: str) -> None:
    strange = ['{"online": "yes", "waiting": "many", "clock_offset": "x", "oldest": "infinity", "uptime": 1e300}',
               '{"online": null, "waiting": 1e300, "clock_offset": "1e400", "oldest": "0001-01-01", "signal": []}',
               '{"online": true, "waiting": "12", "clock_offset": "NaN", "oldest": "2013-06-07T00:00:00Z"}', "[]", "null"]  # fmt: skip
    with psycopg.connect(database) as connection:
        for number, text in enumerate(strange):
            connection.execute("INSERT INTO gateway (code, name, status) VALUES (%s, 'g', %s)", [f"g{number}", text])
        connection.execute("SET ROLE chart_reader")
        rows = connection.execute("SELECT online, waiting, clock_offset FROM chart.gateway ORDER BY gateway").fetchall()
        assert rows == [(False, None, None), (False, None, None), (True, 12, None), (False, None, None),
                        (False, None, None)]  # fmt: skip
        connection.execute("SELECT * FROM chart.gateway").fetchall()


def test_no_template_looks_into_what_another_process_wrote() -> None:
    """Columns of JSON never reach a template: what it shows was read by ``api.answers.stored_json``."""
    raw = {"status", "texts", "birth", "properties", "answer.answer", "answer.subject", "entry", "values", "detail"}
    environment = Environment(autoescape=True)
    looked_at = set()
    for name in TEMPLATES.list_templates(filter_func=lambda name: name.endswith(".html")):
        tree = environment.parse(TEMPLATES.loader.get_source(TEMPLATES, name)[0])
        for found in tree.find_all(nodes.Getattr):
            looked_at.add(found.attr)
            if isinstance(found.node, nodes.Name):
                looked_at.add(f"{found.node.name}.{found.attr}")
    assert not looked_at & raw
    assert "state" in looked_at
