"""The broker: whether it takes us, and which rights we have there."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from worker.amqp import trials
from worker.amqp.broker import Broker
from worker.amqp.declarations import Declaration, declarations, virtual_host
from worker.amqp.nodes import nodes
from worker.doctor.finding import Finding, ok, wrong
from worker.exceptions import BrokerUnavailable
from worker.settings import Settings

SUBJECT = "broker"
OLDEST = (3, 10)  # that dead-letters at least once

# The broker's words for what it refuses a connection for, and the way out.
_REFUSALS = {
    "Login was refused": "Correct user and password in AMQP_URL (`guest` may log in from the"
    " broker's own machine only), or: rabbitmqctl change_password {user} …",
    "access to vhost": "Give the user rights there: {grant}",
    "not found": "Correct the part of AMQP_URL after the last slash (%2F is the virtual host /),"
    " or: rabbitmqctl add_vhost '{vhost}'",
}


def user(settings: Settings) -> str:
    return unquote(urlsplit(nodes(settings.amqp_url)[0]).username or "guest")


def addresses(settings: Settings) -> str:
    """Return where the nodes are, without who we are there."""
    places = (urlsplit(url).netloc.rpartition("@")[2] for url in nodes(settings.amqp_url))
    return ", ".join(places)


def refused(settings: Settings, error: BrokerUnavailable) -> Finding:
    """Return why there is no connection."""
    place = {"user": user(settings), "vhost": virtual_host(settings.amqp_url)}
    way_out = "Start RabbitMQ, correct AMQP_URL, or open the network between."
    for words, advice in _REFUSALS.items():
        if words in str(error):
            way_out = advice.format(**place, grant=grant(settings))
            break
    sentence = f"RabbitMQ at {addresses(settings)} does not take us: {str(error).rstrip('.')}."
    return wrong(SUBJECT, sentence, way_out)


def examine(broker: Broker, settings: Settings) -> Iterator[Finding]:
    where = f"RabbitMQ {broker.version} at {addresses(settings)}"
    if _numbers(broker.version) < OLDEST:
        yield wrong(SUBJECT, f"{where} is too old.", "Upgrade it: 3.10 is the oldest that we know.")
    else:
        yield ok(SUBJECT, f"{where} takes {user(settings)!r}.")
    missing = [*_missing_rights(broker, settings)]
    for right, what in missing:
        yield _without(settings, right, what)
    if not missing:
        rights = "configure, write and read" if settings.declare else "write and read"
        yield ok(SUBJECT, f"{user(settings)!r} has the rights that we need: {rights}.")


def _missing_rights(broker: Broker, settings: Settings) -> Iterator[tuple[str, str]]:
    for declaration in declarations(settings):
        if settings.declare and not trials.may_configure(broker, declaration):
            yield "configure", str(declaration)
        yield from _without_use(broker, declaration)
    if not trials.may_write(broker, trials.DEFAULT_EXCHANGE):
        yield "write", f"exchange '{trials.DEFAULT_EXCHANGE}'"


def _without_use(broker: Broker, declaration: Declaration) -> Iterator[tuple[str, str]]:
    if declaration.kind == "queue" and not trials.may_read(broker, declaration.name):
        yield "read", str(declaration)
    if declaration.kind == "exchange" and not trials.may_write(broker, declaration.name):
        yield "write", str(declaration)


_NEEDED_FOR = {
    "configure": "to declare it",
    "read": "to consume it",
    "write": "to publish there",
}


def _without(settings: Settings, right: str, what: str) -> Finding:
    sentence = f"{user(settings)!r} has no {right} right on {what}, needed {_NEEDED_FOR[right]}."
    otherwise = " Or set DECLARE=false." if right == "configure" else ""
    return wrong(SUBJECT, sentence, f"Give it: {grant(settings)}{otherwise}")


def grant(settings: Settings) -> str:
    """Return the command that gives our user just what we need in this virtual host."""
    queue, exchange = (_literal(n) for n in (settings.command_queue, settings.event_exchange))
    queues = rf"{queue}(\.dead)?"
    configure = f"^({queues}|{exchange})$" if settings.declare else "^$"
    words = f"'{configure}' '^({exchange}|amq\\.default)$' '^{queues}$'"
    vhost = virtual_host(settings.amqp_url)
    return f"rabbitmqctl set_permissions -p '{vhost}' '{user(settings)}' {words}"


def _literal(name: str) -> str:
    return name.replace(".", r"\.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".")[:2] if number.isdecimal())
