"""Where the work is, where the caller comes from and where they are now: three places, kept apart. Pure."""

import re
from dataclasses import dataclass

from .money import Amount
from .places import Place, region_of
from .reading import Reading, mention_of
from .transcript import STOP, Line

_HOME = re.compile(
    r"(?:老家(?:是|在)?|户口(?:在|是)?|家(?:是|在|住)|我(?:们)?(?:本来|都)?是(?:云南)?|(?:是|从)(?:云南)?)(?:云南省?)?(?:的)?$"
)
_HOME_AFTER = re.compile(
    r"^(?:市|县|区|州)?(?:这边|那边|那点|这点|下面|乡下|农村)?(?:[^。在]{0,4})?(?:人(?!民|事|社)|的(?=$|。|现在|在|来|我|今年|老家|农村|律师|跟|到|以前|之前|去年|我们|想|男|女|家|嘛|呢|么)|老家|户口|出来(?:打工|务工)?)"
)
_NOW = re.compile(
    r"(?:现在|目前|如今|这会儿?|人|已经|才|前几天|后来|昨天|前天)[^。]{0,6}(?:在|回(?:到|来)?|到)$|(?:回(?:到|了|来)?|跑回|来到|到了|人在|现在)$"
)
_LATER = re.compile(r"(?:后来|之后|然后|接着|又|再)[^。]{0,4}(?:去|到|跑)(?:了)?$")
_NOW_AFTER = re.compile(r"^(?:市|县|区|州)?(?:这边|这里|这点)?(?:租房|住着|住院|老家|家里|了)")
_WORK_AFTER = re.compile(
    r"^[^。]{0,14}?(?:工地|项目|厂|公司|店|站点|网点|站|矿|隧道|高速|铁路|水电站|工程|酒店|酒楼|饭馆|茶楼|网吧|ktv|水库|电站|砖|煤|花|宾馆|餐馆|饭店|超市|医院(?:做|当|里做|护)|养老院|学校|小区|基地|农场|物流园|仓库|园区|工业园|车间|集团|茶厂|(?:葡萄|果|花|茶|咖啡|苗|蔬菜|橡胶|玫瑰)园|园子|搅拌站|养殖场|大棚|上班|打工|务工|干活|做工|苦钱|支模|跑(?:外卖|车|滴滴|网约车|单|快递|货|美团)|送(?:外卖|快递|餐|货|件)|开(?:网约车|滴滴|货车|车)|当(?:保安|保洁|护工|服务员|小工|保姆)|做(?:保洁|保安|小工|木工|家政|保姆|活|饭|事)|干(?:活|了)|被|着车撞|装修|修(?:路|公路|高速|铁路|桥|水库|渠|房)|盖房|洗碗|守|受(?:的)?伤|摔|搬|割胶|[帮给](?:人(?!事|社)|别人|人家|老板|他)|(?:拉|运)[^。]{1,8}(?:到|去)|采|摘|栽|种(?!地)|挖|拣|掰|砍)"
)
_WORK_BEFORE = re.compile(
    r"(?:在|到|去|给|跟|位于|位置|工地(?:是|在)|厂(?:是|在)|公司(?:是|在)|店(?:是|在)|站点(?:是|在)|项目(?:是|在)|地点(?:是|在)?|就在)(?:云南)?(?:省)?$"
)
_SITE = re.compile(
    r"(?:工地|厂|公司|店|站点|项目|单位|上班的地方|地点|网点|矿|仓库|工程)[^。]{0,6}(?:在|是|叫)?$"
)
_ASK_WORK = re.compile(
    r"(?:哪|什么地方|哪点|哪里|哪儿|地点|位置)[^。]{0,10}(?:厂|工地|上班|干活|做|公司|站点|店|项目|单位|送|跑|受伤|出的?事)|(?:厂|工地|公司|站点|店|项目|单位|上班|送外卖|跑)[^。]{0,10}(?:哪|什么地方|哪点|位置|地址)|在哪(?:里|点|儿|个地方)?(?:的)?(?:厂|工地|干|做|上班)?"
)
_REMOTE = re.compile(r"居家|远程|在家(?:里)?(?:办公|上班|做客服)|线上(?:办公|上班)")
_ASK_NOW = re.compile(r"(?:现在|目前|人)[^。]{0,4}在哪")
_ASK_HOME = re.compile(r"(?:哪里人|老家|户口|户籍|家在哪)")


@dataclass(frozen=True, slots=True)
class Places:
    """The three places and the phone's region; None when not told."""

    work: Place | None
    home: Place | None
    now: Place | None
    phone: Place | None


def find_places(reading: Reading, debt: Amount | None = None) -> Places:
    """Sort the places the caller named; of several places of work the one told with the *debt* counts."""
    work: list[tuple[float, int, Line, Place]] = []
    home: list[tuple[Line, Place]] = []
    now: list[tuple[Line, Place]] = []
    order = 0
    for line in reading.caller_lines:
        question = reading.question_before(line)
        for index, place in enumerate(reading.places[line.index]):
            if _within_the_last(reading.places[line.index], index):
                continue
            order += 1
            before, after = _around(line, place, reading.places[line.index], index)
            kind, weight = _kind(before, after, question, first=index == 0)
            if kind == "work":
                weight += _told_with(debt, line, place, reading.places[line.index][index + 1 :])
                work.append((weight, -order, line, place))
            elif kind == "here":  # 现在在昆明的工地: the work told of, unless another place is
                work.append((weight, -order, line, place))
                now.append((line, place))
            elif kind == "home":
                home.append((line, place))
            elif kind == "now":
                now.append((line, place))
    best = max(work, key=lambda w: (w[0], bool(w[3].county), w[1]), default=None)
    if best is None and now and any(_REMOTE.search(line.plain) for line in reading.caller_lines):
        best = (0.6, 0, *now[-1])  # who works from home works where they are
    now = [n for n in now if best is None or n[1] is not best[3]]
    here = now[-1] if now else None
    for key, found in (
        ("work_prefecture", best and best[2:]),
        ("caller_prefecture", home[0] if home else None),
        ("caller_current_location", here),
    ):
        if found:
            reading.evidence.note(key, mention_of(found[0], found[1].start, found[1].end))
    site: Place | None = best[3] if best else None
    if site and not site.county:
        site = next((w[3] for w in work if w[3].prefecture == site.prefecture and w[3].county), site)
    return Places(
        site,
        home[0][1] if home else None,
        here[1] if here else None,
        region_of(reading.call.caller_number_region),
    )


def _within_the_last(places: list[Place], index: int) -> bool:
    """西山区海口: a name that follows a place of Yunnan at once is a part of it, not a town elsewhere."""
    if not index:
        return False
    before, place = places[index - 1], places[index]
    return place.start - before.end <= 1 and before.province == "云南" and place.province != "云南"


def _told_with(debt: Amount | None, line: Line, place: Place, later: list[Place]) -> float:
    """A little more weight for the last place told before the debt."""
    if debt is None or debt.line.index != line.index or place.end > debt.start:
        return 0.0
    return 0.2 if not any(other.end <= debt.start for other in later) else 0.0


def _around(line: Line, place: Place, places: list[Place], index: int) -> tuple[str, str]:
    left = places[index - 1].end if index else 0
    right = places[index + 1].start if index + 1 < len(places) else len(line.plain)
    before, after = line.plain[left : place.start], line.plain[place.end : right]
    return before[before.rfind(STOP) + 1 :], after.split(STOP)[0]


def _kind(before: str, after: str, question: str, *, first: bool) -> tuple[str, float]:  # noqa: C901, PLR0911, PLR0912 - a decision list reads best as one
    """``work`` with a weight, ``home``, ``now``, or empty for a place that only passes by."""
    if _LATER.search(before):
        return "", 0
    if _NOW.search(before) and not _returned(before) and _WORK_AFTER.search(after):
        return "here", 0.6
    if _NOW.search(before):
        return (
            ("now", 1.0)
            if not re.match(r"^[^。]{0,4}(?:工地|的厂|厂)", after) or _returned(before)
            else ("work", 0.8)
        )
    if _HOME.search(before) and _HOME_AFTER.search(after):
        return "home", 1.0
    if re.search(r"(?:老家|户口|家)(?:是|在)?$", before):
        return "home", 1.0
    working = _WORK_AFTER.search(after)
    if working and _WORK_BEFORE.search(before):
        return "work", 1.0
    if first and _ASK_WORK.search(question):
        return "work", 0.95
    if first and _ASK_NOW.search(question):
        return "now", 1.0
    if first and _ASK_HOME.search(question):
        return "home", 1.0
    if _HOME_AFTER.search(after) and (not working or after.startswith("人")):
        return "home", 0.8
    if _SITE.search(before):
        return "work", 0.9
    if working:
        return "work", 0.85
    if _NOW_AFTER.search(after):
        return "now", 0.7
    if _WORK_BEFORE.search(before) and re.search(r"(?:在|给)$", before):
        return "work", 0.4
    return "", 0


def _returned(before: str) -> bool:
    return re.search(r"回(?:到|来)?$", before) is not None
