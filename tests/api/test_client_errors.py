"""The client's errors: whether to try again later follows from the status alone, and the platform's words are kept."""

import httpx
import pandas as pd
import pytest

from nongvu_client import AgainLater, NongVuError, NotAllowed, NotFound
from nongvu_client.client import Client, _listed, _moment
from nongvu_client.errors import error_of


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, NongVuError), (401, NotAllowed), (402, NongVuError), (403, NotAllowed), (404, NotFound), (405, NongVuError),
     (428, NongVuError), (429, AgainLater), (430, NongVuError), (500, NongVuError), (501, NongVuError), (502, AgainLater),
     (503, AgainLater), (504, AgainLater), (505, NongVuError)],
)  # fmt: skip
def test_the_kind_of_an_error(status, kind):
    error = error_of(status, {"title": "Không được", "detail": "vì thế"})
    assert type(error) is kind
    assert isinstance(error, NongVuError)
    assert str(error) == f"{status} Không được: vì thế"
    assert (error.status, error.document["detail"]) == (status, "vì thế")
    assert str(error_of(status, {})) == f"{status} : "


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (None, None),
        ("2026-01-15", "2026-01-15T00:00:00+00:00"),
        ("2026-01-15T07:00:00+07:00", "2026-01-15T00:00:00+00:00"),
        (pd.Timestamp("2026-01-15 07:00", tz="Asia/Ho_Chi_Minh"), "2026-01-15T00:00:00+00:00"),
    ],
)
def test_times_go_out_as_utc(when, said):
    assert _moment(when) == said


def test_names_are_a_list_however_they_are_given():
    assert [_listed(one) for one in (None, "a", ("a", "b"), [])] == [[], ["a"], ["a", "b"], []]


def test_what_the_platform_refused_is_raised_in_its_words():
    refuse = httpx.MockTransport(
        lambda request: httpx.Response(404, json={"title": "Not found", "detail": "no station 'x'"})
    )
    with Client("https://nongvu.example/", transport=refuse) as client, pytest.raises(NotFound, match="no station 'x'"):
        client.stations()
