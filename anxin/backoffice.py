"""The office put together: roster, users, audit log, and what it publishes."""

import asyncio
from collections.abc import Mapping
from functools import partial

import yaml
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

import agents.roster.pages
from agents.accounts import Accounts
from agents.office import account, history, press, users
from agents.office.rooms import Prompt, Rooms
from agents.roster.store import Roster
from config.auth import Auth
from config.log import Log
from config.pages import Pages
from config.published import EVERY_S, Published
from config.throttle import Throttle
from ivr.prompts import HERE, PromptLibrary
from routing.rules import load_rules

from .duty import publications
from .parts import Parts

log = Log(__name__)


def include(
    app: FastAPI, parts: Parts, *, pages: Pages, auth: Auth, throttle: Throttle, accounts: Accounts
) -> Rooms:
    """Add the office's routes to an application."""
    rules = load_rules()
    rooms = Rooms(
        engine=parts.engine,
        clock=parts.clock,
        pages=pages,
        auth=auth,
        throttle=throttle,
        accounts=accounts,
        roster=Roster(parts.engine, parts.clock),
        publications=publications(parts),
        switchboard=parts.switchboard,
        prefectures=tuple(rules.neighbours),
        skills=tuple(rules.related),
        prompts=prompts(),
        languages=tuple(dict.fromkeys(one for group in rules.speakers.values() for one in sorted(group))),
    )
    for part in (agents.roster.pages, account, users, history, press):
        app.include_router(part.router(rooms))
    return rooms


def prompts() -> dict[str, Prompt]:
    """Return every sentence that the hotline says, not the pieces of numbers."""
    library = PromptLibrary()
    texts = yaml.safe_load((HERE / "prompts.yaml").read_text("utf-8"))["clips"]
    return {
        name: Prompt(text, library.length_s(name), partial(library.wav, name))
        for name, text in texts.items()
        if name in library
    }


async def follow_prompts(parts: Parts, published: Published) -> None:
    """Play what the office published, seconds later, in this process. For ever."""
    seen: dict[str, int] = {}
    while True:
        versions = await asyncio.to_thread(published.versions)
        now = {what: number for what, number in versions.items() if what.startswith(press.PROMPT)}
        if now != seen:
            try:
                wavs = await asyncio.to_thread(_wavs, published, now)
                parts.library.replace(wavs)
                log.info("prompts.published", clips=len(wavs), version=parts.library.version)
                seen = now
            except (SQLAlchemyError, ValueError) as error:  # the old ones go on
                log.warning("prompts.unusable", error=type(error).__name__, detail=str(error)[:200])
        await asyncio.sleep(EVERY_S)


def _wavs(published: Published, versions: Mapping[str, int]) -> dict[str, bytes]:
    contents = {what.removeprefix(press.PROMPT): published.content(what) for what in versions}
    return {clip: wav for clip, wav in contents.items() if wav}
