"""Faults from outside against processes as in production, and a count of what they cost."""
