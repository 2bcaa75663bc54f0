"""The settings of those who put their aggregates in: one place, beside the component's own."""

from dataclasses import dataclass

from environs import Env


@dataclass(frozen=True, kw_only=True)
class TeamSettings:
    """What handlers reach as `settings.team`, by the `dependencies` of their aggregate."""


def read_team_settings(env: Env) -> TeamSettings:
    """Return what the environment says, such as `env.str("PRICE_LIST_URL")`.

    A wrong value stops the start with a line that names the variable, as with all others.
    """
    return TeamSettings()
