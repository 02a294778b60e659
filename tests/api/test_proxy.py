"""A reverse proxy that nobody named is noticed; one that is named tells readers apart, also those who sign in."""

import pytest
from pydantic import ValidationError

from api.protocol.forwarded import Forwarded
from api.settings import ApiSettings


def request(client, said=None):
    headers = [(b"host", b"x")] + ([(b"x-forwarded-for", said)] if said else [])
    return {"type": "http", "client": (client, 40000), "headers": headers}


@pytest.mark.parametrize("neighbour", ["127.0.0.1", "172.31.240.1", "10.0.0.7", "fd00::1"])
def test_a_neighbour_that_forwards_and_is_not_believed_is_noticed(neighbour):
    seen = Forwarded()
    seen.look(request(neighbour))
    assert not seen.strange()
    seen.look(request(neighbour, b"113.160.0.1"))
    assert seen.strange()


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ("113.160.0.1", b"113.160.0.1"),  # believed: the server took the reader's address
        ("113.160.0.1", b"8.8.4.4, 113.160.0.1"),
        ("8.8.8.8", b"113.160.0.1"),  # anybody in the world can write this
    ],
)
def test_who_is_believed_or_far_away_is_no_proxy_of_ours(client, said):
    seen = Forwarded()
    seen.look(request(client, said))
    assert not seen.strange()


def test_what_cannot_be_a_proxy_is_refused_at_the_start():
    assert ApiSettings(database_url="x", trusted_proxies=["*", "::1", "172.31.240.0/28"]).trusted_proxies
    for wrong in ("172.31.240.1/28", "proxy.example", ""):
        with pytest.raises(ValidationError, match="addresses or networks"):
            ApiSettings(database_url="x", trusted_proxies=[wrong])
