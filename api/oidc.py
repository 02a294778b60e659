"""OIDC: tokens of an outside issuer, checked with the keys it publishes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.problems import Problem

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
    _at: float = field(default=float("-inf"))

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
        if self._keys is not None and time.monotonic() - self._at < oldest:
            return self._keys
        try:
            async with httpx.AsyncClient(timeout=5, follow_redirects=False) as client:
                about = await client.get(self.url.rstrip("/") + "/.well-known/openid-configuration")
                keys = await client.get(about.raise_for_status().json()["jwks_uri"])
                self._keys = KeySet.import_key_set(keys.raise_for_status().json())
        except (httpx.HTTPError, KeyError, ValueError) as error:
            if self._keys is None:
                detail = "the token's issuer does not answer: try again later"
                raise Problem(503, detail, headers={"Retry-After": "30"}) from error
        self._at = time.monotonic()
        return self._keys


CHALLENGE = {"WWW-Authenticate": 'Bearer realm="nongvu"'}
