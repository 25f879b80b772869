"""The YAML of a card, as far as the Hub minds it."""

from typing import Any

import yaml

from tests.support.hub.words import Answer, Refusal, Request, as_json


def front_matter(text: str) -> dict[str, Any]:
    """The YAML at the top; nothing if there is none, or none that can be read."""
    try:
        found = _loaded(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _loaded(text: str) -> Any:
    parts = text.split("---\n", 2)
    # Dates and the like stay text: what is sent on is JSON.
    is_there = len(parts) == 3 and not parts[0].strip()
    return yaml.load(parts[1], yaml.BaseLoader) if is_there else {}


def trouble(text: str) -> str | None:
    """Why the Hub would not take a card."""
    try:
        found = _loaded(text)
    except yaml.YAMLError as error:
        return f"Invalid YAML: {error}"
    return None if isinstance(found, dict) else "The YAML is not a mapping"


def validate(request: Request) -> Answer:
    message = trouble(request.json()["content"])
    if message:
        raise Refusal(400, message, errors=[{"message": message}], warnings=[])
    return as_json({"errors": [], "warnings": []})
