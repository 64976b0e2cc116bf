"""Accounts: who may sign in, and with what."""

import pytest
from redis.asyncio import Redis
from sqlalchemy import Engine, inspect

from agents import command
from agents.accounts import Accounts, BadAccount, NoAccount, WeakPassword, principal_of, seed_demo
from agents.tables import Account, Note
from config.auth import Sessions
from config.clock import SystemClock


@pytest.fixture
def engine(either_engine: Engine) -> Engine:
    return either_engine


@pytest.fixture
def accounts(engine: Engine) -> Accounts:
    return Accounts(engine, SystemClock())


def test_the_right_password_opens_and_nothing_else_does(accounts: Accounts) -> None:
    account, password = accounts.add("LiJing", "李静", "lawyer")
    assert (account.username, account.must_change) == ("lijing", True)
    assert accounts.verify(" lijing ", password) is not None
    assert accounts.verify("lijing", password + "x") is None
    assert accounts.verify("nobody", password) is None


def test_the_password_is_kept_as_argon2id_only(accounts: Accounts, engine: Engine) -> None:
    _, password = accounts.add("lijing", "李静", "lawyer")
    (account,) = accounts.every()
    assert account.password_hash.startswith("$argon2id$")
    assert password not in account.password_hash


def test_a_disabled_account_stays_out_until_it_is_enabled(accounts: Accounts) -> None:
    _, password = accounts.add("lijing", "李静", "lawyer")
    accounts.set_active("lijing", False)
    assert accounts.verify("lijing", password) is None
    accounts.set_active("lijing", True)
    assert accounts.verify("lijing", password) is not None


@pytest.mark.parametrize(
    ("username", "name", "role", "says"),
    [
        ("x", "李静", "lawyer", "username"),
        ("李静", "李静", "lawyer", "username"),
        ("lijing", " ", "lawyer", "name"),
        ("lijing", "李静", "boss", "role"),
    ],
)
def test_bad_fields_are_refused_by_name(
    accounts: Accounts, username: str, name: str, role: str, says: str
) -> None:
    with pytest.raises(BadAccount, match=says):
        accounts.add(username, name, role)


def test_a_username_is_taken_whatever_its_case(accounts: Accounts) -> None:
    accounts.add("lijing", "李静", "lawyer")
    with pytest.raises(BadAccount, match="taken"):
        accounts.add("LIJING", "李静二", "lawyer")


def test_ones_own_password_is_changed_with_the_old_one_only(accounts: Accounts) -> None:
    account, password = accounts.add("lijing", "李静", "lawyer")
    assert account.id is not None
    assert accounts.change_password(account.id, "wrong", "a longer one") is None
    changed = accounts.change_password(account.id, password, "a longer one")
    assert changed is not None
    assert not changed.must_change
    assert accounts.verify("lijing", password) is None
    assert accounts.verify("lijing", "a longer one") is not None


@pytest.mark.parametrize(
    ("new", "reason"), [("short", "short"), ("old password", "same"), ("xxlijingxx", "name")]
)
def test_a_weak_new_password_is_refused_with_its_reason(accounts: Accounts, new: str, reason: str) -> None:
    account, _ = accounts.add("lijing", "李静", "lawyer", password="old password")
    assert account.id is not None
    with pytest.raises(WeakPassword) as refused:
        accounts.change_password(account.id, "old password", new)
    assert refused.value.reason == reason


def test_the_demo_is_seeded_once_and_its_passwords_work(engine: Engine, accounts: Accounts) -> None:
    made = seed_demo(engine, SystemClock())
    assert [row.role for row in made] == ["lawyer", "lawyer", "supervisor", "province_admin"]
    for row in made:
        account = accounts.verify(row.username, row.password)
        assert account is not None
        assert principal_of(account).role == row.role
    assert seed_demo(engine, SystemClock()) == []


async def test_the_commands_give_reset_disable_and_list(
    accounts: Accounts, redis: Redis, engine: Engine
) -> None:
    """A new password and a disabled account both end the sessions that were open."""
    clock = SystemClock()
    sessions = Sessions(redis, clock)
    first = command.add_user(accounts, "lijing", "李静", "lawyer", prefecture="昆明市")
    account = accounts.verify("lijing", first)
    assert account is not None
    token = await sessions.open(principal_of(account))
    second = await command.reset_password(accounts, redis, clock, "lijing")
    assert await sessions.find(token) is None
    assert accounts.verify("lijing", first) is None
    assert accounts.verify("lijing", second) is not None
    token = await sessions.open(principal_of(account))
    await command.disable_user(accounts, redis, clock, "lijing")
    assert await sessions.find(token) is None
    (line,) = command.list_users(accounts)
    assert "李静" in line
    assert "disabled" in line
    assert second not in line
    command.enable_user(accounts, "lijing")
    assert accounts.verify("lijing", second) is not None
    with pytest.raises(NoAccount):
        await command.disable_user(accounts, redis, clock, "nobody")


@pytest.mark.parametrize("table", [Account, Note])
def test_the_migration_makes_what_the_models_expect(engine: Engine, table: type[Account | Note]) -> None:
    made = {column["name"]: column for column in inspect(engine).get_columns(table.__tablename__)}
    assert {column.name for column in table.__table__.columns} == made.keys()
    key = inspect(engine).get_pk_constraint(table.__tablename__)["constrained_columns"]
    assert {column.name for column in table.__table__.columns if column.primary_key} == set(key)
    for column in table.__table__.columns:
        assert made[column.name]["nullable"] == column.nullable, column.name
