"""A running hotline for each browser test: a talk that one test leaves must not be the next one's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hotline import Hotline, hotline


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Hotline]:
    with hotline(tmp_path / "hotline") as started:
        yield started
