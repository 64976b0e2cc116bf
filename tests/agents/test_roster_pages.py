"""The roster's pages: planning, swapping, confirming, and a table in and out."""

import io

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine
from sqlmodel import Session, select

from agents.office.sheets import write_csv, write_xlsx
from agents.roster.sheet import COLUMNS
from agents.tables import AuditRow, ShiftRow

from .rooms import DALI, KUNMING, House, at


def shifts(engine: Engine) -> list[ShiftRow]:
    with Session(engine, expire_on_commit=False) as session:
        return list(session.exec(select(ShiftRow).order_by(ShiftRow.starts_at_ms)))  # type: ignore[arg-type]


def actions(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return list(session.exec(select(AuditRow.action).where(AuditRow.what == "shift")))


FORM = {"day": "2026-11-25", "start": "22:00", "end": "08:30", "skills": "dedicated", "attest": "true"}


async def test_a_supervisor_plans_a_night_and_sees_it_in_the_month(house: House, engine: Engine) -> None:
    lawyer = house.account("lijing", name="李静")
    async with house.client(house.account("zhao", "supervisor")) as boss:
        await boss.get("/roster")
        answer = await boss.post("/roster/shifts", {**FORM, "lawyer": lawyer.id})
        assert answer.status_code == 303
        page = await boss.get(answer.headers["location"])
        assert "已加入值班表" in page.text
        assert "22:00-08:30" in page.text
        assert "李静" in page.text
    [row] = shifts(engine)
    assert (row.starts_at_ms, row.ends_at_ms) == (at("2026-11-25 22:00"), at("2026-11-26 08:30"))
    assert (row.prefecture, row.attest, actions(engine)) == (KUNMING, True, ["add"])
    assert house.facts() == ["duty.planned"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"day": "2026-13-01"}, "日期或时间不对"),
        ({"start": "25:00"}, "日期或时间不对"),
        ({"skills": "interpreter"}, "不具备"),
        ({"lawyer": 999}, "不能值班"),
    ],
)
async def test_a_duty_that_cannot_be_is_refused_in_words(
    house: House, engine: Engine, changes: dict[str, object], says: str
) -> None:
    lawyer = house.account("lijing")
    async with house.client(house.account("zhao", "supervisor")) as boss:
        answer = await boss.post("/roster/shifts", {**FORM, "lawyer": lawyer.id, **changes})
        assert answer.status_code == 422
        assert says in answer.text
    assert shifts(engine) == []


async def test_nobody_has_two_duties_at_once(house: House, engine: Engine) -> None:
    lawyer = house.account("lijing")
    house.shift(lawyer, "2026-11-25 20:00", "2026-11-25 23:00")
    async with house.client(house.account("zhao", "supervisor")) as boss:
        answer = await boss.post("/roster/shifts", {**FORM, "lawyer": lawyer.id})
        assert "同一时间已有别的班" in answer.text
    assert len(shifts(engine)) == 1


async def test_the_gaps_ahead_are_shown_and_close_when_planned(house: House) -> None:
    async with house.client(house.account("zhao", "supervisor", "")) as boss:
        before = (await boss.get("/roster")).text
        assert "没有空班" not in before
        assert "有 0 人，需要 1 人" in before


async def test_a_supervisor_of_kunming_neither_sees_nor_plans_for_dali(house: House, engine: Engine) -> None:
    theirs = house.account("duan", prefecture=DALI, name="段大理")
    number = house.shift(theirs, "2026-11-25 08:30", "2026-11-25 17:30")
    async with house.client(house.account("zhao", "supervisor")) as boss:
        for url in ("/roster", f"/roster?prefecture={DALI}", f"/roster/export.csv?prefecture={DALI}"):
            page = await boss.get(url)
            assert page.status_code == 200
            assert "段大理" not in page.text
            assert "duan" not in page.text
        assert (await boss.post(f"/roster/shifts/{number}/cancel")).status_code == 404
        answer = await boss.post("/roster/shifts", {**FORM, "lawyer": theirs.id, "prefecture": DALI})
        assert answer.status_code == 422
        sheet = write_csv(
            COLUMNS, [["2026-11-26", "08:30", "17:30", "duan", "", DALI, "dedicated", "0", "否"]]
        )
        answer = await boss.post("/roster/import", files={"file": ("a.csv", sheet)})
        assert "只能为本州市的律师" in answer.text
    assert len(shifts(engine)) == 1
    assert shifts(engine)[0].cancelled_at_ms == 0


async def test_a_swap_is_asked_taken_and_seen_by_the_supervisor(house: House, engine: Engine) -> None:
    mine, other = house.account("lijing", name="李静"), house.account("wang", name="王志强")
    number = house.shift(mine, "2026-11-25 08:30", "2026-11-25 17:30")
    async with house.client(mine) as me, house.client(other) as taker:
        page = await me.get("/roster/mine")
        assert "王志强" in page.text
        answer = await me.post(f"/roster/shifts/{number}/swap", {"to": other.id, "note": "<b>家里有事</b>"})
        assert answer.status_code == 303
        page = await taker.get("/roster/mine")
        assert "李静 请您代班" in page.text
        assert "<b>家里" not in page.text
        # Only who was asked may answer, and only who asked may withdraw.
        assert (await me.post("/roster/swaps/1", {"answer": "accepted"})).status_code == 404
        assert (await taker.post("/roster/swaps/1", {"answer": "withdrawn"})).status_code == 404
        assert (await taker.post("/roster/swaps/1", {"answer": "accepted"})).status_code == 303
        again = await taker.post("/roster/swaps/1", {"answer": "accepted"})
        assert (again.status_code, "已经处理过" in again.text) == (422, True)
    assert shifts(engine)[0].account_id == other.id
    assert actions(engine) == ["add", "swap_ask", "swap"]
    assert house.facts()[-2:] == ["duty.swap_asked", "duty.swapped"]
    async with house.client(house.account("zhao", "supervisor")) as boss:
        assert "李静 → 王志强" in (await boss.get("/roster")).text


async def test_a_lawyer_confirms_their_own_night_and_nobody_elses(house: House, engine: Engine) -> None:
    mine, other = house.account("lijing"), house.account("wang")
    number = house.shift(mine, "2026-11-24 22:00", "2026-11-25 08:30", attest=True)
    async with house.client(mine) as me:
        early = await me.post(f"/roster/shifts/{number}/attest")
        assert "现在不能确认" in early.text
        house.clock.set("2026-11-24 21:50")
    # The session of the morning has ended.
    async with house.client(mine) as me, house.client(other) as stranger:
        assert (await stranger.post(f"/roster/shifts/{number}/attest")).status_code == 404
        assert "确认到岗" in (await me.get("/roster/mine")).text
        assert (await me.post(f"/roster/shifts/{number}/attest")).status_code == 303
    assert shifts(engine)[0].attested_at_ms == at("2026-11-24 21:50")
    assert house.facts() == ["duty.attested"]


async def test_a_table_goes_out_and_in_again(house: House, engine: Engine) -> None:
    lawyer = house.account("lijing", name="=HYPERLINK(1)")
    number = house.shift(lawyer, "2026-11-25 22:00", "2026-11-26 08:30", attest=True, rank=1)
    async with house.client(house.account("zhao", "supervisor")) as boss:
        csv = await boss.get("/roster/export.csv?month=2026-11")
        assert csv.headers["content-disposition"] == 'attachment; filename="roster-2026-11.csv"'
        assert '"\'=HYPERLINK(1)"' in csv.text
        xlsx = await boss.get("/roster/export.xlsx?month=2026-11")
        sheet = load_workbook(io.BytesIO(xlsx.content)).active
        assert sheet is not None
        assert sheet["E2"].data_type == "s"
        assert sheet["E2"].value == "'=HYPERLINK(1)"
        await boss.post(f"/roster/shifts/{number}/cancel")
        for name, content in (("a.csv", csv.content), ("b.xlsx", xlsx.content)):
            answer = await boss.post("/roster/import", files={"file": (name, content)})
            assert answer.status_code == 303, answer.text
            [row] = [row for row in shifts(engine) if not row.cancelled_at_ms]
            assert (row.starts_at_ms, row.rank, row.attest) == (at("2026-11-25 22:00"), 1, True)
            await boss.post(f"/roster/shifts/{row.id}/cancel")


GOOD = ["2026-11-26", "08:30", "17:30", "lijing", "", KUNMING, "dedicated", "0", "否"]


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        (0, "26.11.2026", "日期或时间不对"),
        (3, "<b>wang</b>", "没有用户名为“&lt;b&gt;wang&lt;/b&gt;”"),
        (5, "成都市", "没有叫“成都市”的州市"),
        (6, "", "没有选择类别"),
        (7, "first", "不是数字"),
        (8, "maybe", "应为 是 或 否"),
    ],
)
async def test_a_wrong_row_is_named_and_nothing_is_imported(
    house: House, engine: Engine, column: int, value: str, says: str
) -> None:
    house.account("lijing")
    wrong = ["2026-11-27", *GOOD[1:]]
    wrong[column] = value
    async with house.client(house.account("zhao", "supervisor")) as boss:
        table = write_xlsx(COLUMNS, [GOOD, wrong])
        answer = await boss.post("/roster/import", files={"file": ("a.xlsx", table)})
        assert answer.status_code == 422
        assert '<td class="number">3</td>' in answer.text
        assert says in answer.text
    assert shifts(engine) == []


async def test_two_rows_of_one_table_that_collide_are_refused(house: House, engine: Engine) -> None:
    house.account("lijing")
    async with house.client(house.account("zhao", "supervisor")) as boss:
        table = write_csv(COLUMNS, [GOOD, GOOD])
        answer = await boss.post("/roster/import", files={"file": ("a.csv", table)})
        assert "同一时间已有别的班" in answer.text
    assert shifts(engine) == []
