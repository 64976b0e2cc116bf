"""What the halves of the plain-Python queue share."""

from collections.abc import Iterable

from .errors import UnknownContact, UnknownLawyer
from .memory_callbacks import Callbacks
from .memory_state import Memory
from .policy import Rules
from .ports import Contact, ContactState, Lawyer, Move, Offer

ON_LINE = (ContactState.MENU, ContactState.WAITING, ContactState.OFFERED, ContactState.TALKING)


class MemorySteps:
    def __init__(self, rules: Rules) -> None:
        self._rules, self._memory = rules, Memory(rules)
        self._callbacks = Callbacks(self._memory)

    def _at(self, now: int) -> Memory:
        self._memory.now = now
        return self._memory

    def _contact(self, contact: str) -> Contact:
        if (found := self._known(contact)) is None:
            raise UnknownContact(contact)
        return found

    def _known(self, contact: str) -> Contact | None:
        """Return a contact by its id, or by the one made of the leg on which we call it back."""
        return self._memory.contacts.get(self._memory.legs.get(contact, contact))

    def _lawyer(self, lawyer: str) -> Lawyer:
        if (found := self._memory.lawyers.get(lawyer)) is None:
            raise UnknownLawyer(lawyer)
        return found

    def _on_line(self) -> list[Contact]:
        return [c for c in self._memory.contacts.values() if c.state in ON_LINE]

    def _moved(
        self, contact: str = "", lawyer: str = "", offers: Iterable[Offer] = (), stop: str = ""
    ) -> Move:
        made, m = tuple(offers), self._memory
        return Move(True, m.contacts.get(contact), m.lawyers.get(lawyer), made, stop)
