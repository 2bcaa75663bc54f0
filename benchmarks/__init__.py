"""Throughput of this component beside the usual Python consumers, measured in one run."""
