"""A list and a dict of modules that belong to the net: their parameters are found, saved and moved with it."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.geometry import is_whole

from .module import Module


class ModuleList(Module):
    """A list of modules for a net's `forward` to go through as it likes; it has no forward of its own.

    The parts are named "0", "1", ... by their places, in the state_dict too. A slice is a ModuleList that shares them.
    """

    def __init__(self, modules: Iterable[Module] | None = None):
        self.extend(modules or ())

    def append(self, module: Module) -> ModuleList:
        """Add a module at the end."""
        return self._hold([*self, module])

    def extend(self, modules: Iterable[Module]) -> ModuleList:
        """Add several at the end."""
        return self._hold([*self, *modules])

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at `index`; those behind it get new names."""
        parts = list(self)
        parts.insert(index, module)
        self._hold(parts)

    def pop(self, key: int) -> Module:
        """Take a module out, and return it."""
        module = list(self)[self._place(key)]
        del self[key]
        return module

    def __len__(self) -> int:
        return len(self._owned(Module))

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self._owned(Module))  # also a part that comes twice

    def __getitem__(self, index: int | slice) -> Any:
        parts = list(self)
        return ModuleList(parts[index]) if isinstance(index, slice) else parts[self._place(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        parts = list(self)
        parts[self._place(index)] = module
        self._hold(parts)

    def __delitem__(self, index: int | slice) -> None:
        parts = list(self)
        del parts[index if isinstance(index, slice) else self._place(index)]
        self._hold(parts)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> ModuleList:
        return self.extend(other)

    def _hold(self, parts: list[Module]) -> ModuleList:
        """Have these parts in place of the present ones."""
        for i, part in enumerate(parts):
            _check_part("ModuleList", i, part)
        for name, _ in self._owned(Module):
            delattr(self, name)
        for i, part in enumerate(parts):
            setattr(self, str(i), part)
        return self

    def _place(self, index: int) -> int:
        if not is_whole(index) or not -len(self) <= index < len(self):
            raise ArgumentError("ModuleList", f"there is no part {index!r}; it has {len(self)}.")
        return int(index)


class ModuleDict(Module):
    """A dict of modules for a net's `forward` to choose from by name; it has no forward of its own.

    ModuleDict({"relu": ReLU(), "tanh": Tanh()}), or a list of such pairs. The names are those in the state_dict.
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None):
        self.update(modules or ())

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add several, or put them in the place of those of the same names."""
        new = dict(modules)
        for name, module in new.items():
            if not isinstance(name, str):
                raise ArgumentError("ModuleDict", f"the name {name!r} is {type(name).__name__}; it must be a string.")
            if hasattr(ModuleDict, name):
                problem = f"{name!r} belongs to every ModuleDict and cannot name a part; choose another name."
                raise ArgumentError("ModuleDict", problem)
            _check_part("ModuleDict", name, module)
        for name, module in new.items():
            setattr(self, name, module)

    def pop(self, key: str) -> Module:
        """Take a module out, and return it."""
        module = self[key]
        delattr(self, key)
        return module

    def clear(self) -> None:
        """Take all modules out."""
        for name in list(self):
            del self[name]

    def keys(self) -> KeysView[str]:
        return self._parts().keys()

    def items(self) -> ItemsView[str, Module]:
        return self._parts().items()

    def values(self) -> ValuesView[Module]:
        return self._parts().values()

    def __len__(self) -> int:
        return len(self._parts())

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts())

    def __contains__(self, key: str) -> bool:
        return key in self._parts()

    def __getitem__(self, key: str) -> Module:
        if key not in self:
            raise UnknownNameError("ModuleDict", "part", key, self)
        return self._parts()[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.update({key: module})

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise UnknownNameError("ModuleDict", "part", key, self)
        delattr(self, key)

    def _parts(self) -> dict[str, Module]:
        return dict(self._owned(Module))


def _check_part(owner: str, name: int | str, part: Any) -> None:
    if not isinstance(part, Module):
        problem = f"part {name!r} is {type(part).__name__}, not a Module: ReLU() is one, ReLU a class."
        raise ArgumentError(owner, problem)
