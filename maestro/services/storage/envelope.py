"""The bytes of a database file: an envelope (schema, sequence, checksum, version) around TinyDB's tables, one document a line.

A file whose checksum differs but which can be read was edited outside the app; one that cannot be read is damaged and says where.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from maestro.services.storage.migrations import SCHEMA, migrate

Tables = dict[str, dict[str, dict[str, Any]]]
PLAIN = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True)
SEQUENCE_LIMIT = 1 << 53
"""More changes than anybody makes; a number beyond it would not even fit a backup's name."""
ASCII = json.JSONEncoder(allow_nan=False, sort_keys=True)


class DamagedStateError(Exception):
    """The bytes are no state; the message is a clause such as "line 3, column 7: Expecting value"."""


@dataclass(frozen=True, slots=True)
class State:
    """What a database file holds. `tables` must not be changed; `side_files` are what a migration moved out of them."""

    tables: Tables
    sequence: int = 0
    schema: int = SCHEMA
    version: str = ""
    is_edited_outside: bool = False
    side_files: tuple[tuple[str, dict[str, Any]], ...] = ()

    @property
    def is_newer(self) -> bool:
        """Whether a newer version of Maestro wrote it."""
        return self.schema > SCHEMA


def pack(tables: Tables, sequence: int, version: str) -> bytes:
    """The file's bytes."""
    lines = _lines(tables)
    head = {"schema": SCHEMA, "sequence": sequence, "checksum": _checksum(lines), "version": version}
    body = ",\n".join(
        f"{_dump(table)}: {{\n" + ",\n".join(f'"{number}": {document}' for number, document in documents) + "\n}"
        for table, documents in lines
    )
    return f'{_dump(head)[:-1]}, "tables": {{\n{body}\n}}}}\n'.encode()


def pack_record(record: object) -> bytes:
    """A record that has a file of its own, for people to read as well."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1)
    return (text if _has_utf8(text) else json.dumps(record, allow_nan=False, indent=1)).encode() + b"\n"


def unpack(encoded: bytes) -> State:
    """The state in a file's bytes, brought to the present schema. Raises DamagedStateError."""
    root = _parse(encoded)
    schema = root.get("schema", 0)
    if type(schema) is not int or schema < 0:
        raise DamagedStateError("its schema number is no number")
    if schema > SCHEMA:
        return _newer(root, schema)
    if schema < SCHEMA:
        return _older(root, schema)
    sequence, tables = root.get("sequence"), _tables_of(root.get("tables"))
    if type(sequence) is not int or not 0 <= sequence < SEQUENCE_LIMIT:
        raise DamagedStateError("its sequence number is no number")
    is_whole = root.get("checksum") == _checksum(_lines(tables))
    return State(tables, sequence, schema, str(root.get("version", "")), is_edited_outside=not is_whole)


def _parse(encoded: bytes) -> dict[str, Any]:
    if not encoded.strip(b"\0 \t\r\n"):
        raise DamagedStateError("it is empty" if not encoded else "it holds nothing but blanks or zeros")
    try:
        root = json.loads(encoded.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        line = encoded.count(b"\n", 0, error.start) + 1
        column = error.start - encoded.rfind(b"\n", 0, error.start)
        raise DamagedStateError(f"line {line}, column {column}: not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise DamagedStateError(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise DamagedStateError("it holds something that is no record") from error
    if not isinstance(root, dict):
        raise DamagedStateError("line 1, column 1: its root is not an object")
    return root


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _newer(root: dict[str, Any], schema: int) -> State:
    try:
        tables = _tables_of(root.get("tables"))
    except DamagedStateError:
        tables = {}
    sequence = root.get("sequence")
    return State(tables, sequence if type(sequence) is int else 0, schema, str(root.get("version", ""))[:40])


def _older(root: dict[str, Any], schema: int) -> State:
    tables = _tables_of(root if schema == 0 else root.get("tables"))
    try:
        migrated, side_files = migrate(tables, schema)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise DamagedStateError(f"it is no project of schema {schema}") from error
    return State(migrated, 0, schema, side_files=tuple(side_files))


def _tables_of(value: object) -> Tables:
    if not isinstance(value, dict):
        raise DamagedStateError("it has no tables")
    for name, documents in value.items():
        if not isinstance(documents, dict):
            raise DamagedStateError(f"its table {name[:40]!r} is no table")
        for number, document in documents.items():
            if not (number.isascii() and number.isdigit() and len(number) < 18 and isinstance(document, dict)):
                raise DamagedStateError(f"its table {name[:40]!r} holds something that is no record")
    return value


def _lines(tables: Tables) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (table, [(number, _dump(document)) for number, document in documents.items()])
        for table, documents in sorted(tables.items())
    ]


def _checksum(lines: list[tuple[str, list[tuple[str, str]]]]) -> str:
    digest = hashlib.sha256()
    for table, documents in lines:
        for number, document in documents:
            digest.update(f"{table}\t{number}\t{document}\n".encode())
    return digest.hexdigest()


def _dump(value: object) -> str:
    text = PLAIN.encode(value)
    # Half of a surrogate pair, as a cut answer may end, has no UTF-8: such a document is written in ASCII.
    return text if text.isascii() or _has_utf8(text) else ASCII.encode(value)


def _has_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
