"""Languages of the pages: a file is all that one takes; every text that is asked for is there, and none is idle."""

import ast
import re
from pathlib import Path

import httpx
import pytest
from jinja2 import Environment, nodes
from pydantic import ValidationError

import telemetry.languages
from api import languages
from api.routes.subscribers import NewSubscriber
from api.settings import ApiSettings
from api.web.page import TEMPLATES
from tests import tongue

from .test_office import csrf, people, sign_in  # noqa: F401 — a fixture

API = Path(languages.__file__).parent.parent
#: Sections whose texts are asked for by what was found: a reason, an audience, a unit of time.
BY_VALUE = {"audiences"}  # and keys of `refused` by what a problem says


@pytest.fixture
def third(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One file more on the shelves that the pages speak from."""
    monkeypatch.setattr(languages, "SHELF", tongue.with_third(languages, tmp_path, holes=languages.HOLES))
    monkeypatch.setattr(telemetry.languages, "SHELF", tongue.with_third(telemetry.languages, tmp_path))


def visible(page: str) -> str:
    """What a reader sees of a page."""
    page = re.sub(r"<(style|script).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def named() -> set[str]:
    """Every string of code, and every attribute that templates ask for."""
    found = set()
    for path in (API / "web").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    for path in (API / "routes").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    return found | {attribute for _, attribute in asked_by_templates()}


def asked_by_templates() -> set[tuple[str, str]]:
    environment, found = Environment(autoescape=True), set()
    for name in TEMPLATES.list_templates(filter_func=lambda name: name.endswith(".html")):
        tree = environment.parse(TEMPLATES.loader.get_source(TEMPLATES, name)[0])
        for node in tree.find_all(nodes.Getattr):
            if isinstance(node.node, nodes.Name) and node.node.name in {"words", "office"}:
                found.add((node.node.name, node.attr))
    return found


def test_every_language_has_every_text_or_says_which_it_lacks() -> None:
    assert languages.SHELF.codes[:2] == ("vi", "en")
    for code in languages.SHELF.codes:
        assert not languages.SHELF.language(code).lacks, "said in Vietnamese: translate it, or take this line away"


def test_every_text_that_a_page_asks_for_is_there() -> None:
    sections = {"words": "page", "office": "office"}
    missing = [
        (name, key) for name, key in asked_by_templates() if key not in languages.SHELF.tree("vi", sections[name])
    ]
    assert missing == []


def test_no_text_is_translated_for_nothing() -> None:
    asked = named()
    idle = [
        f"[{section}] {key}"
        for section, texts in languages.SHELF.languages["vi"].sections.items()
        for key in texts
        if section not in BY_VALUE and key not in asked and not key.startswith("state_")
    ]
    assert idle == [], "named by no template and no code: take it away in every language"


async def test_the_page_is_there_in_the_new_language(client: httpx.AsyncClient, third: None) -> None:
    first = (await client.get("/")).text
    assert '<a href="?lang=tyz" hreflang="tyz" lang="tyz">Tày</a>' in first, "the switch is made from the shelf"
    answer = await client.get("/?station=huu-lung-1&lang=tyz")
    page = visible(answer.text)
    assert answer.headers["content-language"] == "tyz"
    assert '<html lang="tyz">' in answer.text
    for code, name in (("vi", "Tiếng Việt"), ("en", "English")):
        assert (
            f'<a href="?station=huu-lung-1&amp;lang={code}" hreflang="{code}" lang="{code}">{name}</a>' in answer.text
        )
    assert "tyz.title" in page
    assert "tyz.air_temperature" in page, "names of quantities are those of telemetry's file"
    assert "10·0 °C" in page or "·" in page, "its decimal mark"
    assert "tyz.short_date" in page
    vietnamese = [text for text in languages.SHELF.words("vi", "page").values() if len(text) > 12 and text in page]
    assert vietnamese == [], "no label is left in Vietnamese"
    accepted = await client.get("/", headers={"accept-language": "tyz-VN, vi;q=0.5"})
    assert accepted.headers["content-language"] == "tyz"


async def test_an_alert_that_nobody_has_translated_is_told_in_vietnamese(
    client: httpx.AsyncClient, third: None
) -> None:
    page = (await client.get("/?station=huu-lung-1&lang=tyz")).text
    assert "Rét đậm tại xã" in page
    assert "Nhốt trâu bò" in page


async def test_officers_choose_among_the_languages_of_the_shelf(
    client: httpx.AsyncClient,
    people: str,  # noqa: F811
    third: None,
) -> None:
    await sign_in(client, "can-bo")
    page = (await client.get("/office/people?lang=tyz")).text
    assert re.findall(r'<option value="(\w+)">([^<]+)</option>', page)[-3:] == [
        ("vi", "Tiếng Việt"), ("en", "English"), ("tyz", "Tày"),
    ]  # fmt: skip
    assert "tyz.agreed_on" in page
    body = {"csrf": csrf(page), "phone": "0912345678", "place": "huu-lung", "how": "paper", "language": "tyz"}
    assert (await client.post("/office/people", data=body)).status_code == 303
    assert "<td>đang nhận</td>" in (await client.get("/office/people")).text, "it said 'active' in every language"


@pytest.mark.parametrize(
    ("changed", "key", "vi", "en"),
    [
        ({"phone": "12"}, "phone", "Số điện thoại không đúng.", "This is no phone number."),
        ({"place": "nowhere"}, "place", "Không có địa bàn mang mã này", "There is no place of this code"),
        ({"language": "xx"}, "language", "Chưa có ngôn ngữ này.", "There is no such language."),
        ({"agreed": "x"}, "agreed", "Ngày đồng ý không đúng.", "The day they agreed is no day."),
        ({"agreed": "2099-01-01"}, "not_come", "Ngày đồng ý chưa đến.", "has not come yet"),
        ({"how": ""}, "how", "Cần chọn họ đồng ý bằng cách nào.", "Say how they agreed."),
        ({}, "known", "Số này đã có trong danh sách", "This number is known already"),
    ],
)
async def test_why_somebody_was_not_added_is_said_in_the_readers_language(
    client: httpx.AsyncClient,
    people: str,  # noqa: F811
    third: None,
    changed: dict[str, str],
    key: str,
    vi: str,
    en: str,
) -> None:
    """English sentences of the API stood on the Vietnamese page."""
    await sign_in(client, "can-bo")
    mark = csrf((await client.get("/office/people")).text)
    body = {"csrf": mark, "phone": "0912345678", "place": "huu-lung", "how": "paper", "language": "vi"}
    if not changed:
        assert (await client.post("/office/people", data=body)).status_code == 303
    for language, said in (("vi", vi), ("en", en), ("tyz", f"tyz.{key}")):
        page = (await client.post(f"/office/people?lang={language}", data=body | changed)).text
        wrong = re.search(r'class="wrong" role="alert">([^<]*)<', page)
        assert wrong is not None
        assert said in wrong[1], wrong[1]


@pytest.mark.parametrize(
    ("changed", "key", "vi"),
    [
        ({"enter": "19 14"}, "levels", "Quy tắc này có 3 cấp: cần đủ 3 ngưỡng."),
        ({"enter": "12 14 19"}, "fall", "Ngưỡng phải giảm dần theo cấp."),
        ({"enter": "a b"}, "not_numbers", "Ngưỡng là các số"),
        ({"from": "x"}, "day", "Chưa chọn đủ ngày."),
        ({"from": "2026-02-01"}, "period", "Ngày đầu phải trước ngày cuối"),
        ({"place": "nowhere"}, "place", "Không có địa bàn mang mã này"),
        ({"rule": "no_such"}, "rule", "Không có quy tắc này"),
    ],
)
async def test_why_a_rule_was_not_tried_is_said_in_the_readers_language(
    client: httpx.AsyncClient,
    people: str,  # noqa: F811
    third: None,
    changed: dict[str, str],
    key: str,
    vi: str,
) -> None:
    await sign_in(client, "ky-su")
    body = {"csrf": csrf((await client.get("/office/rules")).text), "rule": "cold_spell", "place": "huu-lung-1",
            "from": "2025-12-01", "to": "2026-01-01"}  # fmt: skip
    for language, said in (("vi", vi), ("tyz", f"tyz.{key}")):
        page = (await client.post(f"/office/rules?lang={language}", data=body | changed)).text
        wrong = re.search(r'class="wrong" role="alert">([^<]*)<', page)
        assert wrong is not None
        assert said in wrong[1], wrong[1]


async def test_what_is_not_judged_is_told_in_every_language_of_the_shelf(
    client: httpx.AsyncClient, third: None
) -> None:
    rows = (await client.get("/v1/stations/huu-lung-1/unjudged")).json()
    assert all(set(row["says"]) == {"vi", "en", "tyz"} for row in rows)


def test_a_language_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValidationError, match="there is no language 'tay', there are vi, en"):
        NewSubscriber(address="+84912345678", places=["dong-dang"], language="tay", consent_channel="paper")
    with pytest.raises(ValidationError, match="there is no language 'tay', there are vi, en"):
        ApiSettings(database_url="postgresql://nobody", language="tay")
