"""What the province publishes: hours, holidays, prompts; checked, kept, taken back."""

import io
import wave

import av
import numpy as np
import pytest
import yaml

from agents.office.press import PROMPT
from agents.office.sounds import telephone_wav

from .rooms import DALI, KUNMING, House, tone

NIGHTS = """
periods:
  - {name: night, days: every, from: "22:00", to: "08:30", at_least: {dedicated: 3}}
attest: {before_min: 30, within_min: 5}
ahead_days: 7
"""


def wav(pcm: bytes, rate: int = 44100, channels: int = 1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return out.getvalue()


async def test_hours_are_checked_published_and_taken_back(house: House) -> None:
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        page = await admin.post("/office/texts/duty", {"text": NIGHTS, "do": "check", "note": "试"})
        assert page.status_code == 200
        assert "dedicated: 3" in page.text
        assert house.rooms.publications.duty().attest.within_min == 10
        form = {"text": NIGHTS, "do": "publish", "note": "夜班增人", "base": 0}
        assert (await admin.post("/office/texts/duty", form)).status_code == 303
        assert house.rooms.publications.duty().attest.within_min == 5
        assert "夜班增人" in (await admin.get("/office/hours")).text
        # Who began from an older version does not overwrite the newer one, and loses nothing typed.
        late = await admin.post("/office/texts/duty", {**form, "text": NIGHTS + "# mine"})
        assert late.status_code == 422
        assert "# mine" in late.text
        assert (await admin.post("/office/publications/duty/0", {"base": 1})).status_code == 303
        assert house.rooms.publications.duty().attest.within_min == 10
        assert (await admin.post("/office/publications/duty/1", {"base": 2})).status_code == 303
        assert house.rooms.publications.duty().attest.within_min == 5
        audit = await admin.get("/office/audit?what=publication")
        assert audit.text.count("发布 · 发布") == 3


@pytest.mark.parametrize(
    ("what", "text", "says"),
    [
        ("duty", NIGHTS.replace("every", "monday"), "duty.yaml:3"),
        ("duty", "periods: [", "not YAML"),
        ("duty", "", "duty.yaml:1"),
        ("holidays", "years: {2026: {announced: true, holidays: {元旦: [2025-01-01]}}}", "2025-01-01"),
        ("holidays", "years: {2026: {announced: true, holidays: {}, worked: [2026-01-05]}}", "2026-01-05"),
        ("duty", "a: &x [1]\nb: [*x, *x]", "duty.yaml"),
        ("duty", "a: \x9a", "not YAML"),
        ("duty", "!!python/object/apply:os.system ['true']", "duty.yaml"),
    ],
)
async def test_what_cannot_hold_is_not_published(house: House, what: str, text: str, says: str) -> None:
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        page = await admin.post(f"/office/texts/{what}", {"text": text, "do": "publish", "note": "x"})
        assert page.status_code == 422
        assert says in page.text
    assert house.rooms.publications.history(what) == []


async def test_a_holiday_that_was_announced_changes_the_roster(house: House) -> None:
    text = yaml.safe_dump(
        {"years": {2026: {"announced": True, "holidays": {"特别假": ["2026-11-25"]}, "worked": []}}},
        allow_unicode=True,
    ).replace("'2026-11-25'", "2026-11-25")
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        form = {"text": text, "do": "publish", "note": "国务院办公厅通知", "base": 0}
        assert (await admin.post("/office/texts/holidays", form)).status_code == 303
        page = (await admin.get("/roster?month=2026-11")).text
        assert "特别假" in page


async def test_only_the_province_publishes(house: House) -> None:
    for username, role, prefecture in (
        ("wu", "prefecture_admin", KUNMING),
        ("zhao", "supervisor", DALI),
        ("shen", "auditor", ""),
    ):
        async with house.client(house.account(username, role, prefecture)) as one:
            assert (await one.get("/office/hours")).status_code == 200
            form = {"text": NIGHTS, "do": "publish", "note": "x"}
            assert (await one.post("/office/texts/duty", form)).status_code == 403
            assert (await one.post("/office/publications/duty/0", {"base": 0})).status_code == 403
            file = {"sound": ("a.wav", wav(tone(440, 1.0, 44100)))}
            assert (await one.post("/office/prompts/greeting", files=file)).status_code == 403


async def test_a_recording_is_published_listened_to_and_taken_back(house: House) -> None:
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        stereo = wav(tone(440, 2.0, 44100), channels=2)  # one second of both channels
        file = {"sound": ("greeting.exe", stereo, "text/html")}
        answer = await admin.post("/office/prompts/greeting", {"note": "新声音", "base": 0}, file)
        assert answer.status_code == 303, answer.text
        heard = await admin.get("/office/prompts/greeting/1.wav")
        assert heard.headers["content-type"] == "audio/wav"
        assert heard.headers["x-content-type-options"] == "nosniff"
        with wave.open(io.BytesIO(heard.content)) as sound:
            shape = (sound.getframerate(), sound.getsampwidth(), sound.getnchannels())
            assert shape == (8000, 2, 1)
            assert abs(sound.getnframes() / 8000 - 1.0) < 0.05
        published = house.rooms.publications.published
        assert published.content(PROMPT + "greeting") == heard.content
        assert (await admin.post("/office/publications/prompt:greeting/0", {"base": 1})).status_code == 303
        assert published.content(PROMPT + "greeting") == b""
        assert (await admin.get("/office/prompts/greeting/7.wav")).status_code == 404
        for url in ("/office/prompts/nothing/0.wav", "/office/prompts/..%2f..%2fsecrets/0.wav"):
            assert (await admin.get(url)).status_code in {404, 422}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "只接受 WAV 或 MP3"),
        (b"#EXTM3U\nhttp://127.0.0.1:9/x.wav", "只接受 WAV 或 MP3"),  # a playlist fetches addresses
        (b"ffconcat version 1.0\nfile /etc/passwd", "只接受 WAV 或 MP3"),
        (b"<svg onload=alert(1)>", "只接受 WAV 或 MP3"),
        (b"RIFF\x00\x00\x00\x00WAVE" + b"\x00" * 500, "解不出声音"),
        (b"ID3" + b"\xff" * 800, "解不出声音"),
        (wav(tone(440, 30.0, 8000), 8000), "20 秒之间"),
        (wav(tone(440, 0.1)), "20 秒之间"),
        (wav(tone(440, 1.0, 44100, loud=50)), "几乎没有声音"),
        (b"RIFF" + b"\x00" * 8_000_001, "太大"),
    ],
)
async def test_what_is_no_prompt_is_refused(house: House, content: bytes, says: str) -> None:
    async with house.client(house.account("admin", "province_admin", "")) as admin:
        file = {"sound": ("a.wav", content, "audio/wav")}
        answer = await admin.post("/office/prompts/greeting", {"note": "x", "base": 0}, file)
        assert answer.status_code == 422
        assert says in answer.text
    assert house.rooms.publications.history(PROMPT + "greeting") == []


def test_an_mp3_becomes_what_a_telephone_plays() -> None:
    sound = telephone_wav(mp3(tone(440, 1.0, 24000), 24000))
    with wave.open(io.BytesIO(sound)) as file:
        assert abs(file.getnframes() / 8000 - 1.0) < 0.2


def mp3(pcm: bytes, rate: int) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as container:
        stream = container.add_stream("mp3", rate=rate)
        stream.layout = "mono"
        samples = np.frombuffer(pcm, dtype=np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return out.getvalue()
