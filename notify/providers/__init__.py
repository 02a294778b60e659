"""The shelf of providers; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from notify.provider import Provider
from notify.providers.chat import ChatOptions, ChatProvider
from notify.providers.email import EmailOptions, EmailProvider
from notify.providers.file import FileOptions, FileProvider
from notify.providers.gammu import GammuOptions, GammuProvider
from notify.providers.http import HttpProvider, options
from notify.providers.smpp import SmppOptions, SmppProvider
from notify.providers.webhook import WebhookOptions, WebhookProvider

#: What a route's ``provider`` may be, and what makes it of the route's own table.
PROVIDERS: dict[str, Callable[[Mapping[str, Any]], Provider]] = {
    "chat": lambda table: ChatProvider(ChatOptions.model_validate(table)),
    "email": lambda table: EmailProvider(EmailOptions.model_validate(table)),
    "file": lambda table: FileProvider(FileOptions.model_validate(table)),
    "gammu": lambda table: GammuProvider(GammuOptions.model_validate(table)),
    "http": lambda table: HttpProvider(options(table)),
    "smpp": lambda table: SmppProvider(SmppOptions.model_validate(table)),
    "webhook": lambda table: WebhookProvider(WebhookOptions.model_validate(table)),
}
