"""What keeps the worker from its work, in its own words."""


class SettingsError(Exception):
    """An environment variable has a value we cannot work with; the message names it."""


class BrokerUnavailable(Exception):
    """The broker cannot be reached, or has closed the connection or a channel (`code`: AMQP's)."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


class Unsendable(Exception):
    """AMQP cannot carry the message, or the broker ends the channel for it; the text says why."""


class QueueMissing(Exception):
    """There is no queue for the commands that somebody sends; the message says what to look at."""


class TopologyMismatch(Exception):
    """A queue or exchange of our name exists with other arguments: waiting will not mend that."""


class NotReplayable(Exception):
    """The dead letter cannot be sent again; the message says why."""


class NotALetter(Exception):
    """A line is no dead letter as `dead export` writes them; the message says why."""


class ContractError(Exception):
    """A file of released contracts, or of exceptions to the rules, that cannot be used."""


class Quit(Exception):
    """Code of the team's tried to end the process (`sys.exit`, a cancelled task): a bug of one.

    It says the class alone: an exception's own words may raise, too.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(type(error).__name__)
        self.__cause__ = error


class Stopped(Exception):
    """A stop was asked for while waiting for something else."""


class NotAnswered(Exception):
    """A page that could tell us more has not answered (`code`: HTTP's, where it has refused)."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code
