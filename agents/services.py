"""Whom a lawyer may ask into a talk, and what a caller may be passed on to: data, with the reason why not."""

from typing import Any, ClassVar

from pydantic import Field

from config.errors import AnxinError, Blame
from config.rulefile import Rules, defaults


class NoSuchService(AnxinError):
    """No service, channel or language of that name, or it cannot be called from here."""

    code: ClassVar[str] = "not-found"
    blame: ClassVar[Blame] = Blame.CALLER


class Service(Rules):
    name: str = Field(min_length=2)
    number: str = Field(pattern=r"^(\+?\d{3,15})?$")


class ServiceFile(Rules):
    """``config/defaults/services.yaml``."""

    services: dict[str, Service]


class Channel(Rules):
    name: str
    related: list[str] = Field(default_factory=list)


class SkillFile(Rules):
    """The part of ``config/defaults/skills.yaml`` that a desk shows."""

    channels: dict[str, Channel]
    languages: dict[str, list[str]]
    neighbours: dict[str, list[str]]


class Services:
    def __init__(self, *, trunk: bool) -> None:
        """*trunk*: can the carrier reach telephone numbers at all? Raise BadRules."""
        self.trunk = trunk
        self._services = defaults("services", ServiceFile).services
        self._skills = defaults("skills", SkillFile)

    @property
    def prefectures(self) -> list[str]:
        return list(self._skills.neighbours)

    def rows(self) -> list[dict[str, Any]]:
        """Return every service with ``why`` it cannot be called: '', no_number or no_trunk."""
        return [
            {"key": key, "name": one.name, "number": one.number, "why": self._why(one)}
            for key, one in self._services.items()
        ]

    def skills(self) -> dict[str, Any]:
        """Return what a caller may be passed on to: channels by name, languages by key."""
        channels = [{"key": key, "name": one.name} for key, one in self._skills.channels.items()]
        return {"channels": channels, "languages": list(self._skills.languages)}

    def number_of(self, key: str) -> str:
        """Return the number to dial. Raise NoSuchService."""
        one = self._services.get(key)
        if one is None or self._why(one):
            raise NoSuchService(f"{key} cannot be called from here")
        return one.number

    def check_skill(self, channel: str, language: str) -> None:
        """Raise NoSuchService unless both are known or ''."""
        known = {"", *self._skills.channels}, {"", *self._skills.languages}
        if channel not in known[0] or language not in known[1]:
            raise NoSuchService("no such channel or language")

    def _why(self, one: Service) -> str:
        if not one.number:
            return "no_number"
        return "" if self.trunk else "no_trunk"
