# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""Who calls: the caller's own standing apart from a relative's, the trade, the employer, how many workers. Pure.

Words in ``config/defaults/people.yaml``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from config.rulefile import Rules, defaults

from .lexicon import Concept, Pattern, compile_pattern, mentions
from .numbers import HEADS, Number, find_numbers
from .reading import Reading, joined, mention_of
from .transcript import Line, Mention

Sector = Literal["construction", "factory", "service", "gig", "freight", "office", "care", "farm"]


class Occupation(Rules):
    """A trade; *weak* names give way to any other trade that was named."""

    any: list[Pattern]
    sector: Sector
    key_group: Literal["外卖配送员", "建筑工人", "快递配送员", "网约车(货车)司机"] | None = None
    weak: bool = False


class PeopleFile(Rules):
    """``config/defaults/people.yaml``."""

    occupations: dict[str, Occupation]
    relatives: Pattern
    worker: Concept
    rural: Concept
    employer: Concept
    nobody: Concept
    other_matters: Concept


@dataclass(frozen=True, slots=True)
class Trade:
    """An occupation that was named, and whose it is: ``self``, ``relative`` or ``now`` (taken up since)."""

    name: str
    sector: Sector
    key_group: str | None
    whose: str
    weak: bool
    mention: Mention


@dataclass(frozen=True, slots=True)
class Standing:
    """Who the caller is. *relative_works*: the work told of is a relative's, not the caller's."""

    trade: Trade | None
    now: Trade | None
    employer: bool
    nobody: bool
    works: bool
    relative_works: bool
    relative: str
    rural: bool
    other_matter: bool
    labourer: bool


def people() -> PeopleFile:
    """The words in force. Raises BadRules."""
    return defaults("people", PeopleFile)


_NOW = re.compile(
    r"(?:现在|目前|如今|这会|后来|才回|回来|刚回|这段时间|最近|这两天|前几天|换了|改行|转行|又去)[^。]{0,14}$"
)
_SELF = re.compile(
    r"(?<![给跟和帮叫喊让找打])(?:我|俺|我们|咱们?)(?!家|们家|屋|老公|老婆|丈夫|媳妇|妻子|爱人|男人|儿子|姑娘|女儿|爸|爹|妈|父亲|母亲|哥|弟|姐|妹|兄弟|对象|想问|问|要问|打电话|想咨询|孩子|娃|公公|岳父|女婿|侄|舅|叔|亲戚|朋友|邻居|老乡)"
)


_OTHERS = re.compile(r"(?<![在给帮到去跟为和])(?:他们|她们|人家|别人|你们)[^。我]{0,2}$")


def whose(line: Line, at: int, relatives: re.Pattern[str], lines: Iterable[Line]) -> str:
    """``other`` for 他们厂里; ``relative`` when the last person named before *at* is one, else ``self``; looks back one turn."""
    before = line.plain[:at]
    if _OTHERS.search(before):
        return "other"
    kin = [m.end() for m in _kin(relatives, before)]
    own = [m.end() for m in _SELF.finditer(before)]
    told_of = [m.end() for m in _THEY_ARE.finditer(before)]
    if told_of and (not own or told_of[-1] > own[-1]) and _anyone_of_kin(relatives, line, lines):
        return "relative"
    if kin or own:
        return "relative" if kin and (not own or kin[-1] >= own[-1]) else "self"
    earlier = [other for other in lines if other.index < line.index and len(other.plain) > 4]
    if _THEY.search(before) and any(_kin(relatives, other.plain) for other in earlier):
        return "relative"
    if earlier:
        said = earlier[-1].plain
        kin, own = [m.end() for m in _kin(relatives, said)], [m.end() for m in _SELF.finditer(said)]
        if kin and (not own or kin[-1] >= own[-1]):
            return "relative"
    return "self"


def _anyone_of_kin(relatives: re.Pattern[str], line: Line, lines: Iterable[Line]) -> bool:
    return any(_kin(relatives, other.plain) for other in lines if other.index <= line.index)


_THEY_ARE = re.compile(r"(?:他|她)(?:(?:就|也)?是(?:个|做|干|在|当)|今年)")
_THEY = re.compile(r"(?:他|她|人家)(?!们)[^。]{0,12}$")  # of a relative named in any turn before


def _kin(relatives: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """Relatives named as a subject: 我老公在工地, not 打我儿子电话 or 我和我老婆一起."""
    pattern = re.compile(
        rf"(?<![打找问叫喊跟和给让带养])(?:我家|我们家|我的|我|俺|帮我?|替我?)(?:的|家)?(?:{relatives.pattern})(?!电话|的电话|手机|那点|那里|作证|送|带我|陪)"
    )
    return [m for m in pattern.finditer(text) if not text[: m.start()].endswith(("打", "和", "跟", "找"))]


def find_standing(reading: Reading) -> Standing:
    """Read who calls off the caller's words."""
    file, lines = people(), reading.caller_lines
    relatives = compile_pattern(file.relatives)
    trades = _trades(file, lines, relatives)
    own = [t for t in trades if t.whose == "self"]
    of_kin = [t for t in trades if t.whose == "relative"]
    now = [t for t in trades if t.whose == "now"]
    if not own and not of_kin and now:
        own, now = now, []
    words = list(mentions(file.worker, lines))
    own_words = [m for m in words if whose(m.line, m.start, relatives, lines) == "self"]
    kin_words = [m for m in words if whose(m.line, m.start, relatives, lines) == "relative"]
    employer = list(mentions(file.employer, lines))
    nobody = [m for m in mentions(file.nobody, lines) if whose(m.line, m.start, relatives, lines) == "self"]
    relative_works = bool(of_kin or kin_words) and not own and (not own_words or bool(of_kin) or bool(nobody))
    trade = next(iter(own or of_kin), None)
    reading.note_all(
        "caller_category", employer or ([trade.mention] if trade else own_words[:1] or nobody[:1])
    )
    kin = _kin(relatives, joined(lines))
    return Standing(
        trade=trade,
        now=now[0] if now and own else None,
        employer=bool(employer),
        nobody=bool(nobody),
        works=bool(own or own_words),
        relative_works=relative_works,
        relative=re.sub(r"^(?:我们家|我家|我的|帮我?|替我?|我|俺)(?:的|家)?", "", kin[0][0]) if kin else "",
        rural=next(mentions(file.rural, lines), None) is not None,
        labourer=any(_LABOURER.search(m.line.plain) for m in own_words),
        other_matter=next(mentions(file.other_matters, lines), None) is not None,
    )


_LABOURER = re.compile(r"农民工|打工|务工|苦钱|民工|工地|厂(?:里|头)")


def _trades(file: PeopleFile, lines: list[Line], relatives: re.Pattern[str]) -> list[Trade]:
    found: list[Trade] = []
    for name, trade in file.occupations.items():
        concept = Concept(any=trade.any)
        for mention in mentions(concept, lines):
            owner = whose(mention.line, mention.start, relatives, lines)
            before = mention.line.plain[max(0, mention.start - 16) : mention.start]
            if owner == "self" and _NOW.search(before) and not before.endswith(("现在还在", "现在在")):
                owner = "now"
            found.append(Trade(name, trade.sector, trade.key_group, owner, trade.weak, mention))
            break
    strong = {t.whose for t in found if not t.weak}
    kept = [t for t in found if not t.weak or t.whose not in strong]
    if any(t.whose == "self" for t in kept) or len({t.whose for t in kept}) > 1:
        ordered = sorted(kept, key=lambda t: t.mention.order)
    else:
        ordered = [
            t if t.whose != "now" else Trade(t.name, t.sector, t.key_group, "self", t.weak, t.mention)
            for t in kept
        ]
        ordered.sort(key=lambda t: t.mention.order)
    return ordered


def category_of(standing: Standing, labour: bool, family: bool, spoke: bool) -> str:  # noqa: PLR0911 - a decision list reads best as one
    """The caller's category in the vocabulary's words.

    *labour*: the matter is one of work; *family*: it is one of the family; *spoke*: anything was said at all.
    """
    if not spoke:
        return "unknown"
    if standing.employer:
        return "employer"
    if standing.relative_works and not standing.works:
        return "non_worker"
    if family and (standing.nobody or not labour):
        return "non_worker"
    trade = standing.trade
    if trade and not standing.relative_works:
        if trade.sector in ("gig", "freight"):
            return "gig_worker"
        if trade.sector == "office" and not standing.rural:
            return "unknown" if labour else "non_worker"
        return "migrant_worker" if labour or standing.works else "non_worker"
    if labour and not standing.relative_works:
        if standing.other_matter and not standing.works:
            return "non_worker"
        return "migrant_worker" if standing.works or not standing.nobody else "non_worker"
    if standing.relative_works or standing.nobody or standing.other_matter:
        return "non_worker"
    return "migrant_worker" if standing.labourer else "unknown"


_COUNTED = re.compile(
    r"(?P<about>大概|差不多|可能|怕有)?(?P<n>[一二三四五六七八九十百两几0-9]+)(?P<more>多|来|几)?(?:个|名|号|位)?(?:人|工人|工友|兄弟|老乡|骑手|司机|师傅|同事|民工|姐妹|员工)(?!作证|证明|看见|看到|打|来打|围|堵|家庭|吃饭|住)"
)
_ALL_OF = re.compile(
    r"(?:我们|大家|一起|一共|总共)[^。]{0,6}人(?:有|一共|总共|是)*(?P<n>[一二三四五六七八九十百两几0-9]{1,4})(?P<more>多|来|几)?(?P<about>)个(?![多半]?[月天]|小时|工|星期|礼拜)"
)
_ALL_OF_US = re.compile(
    r"我们(?!家|村|那)[^。]{0,10}$|(?:一起|一共|总共|工地上?|班组|整个班|大家|同班|一个班|跟我一样|和我一样|还有|另外|涉及|带着?)[^。]{0,6}$"
)
_SAME_CLAIM = re.compile(
    r"^[^。]{0,8}(?:都|一起|全部|工资|没(?:拿|发|给)|差|欠|跟我一样|和我一样|的(?:工资|工钱|钱|血汗钱)|想|要|在|联名|签)"
)
_NOT_US = re.compile(
    r"(?:家里|家头|屋头|一家|养|叫了|喊了|来了|派了|找了|打我的|有人|老板(?:叫|喊|找(?!不))|公司[有共]|厂里有|证人|请了|雇了|招了)[^。]{0,6}$"
)
_PAIR = re.compile(
    r"我们(?P<n>[俩仨])(?!口子?吵)|我们?(?:和|跟)(?:我)?(?:老公|老婆|媳妇|男人|兄弟|哥|弟|姐|妹)(?:一起|两个|都|俩)|我们?(?:两口子|夫妻|夫妻俩|两夫妻)"
)


@dataclass(frozen=True, slots=True)
class Heads:
    """How many workers the matter concerns: a figure, or the words when only a rough one was given."""

    count: int | None
    words: str = ""


def count_workers(reading: Reading) -> Heads | None:
    """The workers who claim together; None when nobody spoke of more than the caller."""
    for line in reading.caller_lines:
        if found := _ALL_OF.search(line.plain):
            number = next(find_numbers(found["n"] + "个"), None)
            if number and number.high > 1:
                mention = mention_of(line, found.start(), found.end())
                reading.evidence.note("workers_count", mention)
                return _heads(number, found, 0, mention)
        for found in _COUNTED.finditer(line.plain):
            before = line.plain[max(0, found.start() - 14) : found.start()]
            after = line.plain[found.end() : found.end() + 14]
            asked = (
                re.search(r"(?:几个|多少|好多|几|好几)[个名]?人", reading.question_before(line))
                and found.start() <= 8
            )
            if _NOT_US.search(before) or not (
                asked
                or _ALL_OF_US.search(before)
                or (
                    found["n"] != "一"
                    and _SAME_CLAIM.search(after)
                    and found.start() > 0
                    and "我们" in before
                )
            ):
                continue
            number = next(find_numbers(found[0]), None)
            if number is None or (number.high <= 1 and not number.vague):
                continue
            mention = mention_of(line, found.start(), found.end())
            reading.evidence.note("workers_count", mention)
            others = 1 if re.search(r"(?:还有|另外|除了我)[^。]{0,6}$", before) else 0
            return _heads(number, found, others, mention)
        if pair := _PAIR.search(line.plain):
            reading.evidence.note("workers_count", mention_of(line, pair.start(), pair.end()))
            return Heads(HEADS.get(pair["n"] or "俩", 2))
    return None


def _heads(number: Number, found: re.Match[str], others: int, mention: Mention) -> Heads:
    rough = number.vague or number.low != number.high or number.approx or found["more"] or found["about"]
    if rough:
        return Heads(None, mention.line.heard(mention.start, mention.end))
    return Heads(int(number.low) + others)


_AGE = re.compile(
    r"(?:我|今年|都|快|已经|满|上)(?:都|今年|已经|快|满|有|是|过)*(?P<n>[一二三四五六七八九十0-9]{2,4})(?P<more>多|几)?(?:岁|了(?!个|天|年|月|块|千)|(?<=[一二三四五六七八九])(?=在|$|。|我|老|做|干|身体|眼睛|耳朵|还在))"
)
_AGE_PLAIN = re.compile(r"(?P<n>[一二三四五六七八九十0-9]{2,4})(?P<more>多|几)?岁")


def age_of(reading: Reading, relatives: re.Pattern[str]) -> int | None:
    """The caller's own age; None when not told."""
    for line in reading.caller_lines:
        asked = re.search(r"多大|年纪|年龄|岁数|几岁|多少岁", reading.question_before(line))
        for found in (*_AGE.finditer(line.plain), *_AGE_PLAIN.finditer(line.plain)):
            number = next(find_numbers(found["n"]), None)
            if number is None or number.value is None or not 14 <= number.value <= 99:
                continue
            old = found[0].startswith("我") and number.value >= 50
            if "岁" not in found[0] and not (asked or old or re.search(r"(?:今年|岁|都)", found[0])):
                continue
            if whose(line, found.start(), relatives, reading.caller_lines) == "relative" or re.search(
                r"(?:老人|孩子|娃娃|他|她|老板|奶奶|爷爷|妈|爸)[^。]{0,4}$", line.plain[: found.start()]
            ):
                continue
            reading.evidence.note("age", mention_of(line, found.start(), found.end()))
            return int(number.value)
    return None


_BOSS = re.compile(
    r"(?:包工头|工头|老板|站长|经理|班长)(?:叫|姓|是)?(?P<name>老?[赵钱孙李周吴郑王冯陈卫蒋沈韩杨朱秦许何吕张孔曹严金魏陶姜谢邹窦章苏潘葛范彭鲁韦马方俞任袁柳唐罗薛雷贺汤滕殷毕郝安常乐于时傅齐康余顾孟黄穆萧尹姚邵汪毛狄戴宋庞熊纪舒屈项祝董梁杜阮蓝闵席季贾江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍万柯卢莫房解应丁邓洪包左石崔龚程邢裴陆荣翁段侯全班仇甘武刘景詹龙叶白鄂赖卓蔺屠蒙池乔苍双党谭劳申扶冉桂牛寿边燕尚农温庄晏柴瞿阎慕连习艾容向古易廖耿满匡国文寇广师巩聂晁曾][总某哥]?)(?![\u4e00-\u9fa5]厂)"
)
_GENERAL = re.compile(
    r"总(?:承)?包(?:单位|方|公司)?(?:是|叫)(?P<name>[\u4e00-\u9fa5]{2,10}?(?:建工|建设|建筑|集团|公司|工程|路桥|一局|二局|三局|四局|五局|六局|七局|八局|局))"
)
_COMPANY = re.compile(
    r"(?:公司|厂|单位|平台|站点|网点|店|劳务)(?:名字)?(?:是|叫)(?P<name>[\u4e00-\u9fa5a-z0-9]{2,12}?(?:公司|厂|店|网点|站|集团|劳务|物流|速递|快递|平台|配送|酒店|中心|租赁|科技))|(?P<named>(?:美团|饿了么|滴滴|货拉拉|满帮|运满满|中通|圆通|申通|韵达|极兔|顺丰|京东|达达|闪送|曹操|高德|花小猪|t3出行|抖音|快手)(?:专送|众包|平台|快递|配送站?)?)"
)
_KIND = re.compile(
    r"(?P<name>(?:冶炼|食品|服装|电子|家具|木材|石材|水泥|砖|化工|化肥|纸|印刷|五金|塑料|玩具|鞋|糖|茶|汽修|机械|建材|砂石|制衣|鲜花饼|屠宰)厂|劳务(?:派遣)?公司|派遣公司|物流公司|配送公司|租赁公司|家政公司|物业公司|保安公司|装修公司|运输公司|快递网点|外卖站点|养老院|酒店|宾馆|超市|餐馆|饭店|火锅店|工地|煤矿|矿山)"
)


def employer_of(reading: Reading, county: str) -> str | None:
    """The employers or platforms named, from the top of the chain down; None when none was."""
    names: list[str] = []
    for line in reading.caller_lines:
        for pattern, tag in ((_GENERAL, "(总包)"), (_COMPANY, ""), (_KIND, ""), (_BOSS, "")):
            for found in pattern.finditer(line.plain):
                groups = found.groupdict()
                name = groups.get("name") or groups.get("named") or ""
                if pattern is _BOSS:
                    name = found[0].replace("叫", "").replace("姓", "").replace("是", "")
                if name and name not in "".join(names) and name != "工地":
                    names.append(name + tag)
                    reading.evidence.note(
                        "employer_or_platform", mention_of(line, found.start(), found.end())
                    )
    if len(names) == 1 and names[0].endswith("厂") and county:
        names[0] = county.removesuffix("市").removesuffix("县").removesuffix("区") + names[0]
    return "/".join(names[:4]) or None
