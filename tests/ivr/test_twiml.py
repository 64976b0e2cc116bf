"""Our builder says what Twilio's own builder says."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml import GenericNode
from twilio.twiml.voice_response import Dial, VoiceResponse
from twilio.twiml.voice_response import Gather as TwilioGather

from ivr.flow import Gather, Hangup, Pause, Play, Record, Redirect, Talk
from ivr.twiml import TwimlWriter, document, element, text

XML_TEXT = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\n\t\r"),
    max_size=20,
)
NAMES = st.sampled_from(["Play", "Say", "Gather", "Dial", "Conference", "Parameter"])
KEYS = st.sampled_from(["action", "method", "timeout", "numDigits", "finishOnKey", "length"])
VALUES = st.one_of(XML_TEXT, st.integers(), st.booleans())
PUBLIC = "https://h.cn"


def canonical(xml: str) -> str:
    return ET.canonicalize(xml)


@given(NAMES, st.dictionaries(KEYS, VALUES, max_size=4), XML_TEXT)
def test_one_element_is_twilios(name: str, attributes: dict[str, str | int | bool], inner: str) -> None:
    node = GenericNode(name, inner, **attributes)
    response = VoiceResponse()
    response.append(node)

    ours = document([element(name, attributes, text(inner))])

    assert ET.canonicalize(ours) == ET.canonicalize(
        str(response).replace("\r", "&#13;") if "\r" in inner else str(response)
    )


@given(st.text(max_size=30))
def test_any_text_makes_well_formed_xml(wild: str) -> None:
    """Characters that XML cannot hold are left out rather than sent."""
    root = ET.fromstring(document([element("Say", {"voice": wild}, text(wild))]))

    assert root[0].tag == "Say"


def test_a_plan_is_the_document_that_twilios_builder_makes() -> None:
    writer = TwimlWriter(PUBLIC, lambda: "abc")
    plan = (
        Gather((Play(("ahead", "n3-people")), Play(("music",))), Redirect("menu", (("p", "riders"),)), 4,
               even_if_empty=True),
        Pause(1),
        Talk("c_1"),
        Record(Redirect("message-left"), 120),
        Redirect("wait", (("n", "1"), ("m", "-2"))),
        Hangup(),
    )  # fmt: skip

    theirs = VoiceResponse()
    gather = TwilioGather(
        input="dtmf", method="POST", action=f"{PUBLIC}/twilio/voice/menu?p=riders", timeout=4, num_digits=1,
        finish_on_key="", action_on_empty_result=True,
    )  # fmt: skip
    gather.play(f"{PUBLIC}/prompts/ahead.n3-people.wav?v=abc")
    gather.play(f"{PUBLIC}/prompts/music.wav?v=abc")
    theirs.append(gather)
    theirs.pause(length=1)
    dial = Dial(action=f"{PUBLIC}/twilio/voice/talk-ended", method="POST")
    dial.conference(
        "c_1", beep="false", start_conference_on_enter=True, end_conference_on_exit=True, wait_url="",
        participant_label="caller", status_callback=f"{PUBLIC}/twilio/conference/status",
        status_callback_event="start end join leave",
    )  # fmt: skip
    theirs.append(dial)
    theirs.record(
        action=f"{PUBLIC}/twilio/voice/message-left", method="POST", max_length=120, timeout=5,
        finish_on_key="#", play_beep=True, trim="do-not-trim",
        recording_status_callback=f"{PUBLIC}/twilio/message/status",
        recording_status_callback_event="completed absent",
    )  # fmt: skip
    theirs.redirect(f"{PUBLIC}/twilio/voice/wait?n=1&m=-2", method="POST")
    theirs.hangup()
    assert canonical(writer.write(plan).decode()) == canonical(str(theirs))


def test_a_number_is_keyed_in_up_to_the_hash_key() -> None:
    root = ET.fromstring(
        TwimlWriter(PUBLIC, lambda: "v").write((Gather((), Redirect("callback"), 6, digits=0),))
    )

    assert root[0].attrib["finishOnKey"] == "#"
    assert "numDigits" not in root[0].attrib


def test_a_newly_published_recording_has_a_new_address() -> None:
    version = "old"
    writer = TwimlWriter(PUBLIC, lambda: version)
    plan = (Play(("greeting",)),)
    assert b"v=old" in writer.write(plan)
    version = "new"
    assert b"v=new" in writer.write(plan)
