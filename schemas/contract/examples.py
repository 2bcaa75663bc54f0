"""Messages to copy, made of the example that each field has."""

from typing import Any

Said = dict[str, Any]  # what JSON Schema says of something


class Examples:
    """Makes values that are as a schema says; `parts` are what it refers to."""

    def __init__(self, parts: dict[str, Said]) -> None:
        self._parts = parts

    def of(self, said: Said, *, whole: bool) -> Any:
        """Return an example; `whole`: with what may be left out.

        Raises `LookupError` where the schema has no example of something that must be there.
        """
        if "examples" in said:
            return said["examples"][0]
        if "enum" in said:
            return said["enum"][0]
        if "anyOf" in said:
            return self.of(said["anyOf"][0], whole=whole)
        if "$ref" in said:  # with what may be left out, it would never end
            return self.of(self._parts[said["$ref"].rpartition("/")[2]], whole=False)
        return self._of_several(said, whole) if said.keys() & _SEVERAL else _plain(said)

    def _of_several(self, said: Said, whole: bool) -> Any:
        if "properties" in said:
            wanted = said["properties"] if whole else said.get("required", ())
            return {name: self.of(said["properties"][name], whole=whole) for name in wanted}
        if "items" in said:
            return [self.of(said["items"], whole=whole)] * max(1, said.get("minItems", 0))
        value = self.of(said["additionalProperties"], whole=whole)
        names = range(1, max(1, said.get("minProperties", 0)) + 1)
        return {f"name {name}": value for name in names}


_SEVERAL = {"properties", "items", "additionalProperties"}


def _plain(said: Said) -> Any:
    """Return an example of a field of marshmallow's own, which gives none."""
    types = said.get("type", "anything")
    type_ = types if isinstance(types, str) else types[0]
    if type_ == "boolean":
        return True
    if type_ in ("integer", "number"):
        return max(said.get("minimum", 7), min(7, said.get("maximum", 7)))
    if type_ == "string" and not said.keys() & {"format", "pattern"}:
        return "hello"[: said.get("maxLength")].ljust(said.get("minLength", 0), "!")
    raise LookupError(f"no example of {said}")
