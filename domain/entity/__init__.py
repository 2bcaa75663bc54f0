"""Entities: what they decide, and what they say of it."""
