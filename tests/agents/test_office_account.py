"""One's own account: sessions, the second factor, and signing in with it."""

import re

import pyotp
import pytest
from redis.asyncio import Redis
from sqlalchemy import Engine
from sqlmodel import Session

from agents.accounts import weakness
from agents.tables import Account
from config.address import parse_proxies, visitor
from config.seal import SealBroken

from .office import SEAL
from .rooms import PASSWORD, Client, House, open_house


async def turn_on(client: Client, house: House) -> tuple[str, list[str]]:
    """Turn the second factor on through the pages; return the secret and the recovery codes."""
    page = await client.get("/account/second")
    found = re.search(r'name="secret" value="([A-Z2-7]{32})"', page.text)
    assert found
    secret = found[1]
    page = await client.post("/account/second", {"secret": secret, "code": code(secret, house)})
    codes = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", page.text)
    assert len(codes) == 10
    return secret, codes


def code(secret: str, house: House, steps: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(house.clock.now_ms() // 30_000 + steps)


async def password_of(client: Client, username: str) -> str:
    """Give the right password; return where that leads."""
    await client.get("/signin")
    answer = await client.post("/signin?next=/roster/mine", {"username": username, "password": PASSWORD})
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_the_second_factor_is_asked_for_and_a_code_is_good_once(house: House, engine: Engine) -> None:
    lawyer = house.account("lijing")
    async with house.client(lawyer) as me:
        secret, _ = await turn_on(me, house)
        assert "已开启" in (await me.get("/account")).text
    house.clock.at_ms += 60_000
    async with house.client() as stranger:
        assert (await stranger.get("/signin/second")).headers["location"] == "/signin"
        assert await password_of(stranger, "lijing") == "/signin/second?next=%2Froster%2Fmine"
        assert (await stranger.get("/roster/mine")).status_code == 303  # half is not in
        await stranger.get("/signin/second?next=/roster/mine")
        wrong = await stranger.post("/signin/second?next=/roster/mine", {"code": "000000"})
        assert "验证码不对" in wrong.text
        right = code(secret, house)
        answer = await stranger.post("/signin/second?next=/roster/mine", {"code": right})
        assert answer.headers["location"] == "/roster/mine"
        assert (await stranger.get("/roster/mine")).status_code == 200
    async with house.client() as thief:  # who saw it over a shoulder
        await password_of(thief, "lijing")
        await thief.get("/signin/second")
        assert (await thief.post("/signin/second", {"code": right})).status_code == 403


async def test_a_recovery_code_is_good_once(house: House) -> None:
    lawyer = house.account("lijing")
    async with house.client(lawyer) as me:
        _, codes = await turn_on(me, house)
    for expected in (303, 403):
        async with house.client() as client:
            await password_of(client, "lijing")
            await client.get("/signin/second")
            assert (await client.post("/signin/second", {"code": codes[0].upper()})).status_code == expected


async def test_guessing_codes_is_slowed(house: House) -> None:
    lawyer = house.account("lijing")
    async with house.client(lawyer) as me:
        secret, _ = await turn_on(me, house)
    house.clock.at_ms += 60_000
    async with house.client() as client:
        await password_of(client, "lijing")
        await client.get("/signin/second")
        for _ in range(5):
            await client.post("/signin/second", {"code": "000000"})
        answer = await client.post("/signin/second", {"code": code(secret, house)})
        assert answer.status_code == 429
        assert answer.headers["retry-after"]


async def test_a_wrong_code_turns_nothing_on(house: House, engine: Engine) -> None:
    lawyer = house.account("lijing")
    async with house.client(lawyer) as me:
        page = await me.post("/account/second", {"secret": "A" * 32, "code": "12x456"})
        assert page.status_code == 422
        assert 'value="' + "A" * 32 in page.text  # the picture that was scanned stays
        # A full-width digit is a digit to Python, and none to an app.
        page = await me.post("/account/second", {"secret": "A" * 32, "code": "１２３４５６"})
        assert page.status_code == 422
    with Session(engine) as session:
        found = session.get(Account, lawyer.id)
        assert found is not None
        assert found.totp_secret == ""


def stored(engine: Engine, account: Account) -> str:
    with Session(engine) as session:
        found = session.get(Account, account.id)
        assert found is not None
        return found.totp_secret


def put(engine: Engine, account: Account, secret: str) -> None:
    with Session(engine) as session:
        found = session.get(Account, account.id)
        assert found is not None
        found.totp_secret = secret
        session.commit()


async def test_the_secret_is_sealed_in_the_database(house: House, engine: Engine) -> None:
    lawyer, other = house.account("lijing"), house.account("wang")
    async with house.client(lawyer) as me:
        secret, _ = await turn_on(me, house)
    sealed = stored(engine, lawyer)
    assert secret not in sealed
    assert SEAL.open(sealed, f"account {lawyer.id}") == secret
    # Whoever writes into the database cannot give somebody a secret that they know.
    put(engine, other, sealed)
    house.clock.at_ms += 60_000
    with pytest.raises(SealBroken):
        house.rooms.second.accept(other.id or 0, code(secret, house))


async def test_a_secret_from_before_is_sealed_at_its_next_use(house: House, engine: Engine) -> None:
    lawyer = house.account("lijing")
    secret = pyotp.random_base32()
    put(engine, lawyer, secret)
    assert house.rooms.second.accept(lawyer.id or 0, code(secret, house))
    assert SEAL.open(stored(engine, lawyer), f"account {lawyer.id}") == secret
    house.clock.at_ms += 60_000
    assert house.rooms.second.accept(lawyer.id or 0, code(secret, house))


async def test_who_must_have_a_second_factor_does_nothing_before(engine: Engine, redis: Redis) -> None:
    house = open_house(engine, redis, owed=("province_admin", "auditor"))
    admin, lawyer = house.account("admin", "province_admin", ""), house.account("lijing")
    async with house.client() as me:
        assert await password_of(me, "admin") == "/account/second"
        for page in ("/office/users", "/roster", "/account"):
            answer = await me.get(page)
            assert (answer.status_code, answer.headers["location"]) == (303, "/account/second"), page
        assert (await me.post("/office/users/2/disable")).status_code == 303
        assert (await me.http.get("/office/users", headers={"accept": "*/*"})).json()["code"] == "must-enrol"
        assert "必须使用两步验证" in (await me.get("/account/second")).text
        await turn_on(me, house)
        assert (await me.get("/office/users")).status_code == 200
        assert "不能关闭" in (await me.get("/account")).text
        refused = await me.post("/account/second/off", {"password": PASSWORD})
        assert (refused.status_code, bool(stored(engine, admin))) == (422, True)
    async with house.client() as other:  # a lawyer may do without
        assert await password_of(other, "lijing") == "/roster/mine"
    found = house.rooms.accounts.find(lawyer.id or 0)
    assert found is not None
    assert found.active


async def test_turning_it_off_takes_the_password(house: House) -> None:
    async with house.client(house.account("lijing")) as me:
        await turn_on(me, house)
        assert "密码不对" in (await me.post("/account/second/off", {"password": "wrong"})).text
        assert "已开启" in (await me.get("/account")).text
        assert (await me.post("/account/second/off", {"password": PASSWORD})).status_code == 303
        assert "未开启" in (await me.get("/account")).text


async def test_the_others_are_signed_out_and_nobody_elses(house: House) -> None:
    lawyer, other = house.account("lijing"), house.account("wang")
    async with (
        house.client(lawyer) as here,
        house.client(lawyer) as there,
        house.client(lawyer) as third,
        house.client(other) as stranger,
    ):
        page = await here.get("/account")
        ids = re.findall(r'name="only" value="([0-9a-f]{16})"', page.text)
        assert len(ids) == 2
        # Somebody else's session cannot be ended by its name.
        await stranger.post("/account/sessions/close", {"only": ids[0]})
        assert [(await one.get("/account")).status_code for one in (there, third)] == [200, 200]
        await here.post("/account/sessions/close", {"only": ids[0]})
        assert sorted([(await one.get("/account")).status_code for one in (there, third)]) == [200, 303]
        await here.post("/account/sessions/close")
        assert [(await one.get("/account")).status_code for one in (there, third)] == [303, 303]
        assert (await here.get("/account")).status_code == 200
        assert (await stranger.get("/account")).status_code == 200


async def test_turning_it_on_ends_the_sessions_that_did_without(house: House) -> None:
    lawyer = house.account("lijing")
    async with house.client(lawyer) as me, house.client(lawyer) as thief:
        await turn_on(me, house)
        assert (await thief.get("/account")).status_code == 303
        assert (await me.get("/account")).status_code == 200


async def test_a_planted_session_is_worth_nothing(house: House) -> None:
    """Session fixation: signing in makes a new token, and what the browser came with is not it."""
    house.account("lijing")
    async with house.client() as victim:
        victim.http.cookies.set("anxin", "planted-by-somebody-else")
        victim.http.cookies.set("anxin-half", "planted-as-well")
        await password_of(victim, "lijing")
        tokens = [one.value for one in victim.http.cookies.jar if one.name == "anxin"]
        assert "planted-by-somebody-else" not in tokens[-1]
    assert await house.rooms.auth.sessions.find("planted-by-somebody-else") is None


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short1", "short"),
        ("lijing-2026-x", "name"),
        ("aaaaaaaaaaaa", "common"),
        ("1234567890", "common"),
        ("9876543210", "common"),
        ("qwertyuiop", "common"),
        ("Password2026!", "common"),
        ("iloveyou2026", "common"),
        ("four plain words here", ""),
        ("滇池边的红嘴鸥又来了", ""),
    ],
)
def test_what_guessers_try_first_is_refused(password: str, reason: str) -> None:
    assert weakness(password, "lijing") == reason


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # nobody we know says so
        ("10.0.0.5", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.5", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),  # the visitor wrote 6.6.6.6
        ("10.0.0.5", ["198.51.100.1, 10.0.0.7"], "198.51.100.1"),
        ("10.0.0.5", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.5", [], "10.0.0.5"),
        ("10.0.0.5", ["nonsense"], "nonsense"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_only_our_own_proxies_are_believed(peer: str, forwarded: list[str], expected: str) -> None:
    assert visitor(peer, forwarded, parse_proxies("10.0.0.0/24, fd00::1")) == expected
