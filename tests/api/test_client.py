"""The Python client against a running server."""

from collections.abc import Iterator

import httpx
import pandas as pd
import pytest

from nongvu_client import AgainLater, Client, NotAllowed, NotFound

from .served import running


@pytest.fixture
def address(province: str) -> Iterator[str]:
    with running(province) as found:
        yield found


def test_the_key_goes_to_the_host_that_was_asked_alone() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((str(request.url), request.headers["authorization"]))
        following = "http://elsewhere.example:81/v1/latest?cursor=abc" if len(asked) == 1 else None
        return httpx.Response(200, json={"items": [], "next": following})

    with Client("https://nongvu.example", "nv_x", transport=httpx.MockTransport(answer)) as client:
        client.latest()
    assert [url for url, _ in asked] == [
        "https://nongvu.example/v1/latest",
        "https://nongvu.example/v1/latest?cursor=abc",
    ]


def test_frames_of_everything(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Client(address) as client:
        stations = client.stations(place="huu-lung")
        assert list(stations.index) == ["huu-lung-1"]
        assert stations.loc["huu-lung-1", "commune"] == "Xã Hữu Lũng"
        assert len(client.latest(quantity="air_temperature")) == 2
        hourly = client.readings(["huu-lung-1", "jfk"], "air_temperature", since="2026-01-30", every="1h")
        assert str(hourly["time"].dt.tz) == "UTC"
        monkeypatch.setattr("nongvu_client.client._has_pyarrow", lambda: False)
        as_csv = client.readings(["huu-lung-1", "jfk"], "air_temperature", since="2026-01-30", every="1h")
        assert as_csv["value"].to_numpy() == pytest.approx(hourly["value"].to_numpy())
        table = client.table("huu-lung-1", ["air_temperature", "precipitation"], since="2026-01-31T00:00:00Z")
        assert table.shape == (85, 2)
        assert client.alerts(state="open").iloc[0]["place"] == "huu-lung-1"
        assert client.indices("huu-lung-1", "air_temperature_mean")["value"].tolist() == [9.5] * 3


def test_errors_say_whether_to_try_again(address: str, keys: dict[str, dict[str, str]]) -> None:
    with Client(address) as client:
        with pytest.raises(NotFound, match="nowhere"):
            client.indices("nowhere")
        with pytest.raises(NotAllowed):
            client.post(
                pd.DataFrame([{"station": "jfk", "datastream": "air_temperature", "time": "2026-01-31", "value": 1.0}])
            )
    key = keys["farmer-a"]["authorization"].removeprefix("Bearer ")
    with Client(address, key) as client:
        assert "farm-a-1" in client.stations().index
    busy = httpx.MockTransport(lambda _: httpx.Response(503, headers={"retry-after": "99"}, json={"detail": "later"}))
    with Client("http://nongvu.test", transport=busy) as client, pytest.raises(AgainLater, match="later"):
        client.stations()
