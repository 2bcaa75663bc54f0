"""The table of entities."""
