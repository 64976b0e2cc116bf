"""The office put together: roster, users, audit log, and what it publishes."""

import asyncio
from collections.abc import Mapping
from functools import partial

import yaml
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

import agents.roster.pages
from agents.office import account, history, press, texts, users
from agents.office.rooms import Prompt, Rooms
from agents.roster.store import Roster
from agents.signin import FrontDoor
from config.log import Log
from config.published import EVERY_S, Published
from ivr.data import BadData, load_script
from ivr.data import load_rules as load_entrances
from ivr.prompts import HERE, PromptLibrary
from ivr.webhooks import Doors
from routing.rules import load_rules

from .duty import publications
from .inforce import InForce
from .parts import Parts
from .publishing import TEXTS

log = Log(__name__)


def include(app: FastAPI, parts: Parts, *, door: FrontDoor) -> Rooms:
    """Add the office's routes to an application."""
    rules = load_rules()
    rooms = Rooms(
        engine=parts.engine,
        clock=parts.clock,
        pages=door.pages,
        auth=door.auth,
        throttle=door.throttle,
        accounts=door.accounts,
        second=door.second,
        roster=Roster(parts.engine, parts.clock),
        publications=publications(parts),
        switchboard=parts.switchboard,
        prefectures=tuple(rules.neighbours),
        skills=tuple(rules.related),
        prompts=prompts(),
        texts=TEXTS,
        languages=tuple(dict.fromkeys(one for group in rules.speakers.values() for one in sorted(group))),
    )
    for part in (agents.roster.pages, account, users, history, texts, press):
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


async def follow_rules(held: InForce, library: PromptLibrary, doors: Doors) -> None:
    """Go by what the office published, seconds later, in this process. For ever."""
    menu = ""
    while True:
        await asyncio.to_thread(held.look)
        if held.menu != menu:
            try:
                doors.follow(load_script(library, menu_text=held.menu), load_entrances(menu_text=held.menu))
                log.info("menu.published")
            except BadData as error:  # the old one goes on
                log.warning("menu.unusable", detail=str(error)[:200])
            menu = held.menu
        await asyncio.sleep(EVERY_S)


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
