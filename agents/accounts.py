"""Accounts: who may sign in, and as what. Blocking (SQL, argon2): call from a thread."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from config.auth import ROLES, Principal, Role
from config.clock import Clock
from config.errors import AnxinError, Blame

from .office import audit
from .office.audit import COMMAND_LINE, Actor, Change
from .office.errors import NotHere
from .tables import Account

MIN_PASSWORD = 10
CHANGEABLE = frozenset(
    {"name", "role", "skills", "languages", "prefecture", "phone_fallback", "active", "levels"}
)
FEWEST_SIGNS = 5  # different ones
DEFAULT_SKILLS = "dedicated general"
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without 0 o 1 l i
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
_CHECKED = ("name", "role", "prefecture", "phone_fallback")
USUAL_LEVEL = 2  # of 1 to 3
_PHONE = re.compile(r"\+?\d{5,15}")
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "01234567890123456789")
# What guessers try first, beyond runs and repeats; compared without digits and marks at the end.
_COMMON = frozenset({"password", "passw0rd", "iloveyou", "woaini", "admin", "letmein", "welcome", "anxin"})


class BadAccount(AnxinError):
    """An account's fields cannot be used. *reason*: username, taken, name, role, prefecture, phone, last."""

    code = "bad-input"
    blame = Blame.CALLER

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = f"office.bad_{reason}"


class NoAccount(AnxinError):
    code = "not-found"
    blame = Blame.CALLER


class WeakPassword(AnxinError):
    """*reason* is short, same, name or common."""

    code = "bad-input"
    blame = Blame.CALLER

    def __init__(self, reason: str) -> None:
        super().__init__(f"choose another password: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    username: str
    password: str
    name: str
    role: str


class Accounts:
    def __init__(self, engine: Engine, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._engine, self._clock = engine, clock
        self._hasher = hasher or PasswordHasher()  # argon2id, 64 MiB, 3 passes
        # Verified when the username is unknown, so that the answer takes as long as for a known one.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def verify(self, username: str, password: str) -> Account | None:
        """Return the active account with this username and password, or None; never says which was wrong."""
        with Session(self._engine, expire_on_commit=False) as session:
            account = session.exec(select(Account).where(Account.username == _tidy(username))).first()
            right = self._matches(account.password_hash if account else self._nobody, password)
            if account is None or not right or not account.active:
                return None
            if self._hasher.check_needs_rehash(account.password_hash):
                account.password_hash = self._hasher.hash(password)
                session.commit()
            return account

    def find(self, account_id: int) -> Account | None:
        with Session(self._engine, expire_on_commit=False) as session:
            return session.get(Account, account_id)

    def every(self) -> list[Account]:
        """Return all accounts by username."""
        with Session(self._engine, expire_on_commit=False) as session:
            return list(session.exec(select(Account).order_by(col(Account.username))))

    def add(
        self,
        username: str,
        name: str,
        role: str,
        *,
        password: str = "",
        skills: str = DEFAULT_SKILLS,
        languages: str = "zh",
        prefecture: str = "",
        phone_fallback: str = "",
        levels: str = "",
        must_change: bool = True,
        actor: Actor = COMMAND_LINE,
    ) -> tuple[Account, str]:
        """Make an account; return it and its password (a one-time one unless given). Raise BadAccount."""
        fields = {"name": name, "role": role, "prefecture": prefecture, "phone_fallback": phone_fallback}
        self.check(username, fields)
        password = password or one_time_password()
        now = self._clock.now_ms()
        account = Account(
            username=_tidy(username),
            name=name.strip(),
            role=role,
            password_hash=self._hasher.hash(password),
            skills=" ".join(skills.split()),
            languages=" ".join(languages.split()),
            prefecture=prefecture,
            phone_fallback=phone_fallback,
            levels=levels,
            must_change=must_change,
            created_at_ms=now,
            password_at_ms=now,
        )
        try:
            with audit.changing(self._engine) as session:
                session.add(account)
                session.flush()
                self._note(session, actor, "add", account, {})
        except IntegrityError as error:
            raise BadAccount("taken", f"username {username!r} is taken") from error
        return account, password

    def check(self, username: str, fields: Mapping[str, Any]) -> None:
        """Raise BadAccount unless an account could be made of these, if the username is free."""
        if not _USERNAME.fullmatch(_tidy(username)):
            raise BadAccount("username", f"{username!r}: expected 2 to 32 letters a-z, digits, dot, - or _")
        _check(**{name: fields[name] for name in _CHECKED})

    def change(
        self, account_id: int, changes: Mapping[str, Any], actor: Actor, *, scope: str = "", undoes: int = 0
    ) -> Account:
        """Change an account's name, role, skills, languages, prefecture, phone_fallback or active.

        The caller also ends the account's sessions. Raise NotHere, BadAccount; ``last`` when nobody who may
        make accounts would be left.
        """
        with audit.changing(self._engine) as session:
            account = session.get(Account, account_id)
            if account is None or (scope and account.prefecture != scope):
                raise NotHere("no such account")
            before = shown(account)
            for name in changes.keys() & CHANGEABLE:
                value = changes[name]
                setattr(account, name, " ".join(value.split()) if isinstance(value, str) else value)
            _check(**{name: getattr(account, name) for name in _CHECKED})
            if before["active"] and before["role"] == "province_admin":
                self._keep_one_admin(session)
            if shown(account) != before:
                self._note(session, actor, "change", account, before, undoes=undoes)
            return account

    def set_password(
        self, username: str, password: str = "", actor: Actor = COMMAND_LINE
    ) -> tuple[Account, str]:
        """Give a new password (a one-time one unless given); return the account and it."""
        with audit.changing(self._engine) as session:
            account = self._named(session, username)
            one_time = not password
            password = password or one_time_password()
            self._replace_password(account, password, must_change=one_time)
            self._note(session, actor, "reset_password", account, shown(account))
            return account, password

    def change_password(self, account_id: int, old: str, new: str) -> Account | None:
        """Let a person change their own password; None if *old* is wrong. Raise WeakPassword."""
        with Session(self._engine, expire_on_commit=False) as session:
            account = session.get(Account, account_id)
            if account is None or not self._matches(account.password_hash, old):
                return None
            if new == old:
                raise WeakPassword("same")
            if reason := weakness(new, account.username):
                raise WeakPassword(reason)
            self._replace_password(account, new, must_change=False)
            session.commit()
            return account

    def set_active(self, username: str, active: bool, actor: Actor = COMMAND_LINE) -> Account:
        """Disable or enable. The caller also ends the account's sessions. Raise NoAccount, BadAccount."""
        with Session(self._engine) as session:
            number = self._named(session, username).id
        return self.change(number or 0, {"active": active}, actor)

    def _named(self, session: Session, username: str) -> Account:
        account = session.exec(select(Account).where(Account.username == _tidy(username))).first()
        if account is None:
            raise NoAccount(f"there is no account {username!r}")
        return account

    def _keep_one_admin(self, session: Session) -> None:
        session.flush()
        query = select(Account.id).where(col(Account.role) == "province_admin", col(Account.active))
        if session.exec(query.limit(1)).first() is None:
            raise BadAccount("last", "no active province administrator would be left")

    def _note(
        self,
        session: Session,
        actor: Actor,
        action: str,
        account: Account,
        before: Mapping[str, Any],
        *,
        undoes: int = 0,
    ) -> None:
        after = shown(account)
        change = Change(action, "account", str(account.id), before, after, account.prefecture, undoes)
        audit.record(session, actor, change, self._clock.now_ms())

    def _replace_password(self, account: Account, password: str, *, must_change: bool) -> None:
        account.password_hash = self._hasher.hash(password)
        account.password_at_ms = self._clock.now_ms()
        account.must_change = must_change

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


def level_of(account: Account, skill: str) -> int:
    """Return how good somebody is at a skill, 1 to 3; 0 when they do not have it."""
    if skill not in account.skills.split():
        return 0
    given = dict(one.split(":") for one in account.levels.split())
    return int(given.get(skill, USUAL_LEVEL))


def shown(account: Account) -> dict[str, Any]:
    """Return what the audit log may know of an account: no secret."""
    return account.model_dump(include={"username", *CHANGEABLE})


def weakness(password: str, username: str) -> str:
    """Return why a password must not be used: short, name, common; '' if it may.

    Length counts, not kinds of signs (NIST SP 800-63B); what guessers try first is refused.
    """
    folded = password.casefold()
    if len(password) < MIN_PASSWORD:
        return "short"
    if username and username in folded:
        return "name"
    runs = any(folded in run * 2 or folded in run[::-1] * 2 for run in _RUNS)
    if len(set(folded)) < FEWEST_SIGNS or runs or folded.rstrip("0123456789!@#$%.,-_") in _COMMON:
        return "common"
    return ""


def _check(*, name: str, role: str, prefecture: str, phone_fallback: str) -> None:
    """Raise BadAccount when these cannot go together."""
    if role not in ROLES:
        raise BadAccount("role", f"{role!r}: expected one of {', '.join(ROLES)}")
    if not name.strip() or len(name) > 64:
        raise BadAccount("name", "expected 1 to 64 characters")
    if role == "prefecture_admin" and not prefecture:
        raise BadAccount("prefecture", "a prefecture administrator has a prefecture")
    if len(prefecture) > 32:
        raise BadAccount("prefecture", "expected a prefecture's official name")
    if phone_fallback and not _PHONE.fullmatch(phone_fallback):
        raise BadAccount("phone", "expected 5 to 15 digits, perhaps after a +")


def principal_of(account: Account) -> Principal:
    """Return who a session of this account is."""
    assert account.id is not None, "an account that was stored has an id"  # noqa: S101 - for the type checker
    role: Role = next(role for role in ROLES if role == account.role)
    return Principal(account.id, account.name, role, account.prefecture, account.must_change)


def one_time_password() -> str:
    """Return a random password that can be read out: 12 of 31 characters, 59 bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
    return "-".join(groups)


def seed_demo(engine: Engine, clock: Clock) -> list[DemoSignIn]:
    """On a database without any account, make two lawyers, a supervisor and an administrator."""
    accounts = Accounts(engine, clock)
    if accounts.every():
        return []
    people = (
        ("lijing", "李静", "lawyer", "昆明市"),
        ("wangzhiqiang", "王志强", "lawyer", "曲靖市"),
        ("zhaomin", "赵敏", "supervisor", ""),
        ("admin", "系统管理员", "province_admin", ""),
    )
    made = []
    for username, name, role, prefecture in people:
        skills = DEFAULT_SKILLS if role == "lawyer" else ""
        # A demo is for trying at once: its passwords are random, and need not be changed.
        _, password = accounts.add(
            username, name, role, skills=skills, prefecture=prefecture, must_change=False
        )
        made.append(DemoSignIn(username, password, name, role))
    return made


def _tidy(username: str) -> str:
    return username.strip().casefold()
