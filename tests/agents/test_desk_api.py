"""The desk's API: whose contacts, whose notes, which token."""

import re
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from agents.accounts import principal_of
from config.auth import Principal
from routing.ports import Contact, ContactState, LawyerState

from .office import APPLICATION, CONTACT, KEYS, Office

OTHER = "c_" + "2b" * 16
RECORDING = "RE" + "3c" * 16


@dataclass
class Person:
    client: httpx2.AsyncClient
    principal: Principal
    csrf: str = ""

    @property
    def lawyer(self) -> str:
        return self.principal.lawyer_id

    async def put(self, contact: str, text: str, *, base: int = 0, seq: int = 1) -> httpx2.Response:
        body = {"text": text, "base": base, "writer": "tab-one-1", "seq": seq}
        return await self.client.put(f"/desk/notes/{contact}", json=body, headers={"X-CSRF-Token": self.csrf})


async def person(office: Office, username: str, role: str, prefecture: str = "") -> Person:
    account, _ = office.accounts.add(username, username, role, prefecture=prefecture, must_change=False)
    principal = principal_of(account)
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=office.app), base_url="http://desk.test")
    client.cookies.set("anxin", await office.auth.sessions.open(principal))
    someone = Person(client, principal)
    page = await client.get("/password", headers={"Accept": "text/html"})
    found = re.search(r'name="csrf" content="([0-9a-f]+)"', page.text)
    assert found
    someone.csrf = found[1]
    return someone


@pytest.fixture
async def lawyer(office: Office) -> AsyncIterator[Person]:
    someone = await person(office, "lijing", "lawyer")
    await office.switchboard.sign_in(someone.lawyer, "李静", ["general"], ["zh"], "昆明市")
    yield someone
    await someone.client.aclose()


def contact(contact_id: str = CONTACT, **changes: Any) -> Contact:
    fields: dict[str, Any] = {
        "id": contact_id,
        "state": ContactState.TALKING,
        "demand": "d_" + contact_id[2:],
        "from_number": "+8613800002210",
        "to_number": "12348",
        "entrance": "pstn",
        "prefecture": "昆明市",
        "ordinal": 3,
        "arrived_ms": 1_000,
        "channel": "dedicated",
        "waiting_since_ms": 2_000,
        "talk_since_ms": 74_000,
    }
    return Contact(**{**fields, **changes})


async def talk(office: Office, someone: Person, contact_id: str = CONTACT) -> None:
    office.switchboard.contacts[contact_id] = contact(contact_id)
    await office.switchboard.become(
        someone.lawyer, "contact.accepted", state=LawyerState.TALKING, contact=contact_id
    )


async def test_the_card_shows_masked_numbers_only(office: Office, lawyer: Person) -> None:
    await talk(office, lawyer)
    answer = await lawyer.client.get(f"/desk/contacts/{CONTACT}")
    assert answer.status_code == 200
    assert "13800002210" not in answer.text
    card = answer.json()["card"]
    assert (card["number"], card["prefecture"], card["ordinal"]) == ("138****2210", "昆明市", 3)
    assert card["waited_ms"] == 72_000


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+8613800002210", "138****2210"),
        ("client:caller-1", "web"),
        ("", ""),
        ("anonymous", ""),
        ("12345", "*****"),
    ],
)
async def test_every_kind_of_number_is_masked(
    office: Office, lawyer: Person, number: str, shown: str
) -> None:
    await talk(office, lawyer)
    office.switchboard.contacts[CONTACT] = contact(from_number=number)
    card = (await lawyer.client.get(f"/desk/contacts/{CONTACT}")).json()["card"]
    assert card["number"] == shown


async def test_another_lawyers_contact_does_not_exist(office: Office, lawyer: Person) -> None:
    """IDOR: neither reading nor writing tells whether the contact is there."""
    other = await person(office, "wangqiang", "lawyer")
    await talk(office, lawyer)
    for contact_id in (CONTACT, OTHER):
        answer = await other.client.get(f"/desk/contacts/{contact_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert (await other.put(contact_id, "偷看")).status_code == 404
        assert (await other.client.get(f"/desk/notes/{contact_id}/versions")).status_code == 404
    await other.client.aclose()


async def test_a_contact_stays_ones_own_after_the_switchboard_forgot_it(
    office: Office, lawyer: Person
) -> None:
    await talk(office, lawyer)
    assert (await lawyer.put(CONTACT, "甲")).status_code == 200
    office.switchboard.contacts.clear()
    await office.switchboard.become(lawyer.lawyer, "lawyer.idle", state=LawyerState.IDLE, contact="")
    answer = (await lawyer.client.get(f"/desk/contacts/{CONTACT}")).json()
    assert answer["card"] is None
    assert answer["note"]["text"] == "甲"
    assert (await lawyer.put(CONTACT, "乙", base=1, seq=2)).json()["text"] == "乙"


async def test_supervisors_and_administrators_see_every_contact(office: Office, lawyer: Person) -> None:
    await talk(office, lawyer)
    for role in ("supervisor", "province_admin"):
        someone = await person(office, f"a-{role}", role)
        assert (await someone.client.get(f"/desk/contacts/{CONTACT}")).status_code == 200
        await someone.client.aclose()


async def test_history_names_lawyers_and_the_transcript_is_handed_on(office: Office, lawyer: Person) -> None:
    await talk(office, lawyer)
    office.history[CONTACT] = [
        {"contact": OTHER, "lawyer": lawyer.lawyer, "at_ms": 1, "outcome": "done", "topic": "欠薪"},
        {"contact": OTHER, "lawyer": "", "at_ms": 1, "outcome": "abandoned", "topic": ""},
        {"contact": OTHER, "lawyer": "u_999", "at_ms": 1, "outcome": "done", "topic": ""},
    ]
    office.transcripts[CONTACT] = {"state": "transcribing", "progress": 0.5, "turns": [], "draft": None}
    answer = (await lawyer.client.get(f"/desk/contacts/{CONTACT}")).json()
    assert [row["lawyer"] for row in answer["history"]] == ["lijing", "", "u_999"]
    assert answer["transcript"]["progress"] == 0.5


async def test_a_conflict_hands_back_the_other_text(office: Office, lawyer: Person) -> None:
    await talk(office, lawyer)
    await lawyer.put(CONTACT, "甲")
    body = {"text": "乙", "base": 0, "writer": "tab-two-2", "seq": 1}
    answer = await lawyer.client.put(
        f"/desk/notes/{CONTACT}", json=body, headers={"X-CSRF-Token": lawyer.csrf}
    )
    assert answer.status_code == 409
    assert answer.json()["note"]["text"] == "甲"


async def test_an_amendment_is_a_fact_without_its_text(office: Office, lawyer: Person) -> None:
    await talk(office, lawyer)
    await lawyer.put(CONTACT, "原文")
    office.notes.seal(CONTACT, lawyer.lawyer)
    await office.switchboard.become(lawyer.lawyer, "lawyer.idle", state=LawyerState.IDLE, contact="")
    while not office.switchboard.facts.empty():
        office.switchboard.facts.get_nowait()
    await lawyer.put(CONTACT, "补充说明", base=1, seq=2)
    fact = office.switchboard.facts.get_nowait()
    assert (fact.kind, fact.contact, fact.lawyer) == ("note.saved", CONTACT, lawyer.lawyer)
    assert "补充" not in str(fact.body)
    versions = (await lawyer.client.get(f"/desk/notes/{CONTACT}/versions")).json()
    assert [row["text"] for row in versions] == ["原文", "补充说明"]


async def test_recent_contacts_are_listed_with_their_notes(office: Office, lawyer: Person) -> None:
    await talk(office, lawyer)
    await lawyer.put(CONTACT, "甲")
    (row,) = (await lawyer.client.get("/desk/contacts")).json()
    assert row["card"]["number"] == "138****2210"
    assert row["note"]["text"] == "甲"


async def test_the_voice_token_is_for_oneself_receives_only_and_is_not_cached(
    office: Office, lawyer: Person
) -> None:
    answer = await lawyer.client.post("/desk/token", headers={"X-CSRF-Token": lawyer.csrf})
    assert answer.headers["cache-control"] == "no-store"
    claims = jwt.decode(answer.json()["token"], KEYS.api_key_secret, ["HS256"], options={"verify_iat": False})
    assert claims["grants"]["identity"] == lawyer.lawyer
    assert claims["grants"]["voice"] == {
        "incoming": {"allow": True},
        "outgoing": {"application_sid": APPLICATION},
    }
    assert 3590 <= claims["exp"] - time.time() <= 3600
    assert (await lawyer.client.post("/desk/token")).status_code == 403


async def test_listening_is_ones_own_only_and_every_listen_is_in_the_ledger(
    office: Office, lawyer: Person, tmp_path: Path
) -> None:
    """Seeking is one listen, and a range that skips the beginning is a listen, too."""
    await talk(office, lawyer)
    sound = tmp_path / "talk.wav"
    sound.write_bytes(bytes(range(200)))
    office.recordings[CONTACT, RECORDING] = sound
    office.transcripts[CONTACT] = {"state": "ready", "turns": [{"recording": RECORDING}, {"text": "x"}]}
    assert (await lawyer.client.get(f"/desk/contacts/{CONTACT}")).json()["audio"] == [RECORDING]
    other = await person(office, "wangqiang", "lawyer")
    url = f"/desk/recordings/{CONTACT}/{RECORDING}"
    assert (await other.client.get(url)).status_code == 404
    part = await lawyer.client.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    whole = await lawyer.client.get(url)
    assert (whole.content, whole.headers["cache-control"]) == (sound.read_bytes(), "no-store")
    heard = [call for call in office.switchboard.calls if call[:2] == ("record", "recording.heard")]
    assert heard == [("record", "recording.heard", CONTACT)]
    assert (await lawyer.client.get(f"/desk/recordings/{OTHER}/{RECORDING}")).status_code == 404
    await other.client.aclose()


@pytest.mark.parametrize(
    "body",
    [
        {"text": "长" * 20_001, "base": 0, "writer": "tab-one-1", "seq": 1},
        {"text": "x", "base": -1, "writer": "tab-one-1", "seq": 1},
        {"text": "x", "base": 0, "writer": "<script>", "seq": 1},
        {"text": "x"},
        {},
    ],
)
async def test_a_malformed_note_is_refused(office: Office, lawyer: Person, body: dict[str, Any]) -> None:
    await talk(office, lawyer)
    answer = await lawyer.client.put(
        f"/desk/notes/{CONTACT}", json=body, headers={"X-CSRF-Token": lawyer.csrf}
    )
    assert answer.status_code == 422


# Who may use which route: 1 = answered, 0 = refused with 403, and everybody else must sign in.
ROLES = ("lawyer", "supervisor", "province_admin")
TABLE = {
    ("GET", "/desk"): (1, 1, 0),
    ("POST", "/desk/token"): (1, 1, 0),
    ("GET", "/desk/contacts"): (1, 1, 0),
    ("GET", "/desk/contacts/{contact}"): (1, 1, 1),
    ("PUT", "/desk/notes/{contact}"): (1, 1, 0),
    ("GET", "/desk/notes/{contact}/versions"): (1, 1, 0),
    ("GET", "/desk/recordings/{contact}/{recording}"): (1, 1, 1),
    ("GET", "/desk/drafts/{contact}"): (1, 1, 1),
    ("GET", "/desk/drafts/{contact}/history"): (1, 1, 1),
    ("PUT", "/desk/drafts/{contact}/{field}"): (1, 1, 1),
    ("POST", "/desk/drafts/{contact}/{field}/undo"): (1, 1, 1),
    ("POST", "/desk/drafts/{contact}/signature"): (1, 1, 1),
    ("GET", "/desk/people"): (1, 1, 0),
    ("GET", "/desk/callbacks"): (1, 1, 0),
    ("POST", "/desk/callbacks/{contact}/call"): (1, 1, 0),
    ("GET", "/desk/knowledge"): (1, 1, 0),
    ("GET", "/desk/clocks/{rule}"): (1, 1, 0),
    ("GET", "/talks"): (1, 1, 1),
    ("GET", "/talk/{contact}"): (1, 1, 1),
    ("GET", "/talks/found"): (1, 1, 1),
    ("GET", "/talks/checked"): (0, 1, 1),
    ("POST", "/talks/checked/{contact}"): (0, 1, 1),
    ("GET", "/talks/holds"): (0, 1, 1),
    ("GET", "/talks/holds/{contact}"): (0, 1, 1),
    ("POST", "/talks/holds/{contact}"): (0, 1, 1),
    ("POST", "/talks/holds/{contact}/release"): (0, 1, 1),
    ("GET", "/password"): (1, 1, 1),
    ("POST", "/password"): (1, 1, 1),
    ("POST", "/signout"): (1, 1, 1),
}
OPEN = {
    ("GET", "/signin"),
    ("POST", "/signin"),
    ("GET", "/signin/second"),
    ("POST", "/signin/second"),
    ("GET", "/static/npm/{name}"),
    ("GET", "/static/{part}/{name}"),
}


def routes(found: Iterable[Any]) -> set[tuple[str, str]]:
    """Every route of an application, whatever router made it; FastAPI's own documentation pages apart."""
    seen: set[tuple[str, str]] = set()
    for route in found:
        if inner := getattr(route, "original_router", None):
            seen |= routes(inner.routes)
        elif not route.path.startswith(("/openapi", "/docs", "/redoc")):
            path = route.path.replace(":path", "")
            seen |= {(method, path) for method in getattr(route, "methods", ()) if method != "HEAD"}
    return seen


async def test_the_table_of_roles_names_every_route(office: Office) -> None:
    assert routes(office.app.routes) == TABLE.keys() | OPEN


async def test_each_route_keeps_to_the_table_of_roles(office: Office) -> None:
    people = {role: await person(office, f"a-{role}", role) for role in ROLES}
    stranger = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=office.app), base_url="http://desk.test")
    for (method, template), allowed in TABLE.items():
        path = template.replace("{contact}", CONTACT).replace("{recording}", RECORDING)
        path = path.replace("{rule}", "labour_arbitration_1y?event=employment_end_date&start=2026-01-05")
        path = path.replace("{field}", "occupation")
        json = {"text": "x", "base": 0, "writer": "tab-one-1", "seq": 1} if method == "PUT" else None
        assert (await stranger.request(method, path, json=json)).status_code == 401, path
        for role, may in zip(ROLES, allowed, strict=True):
            someone = people[role]
            if path == "/signout":
                continue  # signs them out; test_signin has it
            headers = {"X-CSRF-Token": someone.csrf}
            answer = await someone.client.request(method, path, json=json, headers=headers)
            assert (answer.status_code != 403) == bool(may), (method, path, role, answer.text[:200])
    for client in (stranger, *(someone.client for someone in people.values())):
        await client.aclose()
