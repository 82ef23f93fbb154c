"""Fields of JSON files that other programs wrote: there and of the right kind, or refused."""

import json
from pathlib import Path
from typing import Any

KINDS = {int: "a whole number", str: "a text", list: "a list", dict: "an object"}


def read_json(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises FileNotFoundError or ValueError, naming the file, if it is missing, no JSON or no object.
    """
    if not path.is_file():
        raise FileNotFoundError(f"annotation file {path} is missing; give the path of a JSON file")
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is no JSON that can be read ({error}); export it again or delete it"
        ) from None
    if not isinstance(data, dict):
        raise ValueError(f"{path} holds no JSON object; export it again or delete it")
    return data


def field(record: object, name: str, kind: type, where: str) -> Any:
    """``record[name]``, which must be of ``kind``; ``where`` tells a person where the record is.

    Raises ValueError, naming the field, if it is missing or of another kind.
    """
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(
            f"{where} has no field {name!r} that is {KINDS[kind]}; export it again or mend it"
        )
    return value
