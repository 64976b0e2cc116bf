"""The office's parts that both web and clock use."""

from agents.office.publications import Publications
from agents.roster.store import Roster
from agents.roster.watch import Watch
from config.published import Published

from .inforce import InForce
from .parts import Parts


def publications(parts: Parts) -> Publications:
    """Return what the office published, as this process sees it."""
    return Publications(parts.engine, parts.clock, Published(parts.engine))


def in_force(parts: Parts) -> InForce:
    """Return what holds in this process."""
    return InForce(Published(parts.engine))


def watch(parts: Parts) -> Watch:
    """Return the clock's look at the roster."""
    duty = publications(parts).duty
    return Watch(Roster(parts.engine, parts.clock), parts.switchboard, parts.redis, parts.clock, duty)
