# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""Whether a written contract was signed, and what form the work has. Pure."""

import re

from .lexicon import is_either
from .parties import Standing
from .reading import Reading, joined, mention_of
from .transcript import Line

_PAPER = r"(?:劳动|劳务|用工|书面|正式|电子|聘用)?(?:合同|协议)"
_UNSIGNED = re.compile(
    rf"{_PAPER}[^。]{{0,10}}?(?:没(?:有)?(?:签|订|写|得|跟|给|见|弄|办)?(?![^。]{{0,5}}(?:合同|协议))|未|不(?:给|跟|肯|签)|一(?:张|份|个)都没|(?:哪样|什么|啥)[^。]{{0,5}}没|也没|都没)"
    rf"|没(?:有|得)?(?:跟|和|给|同|与)?[^。]{{0,6}}?(?:签|订)(?:过|订|了)?[^。]{{0,5}}?{_PAPER}|(?:没有|没得|无){_PAPER}"
    rf"|{_PAPER}。?没(?:有)?签(?:过|呢|的)"
    r"|(?:哪样|什么|啥|一张|一份|字)(?:的)?(?:一张)?(?:都|也)?没(?:有)?签|不(?:跟|给|和)我?们?[^。]{0,4}签|口头(?:说|讲|约|协议|答应)(?!我|喊|叫|让|通知|效益|不|第二天|明天|要|辞|他)的?[^。]{0,4}(?:工资|价|好)?"
)
_SIGNED = re.compile(
    rf"签(?:过|了|的|有|订了?|着)(?!字)[^。]{{0,10}}?{_PAPER}|{_PAPER}[^。]{{0,4}}?(?:签了|签过|是签|签的|有签|有的|有一份|签得有|在我|续签了|有(?=$|。|但|呢|嘛)|[^。没]{{0,8}}(?:到期|期满))|(?:有|点了|打了)(?:个|一份|一个|份)?[^。没]{{0,4}}{_PAPER}(?!没|吗)"
    rf"|(?:每年|都|入职|进厂|进公司)[^。没]{{0,6}}签[^。没]{{0,4}}{_PAPER}"
)
_OTHER_PAPER = re.compile(
    r"承揽|合作|承包|加盟|个体(?:户|工商)|配送协议|服务协议|众包协议|骑手协议|挂靠|自负盈亏|居间|经纪"
)
_OF_ANOTHER_KIND = re.compile(
    r"租(?:车|赁|房)|保密|调解|离婚|借款|购|买(?!合同)|和解|安全|转让|工程|放弃|自愿|赔偿协议"
)
_NAMED_OTHER = re.compile(r"(合作|承揽|承包|加盟|配送|服务|众包|骑手)(?:经营)?(?:协议|合同)")
_UNRELATED = re.compile(
    r"租(?:车|赁|房)|押金|放弃|自愿|保密|调解|赔偿|离婚|借款|购|买(?!合同)|和解|安全|转让|合同价|工程合同"
)
_ASKED = re.compile(
    r"签(?:过|了)?[^。]{0,3}(?:什么|哪样|啥|东西)|签[^。]{0,8}(?:合同|协议)|(?:合同|协议)[^。]{0,8}签|有[^。]{0,4}合同"
)
_NO = re.compile(
    r"^(?:[他她我]们?(?:说|讲))?(?:哦|啊|是|哎|么)?(?:没(?:有|得|签|呢|嘛)?|都没|一张都没|哪样都没|不得|从来没|没有签|口头)"
)
_YES = re.compile(r"^(?:哦|啊|哎|有点|是)?(?:有(?!个|人)|签(?:了|过|呢|的|得)|签有|是签)")
_NEGATED_SIGNING = re.compile(
    r"(?:没(?:有)?|未|不|从没|(?<![交发])给|要|喊我|让我|叫我|逼我?|准备|想|再|续|重新|帮|给员工|该不该|马上|明天)(?:跟|和|给|同)?[^。]{0,4}$"
)


def written_contract(reading: Reading) -> tuple[bool | None, str]:  # noqa: C901, PLR0912 - one pass over the turns, kept in one place
    """True for a written labour contract, False for none or only an agreement of another kind, None when nobody
    said; and the kind of agreement signed instead (承揽, 合作 ...) or empty."""
    said: list[tuple[bool, Line, int, int]] = []
    other = ""
    for line in reading.caller_lines:
        question = reading.question_before(line)
        spans = [
            (m.start(), m.end(), False)
            for m in _UNSIGNED.finditer(line.plain)
            if not is_either(line.plain, m.start(), m.end())
        ]
        unsigned = [(s, e) for s, e, _ in spans]
        for m in _SIGNED.finditer(line.plain):
            paper_first = (
                re.match(_PAPER, m[0]) is not None
            )  # 保险没买合同倒是签过: the 没 is of the insurance
            before = line.plain[max(0, m.start() - 8) : m.start()]
            if any(s < m.end() and m.start() < e for s, e in unsigned) or (
                not paper_first and _NEGATED_SIGNING.search(before)
            ):
                continue
            around = line.plain[max(0, m.start() - 4) : m.end() + 8]
            if kind := _OTHER_PAPER.search(around):
                other = other or kind[0]
            elif not _UNRELATED.search(line.plain[m.start() : m.end() + 2]):
                spans.append((m.start(), m.end(), True))
        if not spans and _ASKED.search(question):
            if found := _NO.search(line.plain):
                spans.append((found.start(), found.end(), False))
            elif found := _YES.search(line.plain):
                near = line.plain[:20]
                if kind := _OTHER_PAPER.search(near):
                    other = other or kind[0]
                else:
                    spans.append((found.start(), found.end(), True))
        said += [
            (signed, line, start, end)
            for start, end, signed in spans
            if not _about_something_else(line, start, end)
        ]
        if not other and "合同" in question and (kind := _NAMED_OTHER.search(line.plain)):
            other = kind[1]
        if not other and (
            kind := re.search(
                r"(?:签|点|注册)(?:了|过|的|成)?[^。没]{0,8}(承揽|合作|承包|加盟|个体)", line.plain
            )
        ):
            other = kind[1]
    for _, line, start, end in said:
        reading.evidence.note("written_contract", mention_of(line, start, end), 0.9)
    verdicts = {signed for signed, *_ in said}
    if len(verdicts) == 1:
        return verdicts.pop(), other
    if verdicts:
        return None, other
    return (False, other) if other else (None, "")


def _about_something_else(line: Line, start: int, end: int) -> bool:
    said = line.plain[start:end]
    return "劳动合同" not in said and bool(
        _UNRELATED.search(said) or _OF_ANOTHER_KIND.search(line.plain[max(0, start - 3) : start + 2])
    )


_LEASED = re.compile(r"租(?:的|了)?[^。]{0,6}车|车(?:是|都是)?租|租赁公司|以租代购|车租|租车")
_OWN_VEHICLE = re.compile(
    r"自己(?:的|有|买)?[^。]{0,6}(?:车|货车|四米二)|我(?:的|有)[^。]{0,4}(?:四米二|六米八|货车|大车)|(?:四米二|六米八|4米2)[^。]{0,6}(?:是我|自己)|自己买(?:的|了)[^。]{0,6}车|我的车|贷款买[^。]{0,4}车"
)
_MANAGED = re.compile(
    r"排班|早会|打卡|罚款|请假|站长|派单|考勤|晨会|站点|扣钱|扣款|规定[^。]{0,6}(?:上线|时间)|旷工|点名|不能拒单"
)
_FREE = re.compile(
    r"想(?:接|跑|干)就(?:接|跑|干)|众包|自己(?:接|抢)单|时间自由|自由(?:接|上线)|兼职[^。]{0,4}跑|不想跑就"
)
_SUBCONTRACT = re.compile(
    r"劳务公司|分包|总包|转包|层层|下头[^。]{0,4}(?:包|劳务)|劳务队|班组长|包工头|工头|清包|大包"
)
_TO_INDIVIDUAL = re.compile(
    r"(?:从|跟|在)[^。]{0,12}(?:公司|总包|单位|人家)[^。]{0,3}(?:手里|手上|那里|那点|手头)?(?:转)?包(?:来|下来|过来)的?|(?:包|转包|分包|转)给(?:了)?(?:个人|一个(?:个人|私人|姓|老板|包工头)|私人|他个人|包工头|老[王李张刘陈杨黄周吴赵])|(?:个人|私人)(?:承包|包(?:的|下))"
)
_PRIVATE = re.compile(
    r"主家|东家|雇主|私人(?:家|老板|雇)|家里请|给(?:人家|一家人|一户)|(?:盖|建|修|装修)(?:私)?房|自建房|邻居家|村里[^。]{0,4}(?:盖|建)|小作坊|没有?(?:营业)?执照"
)
_RETIRED = re.compile(r"退休年龄|超龄|(?:领|拿)[^。]{0,4}(?:养老金|退休金)|年纪(?:大|过)了|超过?六十")


def employment_form(  # noqa: C901, PLR0911 - a decision list reads best as one
    reading: Reading, standing: Standing, contract: bool | None, other_paper: str, age: int | None
) -> str | None:
    """The form of work in the vocabulary's words; None when the matter is not one of work."""
    said = joined(reading.caller_lines)
    trade = standing.trade
    sector = trade.sector if trade else ""
    if (age or 0) >= 60 or _RETIRED.search(said):
        return "over_age_service_relation_uncertain"
    if sector in ("gig", "freight"):
        if _LEASED.search(said) and sector != "freight" and trade and "车" in trade.name:
            return "platform_registration_leased_vehicle"
        if trade and "网约车" in trade.name and _OWN_VEHICLE.search(said):
            return "self_operated_civil"
        if sector == "freight" and (_OWN_VEHICLE.search(said) or not _MANAGED.search(said)):
            return "self_operated_civil"
        if contract:
            return "written_labour_contract"
        if other_paper or (_MANAGED.search(said) and not _FREE.search(said)):
            return "contractor_agreement_with_management"
        return (
            "self_operated_civil"
            if _FREE.search(said)
            else "labour_relation"
            if contract is None and "快递" in (trade.name if trade else "")
            else "contractor_agreement_with_management"
        )
    if contract:
        return "written_labour_contract"
    if _TO_INDIVIDUAL.search(said):
        return "subcontract_to_individual"
    if _SUBCONTRACT.search(said) and (sector == "construction" or "劳务" in said or "总包" in said):
        return "subcontract_no_contract"
    if sector == "care" or _PRIVATE.search(said):
        return "labour_relation" if "公司" in said else "individual_employer_no_contract"
    if contract is False:
        return "factual_labour_relation_no_contract"
    return "labour_relation" if standing.works or standing.relative_works else None
