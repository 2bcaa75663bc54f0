"""Rejections: what the domain answers when a command is understood but not allowed."""

from typing import ClassVar
from uuid import UUID


class DomainError(Exception):
    """A rejection. `code` travels in `CommandRejected`: it is public. The message is for people."""

    code: ClassVar[str] = "refused"


class NotFound(DomainError):
    """There is no such aggregate."""

    code = "not-found"

    def __init__(self, what: str, identity: UUID) -> None:
        super().__init__(f"There is no {what} {identity}.")


class AlreadyExists(DomainError):
    """There is one with this id already."""

    code = "already-exists"

    def __init__(self, what: str, identity: UUID) -> None:
        super().__init__(f"The {what} {identity} exists already.")
