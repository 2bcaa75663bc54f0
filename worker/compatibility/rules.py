"""The rules of what may be changed: who breaks by which change, and the way out."""

from dataclasses import dataclass

ERROR, WARNING, INFO = "error", "warning", "info"

_NEW_VERSION = (
    "Leave this version's schema as it was, and give the change a version of its own; an upcaster"
    " makes the one of the other (docs/versions.md)."
)
_BESIDE = (
    "Leave this version's schema as it was, and publish the change as a version of its own beside"
    " it (docs/versions.md)."
)
_LATER = "Wait with sending it until all workers are of this release."
_NOTHING = "Nothing is to be done."


@dataclass(frozen=True)
class Rule:
    """`change`: what was done; `who`: one sentence that says who breaks; `way_out`: what to do."""

    id: str
    level: str
    change: str
    who: str
    way_out: str


def _error(id: str, change: str, who: str, way_out: str) -> Rule:
    return Rule(id, ERROR, change, who, way_out)


_OF_COMMANDS = (
    _error(
        "command-removed",
        "A command is gone",
        "Whoever sends it gets a CommandFailed, and what waits in queues becomes dead letters.",
        "Bring its schema and its handler back until nobody sends it (worker catalog senders).",
    ),
    _error(
        "command-version-removed",
        "A version of a command is gone",
        "Senders of this version get a CommandFailed, and what waits in queues becomes dead"
        " letters.",
        "Keep the schema of that version, with an upcaster to the next one (docs/versions.md).",
    ),
    _error(
        "command-field-removed",
        "A field of a command is gone",
        "Senders that still send the field are refused, since unknown fields are.",
        _NEW_VERSION,
    ),
    _error(
        "command-field-required",
        "A field of a command must be there, and had not to be",
        "Senders that leave the field out are refused.",
        f"Make it optional, with a default in the command's class. Or: {_NEW_VERSION}",
    ),
    _error(
        "command-type-narrowed",
        "A field of a command has another type",
        "Senders that send the type from before are refused.",
        _NEW_VERSION,
    ),
    _error(
        "command-null-refused",
        "A field of a command may not be null any more",
        "Senders that write null for what they do not know are refused.",
        _NEW_VERSION,
    ),
    _error(
        "command-value-removed",
        "A field of a command takes fewer values than were listed",
        "Senders that send one of the other values are refused.",
        _NEW_VERSION,
    ),
    _error(
        "command-length-narrowed",
        "A text of a command may be less long, or must be longer",
        "Senders whose text was within the limits from before are refused.",
        _NEW_VERSION,
    ),
    _error(
        "command-range-narrowed",
        "A number of a command has narrower limits",
        "Senders whose number was within the limits from before are refused.",
        _NEW_VERSION,
    ),
    _error(
        "command-count-narrowed",
        "A list or mapping of a command may have fewer items, or must have more",
        "Senders that send as many as they might before are refused.",
        _NEW_VERSION,
    ),
    _error(
        "command-form-narrowed",
        "A value of a command must have another form (pattern, format, step)",
        "Senders that write it as they did before may be refused.",
        _NEW_VERSION,
    ),
    _error(
        "command-repeats-refused",
        "A list of a command may not have an item twice any more",
        "Senders that send an item twice are refused.",
        _NEW_VERSION,
    ),
    _error(
        "command-fields-closed",
        "An object in a command has only the fields that are named",
        "Senders that send others there are refused.",
        _NEW_VERSION,
    ),
    _error(
        "command-unclear",
        "A field of a command is described by alternatives, and they are others",
        "Nobody can tell by the schemas whether senders are refused.",
        _NEW_VERSION,
    ),
    Rule(
        "command-default-changed",
        WARNING,
        "A field that is left out means something else",
        "Nobody is refused, but senders that leave the field out get something else than before.",
        "Tell the senders, or give the change a version of its own.",
    ),
    Rule("command-added", INFO, "A command is new", "Nobody breaks.", _LATER),
    Rule("command-version-added", INFO, "A command has a new version", "Nobody breaks.", _LATER),
    Rule(
        "command-field-added",
        INFO,
        "A command has a new optional field",
        "Nobody breaks.",
        _LATER,
    ),
    Rule("command-widened", INFO, "A command takes more than before", "Nobody breaks.", _LATER),
)

_OF_EVENTS = (
    _error(
        "event-removed",
        "An event is gone",
        "Its subscribers, and senders that wait for it as a reply, hear nothing more, and are not"
        " told so.",
        "Publish it until all who need it have something else.",
    ),
    _error(
        "event-version-removed",
        "A version of an event is gone",
        "Subscribers that read this version hear nothing more, or what they cannot read.",
        "Keep the schema of that version beside the new one, and accept its end with a reason and"
        " a date when all read the new one (docs/versions.md).",
    ),
    _error(
        "event-field-removed",
        "A field of an event is gone",
        "Subscribers that read the field find nothing.",
        _BESIDE,
    ),
    _error(
        "event-field-uncertain",
        "A field of an event may be missing that was always there",
        "Subscribers that rely on the field fail on the first event without it.",
        _BESIDE,
    ),
    _error(
        "event-type-widened",
        "A field of an event has another type",
        "Subscribers whose program expects the type from before cannot read it.",
        _BESIDE,
    ),
    _error(
        "event-null-added",
        "A field of an event may be null",
        "Subscribers that never had to expect null fail on the first one.",
        _BESIDE,
    ),
    _error(
        "event-value-added",
        "A field of an event has values that were not listed",
        "Subscribers that have a case for each value have none for the new ones.",
        _BESIDE,
    ),
    _error(
        "event-length-widened",
        "A text of an event may be longer, or shorter",
        "Subscribers whose column has the length from before cannot store it.",
        _BESIDE,
    ),
    _error(
        "event-range-widened",
        "A number of an event has wider limits",
        "Subscribers whose type or column fits the limits from before cannot hold it.",
        _BESIDE,
    ),
    _error(
        "event-count-widened",
        "A list or mapping of an event may have more items, or fewer",
        "Subscribers that rely on the number from before fail.",
        _BESIDE,
    ),
    _error(
        "event-form-widened",
        "A value of an event may have another form (pattern, format, step)",
        "Subscribers that parse the form from before cannot read it.",
        _BESIDE,
    ),
    _error(
        "event-repeats-allowed",
        "A list of an event may have an item twice",
        "Subscribers that make a set or a key of the items lose some.",
        _BESIDE,
    ),
    _error(
        "event-fields-opened",
        "An object in an event may have values of any kind",
        "Subscribers that read all its values by the type from before fail.",
        _BESIDE,
    ),
    _error(
        "event-unclear",
        "A field of an event is described by alternatives, and they are others",
        "Nobody can tell by the schemas whether subscribers can read it.",
        _BESIDE,
    ),
    Rule("event-added", INFO, "An event is new", "Nobody breaks: subscribers skip it.", _NOTHING),
    Rule(
        "event-version-added",
        INFO,
        "An event has a new version",
        "Nobody breaks: subscribers of the old one take the new one for a repeat.",
        _NOTHING,
    ),
    Rule(
        "event-field-added",
        INFO,
        "An event has a new field",
        "Nobody breaks: subscribers skip what they do not know.",
        _NOTHING,
    ),
    Rule("event-narrowed", INFO, "An event says less various things", "Nobody breaks.", _NOTHING),
)

_OF_THE_REST = (
    Rule(
        "code-added",
        WARNING,
        "A command may be rejected, or fail, with a new code",
        "Senders that have a case for each code have none for the new one.",
        "Tell the senders; their programs should have a case for codes that they do not know.",
    ),
    Rule("code-removed", INFO, "A code does not occur any more", "Nobody breaks.", _NOTHING),
    Rule(
        "reply-added",
        WARNING,
        "A command may end in an event that it could not end in before",
        "Senders that ask for a reply may get one that they do not know.",
        "Tell the senders.",
    ),
    _error(
        "queue-renamed",
        "The command queue has another name",
        "All senders publish into a queue that nobody reads.",
        "Set COMMAND_QUEUE to the name that it had.",
    ),
    _error(
        "exchange-renamed",
        "The event exchange has another name",
        "All subscribers are bound to an exchange to which nobody publishes.",
        "Set EVENT_EXCHANGE to the name that it had.",
    ),
    _error(
        "exchange-kind-changed",
        "The event exchange is of another kind",
        "Subscribers are bound in a way that brings them nothing, or not all.",
        "Leave it as it was, and publish to a new one beside it.",
    ),
    _error(
        "size-lowered",
        "Commands may have fewer bytes",
        "Senders of large commands are refused.",
        "Set MAX_MESSAGE_BYTES to what it was.",
    ),
)

RULES = {rule.id: rule for rule in (*_OF_COMMANDS, *_OF_EVENTS, *_OF_THE_REST)}
