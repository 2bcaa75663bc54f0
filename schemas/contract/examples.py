"""Messages to copy, made of the example that each field has."""

from typing import Any

Said = dict[str, Any]  # what JSON Schema says of something


def example_of(said: Said, *, whole: bool = True) -> Any:
    """Return a value that is as the schema says; `whole`: with what may be left out.

    Raises `LookupError` where the schema has no example of something that must be there.
    """
    if "examples" in said:
        return said["examples"][0]
    if "properties" in said:
        wanted = said["properties"] if whole else said.get("required", ())
        return {name: example_of(said["properties"][name], whole=whole) for name in wanted}
    if "items" in said:
        return [example_of(said["items"], whole=whole)] * max(1, said.get("minItems", 0))
    if isinstance(said.get("additionalProperties"), dict):
        number = max(1, said.get("minProperties", 0))
        names = ["name", *(f"name {place}" for place in range(2, number + 1))]
        return {name: example_of(said["additionalProperties"], whole=whole) for name in names}
    if "null" in said.get("type", ()) or {"type": "null"} in said.get("anyOf", ()):
        return None
    if "enum" in said:
        return said["enum"][0]
    return _PLAIN[said.get("type", "")]


_PLAIN: dict[str, Any] = {"string": "hello", "integer": 7, "number": 1.5, "boolean": True}
