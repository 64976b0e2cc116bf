"""The office put together: roster, users, audit log, and what it publishes."""

from fastapi import FastAPI

import agents.roster.pages
from agents.accounts import Accounts
from agents.office.rooms import Rooms
from agents.roster.store import Roster
from config.auth import Auth
from config.pages import Pages
from config.throttle import Throttle
from routing.rules import load_rules

from .duty import publications
from .parts import Parts


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
        languages=tuple(dict.fromkeys(one for group in rules.speakers.values() for one in sorted(group))),
    )
    app.include_router(agents.roster.pages.router(rooms))
    return rooms
