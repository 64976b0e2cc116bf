"""The gazetteer of Yunnan and the three places of a caller."""

import pytest

from config.rulefile import defaults
from transcription.summary.places import GazetteerFile, gazetteer, region_of, short_county


def test_yunnan_has_sixteen_prefectures_and_129_counties() -> None:
    file = defaults("prefectures", GazetteerFile)

    assert len(file.prefectures) == 16
    assert len({county for row in file.prefectures.values() for county in row.counties}) == 129


def test_every_county_is_found_by_its_full_name() -> None:
    for prefecture, row in defaults("prefectures", GazetteerFile).prefectures.items():
        for county in row.counties:
            (found,) = gazetteer().find(f"我在{county}打工")
            assert (found.prefecture, found.county) == (prefecture, county)


def test_every_county_is_found_by_its_short_name_after_the_prefecture() -> None:
    for prefecture, row in defaults("prefectures", GazetteerFile).prefectures.items():
        for county in row.counties:
            (found,) = gazetteer().find(f"我在{row.short[-1]}{short_county(county)}的工地")
            assert found.prefecture == prefecture


@pytest.mark.parametrize(
    ("said", "full"),
    [
        ("昆明呈贡这边工地", "昆明市呈贡区"),
        ("昭通镇雄的", "昭通市镇雄县"),
        ("楚雄禄丰的一个冶炼厂", "楚雄彝族自治州禄丰市"),
        ("我是凤庆的", "临沧市凤庆县"),
        ("安宁那边的工地", "昆明市安宁市"),
        ("版纳勐腊", "西双版纳傣族自治州勐腊县"),
        ("姐告口岸", "德宏傣族景颇族自治州瑞丽市"),
        ("浙江义乌", "浙江"),
    ],
)
def test_short_names_are_understood(said: str, full: str) -> None:
    assert gazetteer().find(said)[0].full == full


@pytest.mark.parametrize("said", ["心里不得安宁", "他很有威信", "都是富民的政策", "大关节疼"])
def test_common_words_are_no_places(said: str) -> None:
    assert gazetteer().find(said) == []


def test_a_phone_region_names_a_prefecture_or_a_province() -> None:
    assert region_of("云南昭通").prefecture == "昭通市"  # type: ignore[union-attr]
    assert region_of("广东东莞").province == "广东"  # type: ignore[union-attr]
    assert region_of("") is None
