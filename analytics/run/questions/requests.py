"""What the API asks analytics for, one after the other, each in the transaction of its answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import structlog

from analytics.rule import changed_terms, own_terms
from analytics.rules import BY_NAME
from analytics.run.questions.backfill import CAUSE
from analytics.run.questions.explain import NotExplained, explain
from analytics.run.questions.preview import NoPreview, preview
from store import mark, request, rule_setting
from store.pool import Connection
from store.request import Request

log = structlog.get_logger(__name__)


async def answer_one(connection: Connection, now: datetime) -> bool:
    """Answer the longest waiting request; False if none waits."""
    async with connection.transaction():
        asked = await request.take(connection)
        if asked is None:
            return False
        try:
            async with connection.transaction():
                said = await _answer(connection, asked, now)
        except (KeyError, ValueError, NoPreview, NotExplained, rule_setting.UnknownPlace) as error:
            problem = f"missing {error}" if isinstance(error, KeyError) else str(error)
            await request.answer(connection, asked.id, "failed", {"problem": problem})
            log.info("request refused", kind=asked.kind, id=asked.id, problem=problem)
        else:
            await request.answer(connection, asked.id, "done", said)
            log.info("request answered", kind=asked.kind, id=asked.id)
    return True


async def _answer(connection: Connection, asked: Request, now: datetime) -> dict[str, Any]:
    topic = asked.topic
    if asked.kind == "preview":
        rule = BY_NAME[topic["rule"]]
        terms = changed_terms(rule, topic.get("values") or {})
        places = await rule_setting.area(connection, topic["place"])
        first, last = _day(topic["from"]), _day(topic["to"])
        return (await preview(connection, rule, places, first, last, own_terms(rule), terms)).plain()
    if asked.kind == "explain":
        return (await explain(connection, topic["place"], _day(topic["day"]), topic["index"])).plain()
    if asked.kind == "backfill":
        codes = topic.get("places")
        return {"places": await mark.span(connection, codes, datetime.fromisoformat(topic["from"]), now, CAUSE)}
    message = f"analytics cannot answer {asked.kind!r}"
    raise ValueError(message)


def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()
