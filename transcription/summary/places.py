# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""Places of Yunnan and beyond, as people name them: ``config/defaults/prefectures.yaml``. Pure but for the loader."""

import re
from dataclasses import dataclass
from functools import cache

from pydantic import Field, model_validator

from config.rulefile import Rules, defaults

_PEOPLES = re.compile(
    r"(?:彝族|白族|苗族|壮族|傣族|回族|佤族|瑶族|藏族|纳西族|哈尼族|景颇族|傈僳族|拉祜族|布朗族|独龙族|怒族|普米族)+自治[县州]$"
)
_SITE = r"(?:这|那|一个|一家|的?(?:一个)?[^。]{0,4}(?:工地|厂|公司|店|矿|站点|项目|水库|电站|隧道))|(?:做|打工|上班|修|盖|搞|干活|务工|苦钱|送|跑|当|种|的(?:$|。|人))"
_LOCAL = r"(?:的?那个[^。]{0,4}(?:矿|厂|工地|公司|酒店|项目)|[^。]{0,2}(?:煤矿|水泥厂|工地)|那边|这边|这点|那点|县城|那里|这里|城里)"


class PrefectureRow(Rules):
    """One prefecture: what it is called for short, and its counties."""

    short: list[str] = Field(min_length=1)
    counties: list[str] = Field(min_length=1)


class GazetteerFile(Rules):
    """``config/defaults/prefectures.yaml``."""

    prefectures: dict[str, PrefectureRow]
    careful: list[str]
    landmarks: dict[str, str]
    elsewhere: dict[str, list[str]]

    @model_validator(mode="after")
    def _landmarks_exist(self) -> "GazetteerFile":
        counties = {county for row in self.prefectures.values() for county in row.counties}
        for name, county in self.landmarks.items():
            if county not in counties:
                raise ValueError(f"landmark {name}: {county} is not one of the counties above")
        return self


@dataclass(frozen=True, slots=True)
class Place:
    """A place named at ``text[start:end]``. *prefecture* is the full name, empty outside Yunnan; *county* the full
    name when it was said; *province* is 云南, another province, or 境外."""

    start: int
    end: int
    province: str
    prefecture: str = ""
    county: str = ""

    @property
    def full(self) -> str:
        """昆明市官渡区."""
        return f"{self.prefecture}{self.county}" if self.prefecture else self.province


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Names to places, and the one pattern that finds them all."""

    names: dict[str, tuple[str, str, str]]
    pattern: re.Pattern[str]

    def find(self, text: str) -> list[Place]:
        """The places of *text*; a prefecture and its county said together are one place."""
        found: list[Place] = []
        for match in self.pattern.finditer(text):
            province, prefecture, county = self.names[match["careful"] or match[0]]
            here = Place(
                match.start(), match.start() + len(match["careful"] or match[0]), province, prefecture, county
            )
            before = found[-1] if found else None
            if before and _joins(before, here, text):
                found[-1] = Place(before.start, here.end, province, prefecture or before.prefecture, county)
            else:
                found.append(here)
        return found

    def county_after(self, prefecture: str, name: str) -> str:
        """The full county name of a careful short *name* within *prefecture*, or empty."""
        known = self.names.get(f"{prefecture}/{name}")
        return known[2] if known else ""


def _joins(before: Place, here: Place, text: str) -> bool:
    between = text[before.end : here.start]
    if between not in ("", "的", "市", "州", "市的", "这边", "那边") or before.county:
        return False
    if before.prefecture:
        return before.prefecture == here.prefecture and bool(here.county)
    return before.province == here.province


def short_county(name: str) -> str:
    """呈贡区 -> 呈贡, 石林彝族自治县 -> 石林."""
    return _PEOPLES.sub("", name) if name.endswith("自治县") else name[:-1]


@cache
def gazetteer() -> Gazetteer:
    """The places in force. Raises BadRules."""
    file = defaults("prefectures", GazetteerFile)
    names: dict[str, tuple[str, str, str]] = {}
    guarded: list[str] = []
    home: dict[str, str] = {}
    for prefecture, row in file.prefectures.items():
        for name in (
            prefecture,
            *row.short,
            *(s if s.endswith(("市", "州")) else s + prefecture[-1] for s in row.short),
        ):
            names.setdefault(name, ("云南", prefecture, ""))
        for county in row.counties:
            home[county] = prefecture
            short = short_county(county)
            names[county] = ("云南", prefecture, county)
            if short in file.careful:
                names.setdefault(short + county[-1], ("云南", prefecture, county))
                for parent in row.short:
                    names[parent + short] = ("云南", prefecture, county)
                if len(short) > 1 and short not in row.short:
                    names[f"/{short}"] = ("云南", prefecture, county)
                    guarded.append(short)
            elif len(short) > 1:
                names.setdefault(short, ("云南", prefecture, county))
                names.setdefault(short + "县", ("云南", prefecture, county))
    names |= {name: ("云南", home[county], county) for name, county in file.landmarks.items()}
    for province, towns in file.elsewhere.items():
        names |= dict.fromkeys(towns, (province, "", ""))
    for short in guarded:
        names[short] = names.pop(f"/{short}")
    free = sorted((n for n in names if n not in guarded), key=len, reverse=True)
    careful = "|".join(sorted(guarded, key=len, reverse=True))
    pattern = re.compile(
        rf"(?:云南省?)?(?P<careful>(?:{careful})(?={_LOCAL})|(?:(?<=[在到去回被])|(?<=[从我]是))(?:{careful})(?={_SITE}))|"
        + "|".join(map(re.escape, free))
    )
    return Gazetteer(names, pattern)


def region_of(text: str) -> Place | None:
    """The place of a phone number's region (``云南昭通``, ``广东东莞``), None when it names none."""
    found = gazetteer().find(text)
    return found[-1] if found else (Place(0, 2, "云南") if "云南" in text else None)
