"""What a message, or a catalogue of messages, can be found wanting in."""


class CatalogueError(Exception):
    """The schemas do not fit each other or the domain: a mistake in the program, found at start."""


class NotUpcast(Exception):
    """What an upcaster made fits no schema: a mistake in the program, found with the command."""


class Undecodable(Exception):
    """A body that is no command. `kind` is the dead letter's; `errors` names the fields.

    `reason` is public, `bug` is not: what the program raised where it could not even refuse.
    """

    def __init__(
        self,
        kind: str,
        reason: str,
        errors: dict[str, list[str]] | None = None,
        bug: Exception | None = None,
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.errors = errors or {}
        self.bug = bug
