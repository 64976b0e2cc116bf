"""Errors that routing raises."""

from config.errors import AnxinError, Blame


class IllegalTransition(AnxinError):
    """An event reached a contact or a lawyer in a state that can never see it: a bug of ours."""

    code = "illegal-transition"

    def __init__(self, whom: str, state: str, event: str) -> None:
        super().__init__(f"{whom}: {event} is impossible while {state}")
        self.whom, self.state, self.event = whom, state, event


class UnknownContact(AnxinError):
    """Nobody of this id is known: it never arrived, or it ended so long ago that it was forgotten."""

    code = "unknown-contact"
    blame = Blame.CARRIER


class UnknownLawyer(AnxinError):
    """This lawyer never signed in."""

    code = "unknown-lawyer"


class BadRules(AnxinError):
    """A file of routing rules cannot be used: names the file, the place and what was expected."""

    code = "bad-routing-rules"


class OldServer(AnxinError):
    """The Redis server is too old to keep our functions."""

    code = "old-redis-server"
    blame = Blame.US
