"""Clients that are slow, or never end: over real sockets, they are cut off and hold nothing."""

import socket
import time
from collections.abc import Iterator

import psycopg
import pytest

from api import middleware
from api.protocol.connection import Line

from .served import running


@pytest.fixture
def address(province: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """Host and port of a server with little patience."""
    monkeypatch.setattr(Line, "head_seconds", 0.5)
    monkeypatch.setattr(Line, "stall_seconds", 0.5)
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.5)
    with running(province) as found:
        host, port = found.removeprefix("http://").split(":")
        yield host, int(port)


def heard(connection: socket.socket) -> bytes:
    """Everything until the other side ends it."""
    connection.settimeout(60)
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def test_a_head_that_does_not_come_is_cut(address: tuple[str, int]) -> None:
    for sent in (b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "):
        with socket.create_connection(address) as connection:
            connection.sendall(sent)
            assert heard(connection) == b""


def test_a_head_without_end_is_refused(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            for _ in range(64):
                connection.sendall(b"X-Long: " + b"a" * 65536)
        except (ConnectionResetError, BrokenPipeError):
            return  # cut while we were sending
        assert b" 400 " in heard(connection)


def test_a_body_that_does_not_come_is_a_408(address: tuple[str, int]) -> None:
    head = b"POST /sta/v1.1/CreateObservations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
    with socket.create_connection(address) as connection:
        connection.sendall(head.replace(b"/sta/v1.1/CreateObservations", b"/v1/readings") + b"\r\n[")
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert b"application/problem+json" in answer


def test_somebody_who_reads_nothing_is_let_go(address: tuple[str, int], province: str) -> None:
    everything = b"GET /v1/readings?station=huu-lung-1&station=jfk&limit=10000 HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(address)
        connection.sendall(everything * 200)
        time.sleep(3)  # more than the server's patience; nothing is read meanwhile
        got = heard(connection)
    assert not got.endswith(b"]}"), "the rest was not sent"
    with psycopg.connect(province) as database:
        held = database.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nongvu-api' AND state <> 'idle'"
        ).fetchone()
    assert held == (0,), "no connection to the database waits for a slow reader"
