"""Numbers names, and reuses the number of a name that nobody uses any more."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


class Numbering(Generic[Name]):
    """The numbers of names, from 0, each as long as something uses the name."""

    def __init__(self, used: Iterable[tuple[Name, int]] = ()) -> None:
        """Start with names and their numbers, once for each use."""
        self._number: dict[Name, int] = {}
        self._users: dict[Name, int] = {}
        for name, number in used:
            self._number[name] = number
            self._users[name] = self._users.get(name, 0) + 1
        taken = set(self._number.values())
        self._next = max(taken, default=-1) + 1
        self._free = [number for number in range(self._next) if number not in taken]

    def use(self, name: Name) -> int:
        """Return the name's number, for one more use."""
        number = self._number.get(name)
        if number is None:
            number = self._number[name] = self._new()
        self._users[name] = self._users.get(name, 0) + 1
        return number

    def release(self, name: Name) -> bool:
        """End one use; return whether it was the last one."""
        self._users[name] -= 1
        if self._users[name]:
            return False
        del self._users[name]
        self._free.append(self._number.pop(name))
        return True

    def _new(self) -> int:
        if self._free:
            return self._free.pop()
        self._next += 1
        return self._next - 1
