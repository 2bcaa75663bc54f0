"""What other teams may know of the messages: their JSON Schemas, and an example of each."""

from schemas.contract.described import Contract, Described, describe

__all__ = ["Contract", "Described", "describe"]
