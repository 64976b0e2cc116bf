"""The carrier's journal on a disk that takes no more for a while."""

import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from carrier.journal import Journal


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file of this process grows beyond *size* bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def states(path: Path) -> dict[str, str]:
    with closing(Journal(path)) as journal:
        return {state["sid"]: state["status"] for state in journal.states("call")}


def test_what_a_full_disk_refused_is_written_when_there_is_room_again(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.write("call", "CA1", {"status": "ringing"})
    with files_up_to(path.stat().st_size + 20):  # in the middle of the next line
        journal.write("call", "CA1", {"status": "in-progress"})
        journal.write("call", "CA2", {"status": "ringing"})
    journal.write("call", "CA1", {"status": "completed"})
    journal.close()
    assert states(path) == {"CA1": "completed", "CA2": "ringing"}


def test_a_journal_that_cannot_be_rewritten_is_taken_up_as_it_is(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    first = Journal(path)
    first.write("call", "CA1", {"status": "ringing"})
    first.close()
    with files_up_to(0):
        again = Journal(path)
        again.write("call", "CA2", {"status": "ringing"})
    again.write("call", "CA2", {"status": "completed"})
    again.close()
    assert states(path) == {"CA1": "ringing", "CA2": "completed"}
