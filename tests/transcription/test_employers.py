"""What tells employers apart, without their names."""

import pytest

from transcription.employers import employer_key
from transcription.fields import class_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("云岭劳务有限公司", "云岭劳务"),
        ("云岭建设集团(总包)/小李老板", "云岭建设"),
        ("李老板/ 云岭 劳务", "云岭劳务有限责任公司"),
        ("ＡＢＣ快递", "abc快递"),
    ],
)
def test_the_same_employer_has_the_same_key(one: str, other: str) -> None:
    assert employer_key(one) == employer_key(other) != ""


def test_others_have_others() -> None:
    assert employer_key("云岭劳务") != employer_key("滇池劳务")


@pytest.mark.parametrize("named", [None, "", "李老板", "姓王的", "工地", "公司", "饭馆"])
def test_people_and_what_anybody_may_be_called_are_none(named: str | None) -> None:
    assert employer_key(named) == ""


def test_the_class_of_a_demand_has_the_key_and_never_the_name() -> None:
    told = class_of({"employer_or_platform": {"value": "云岭劳务有限公司", "at_s": 3.0}})
    assert told == {"employer": employer_key("云岭劳务")}
    assert "云岭" not in str(told)
