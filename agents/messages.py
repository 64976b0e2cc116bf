"""What a desk's page may say over its websocket. Each is answered by *done* or *refused* with its *id*."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

ContactId = Annotated[str, Field(pattern=r"c_[0-9a-f]{32}")]
AwayReason = Literal["break", "meal", "meeting", "paperwork", "phone", "other"]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: int = Field(0, ge=0)


class Heartbeat(_Message):
    """Every 3 s: is the phone registered with the carrier, and on which contact is it talking? *own*: calls
    are to ring the lawyer's own telephone.
    """

    type: Literal["heartbeat"]
    registered: bool
    talking: ContactId | Literal[""] = ""
    own: bool = False


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


class Consult(_Message):
    """Hold the caller and ring this colleague."""

    type: Literal["consult"]
    lawyer: Annotated[str, Field(pattern=r"^u_\d{1,12}$")]


class ConsultEnd(_Message):
    """Back to the caller; or, by the colleague, leave."""

    type: Literal["consult_end"]


class HandOver(_Message):
    """The colleague goes on with the caller, and I write down."""

    type: Literal["hand_over"]


class PassOn(_Message):
    """The caller waits in their old place for another channel or language; '' stays as it is."""

    type: Literal["pass_on"]
    channel: Annotated[str, Field(pattern=r"^[a-z_]{0,20}$")] = ""
    language: Annotated[str, Field(pattern=r"^[a-z_]{0,20}$")] = ""


class Guest(_Message):
    """Call an outside service into the talk, by its key in services.yaml."""

    type: Literal["guest"]
    guest: Annotated[str, Field(pattern=r"^[0-9a-z_]{1,20}$")]


class GuestEnd(_Message):
    type: Literal["guest_end"]


class WrapupEnd(_Message):
    type: Literal["wrapup_end"]


InTalk = Consult | ConsultEnd | HandOver | PassOn | Guest | GuestEnd
Message = Heartbeat | Ready | Away | Accepted | Reject | HangUp | Hold | WrapupEnd | InTalk
MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])
