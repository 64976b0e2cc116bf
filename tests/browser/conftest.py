"""One running hotline for the browser tests."""

from collections.abc import Iterator

import pytest

from tests.hotline import Hotline, hotline


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    with hotline(tmp_path_factory.mktemp("hotline")) as started:
        yield started
