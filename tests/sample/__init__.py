"""Aggregates for the tests of the machinery, which do not need the sample of the house."""
