"""A model that lies is not believed: what it proposes must stand in the caller's own words."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import BadSetting, load_settings
from transcription.proposals import PROPOSABLE, Model, verified
from transcription.turns import Turn

TURNS = (
    Turn("lawyer", "您在哪家公司干活?是宏达建筑吗", 0.0, 2.0, 0.9),
    Turn("caller", "不是,我在云岭劳务公司做木工,电话13800002210", 2.5, 6.0, 0.9),
    Turn("caller", "三月份做到七月,差我两万三", 7.0, 9.0, 0.8),
)
TRUE = {"field": "employer_or_platform", "value": "云岭劳务公司", "words": "我在云岭劳务公司做木工"}


@dataclass
class Liar:
    """A server that speaks the protocol; *says* is its next answer."""

    base: str = ""
    says: str = ""
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    def tell(self, *proposals: Any) -> None:
        said = json.dumps({"proposals": list(proposals)}, ensure_ascii=False)
        self.says = json.dumps({"choices": [{"message": {"content": f"好的:\n```json\n{said}\n```"}}]})


@pytest.fixture
def liar() -> Iterator[Liar]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/chat/completions"
            state.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            state.logins.append(self.headers.get("Authorization", ""))
            self.send_response(state.status)
            self.end_headers()
            self.wfile.write(state.says.encode())

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    state = Liar(base=f"http://127.0.0.1:{http.server_port}")
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


def test_what_the_caller_said_is_proposed_with_its_second(liar: Liar) -> None:
    liar.tell(TRUE)
    (proposal,) = Model(liar.base, "qwen", "secret").propose(TURNS, {"occupation": "木工"})
    assert (proposal["value"], proposal["turn"], proposal["at_s"]) == ("云岭劳务公司", 1, 2.5)
    assert liar.logins == ["Bearer secret"]
    asked = json.dumps(liar.asked[0], ensure_ascii=False)
    assert "13800002210" not in asked
    assert "occupation" not in asked, "the rules have it already"


@pytest.mark.parametrize(
    "lie",
    [
        {**TRUE, "value": "宏达建筑", "words": "是宏达建筑吗"},
        {**TRUE, "value": "云南建投"},
        {**TRUE, "words": "我在云岭劳务公司干了十年"},
        {**TRUE, "field": "amount_owed_yuan", "value": "23000", "words": "差我两万三"},
        {**TRUE, "field": "four_100", "value": "none", "words": "不是"},
        {**TRUE, "value": ""},
        {**TRUE, "value": "云"},
        {**TRUE, "value": 7},
        {"field": "period"},
        "云岭劳务公司",
        None,
    ],
)
def test_a_lie_is_not_shown(liar: Liar, lie: Any) -> None:
    """The lawyer's guess, invented names and words, amounts, classes, and no proposal at all."""
    liar.tell(lie, TRUE)
    assert [one["value"] for one in Model(liar.base, "m").propose(TURNS, {})] == ["云岭劳务公司"]


@pytest.mark.parametrize(
    "answer",
    ["", "not json", "[]", '{"choices": []}', '{"choices": [{"message": {"content": null}}]}',
     '{"choices": [{"message": {"content": "{\\"proposals\\": 5}"}}]}'],
)  # fmt: skip
def test_an_answer_that_is_none_proposes_nothing(liar: Liar, answer: str) -> None:
    liar.says = answer
    assert Model(liar.base, "m").propose(TURNS, {}) == []


def test_a_model_that_fails_or_is_away_proposes_nothing(liar: Liar) -> None:
    liar.tell(TRUE)
    liar.status = 500
    assert Model(liar.base, "m").propose(TURNS, {}) == []
    assert Model("http://127.0.0.1:1", "m").propose(TURNS, {}) == []


@given(st.fixed_dictionaries({"field": st.sampled_from(PROPOSABLE), "value": st.text(), "words": st.text()}))
def test_nothing_is_proposed_that_was_not_said(raw: dict[str, str]) -> None:
    found = verified(raw, TURNS, PROPOSABLE)
    assert found is None or found["words"] in "".join(turn.text for turn in TURNS)


def test_it_is_off_by_default_and_stays_in_the_house() -> None:
    assert load_settings().model_url == ""
    assert load_settings(model_url="http://10.1.2.3:8000").model_url == "http://10.1.2.3:8000"
    with pytest.raises(BadSetting, match="ANXIN_MODEL_URL"):
        load_settings(model_url="https://api.example.com")
