"""What the office's routes share: the parts they work with, and how they answer."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Engine

from agents.accounts import Accounts
from agents.ports import Switchboard
from agents.roster.store import Roster
from agents.second import SecondFactor
from config.auth import ADMINS, DECIDERS, WATCHERS, Auth, Principal, Role
from config.clock import SHANGHAI, Clock, from_ms
from config.pages import Pages
from config.throttle import Throttle

from .publications import Publications, TextKind

P = ParamSpec("P")
T = TypeVar("T")

# The office's own navigation: address -> (word, who sees the link). The routes decide by themselves.
MENU: Mapping[str, tuple[str, tuple[Role, ...]]] = {
    "/roster/mine": ("roster.mine", ("lawyer", "supervisor")),
    "/roster": ("roster.month", WATCHERS),
    "/office/users": ("office.users", (*ADMINS, "auditor")),
    "/office/hours": ("office.hours", WATCHERS),
    "/office/prompts": ("office.prompts", WATCHERS),
    "/office/rules/menu": ("office.page_menu", WATCHERS),
    "/office/rules/targets": ("office.page_targets", WATCHERS),
    "/office/rules/law": ("office.page_law", WATCHERS),
    "/office/rules/lexicon": ("office.page_lexicon", WATCHERS),
    "/office/audit": ("office.audit", (*ADMINS, "auditor")),
    "/account": ("office.account", (*DECIDERS, "lawyer", "auditor")),
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A recording of the hotline as it came with the program. *wav* reads it."""

    text: str
    length_s: float
    wav: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the office's routes work with."""

    engine: Engine
    clock: Clock
    pages: Pages
    auth: Auth
    throttle: Throttle
    accounts: Accounts
    second: SecondFactor
    roster: Roster
    publications: Publications
    switchboard: Switchboard
    prefectures: tuple[str, ...]
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    prompts: Mapping[str, Prompt]
    texts: Mapping[str, TextKind]  # what is published as text, by name

    def show(
        self,
        request: Request,
        template: str,
        principal: Principal,
        *,
        status: int = 200,
        problem: Exception | None = None,
        **context: Any,
    ) -> Response:
        """Return a page of the office; *problem* is a Refused, told at its top."""
        t = self.pages.translator(request)
        done = request.query_params.get("done", "")
        reason, fields = getattr(problem, "reason", ""), getattr(problem, "fields", {})
        return self.pages.render(
            request,
            f"agents/office/{template}.html",
            principal=principal,
            csrf=self.auth.csrf(request),
            status=422 if problem else status,
            menu=[(url, word) for url, (word, roles) in MENU.items() if principal.role in roles],
            done=t(done) if done in self.pages.catalogues else "",
            problem=t(reason, **fields) if reason else "",
            shown=shown,
            word=lambda group, code: t.texts.get(f"office.{group}_{code}", code),
            **context,
        )

    def names(self) -> dict[int, str]:
        """Return everybody's name by account id. Blocking."""
        return {account.id or 0: account.name for account in self.accounts.every()}


def shown(at_ms: int, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return a moment in the hotline's time, '' for none."""
    return from_ms(at_ms).astimezone(SHANGHAI).strftime(form) if at_ms else ""


def moment_ms(day: str, clock: str) -> int:
    """Return the moment of ``2026-11-24`` and ``08:30``; 0 when that is none."""
    try:
        when = datetime.fromisoformat(f"{day.strip()}T{clock.strip().zfill(5)}")
    except ValueError:
        return 0
    return int(when.replace(tzinfo=SHANGHAI).timestamp() * 1000) if when.tzinfo is None else 0


def back(path: str, done: str, **query: str) -> Response:
    """Send the browser to a page that says what was done; a reload repeats nothing."""
    return RedirectResponse(f"{path}?{urlencode({**query, 'done': done})}", 303)


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking *work* in a thread."""
    return await asyncio.to_thread(work, *args, **kwargs)


def attachment(content: bytes, name: str, kind: str) -> Response:
    """Return a file to save; browsers never show it as a page."""
    headers: dict[str, Any] = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=kind, headers=headers)
