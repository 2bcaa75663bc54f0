"""Values made of JSON Schemas: hypothesis_jsonschema, made to fit the hypothesis at hand."""

from hypothesis.internal.conjecture.utils import many
from hypothesis_jsonschema import from_schema

__all__ = ["from_schema"]


def _more(elements: many) -> bool:
    """Do by iteration what it asks for: `many.more` is gone since its last release."""
    if not hasattr(elements, "steps"):
        elements.steps = iter(elements.__enter__())
    goes_on = next(elements.steps, elements) is not elements
    if not goes_on:
        elements.__exit__(None)
    return goes_on


if not hasattr(many, "more"):
    many.more = _more
