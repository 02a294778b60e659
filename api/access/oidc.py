"""Tokens of an outside issuer, checked with the keys it publishes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.protocol.problems import Problem

log = structlog.get_logger()
#: Signatures by keys that only the issuer has; never ``none``, never a shared secret.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
#: Keys are asked for anew after so long, or for an unknown key id, but not more often than every half minute.
KEPT, SOONEST = 600.0, 30.0


@dataclass(slots=True)
class Issuer:
    """One issuer and its keys."""

    url: str
    audience: str
    _keys: KeySet | None = None
    #: When the issuer was asked last, whatever it answered.
    _at: float = field(default=float("-inf"))
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def subject(self, token: str) -> str:
        """Subject of a valid token, or a 401."""
        try:
            return self._check(token, await self._published(KEPT))
        except (JoseError, ValueError):
            pass  # the issuer may have new keys
        try:
            return self._check(token, await self._published(SOONEST))
        except (JoseError, ValueError) as error:
            raise Problem(401, f"the token is not accepted: {type(error).__name__}", headers=CHALLENGE) from None

    def _check(self, token: str, keys: KeySet) -> str:
        found = jwt.decode(token, keys, algorithms=ALGORITHMS)
        wanted = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self.url},
            aud={"essential": True, "value": self.audience},
            sub={"essential": True},
            exp={"essential": True},
            leeway=30,
        )
        wanted.validate(found.claims)
        return str(found.claims["sub"])

    async def _published(self, oldest: float) -> KeySet:
        """Keys of the issuer; asked by one request at a time, and seldom also where it does not answer."""
        async with self._asking:
            if time.monotonic() - self._at >= (SOONEST if self._keys is None else oldest):
                self._at = time.monotonic()
                self._keys = await self._ask() or self._keys
        if self._keys is None:
            detail = "the token's issuer does not answer: try again later"
            raise Problem(503, detail, headers={"Retry-After": f"{SOONEST:.0f}"})
        return self._keys

    async def _ask(self) -> KeySet | None:
        """Keys as the issuer publishes them; None where it does not, or calls itself by another name."""
        try:
            async with httpx.AsyncClient(timeout=5, follow_redirects=False) as client:
                answer = await client.get(self.url.rstrip("/") + "/.well-known/openid-configuration")
                about = answer.raise_for_status().json()
                if about["issuer"] != self.url:  # OpenID Connect Discovery 1.0, 4.3
                    log.warning("issuer", problem="calls itself by another name", name=str(about["issuer"])[:200])
                    return None
                keys = await client.get(about["jwks_uri"])
                return KeySet.import_key_set(keys.raise_for_status().json())
        except (httpx.HTTPError, httpx.InvalidURL, JoseError, KeyError, TypeError, ValueError) as error:
            log.warning("issuer", problem="no keys", error=type(error).__name__)
            return None


CHALLENGE = {"WWW-Authenticate": 'Bearer realm="nongvu"'}
