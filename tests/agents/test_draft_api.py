"""The summary's API: whose it is, what a signature tells the ledger, and two windows at once."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from tests.transcription.test_signing import DRAFT
from transcription.store import Draft

from .office import CONTACT, Office
from .test_desk_api import Person, person, talk

URL = f"/desk/drafts/{CONTACT}"


@pytest.fixture
async def lawyer(office: Office, engine: Engine) -> AsyncIterator[Person]:
    someone = await person(office, "lijing", "lawyer")
    await office.switchboard.sign_in(someone.lawyer, "李静", ["general"], ["zh"], "昆明市")
    await talk(office, someone)
    await someone.put(CONTACT, "在办")
    with engine.begin() as connection:
        row = {"contact": CONTACT, "content": DRAFT, "machine": True, "created_ms": 1}
        connection.execute(insert(Draft).values(row))
    yield someone
    await someone.client.aclose()


async def change(someone: Person, field: str, value: Any, **about: Any) -> Any:
    body = {"value": value, "base": 0, "version": 0, "writer": "tab-one-1", "seq": 1} | about
    return await someone.client.put(f"{URL}/{field}", json=body, headers={"X-CSRF-Token": someone.csrf})


async def sign(someone: Person, stamp: str, reason: str = "") -> Any:
    body = {"stamp": stamp, "reason": reason}
    headers = {"X-CSRF-Token": someone.csrf}
    return await someone.client.post(f"{URL}/signature", json=body, headers=headers)


def facts(office: Office, kind: str) -> list[Any]:
    told = [office.switchboard.facts.get_nowait() for _ in range(office.switchboard.facts.qsize())]
    return [fact for fact in told if fact.kind == kind]


async def test_a_lawyer_corrects_and_signs_and_the_ledger_hears_the_class(
    office: Office, lawyer: Person
) -> None:
    sheet = (await lawyer.client.get(URL)).json()
    assert (sheet["state"], sheet["may_edit"]) == ("machine", True)
    assert sheet["spec"]["amount_owed_yuan"]["kind"] == "yuan"
    sheet = (await change(lawyer, "four_100", "aid_acceptance_injury")).json()
    assert sheet["state"] == "edited"
    sheet = (await sign(lawyer, sheet["stamp"])).json()
    assert (sheet["state"], sheet["signed"]["by"]) == ("signed", lawyer.lawyer)
    told = facts(office, "summary.signed")
    assert [(fact.contact, fact.body["four_100"], fact.body["version"]) for fact in told] == [
        (CONTACT, "aid_acceptance_injury", 1)
    ]
    assert office.summaries.untold() == []


async def test_a_signature_of_something_else_is_refused_with_what_is_there(
    office: Office, lawyer: Person
) -> None:
    stamp = (await lawyer.client.get(URL)).json()["stamp"]
    await change(lawyer, "occupation", "木工", writer="tab-two-2")
    answer = await sign(lawyer, stamp)
    assert (answer.status_code, answer.json()["sheet"]["fields"]["occupation"]) == (409, "木工")
    assert facts(office, "summary.signed") == []
    answer = await change(lawyer, "occupation", "小工", seq=2)
    assert (answer.status_code, answer.json()["sheet"]["edits"]["occupation"]["rev"]) == (409, 1)
    assert (await change(lawyer, "injury_date", "昨天")).status_code == 422


async def test_an_edit_is_taken_back_and_every_version_is_in_the_history(lawyer: Person) -> None:
    await change(lawyer, "amount_owed_yuan", 1)
    headers = {"X-CSRF-Token": lawyer.csrf}
    back = await lawyer.client.post(f"{URL}/amount_owed_yuan/undo", json={"rev": 1}, headers=headers)
    assert back.json()["fields"]["amount_owed_yuan"] == 23600
    signed = (await sign(lawyer, back.json()["stamp"])).json()
    again = (await change(lawyer, "callback_required", True, version=1, seq=2)).json()
    assert again["state"] == "amending"
    await sign(lawyer, again["stamp"], "漏了回电")
    history = (await lawyer.client.get(f"{URL}/history")).json()
    assert [(row["version"], row["reason"]) for row in history] == [(1, ""), (2, "漏了回电")]
    assert signed["version"] == 1


async def test_a_signed_promise_to_call_back_is_one_for_the_switchboard(
    office: Office, lawyer: Person
) -> None:
    sheet = (await change(lawyer, "occupation", "木工")).json()
    await sign(lawyer, sheet["stamp"])
    assert ("promise_callback", CONTACT, "promised") not in office.switchboard.calls
    sheet = (await change(lawyer, "callback_required", True, version=1)).json()
    await sign(lawyer, sheet["stamp"], "答应回电")
    assert office.switchboard.calls.count(("promise_callback", CONTACT, "promised")) == 1
    taken_back = ("take_back_promise", CONTACT, "已当面答复")
    assert taken_back not in office.switchboard.calls
    sheet = (await change(lawyer, "callback_required", False, version=2)).json()
    await sign(lawyer, sheet["stamp"], "已当面答复")
    assert office.switchboard.calls.count(taken_back) == 1


async def test_reading_is_a_fact_once_in_a_while(office: Office, lawyer: Person) -> None:
    await lawyer.client.get(URL)
    await lawyer.client.get(URL)
    assert [fact.body for fact in facts(office, "summary.read")] == [{"by": lawyer.lawyer, "role": "lawyer"}]


@pytest.mark.parametrize(
    ("role", "prefecture", "reads", "writes"),
    [
        ("lawyer", "昆明市", 404, 404),
        ("supervisor", "", 200, 200),
        ("supervisor", "昆明市", 200, 200),
        ("supervisor", "昭通市", 404, 404),
        ("prefecture_admin", "昭通市", 404, 404),
        ("province_admin", "", 200, 200),
        ("auditor", "", 200, 403),
    ],
)
async def test_who_may_read_and_correct_it(  # noqa: PLR0917 - a table's columns
    office: Office, lawyer: Person, role: str, prefecture: str, reads: int, writes: int
) -> None:
    office.prefectures[CONTACT] = "昆明市"
    other = await person(office, "someone", role, prefecture)
    assert (await other.client.get(URL)).status_code == reads
    assert (await other.client.get(f"{URL}/history")).status_code == reads
    assert (await change(other, "occupation", "木工")).status_code == writes
    stamp = (await lawyer.client.get(URL)).json()["stamp"]
    assert (await sign(other, stamp)).status_code == writes
    assert (await other.client.get(f"/desk/contacts/{CONTACT}")).status_code == reads
    await other.client.aclose()
