"""Search and the quality check: each finds their own, listens at the second, and looking is a fact."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect
from redis.asyncio import Redis
from sqlalchemy import Engine

from agents.accounts import principal_of
from tests.carrier.browser.sdk import write_wav
from tests.phones import tone
from tests.transcription.test_signing import DRAFT
from transcription import checks
from transcription.quality import Finding
from transcription.search import Place, SearchIndex

from .office import CONTACT, Office
from .stage import Stage, axe, keep_draft, stage
from .test_desk_api import Person, person

OTHER = "c_" + "2b" * 16
RECORDING = "RE" + "3c" * 16
SAID = {"text": "劳动仲裁时效是半年,电话13800002210", "start_s": 1.0, "speaker": "lawyer"}


def heard(engine: Engine, lawyer: str) -> None:
    """Two talks, of two prefectures; the quality check found something in both."""
    index = SearchIndex(engine)
    finding = Finding(
        "wrong_limit_arbitration", "breach", "说错劳动仲裁时效", 1.0, "仲裁时效是半年", "第27条"
    )
    for contact, place in ((CONTACT, Place("昆明市", lawyer, 2000)), (OTHER, Place("昭通市", "u_99", 1000))):
        index.put(contact, RECORDING, [SAID], place)
        checks.keep(engine, contact, [finding], place, 1)


async def contacts(someone: Person, path: str) -> list[str]:
    answer = await someone.client.get(path)
    assert answer.status_code == 200, answer.text
    return [row["contact"] for row in answer.json()]


@pytest.mark.parametrize(
    ("role", "prefecture", "found", "listed"),
    [
        ("supervisor", "", [CONTACT, OTHER], [CONTACT, OTHER]),
        ("supervisor", "昭通市", [OTHER], [OTHER]),
        ("auditor", "", [CONTACT, OTHER], [CONTACT, OTHER]),
        ("prefecture_admin", "昆明市", [CONTACT], [CONTACT]),
    ],
)
async def test_everybody_sees_their_own_part(  # noqa: PLR0917 - a table's columns
    office: Office, engine: Engine, role: str, prefecture: str, found: list[str], listed: list[str]
) -> None:
    heard(engine, "u_7")
    someone = await person(office, "someone", role, prefecture)
    assert await contacts(someone, "/talks/found?q=仲裁") == found
    assert await contacts(someone, "/talks/checked") == listed
    answer = await someone.client.get("/talks/found?q=时效")
    assert "13800002210" not in answer.text
    await someone.client.aclose()


async def test_a_lawyer_finds_only_their_own_and_has_no_list(office: Office, engine: Engine) -> None:
    lawyer = await person(office, "lijing", "lawyer")
    heard(engine, lawyer.lawyer)
    assert await contacts(lawyer, "/talks/found?q=仲裁") == [CONTACT]
    assert (await lawyer.client.get("/talks/checked")).status_code == 403
    told = [office.switchboard.facts.get_nowait() for _ in range(office.switchboard.facts.qsize())]
    assert [fact.body["found"] for fact in told if fact.kind == "talk.searched"] == [1]
    assert all("仲裁" not in str(fact.body) for fact in told)
    await lawyer.client.aclose()


async def test_who_listened_takes_a_call_off_the_list(office: Office, engine: Engine) -> None:
    heard(engine, "u_7")
    office.prefectures.update({CONTACT: "昆明市", OTHER: "昭通市"})
    someone = await person(office, "zhaomin", "supervisor", "昆明市")
    headers = {"X-CSRF-Token": someone.csrf}
    for contact, status in ((OTHER, 404), (CONTACT, 200)):
        answer = await someone.client.post(
            f"/talks/checked/{contact}", json={"verdict": "talked_to"}, headers=headers
        )
        assert answer.status_code == status
    assert await contacts(someone, "/talks/checked") == []
    assert await contacts(someone, "/talks/checked?every=true") == [CONTACT]
    await someone.client.aclose()


@pytest.fixture
async def here(engine: Engine, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(engine, redis, tmp_path) as here:
        yield here
        assert here.wrongs == []


@pytest.mark.browser
async def test_a_supervisor_searches_and_listens_at_the_second(
    here: Stage, engine: Engine, tmp_path: Path
) -> None:
    heard(engine, here.lawyer)
    keep_draft(engine, DRAFT)
    office = here.office
    office.recordings[CONTACT, RECORDING] = write_wav(tmp_path / "call.wav", tone(400, 5.0))
    turn = {**SAID, "end_s": 4.0, "confidence": 0.9, "recording": RECORDING}
    office.transcripts[CONTACT] = {"state": "ready", "progress": 1.0, "turns": [turn], "reason": ""}
    account, _ = office.accounts.add("zhaomin", "赵敏", "supervisor", must_change=False)
    token = await office.auth.sessions.open(principal_of(account))
    await here.context.add_cookies([{"name": "anxin", "value": token, "url": here.base}])
    page = await here.page()
    await page.goto(f"{here.base}/talks")
    await expect(page.get_by_text("说错劳动仲裁时效").first).to_be_visible()
    await page.get_by_role("searchbox").fill("劳动仲裁")
    await page.get_by_role("button", name="检索").click()
    hit = page.locator(".hits").first.get_by_role("link").first
    await expect(hit).to_contain_text("138****2210")
    assert await axe(page) == []
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await hit.click()
    await expect(page.get_by_text("机器草稿，未签署")).to_be_visible()
    await expect(page.locator(".turn")).to_contain_text("劳动仲裁时效是半年")
    assert float(await page.locator("audio").evaluate("element => element.currentTime")) >= 0.9
    assert await axe(page) == []
    assert ("record", "transcript.read", CONTACT) in office.switchboard.calls


async def test_a_hold_is_placed_seen_and_released_by_who_decides_in_their_prefecture(office: Office) -> None:
    office.prefectures.update({CONTACT: "昆明市", OTHER: "昭通市"})
    chief = await person(office, "zhaomin", "supervisor", "昆明市")
    auditor = await person(office, "auditor", "auditor", "")
    headers = {"X-CSRF-Token": chief.csrf}
    elsewhere = await chief.client.post(f"/talks/holds/{OTHER}", json={"reason": "诉讼中"}, headers=headers)
    assert elsewhere.status_code == 404
    placed = await chief.client.post(f"/talks/holds/{CONTACT}", json={"reason": "诉讼中"}, headers=headers)
    assert [(row["reason"], row["name"], row["released_ms"]) for row in placed.json()] == [
        ("诉讼中", "zhaomin", 0)
    ]
    assert await contacts(auditor, "/talks/holds") == [CONTACT]
    theirs = {"X-CSRF-Token": auditor.csrf}
    refused = await auditor.client.post(
        f"/talks/holds/{CONTACT}/release", json={"reason": "看错了"}, headers=theirs
    )
    assert refused.status_code == 403
    assert await contacts(chief, f"/talks/holds/{CONTACT}") == [CONTACT]
    for status in (200, 404):
        released = await chief.client.post(
            f"/talks/holds/{CONTACT}/release", json={"reason": "结案"}, headers=headers
        )
        assert released.status_code == status
    assert await contacts(chief, "/talks/holds") == []
    told = [office.switchboard.facts.get_nowait() for _ in range(office.switchboard.facts.qsize())]
    holds = [(fact.kind, fact.contact) for fact in told if fact.kind.startswith("hold.")]
    assert holds == [("hold.placed", CONTACT), ("hold.released", CONTACT)]
    assert all("诉讼" not in str(fact.body) for fact in told)
    for one in (chief, auditor):
        await one.client.aclose()
