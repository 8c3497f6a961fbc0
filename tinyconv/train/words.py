"""Settings as they are typed on a command line: rotation=5 hflip, or plateau:factor=0.5,patience=5."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tinyconv.errors import ArgumentError


def parse_words(words: Sequence[str]) -> dict[str, Any]:
    """["rotation=5", "hflip"] -> {"rotation": 5, "hflip": True}; shift=0.1:0.2 is a list"""
    settings: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key or (equals and not value):
            raise ArgumentError("train", f"{word!r} is no setting; write NAME=VALUE, or NAME alone for yes.")
        settings[key.replace("-", "_")] = _value(value) if equals else True
    return settings


def parse_schedule(text: str) -> str | dict[str, Any]:
    """ "cosine" -> "cosine", "plateau:factor=0.5,patience=5" -> {"name": "plateau", "factor": 0.5, "patience": 5}"""
    name, colon, options = text.partition(":")
    return {"name": name, **parse_words(options.split(","))} if colon else name


def _value(text: str) -> Any:
    """A number, true, false, a list of numbers as 1:2:3, or else the text."""
    if ":" in text:
        return [_value(part) for part in text.split(":")]
    try:
        return json.loads(text)
    except ValueError:
        return text
