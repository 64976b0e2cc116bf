"""Users: made, changed, disabled; who may do it to whom; tables in and out; the audit log and undo."""

import re

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from agents.office.audit import COMMAND_LINE
from agents.office.sheets import write_csv
from agents.office.users import COLUMNS
from agents.tables import Account, AuditRow

from .rooms import DALI, KUNMING, PASSWORD, House

FORM = {
    "username": "newone",
    "name": "新律师",
    "role": "lawyer",
    "prefecture": KUNMING,
    "skills": ["dedicated"],
    "languages": ["zh", "yi"],
    "phone_fallback": "138 0000 2210",
}


def find(engine: Engine, username: str) -> Account | None:
    with Session(engine, expire_on_commit=False) as session:
        return session.exec(select(Account).where(Account.username == username)).first()


def log(engine: Engine) -> list[AuditRow]:
    with Session(engine, expire_on_commit=False) as session:
        return list(session.exec(select(AuditRow).order_by(col(AuditRow.seq))))


async def test_an_administrator_makes_a_user_who_then_signs_in(house: House, engine: Engine) -> None:
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        page = await admin.post("/office/users", FORM)
        assert page.status_code == 200
        once = re.search(r'class="code secret">([^<]+)<', page.text)
        assert once
        assert "只显示这一次" in page.text
    made = find(engine, "newone")
    assert made is not None
    assert (made.skills, made.languages, made.phone_fallback) == ("dedicated", "zh yi", "13800002210")
    async with house.client() as stranger:
        await stranger.get("/signin")
        answer = await stranger.post("/signin", {"username": "newone", "password": once[1]})
        assert answer.headers["location"] == "/password"
    row = log(engine)[-1]
    assert (row.action, row.what, row.name) == ("add", "account", "ADMIN")
    assert once[1] not in row.after
    assert "argon2" not in row.after


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"username": "Bad Name"}, "用户名不合要求"),
        ({"username": "admin"}, "用户名已被使用"),
        ({"name": "  "}, "请填写姓名"),
        ({"role": "emperor"}, "不能授予这个角色"),
        ({"role": "prefecture_admin", "prefecture": ""}, "请选择州市"),
        ({"prefecture": "成都市"}, "请选择州市"),
        ({"phone_fallback": "call me"}, "电话号码应为"),
    ],
)
async def test_what_cannot_be_is_refused_and_what_was_typed_stays(
    house: House, engine: Engine, changes: dict[str, str], says: str
) -> None:
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        answer = await admin.post("/office/users", {**FORM, **changes})
        assert answer.status_code == 422
        assert says in answer.text
        assert 'value="138 0000 2210"' in answer.text or "phone_fallback" in changes
    assert find(engine, "newone") is None


async def test_an_administrator_of_kunming_rules_only_there_and_only_below(
    house: House, engine: Engine
) -> None:
    theirs = house.account("duan", prefecture=DALI, name="段大理")
    boss = house.account("root", "province_admin", KUNMING, name="省厅")
    peer = house.account("peer", "prefecture_admin", KUNMING)
    mine = house.account("lijing", name="李静")
    async with house.client(house.account("wu", "prefecture_admin", KUNMING)) as admin:
        page = (await admin.get("/office/users")).text
        assert "李静" in page
        assert "段大理" not in page
        assert "duan" not in (await admin.get("/office/users.csv")).text
        for who in (theirs, boss, peer):
            assert (await admin.get(f"/office/users/{who.id}")).status_code == 404
            assert (await admin.post(f"/office/users/{who.id}", FORM)).status_code == 404
            for action in ("reset", "disable", "second-off"):
                assert (await admin.post(f"/office/users/{who.id}/{action}")).status_code == 404
        # Neither a higher role nor another prefecture can be given.
        assert (
            await admin.post(f"/office/users/{mine.id}", {**FORM, "role": "province_admin"})
        ).status_code == 422
        await admin.post(f"/office/users/{mine.id}", {**FORM, "prefecture": DALI})
        await admin.post("/office/users", {**FORM, "prefecture": DALI})
    for username in ("lijing", "newone"):
        made = find(engine, username)
        assert made is not None
        assert (made.prefecture, made.role) == (KUNMING, "lawyer")
    assert [find(engine, one).active for one in ("duan", "root", "peer")] == [True] * 3  # type: ignore[union-attr]


async def test_a_disabled_user_is_out_at_once(house: House) -> None:
    lawyer = house.account("lijing")
    async with (
        house.client(house.account("admin", "province_admin", "")) as admin,
        house.client(lawyer) as me,
    ):
        assert (await me.get("/roster/mine")).status_code == 200
        assert (await admin.post(f"/office/users/{lawyer.id}/disable")).status_code == 303
        assert (await me.get("/roster/mine")).headers["location"].startswith("/signin")
        await me.get("/signin")
        answer = await me.post("/signin", {"username": "lijing", "password": PASSWORD})
        assert answer.status_code == 403


async def test_the_last_administrator_cannot_be_lost(house: House, engine: Engine) -> None:
    last = house.account("admin", "province_admin", "")
    async with house.client(last) as admin:
        assert "不能对自己" in (await admin.post(f"/office/users/{last.id}/disable")).text
        answer = await admin.post(f"/office/users/{last.id}", {**FORM, "role": "lawyer"})
        assert "至少要留一位" in answer.text
    found = find(engine, "admin")
    assert found is not None
    assert (found.active, found.role) == (True, "province_admin")


async def test_users_come_from_a_table_all_or_none(house: House, engine: Engine) -> None:
    rows = [
        ["zhang", "张三", "lawyer", KUNMING, "dedicated general", "zh yi", "13800002210"],
        ["li.si", "李四", "supervisor", DALI, "", "zh", ""],
    ]
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        wrong = [*rows, ["zhang", "张三", "king", KUNMING, "", "", ""]]
        answer = await admin.post(
            "/office/users-import", files={"file": ("a.csv", write_csv(COLUMNS, wrong))}
        )
        assert answer.status_code == 422
        assert '<td class="number">4</td>' in answer.text
        assert find(engine, "zhang") is None
        table = "\n".join(",".join(row) for row in [list(COLUMNS), *rows]).encode(
            "gb18030"
        )  # as Excel writes
        answer = await admin.post("/office/users-import", files={"file": ("a.csv", table)})
        assert answer.status_code == 200
        assert "张三" in answer.text
    made = find(engine, "li.si")
    assert made is not None
    assert (made.role, made.prefecture, made.must_change) == ("supervisor", DALI, True)


async def test_the_log_only_grows(house: House, either_engine: Engine) -> None:
    with either_engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit (seq, at_ms, account_id, name, role, action, what, key, prefecture,"
                " before, after, undoes) VALUES (1, 1, 1, 'x', 'x', 'x', 'x', 'x', '', '{}', '{}', 0)"
            )
        )
    for statement in ("UPDATE audit SET name = 'y'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="only grows"), either_engine.begin() as connection:
            connection.execute(text(statement))


async def test_a_change_is_undone_once_and_only_while_it_is_the_last(house: House, engine: Engine) -> None:
    lawyer = house.account("lijing", name="李静")
    accounts = house.rooms.accounts
    accounts.change(lawyer.id or 0, {"name": "李婧"}, COMMAND_LINE)
    seq = log(engine)[-1].seq
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        page = await admin.get("/office/audit")
        assert "<del>李静</del>" in page.text
        assert "<ins>李婧</ins>" in page.text
        assert (await admin.post(f"/office/audit/{seq}/undo")).status_code == 303
        found = find(engine, "lijing")
        assert found is not None
        assert found.name == "李静"
        assert (await admin.post(f"/office/audit/{seq}/undo")).status_code == 422
        accounts.change(lawyer.id or 0, {"name": "甲"}, COMMAND_LINE)
        seq = log(engine)[-1].seq
        accounts.change(lawyer.id or 0, {"name": "乙"}, COMMAND_LINE)
        answer = await admin.post(f"/office/audit/{seq}/undo")
        assert "后来又有改动" in answer.text
    assert log(engine)[-3].undoes


async def test_an_auditor_reads_everything_and_an_administrator_only_their_own(house: House) -> None:
    house.account("duan", prefecture=DALI, name="段大理")
    async with house.client(house.account("shen", "auditor", KUNMING)) as auditor:
        page = await auditor.get("/office/audit")
        assert "段大理" in page.text
        assert "/undo" not in page.text
        assert (await auditor.post("/office/audit/1/undo")).status_code == 403
    async with house.client(house.account("wu", "prefecture_admin", KUNMING)) as admin:
        assert "段大理" not in (await admin.get("/office/audit")).text
        assert "段大理" not in (await admin.get("/office/audit?text=duan")).text
        assert (await admin.post("/office/audit/1/undo")).status_code == 404


async def test_a_cancelled_duty_comes_back_by_undo(house: House, engine: Engine) -> None:
    lawyer = house.account("lijing")
    number = house.shift(lawyer, "2026-11-25 08:30", "2026-11-25 17:30")
    house.rooms.roster.cancel(number, COMMAND_LINE)
    seq = log(engine)[-1].seq
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        assert (await admin.post(f"/office/audit/{seq}/undo")).status_code == 303
    assert [one.id for one in house.rooms.roster.of_lawyer(lawyer.id or 0, 0)] == [number]


async def test_what_people_typed_is_never_markup(house: House) -> None:
    """Names, notes and search words come back as text on every page of the office."""
    nasty = "<img src=x onerror=alert(1)>"
    lawyer = house.account("lijing", name=nasty)
    house.shift(lawyer, "2026-11-25 08:30", "2026-11-25 17:30")
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        for url in ("/roster", "/office/users", f"/office/users?text={nasty}", "/office/audit"):
            page = await admin.get(url)
            assert page.status_code == 200
            assert "<img src=x" not in page.text


async def test_how_good_somebody_is_orders_the_list_and_the_roster(house: House) -> None:
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        for username, level in (("aaa", "1"), ("bbb", "3"), ("ccc", "2")):
            form = {
                "username": username, "name": username.upper(), "role": "lawyer", "prefecture": KUNMING,
                "skills": "dedicated", "levels": [f"dedicated:{level}", "general:3", "dedicated:9"][:2],
            }  # fmt: skip
            assert (await admin.post("/office/users", form)).status_code == 200
        made = {one.username: one.levels for one in house.rooms.accounts.every()}
        assert (made["aaa"], made["bbb"], made["ccc"]) == ("dedicated:1", "dedicated:3", "")
        page = (await admin.get("/office/users?skill=dedicated")).text
        assert page.index("BBB") < page.index("CCC") < page.index("AAA")
        assert "专家" in page
        assert "BBB" not in (await admin.get("/office/users?skill=general")).text
        assert "dedicated:3" in (await admin.get("/office/users.csv")).text
        roster = (await admin.get("/roster")).text
        assert roster.index(">BBB") < roster.index(">CCC") < roster.index(">AAA")
        undone = await admin.get("/office/audit?what=account")
        assert "dedicated:3" in undone.text


async def test_levels_come_in_with_the_table(house: House) -> None:
    table = "用户名,姓名,角色,州市,技能,语言,电话\nddd,丁,lawyer,昆明市,dedicated:3 general,zh,\n"
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        answer = await admin.post("/office/users-import", files={"file": ("users.csv", table.encode())})
        assert answer.status_code == 200
    (made,) = [one for one in house.rooms.accounts.every() if one.username == "ddd"]
    assert (made.skills, made.levels) == ("dedicated general", "dedicated:3")
