"""From marshmallow to JSON Schema (draft-07), by apispec and what our own fields say."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import RAISE, Schema, fields

from schemas import fields as ours

# Of draft-07, what a field or an object can have. apispec also knows words of OpenAPI's.
KEYWORDS = {
    *("$ref", "type", "enum", "const", "format", "default", "title", "description", "examples"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern"),
    *("items", "minItems", "maxItems", "uniqueItems"),
    *("properties", "required", "additionalProperties", "propertyNames"),
    *("minProperties", "maxProperties", "allOf", "anyOf", "oneOf", "not"),
}
_LIMITS_OF_SENDERS = ("field2default", "field2choices", "field2range", "field2length")


class Converter(OpenAPIConverter):
    """Describes what a sender may write (`written=False`), or what a subscriber has to read."""

    def __init__(self, *, written: bool) -> None:
        spec = APISpec("", "", "3.1.0")
        super().__init__("3.1.0", self._name_of_part, spec)
        self.parts: dict[str, dict[str, Any]] = {}
        self._written = written
        self._kind = "event" if written else "command"
        # Validators are asked when a message is read, never when it is written.
        skipped = (*_LIMITS_OF_SENDERS, "field2pattern") if written else ()
        self.attribute_functions = [
            function for function in self.attribute_functions if function.__name__ not in skipped
        ]

    def field2property(self, field: fields.Field[Any]) -> dict[str, Any]:
        """Return what is said of a field, null included where it is allowed."""
        said = super().field2property(field)
        if isinstance(field, ours.Field):
            said = {**self._our_own(field), **said}
        if "example" in said:
            said["examples"] = [said["example"]]
        kept = {
            name: value
            for name, value in said.items()
            if (name in KEYWORDS or name.startswith("x-")) and value is not None
        }
        return _with_null(kept) if _may_be_null(field) else kept

    def schema2jsonschema(self, schema: Schema) -> dict[str, Any]:
        """Return an object: closed where unknown fields are refused, open for subscribers."""
        unused = "load_only" if self._written else "dump_only"
        used = {name: f for name, f in schema.fields.items() if not getattr(f, unused)}
        # apispec gives this method no types.
        said: dict[str, Any] = self.fields2jsonschema(used)  # type: ignore[no-untyped-call]
        if not self._written and schema.unknown == RAISE:
            said["additionalProperties"] = False
        return said

    def resolve_nested_schema(self, schema: Schema) -> dict[str, Any]:
        """Return the object that a part is; a reference to it where it contains itself."""
        if schema.many:
            return {"type": "array", "items": self.resolve_nested_schema(type(schema)())}
        name = self._name_of_part(schema)
        if name is None:
            return self.schema2jsonschema(schema)
        if name not in self.parts:
            self.parts[name] = {}  # known from here on, as it comes again inside
            self.parts[name] = self.schema2jsonschema(schema)
        return {"$ref": f"#/components/schemas/{name}"}

    def _our_own(self, field: ours.Field[Any]) -> dict[str, Any]:
        said = field.written_schema() if self._written else field.json_schema()
        if isinstance(field, ours.Nested):
            return self.resolve_nested_schema(field.schema)
        if isinstance(field, ours.List):
            return {**said, "items": self.field2property(field.inner)}
        if isinstance(field, ours.Mapping):
            return {**said, "additionalProperties": self.field2property(field.inner)}
        return said

    def _name_of_part(self, schema: Schema) -> str | None:
        kind = type(schema)
        return f"{self._kind}.{kind.__name__}" if _contains(schema, kind) else None


def _contains(schema: Schema, wanted: type[Schema], seen: frozenset[type] = frozenset()) -> bool:
    for field in schema.fields.values():
        inner = field
        while isinstance(inner, ours.List | ours.Mapping | fields.List):
            inner = inner.inner
        if not isinstance(inner, ours.Nested | fields.Nested):
            continue
        kind = type(inner.schema)
        if kind is wanted:
            return True
        if kind not in seen and _contains(inner.schema, wanted, seen | {kind}):
            return True
    return False


def _may_be_null(field: fields.Field[Any]) -> bool:
    """Tell where null may stand: in an optional field it is as absent, both ways."""
    return bool(field.allow_none or (isinstance(field.parent, Schema) and not field.required))


def _with_null(said: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in said:
        return {"anyOf": [said, {"type": "null"}]}
    if "anyOf" in said or "type" not in said:
        return said
    types = said["type"] if isinstance(said["type"], list) else [said["type"]]
    result = {**said, "type": [*types, *({"null"} - set(types))]}
    if "enum" in said and None not in said["enum"]:
        result["enum"] = [*said["enum"], None]
    return result
