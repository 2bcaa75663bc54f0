"""How the sample aggregate is kept."""
