"""``anxin user``: accounts from the command line."""

from collections.abc import Iterator

from redis.asyncio import Redis

from config.auth import Sessions
from config.clock import Clock

from .accounts import DEFAULT_SKILLS, Accounts


def add_user(
    accounts: Accounts,
    username: str,
    name: str,
    role: str,
    *,
    skills: str = DEFAULT_SKILLS,
    prefecture: str = "",
) -> str:
    """Make an account and return its one-time password. Raise BadAccount."""
    _, password = accounts.add(username, name, role, skills=skills, prefecture=prefecture)
    return password


def list_users(accounts: Accounts) -> Iterator[str]:
    """Return a line per account."""
    for account in accounts.every():
        state = "" if account.active else "  (disabled)"
        once = "  (one-time password)" if account.must_change else ""
        yield (
            f"{account.username:<20} {account.role:<11} {account.name}  {account.skills}"
            f"  {account.prefecture}{state}{once}"
        )


async def reset_password(accounts: Accounts, redis: Redis, clock: Clock, username: str) -> str:
    """Give a new one-time password, end the account's sessions, and return it. Raise NoAccount."""
    account, password = accounts.set_password(username)
    await Sessions(redis, clock).close_all(account.id or 0)
    return password


async def disable_user(accounts: Accounts, redis: Redis, clock: Clock, username: str) -> None:
    """Refuse the account from now on and end its sessions. Raise NoAccount."""
    account = accounts.set_active(username, False)
    await Sessions(redis, clock).close_all(account.id or 0)


def enable_user(accounts: Accounts, username: str) -> None:
    """Let a disabled account in again. Raise NoAccount."""
    accounts.set_active(username, True)
