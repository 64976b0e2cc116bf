"""Rules published as text: targets, statutes, legal aid, words, the menu. The defaults can be published."""

from importlib.resources import files

import pytest

from agents.office.audit import COMMAND_LINE
from anxin.inforce import InForce, default
from anxin.publishing import TEXTS
from config.published import Published

from .rooms import DALI, KUNMING, House

LINES = {
    "targets": ("within_s: 15", "within_s: 12"),
    "statutes": ("at_risk_days: 7", "at_risk_days: 9"),
    "lexicon": ("农民工 农民工工资", "农民工 工钱条 农民工工资"),
    "menu": ("timeout_s: 4", "timeout_s: 6"),
}
PAGES = {"targets": "targets", "statutes": "law", "aid": "law", "lexicon": "lexicon", "menu": "menu"}


def changed(what: str) -> str:
    before, after = LINES[what]
    text = default(what)
    assert before in text
    return text.replace(before, after, 1)


@pytest.mark.parametrize("what", sorted(TEXTS))
def test_what_comes_with_the_program_has_no_mistake(what: str) -> None:
    assert TEXTS[what].check((files("config") / "defaults" / f"{what}.yaml").read_text("utf-8")) == []


@pytest.mark.parametrize("what", sorted(LINES))
async def test_a_text_is_published_shown_taken_back_and_undone(house: House, what: str) -> None:
    page = f"/office/rules/{PAGES[what]}"
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        form = {"text": changed(what), "do": "check", "note": "试", "base": 0}
        checked = await admin.post(f"/office/texts/{what}", form)
        assert (checked.status_code, "检查通过" in checked.text) == (200, True)
        assert house.rooms.publications.history(what) == []
        answer = await admin.post(f"/office/texts/{what}", {**form, "do": "publish", "note": "会议决定"})
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, page)
        assert LINES[what][1] in (await admin.get(page)).text
        assert "会议决定" in (await admin.get(page)).text
        assert (await admin.post(f"/office/publications/{what}/0", {"base": 1})).status_code == 303
        assert LINES[what][1] not in (await admin.get(page)).text
        audit = await admin.get("/office/audit?what=publication")
        assert audit.text.count("发布 · 发布") == 2
        undone = await admin.post("/office/audit/" + seq_of(audit.text) + "/undo")
        assert undone.status_code == 303
        assert LINES[what][1] in (await admin.get(page)).text


def seq_of(audit: str) -> str:
    """The newest entry that can be undone."""
    return audit.partition("/office/audit/")[2].partition("/undo")[0]


@pytest.mark.parametrize(
    ("what", "text", "says"),
    [
        ("targets", default("targets").replace("within_s: 15", "within_s: -1"), "answer.within_s"),
        (
            "targets",
            default("targets").replace("priority: missed_before", "priority: vip", 1),
            "vip is no",
        ),
        ("targets", default("targets").replace("pending:", "someday:"), "not one of"),
        ("targets", "answer: [", "not YAML"),
        ("targets", "a: \x9a", "not YAML"),
        ("statutes", default("statutes").replace("days: 15", "days: 16"), "the rule&#39;s name says 15d"),
        ("statutes", default("statutes").replace("[work_injury]", "[wrok_injury]"), "is no issue type"),
        ("aid", "scope: []", "aid.yaml"),
        ("lexicon", default("lexicon").replace("terms:", "terms:\n  - 一"), "expected two or more"),
        (
            "lexicon",
            default("lexicon").replace("around_places:", "around_places:\n  - 那边"),
            "around_places",
        ),
        ("menu", default("menu").replace("channel: general", "channel: vip"), "menu.yaml:6"),
        ("menu", default("menu").replace('"2":', '"22":'), "keys"),
        ("menu", default("menu").replace("language: minority", "language: elvish"), "elvish is no language"),
        ("menu", "", "menu.yaml:1"),
        ("holidays", "years: [", "not YAML"),
    ],
)
async def test_what_cannot_hold_is_explained_and_not_published(
    house: House, what: str, text: str, says: str
) -> None:
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        page = await admin.post(f"/office/texts/{what}", {"text": text, "do": "publish", "note": "x"})
        assert page.status_code == 422
        assert says in page.text
    assert house.rooms.publications.history(what) == []


async def test_pages_say_what_holds_in_both_languages(house: House) -> None:
    said = {
        "targets": ("15 秒内，95%", "within 15 s, 95%"),
        "law": ("收到裁决书", "15 days"),
        "lexicon": ("地名说法", "How places are said"),
        "menu": ("按 1", "Key 1"),
    }
    async with house.client(house.account("shen", "auditor", "")) as auditor:
        for page, (chinese, english) in said.items():
            assert chinese in (await auditor.get(f"/office/rules/{page}")).text
            assert english in (await auditor.get(f"/office/rules/{page}?lang=en")).text
            await auditor.get("/office/audit?lang=zh-CN")
        assert (await auditor.get("/office/rules/hours")).status_code == 404
        assert (await auditor.get("/office/rules/passwords")).status_code == 404


async def test_only_the_province_publishes_and_lawyers_do_not_look(house: House) -> None:
    for username, role, prefecture in (
        ("wu", "prefecture_admin", KUNMING),
        ("zhao", "supervisor", DALI),
        ("shen", "auditor", ""),
    ):
        async with house.client(house.account(username, role, prefecture)) as one:
            page = await one.get("/office/rules/targets")
            assert (page.status_code, "<textarea" in page.text) == (200, False)
            form = {"text": changed("targets"), "do": "publish", "note": "x"}
            assert (await one.post("/office/texts/targets", form)).status_code == 403
            assert (await one.post("/office/publications/targets/0", {"base": 0})).status_code == 403
    async with house.client(house.account("lijing")) as lawyer:
        assert (await lawyer.get("/office/rules/targets")).status_code == 403
    assert house.rooms.publications.history("targets") == []


async def test_nothing_else_can_be_published(house: House) -> None:
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        for what in ("prompt:nonesuch", "passwords", "greeting"):
            assert (await admin.post(f"/office/publications/{what}/0", {"base": 0})).status_code == 404
        form = {"text": "a: 1", "do": "publish", "note": "x"}
        assert (await admin.post("/office/texts/routing", form)).status_code == 404


async def test_an_old_text_that_this_release_refuses_is_not_published_again(house: House) -> None:
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        publish = house.rooms.publications.publish
        publish("menu", b"keys: {}", "older release", COMMAND_LINE, base=0)
        publish("menu", changed("menu").encode(), "", COMMAND_LINE, base=1)
        answer = await admin.post("/office/publications/menu/1", {"base": 2})
        assert (answer.status_code, len(house.rooms.publications.history("menu"))) == (422, 2)
        held = InForce(Published(house.rooms.engine))
        held.look()
        assert "timeout_s: 6" in held.menu
