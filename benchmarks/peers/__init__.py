"""The usual Python consumers, each in its own environment, with the work of `baselines.job`."""
