"""What a lawyer looks up beside the call: colleagues and services, call-backs owed, clocks, what to say."""

from dataclasses import replace

import httpx2
import pytest

from agents.accounts import principal_of
from agents.services import NoSuchService, Services
from routing.ports import Lawyer, LawyerState, LawyerStatus

from .office import CONTACT, Office


@pytest.fixture
async def lawyer(office: Office) -> httpx2.AsyncClient:
    account, _ = office.accounts.add("lijing", "李静", "lawyer", must_change=False)
    principal = principal_of(account)
    await office.switchboard.sign_in(principal.lawyer_id, "李静", {"general"}, {"zh"}, "昆明市")
    token = await office.auth.sessions.open(principal)
    transport = httpx2.ASGITransport(app=office.app)
    client = httpx2.AsyncClient(transport=transport, base_url="http://desk.test", cookies={"anxin": token})
    page = (await client.get("/desk")).text
    client.headers["X-CSRF-Token"] = page.split('name="csrf" content="')[1].split('"')[0]
    return client


def seated(office: Office, id_: str, **changes: object) -> None:
    one = Lawyer(
        id_, f"律师{id_}", LawyerStatus.READY, LawyerState.IDLE, frozenset({"general"}), frozenset({"zh"}),
        "玉溪市", since_ms=1, fresh=True,
    )  # fmt: skip
    office.switchboard.lawyers[id_] = replace(one, **changes)  # type: ignore[arg-type]


async def test_free_colleagues_come_first_and_the_busy_say_so(
    office: Office, lawyer: httpx2.AsyncClient
) -> None:
    seated(office, "u_7", state=LawyerState.TALKING)
    seated(office, "u_8")
    seated(office, "u_9", status=LawyerStatus.AWAY)
    rows = (await lawyer.get("/desk/people")).json()["lawyers"]
    assert [(row["id"], row["free"]) for row in rows] == [("u_8", True), ("u_7", False), ("u_9", False)]
    assert [row["state"] for row in rows] == ["idle", "talking", "away"]


def test_services_are_disabled_with_the_reason() -> None:
    without = {row["key"]: row["why"] for row in Services(trunk=False).rows()}
    assert without == dict.fromkeys(["12345", "12368", "12351"], "no_trunk") | {"interpreter": "no_number"}
    assert Services(trunk=True).number_of("12368") == "12368"
    for services, key in ((Services(trunk=False), "12345"), (Services(trunk=True), "interpreter")):
        with pytest.raises(NoSuchService):
            services.number_of(key)
    with pytest.raises(NoSuchService):
        Services(trunk=True).check_skill("tax", "")


async def test_call_backs_are_listed_by_when_they_are_due_and_made_by_one_who_is_ready(
    office: Office, lawyer: httpx2.AsyncClient
) -> None:
    base = {
        "reason": "promised", "channel": "dedicated", "priority": "dedicated", "prefecture": "昆明市",
        "next_ms": 5, "attempts": 1, "taken_by": "",
    }  # fmt: skip
    other = "c_" + "9" * 32
    office.switchboard.callbacks += [
        {**base, "id": "k_2", "contact": other, "number": "+8613900000002", "due_ms": 900},
        {**base, "id": "k_1", "contact": CONTACT, "number": "+8613800002210", "due_ms": 400},
    ]
    answer = (await lawyer.get("/desk/callbacks")).json()
    assert [row["contact"] for row in answer["rows"]] == [CONTACT, other]
    assert "13800002210" not in str(answer)
    assert (await lawyer.post(f"/desk/callbacks/{CONTACT}/call")).status_code == 409
    (me,) = office.switchboard.lawyers
    seated(office, me)
    assert (await lawyer.post(f"/desk/callbacks/{CONTACT}/call")).status_code == 202
    assert (await lawyer.post(f"/desk/callbacks/c_{'8' * 32}/call")).status_code == 404
    assert [call for call in office.switchboard.calls if call[0] == "call_back_now"] == [
        ("call_back_now", CONTACT)
    ]


async def test_a_clock_is_counted_with_its_roll_over_and_source(lawyer: httpx2.AsyncClient) -> None:
    """2025-01-31 + 1 year: a Saturday, so the next Monday."""
    counted = (
        await lawyer.get(
            "/desk/clocks/worker_injury_apply_1y", params={"event": "injury_date", "start": "2025-01-31"}
        )
    ).json()
    assert (counted["due_raw"], counted["due"]) == ("2026-01-31", "2026-02-02")
    assert "工伤保险条例" in counted["source"]
    wrong = {"event": "award_received_date", "start": "2025-01-31"}
    assert (await lawyer.get("/desk/clocks/worker_injury_apply_1y", params=wrong)).status_code == 404
    assert (await lawyer.get("/desk/clocks/nothing_such", params=wrong)).status_code == 404


async def test_the_drawer_names_the_three_guidelines_and_the_guide_in_full(
    lawyer: httpx2.AsyncClient,
) -> None:
    known = (await lawyer.get("/desk/knowledge")).json()
    assert [row["number"] for row in known["documents"]] == [
        "人社厅发〔2023〕6号",
        *["人社厅发〔2023〕50号"] * 3,
    ]
    assert len(known["prefectures"]) == 16
    assert len(known["clocks"]) == 8
    assert all(row["source"] and row["events"] for row in known["clocks"])
    assert known["first_minute"]
    assert known["silent_caller"]
