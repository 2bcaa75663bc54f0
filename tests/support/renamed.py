"""Aggregates of another module than the component's own: `AGGREGATES=tests.support.renamed`."""

from dataclasses import replace

from tests.sample.things import THING

AGGREGATES = (replace(THING, name="first"),)
