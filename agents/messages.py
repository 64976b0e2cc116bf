"""What a desk's page may say over its websocket. Each is answered by *done* or *refused* with its *id*."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

ContactId = Annotated[str, Field(pattern=r"c_[0-9a-f]{32}")]
AwayReason = Literal["break", "meal", "meeting", "paperwork", "phone", "other"]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: int = Field(0, ge=0)


class Heartbeat(_Message):
    """Every 3 s: is the phone registered with the carrier, and on which contact is it talking?"""

    type: Literal["heartbeat"]
    registered: bool
    talking: ContactId | Literal[""] = ""


class Ready(_Message):
    type: Literal["ready"]


class Away(_Message):
    type: Literal["away"]
    reason: AwayReason = "other"


class Accepted(_Message):
    """The phone took the ringing call: the quickest word of it, ahead of the carrier's webhook."""

    type: Literal["accepted"]
    contact: ContactId


class Reject(_Message):
    type: Literal["reject"]


class HangUp(_Message):
    type: Literal["hangup"]


class Hold(_Message):
    type: Literal["hold"]
    held: bool


class WrapupEnd(_Message):
    type: Literal["wrapup_end"]


Message = Heartbeat | Ready | Away | Accepted | Reject | HangUp | Hold | WrapupEnd
MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])
