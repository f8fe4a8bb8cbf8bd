"""A named collection that explains itself when a name is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from osteobiome.core.errors import Fault, UnknownNameError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to objects of one kind, in order of registration.

    Parameters
    ----------
    kind : str
        What is registered, for messages: ``"estimator"``.

    Examples
    --------
    >>> colours = Registry[int]("colour")
    >>> colours.add("blue", 1)
    >>> colours["blue"]
    1
    >>> colours["bleu"]
    Traceback (most recent call last):
        ...
    osteobiome.core.errors.UnknownNameError: colour 'bleu': not known. Expected one of blue. Did you mean 'blue'?.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> None:
        """Register ``item``; a second registration of the same name is a programming error."""
        if name in self._items:
            msg = f"{self.kind} '{name}' is registered twice"
            raise RuntimeError(msg)
        self._items[name] = item

    def __getitem__(self, name: str) -> T:
        """Return the item, or raise with the list of names and the nearest match."""
        try:
            return self._items[name]
        except KeyError:
            raise UnknownNameError(self.fault(name, where=f"{self.kind} '{name}'")) from None

    def fault(self, name: str, *, where: str) -> Fault:
        """Return the fault that an unknown ``name`` at ``where`` amounts to."""
        hint = nearest(name, self._items)
        return Fault(
            code=f"unknown_{self.kind.replace(' ', '_')}",
            where=where,
            found="not known" if name in where else f"{self.kind} '{name}' is not known",
            expected="one of " + ", ".join(self._items),
            hint=hint if hint.startswith("Did") else "",  # the whole list stands in `expected` already
        )

    def __contains__(self, name: object) -> bool:
        """Tell whether the name is registered."""
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        """Iterate over names in order of registration."""
        return iter(self._items)

    def __len__(self) -> int:
        """Return the number of registered names."""
        return len(self._items)

    def items(self) -> Iterator[tuple[str, T]]:
        """Iterate over pairs of name and item."""
        return iter(self._items.items())
