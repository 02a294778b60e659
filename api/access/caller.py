"""Who asks, what they may do and whose rows they may see."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Annotated

from fastapi import Depends, Request

from api.access.dependencies import Here, Resources
from api.access.oidc import CHALLENGE
from api.protocol.problems import Problem
from api.protocol.rate_limit import together
from store import access
from store.pool import Connection
from store.scope import Scope

#: Name of a session's cookie. Over https browsers take one that begins with __Host- from this very host only, so that
#: a page on a neighbouring name cannot plant a session.
COOKIE = "nongvu_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks, known or not."""

    #: As it stands in the audit: ``public``, ``account:<name>`` or ``key:<prefix>``.
    name: str = "public"
    account: int | None = None
    title: str = ""
    #: Roles and the place of each; None is everywhere.
    memberships: tuple[tuple[str, int | None], ...] = ()
    #: Of a key: at most these rights; None: all that the roles grant.
    scopes: frozenset[str] | None = None
    per_minute: int | None = None
    #: Of a key: its prefix and how much it may ask in a day.
    prefix: str = ""
    per_day: int = 0
    #: What the public may read.
    open: bool = True
    #: Of a session: what the marks of its forms are made of.
    csrf: str = ""

    def scope_for(self, right: str) -> Scope:
        """Places at which the asker has a right."""
        if self.scopes is not None and right not in self.scopes:
            return Scope(open=self.open and right == "read")
        places = [place for role, place in self.memberships if right in access.ROLES.get(role, ())]
        roots = tuple(place for place in places if place is not None)
        return Scope(everything=None in places, roots=roots, open=self.open and right == "read")

    @property
    def mark(self) -> str:
        """What a form must send back, another text each time: packed pages do not tell it by their length (BREACH)."""
        pad = secrets.token_bytes(32)
        return (pad + _mixed(pad, bytes.fromhex(self.csrf))).hex() if self.csrf else ""

    @property
    def scope(self) -> Scope:
        """Whose rows the asker may see."""
        return self.scope_for("read")

    def may(self, right: str) -> bool:
        """Whether the asker has a right anywhere."""
        scope = self.scope_for(right)
        return scope.everything or bool(scope.roots)

    def require(self, right: str) -> Scope:
        """Places at which the asker has a right; 401 for somebody unknown, 403 where there is none."""
        if self.account is None:
            raise Problem(401, f"say who you are: this needs the right {right!r}", headers=CHALLENGE)
        if not self.may(right):
            raise Problem(403, f"{self.name} has no right {right!r}")
        return self.scope_for(right)


def _secret(request: Request) -> str | None:
    """Key or token of a request: Bearer, X-API-Key, or the password of Basic (for programs that know only that)."""
    header = request.headers.get("authorization", "")
    kind, _, rest = header.partition(" ")
    if kind.lower() == "bearer":
        return rest.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            raise Problem(401, "Authorization: Basic is not base64", headers=CHALLENGE) from None
    if header:
        raise Problem(401, "Authorization: use Bearer with a key or a token", headers=CHALLENGE)
    return request.headers.get("x-api-key")


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy that is trusted, where it came from before.

    Of IPv6 the network of 64 bits: one customer has all of it.
    """
    host = request.client.host if request.client else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Network((int(address) >> 64 << 64, 64)))
    return host


def cookie_of(here: Resources) -> str:
    """Name of the session's cookie."""
    return f"__Host-{COOKIE}" if here.settings.secure_cookies else COOKIE


def _mixed(pad: bytes, text: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(pad, text, strict=True))


def _unmixed(mark: str) -> str:
    """What a mark was made of; nothing where it is none."""
    try:
        both = bytes.fromhex(mark)
        return _mixed(both[:32], both[32:]).hex()
    except ValueError:
        return ""


def csrf_of(token: str) -> str:
    """What the marks of a session's forms are made of; cannot be guessed without the session's cookie."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


async def _by_key(connection: Connection, text: str, here: Resources) -> Asker:
    row = await access.found(connection, "account_of_key", sha256=access.sha256(text))
    if row is None:
        raise Problem(401, "the key is unknown, expired or revoked", headers=CHALLENGE)
    return Asker(
        f"key:{row['prefix']}", row["id"], row["name"], tuple(await access.memberships(connection, row["id"])),
        frozenset(row["scopes"]), row["per_minute"], row["prefix"], row["per_day"],
        open=here.settings.public == "stations",
    )  # fmt: skip


async def _by_token(text: str, here: Resources) -> Asker:
    if here.issuer is None:
        raise Problem(401, "neither a key of this platform nor a token it accepts", headers=CHALLENGE)
    subject = await here.issuer.subject(text)  # may wait for the issuer: no connection is held meanwhile
    async with here.reading() as connection:
        row = await access.found(connection, "account_of_subject", issuer=here.issuer.url, subject=subject)
        if row is None:
            raise Problem(401, "no account is bound to this token's subject", headers=CHALLENGE)
        roles = tuple(await access.memberships(connection, row["id"]))
    return Asker(f"account:{row['name']}", row["id"], row["name"], roles, open=here.settings.public == "stations")


async def _by_session(connection: Connection, token: str, here: Resources) -> Asker:
    is_open = here.settings.public == "stations"
    row = await access.found(connection, "account_of_session", sha256=access.sha256(token))
    if row is None:
        return Asker(open=is_open)
    roles = tuple(await access.memberships(connection, row["id"]))
    title = row["title"] or row["name"]
    return Asker(f"account:{row['name']}", row["id"], title, roles, open=is_open, csrf=csrf_of(token))


async def _recognised(request: Request, here: Resources) -> Asker:
    secret, cookie = _secret(request), request.cookies.get(cookie_of(here))
    if not secret and not cookie:
        return Asker(open=here.settings.public == "stations")
    if secret and not secret.startswith(access.KEY_MARK):
        return await _by_token(secret, here)
    async with here.writing() as connection:
        if not secret:
            return await _by_session(connection, cookie or "", here)
        asker = await _by_key(connection, secret, here)
        await access.found(connection, "key_used", prefix=asker.prefix)
        await here.quotas.settle(connection, asker.prefix)
        return asker


async def asker(request: Request, here: Here) -> Asker:
    """Who asks; counts the request against their limit, and asks forms of a session for their mark."""
    address = address_of(request)
    here.limiter.check(f"forged:{address}", here.settings.per_minute)
    try:
        found = await _recognised(request, here)
    except Problem:
        for name in ("forged", "address"):
            here.limiter.take(f"{name}:{address}", here.settings.per_minute)
        raise
    name, per_minute = (found.name, found.per_minute) if found.per_minute else (f"address:{address}", None)
    request.state.limits = here.limiter.take(name, per_minute or here.settings.per_minute)
    if found.prefix:
        request.state.limits = together(request.state.limits, here.quotas.take(found.prefix, found.per_day))
    if found.csrf and request.method not in SAFE:
        await _same_page(request, found.csrf)
    return found


async def _same_page(request: Request, csrf: str) -> None:
    sent = request.headers.get("x-csrf-token")
    if sent is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        sent = str((await request.form()).get("csrf", ""))
    if not hmac.compare_digest(_unmixed(sent or ""), csrf):
        raise Problem(403, "this form was not made for your session: reload the page and try again")


Asking = Annotated[Asker, Depends(asker)]
