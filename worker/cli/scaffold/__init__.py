"""New aggregates, made from the sample by renaming, and their removal."""
