"""A person's password for a session's cookie; slow to guess, locked after five wrong ones."""

from __future__ import annotations

import asyncio
import secrets
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from api.access.caller import Asking, address_of, cookie_of
from api.access.dependencies import Here, Resources
from api.protocol.problems import Problem
from api.web.page import language_for, render
from store import access, audit

router = APIRouter(include_in_schema=False)
#: Wrong passwords in a row until an account is locked for a quarter of an hour.
MOST_FAILURES = 5
#: From one address: argon2 is dear, and nobody types faster.
TRIES_A_MINUTE = 20
HASHER = PasswordHasher()
#: Verified where there is no such account, so that an answer takes as long.
NOBODY = HASHER.hash(secrets.token_urlsafe(16))
#: argon2 takes 64 MiB and much of a core each time.
_AT_ONCE = asyncio.Semaphore(2)


def text(form: FormData, name: str, most: int = 500) -> str:
    """A field of a form, or nothing."""
    value = form.get(name, "")
    return value[:most].replace("\0", "") if isinstance(value, str) else ""


def from_here(request: Request) -> None:
    """Refuse a form that another site sent, as browsers say it: Fetch metadata, of older ones the origin."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    elsewhere = origin is not None and urlsplit(origin).netloc != request.url.netloc
    if site not in {"same-origin", "none"} if site else elsewhere:
        raise Problem(403, "this form was sent by another site")


async def verified(hash_: str, password: str) -> bool:
    """Whether a password fits its hash."""
    async with _AT_ONCE:
        try:
            return await asyncio.to_thread(HASHER.verify, hash_, password)
        except (VerificationError, InvalidHashError):
            return False


async def _signed_in(here: Resources, name: str, password: str) -> str | None:
    """Token of a new session, or None."""
    async with here.writing() as connection:
        row = await access.found(connection, "signing_in", name=name)
    fits = await verified(row["password"] if row else NOBODY, password)
    if row is None:
        return None
    async with here.writing() as connection:
        if row["locked"]:
            return None
        if not fits:
            failed = await access.found(connection, "failed", account=row["id"], most=MOST_FAILURES)
            if failed and failed["failures"] >= MOST_FAILURES:
                await audit.record_asked(connection, f"account:{name}", "account locked", name)
            return None
        token = secrets.token_urlsafe(32)
        lasts: object = here.settings.session_time
        if await access.found(connection, "signed_in", account=row["id"]) is None:
            return None  # locked by others while this password was looked at
        await access.found(connection, "open_session", sha256=access.sha256(token), account=row["id"], lasts=lasts)
        await audit.record_asked(connection, f"account:{name}", "signed in", name)
        return token


@router.get("/sign-in")
async def form(request: Request, here: Here, asking: Asking) -> Response:
    """The form."""
    return render(request, here, "sign_in.html", language_for(request, here), asking=asking, wrong=False)


@router.post("/sign-in")
async def sign_in(request: Request, here: Here, asking: Asking) -> Response:
    """Check the password; a new session each time, so that a cookie known before is worth nothing."""
    from_here(request)
    here.limiter.take(f"sign-in:{address_of(request)}", TRIES_A_MINUTE)
    sent = await request.form()
    token = await _signed_in(here, text(sent, "name", 63), text(sent, "password", 1000))
    if token is None:
        return render(request, here, "sign_in.html", language_for(request, here), status=403, asking=asking, wrong=True)
    if asking.csrf:
        await _forget(request, here)
    answer = RedirectResponse("/office", 303)
    answer.set_cookie(
        cookie_of(here), token, max_age=int(here.settings.session_time.total_seconds()), httponly=True, samesite="lax",
        secure=here.settings.secure_cookies, path="/",
    )  # fmt: skip
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, here: Here, asking: Asking) -> Response:
    """End the session."""
    if asking.account is None:
        return RedirectResponse("/", 303)
    await _forget(request, here)
    # pages of the farm that were kept for reading without a network go too: the next at this device may be another
    answer = RedirectResponse("/", 303, {"Clear-Site-Data": '"cache", "storage"'})
    answer.delete_cookie(cookie_of(here), path="/", secure=here.settings.secure_cookies, httponly=True)
    return answer


async def _forget(request: Request, here: Resources) -> None:
    token = request.cookies.get(cookie_of(here), "")
    async with here.writing() as connection:
        await access.found(connection, "close_session", sha256=access.sha256(token))
