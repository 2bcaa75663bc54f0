"""The sample aggregate: replace it, or put yours beside it."""
