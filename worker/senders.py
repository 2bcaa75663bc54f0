"""Who may send which commands: the broker vouches for the user that a message names."""

from collections.abc import Collection, Mapping

from worker.exceptions import SettingsError

NOT_ALLOWED = "not-allowed"  # the code of the failure, and the kind of the dead letter
_EVERY = "*"  # in the place of a type

Senders = Mapping[str, frozenset[str]]


def allowed_senders(text: str) -> Senders:
    """Return the users by type; raise `ValueError` where it is not `type=user,user; *=user`."""
    rules: dict[str, frozenset[str]] = {}
    for rule in text.split(";"):
        type_, _, users = rule.partition("=")
        names = [user.strip() for user in users.split(",")]
        if not type_.strip() or not all(names):
            raise ValueError("Must be users by type of command: entity.Create=shop,office; *=admin")
        if type_.strip() in rules:
            raise ValueError(f"Names {type_.strip()} twice: put its users into one list.")
        rules[type_.strip()] = frozenset(names)
    return rules


def check_senders(senders: Senders, types: Collection[str]) -> None:
    """Raise `SettingsError` where a type is meant that there is not: its rule would guard none."""
    for unknown in senders.keys() - {_EVERY, *types}:
        known = ", ".join(sorted(types))
        raise SettingsError(f"ALLOWED_SENDERS: there is no command {unknown}, but {known}.")


def why_not_allowed(senders: Senders, type: str, user: str | None) -> str | None:
    """Return why this user may not send that; None where nobody is told who may, or they are."""
    rules = [senders[name] for name in (type, _EVERY) if name in senders]
    if not rules or any(user in users for users in rules):
        return None
    if user is None:
        return (
            f"Not everybody may send {type}: say who you are by the property user_id, the user"
            " with which you log in to the broker."
        )
    return f"The user {user!r} may not send {type}."
