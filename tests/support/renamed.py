"""Aggregates of another module than the component's own: `AGGREGATES=tests.support.renamed`."""

from dataclasses import replace

from worker import aggregates

AGGREGATES = (replace(aggregates.AGGREGATES[0], name="first"),)
