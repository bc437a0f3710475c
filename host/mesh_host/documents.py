"""Reads JSON of unknown shape: every accessor names the path and what is wrong with it, never the value."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mesh_host.errors import Usage


class Node:
    """A JSON value and where it stands."""

    def __init__(self, value: object, path: str) -> None:
        self.value = value
        self.path = path

    def refuse(self, what: str) -> Usage:
        return Usage(f"{self.path}: {what}")

    def members(self) -> dict[str, Node]:
        if not isinstance(self.value, dict):
            raise self.refuse("must be an object")
        return {str(key): Node(value, f"{self.path}.{key}") for key, value in self.value.items()}

    def record(self, keys: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Node]:
        """An object with exactly these keys; `optional` ones may be left out."""
        members = self.members()
        missing = [key for key in keys if key not in members]
        unknown = [key for key in members if key not in (*keys, *optional)]
        if missing:
            raise self.refuse("lacks " + ", ".join(missing))
        if unknown:
            raise self.refuse("has unknown keys: " + ", ".join(sorted(unknown)))
        return members

    def text(self, limit: int = 1024) -> str:
        if not isinstance(self.value, str) or len(self.value) > limit:
            raise self.refuse(f"must be text of at most {limit} characters")
        return self.value

    def optional_text(self) -> str | None:
        return None if self.value is None else self.text()

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refuse("must be true or false")
        return self.value

    def items(self) -> list[Node]:
        if not isinstance(self.value, list):
            raise self.refuse("must be a list")
        return [Node(value, f"{self.path}[{index}]") for index, value in enumerate(self.value)]

    def texts(self) -> list[str]:
        return [item.text() for item in self.items()]


def parse(data: bytes, name: str, limit: int) -> Node:
    """Raises Usage for anything that is not one UTF-8 JSON document of at most `limit` bytes."""
    if len(data) > limit:
        raise Usage(f"{name} is larger than {limit} bytes")
    try:
        return Node(json.loads(data.decode("utf-8"), object_pairs_hook=_unique), name)
    except UnicodeDecodeError as error:
        raise Usage(f"{name} is not UTF-8 (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        # The error's own text can quote the document, which may hold a key.
        raise Usage(f"{name} is not valid JSON") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A repeated key would be read differently by two readers, and so have two hashes."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def canonical(value: object) -> bytes:
    """Keys sorted, no blanks, UTF-8: what hashes are made over. Raises UnicodeEncodeError for lone surrogates."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
