"""Sending dead letters again: one, several, a group, or what the options choose."""

import sys
from dataclasses import replace
from typing import Any

import click

from persistence.audit import record, user
from persistence.dead_letters import DeadLetterViews, Selection
from worker.cli.dead.choosing import (
    choosing,
    chosen,
    is_anything,
    letters,
    require_yes,
    writing,
)
from worker.cli.dead.looking import pretty
from worker.cli.dead.operations import summary
from worker.cli.dead.progress import Watching
from worker.component import Component
from worker.dead.letters import Preview, preview
from worker.dead.operation import Replaying, replay_one
from worker.exceptions import NotReplayable
from worker.runtime.showing import harmless

TOLD = 10  # reasons, or letters, that are told one by one
_WATCH = "`dead operations` tells what comes of it."


@click.command("replay")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@choosing
@click.option("--all", "everything", is_flag=True, help="All but those of groups on hold.")
@click.option("--first", type=click.IntRange(1), metavar="N", help="Only the first N in the order.")
@click.option("--rate", type=click.FloatRange(0.1), metavar="N", help="At most N a second.")
@click.option("--dry-run", is_flag=True, help="Say what could be read today, and send nothing.")
@click.option("--body", type=click.File("rb"), help="Send this body in the letter's place.")
@click.option("--edit", is_flag=True, help="Correct the body in $EDITOR, and send that.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay_command(ids: tuple[int, ...], body: Any, edit: bool, **options: Any) -> None:
    """Send the commands of dead letters again, under their command_id.

    One goes at once. Several go in batches of 1, 2, 5, 20, 50 … in their original order; each batch
    is waited for, and the same failure again ends it. Groups on hold stay, unless they are named.
    A corrected body (--body, --edit) is a new command, under a command_id of its own.
    """
    with writing() as component:
        if body or edit:
            _correct(component, ids, body.read() if body else None)
            return
        how = {
            name: options.pop(name) for name in ("everything", "first", "rate", "dry_run", "yes")
        }
        selection = chosen(component.database, ids, **options)
        if is_anything(selection) == how["everything"]:
            raise click.UsageError("Say ID…, or which by the options, or --all.")
        if selection == Selection(ids=ids) and len(ids) == 1 and not how["dry_run"]:
            _replay_one(component, ids[0])
        else:
            _replay_many(component, selection, **how)


def _replay_one(component: Component, letter_id: int) -> None:
    _record(component, {"ids": [letter_id]})
    replay_one(component, letter_id, user())
    click.echo(f"The relay will send dead letter {letter_id} again. {_WATCH}")


def _replay_many(
    component: Component,
    selection: Selection,
    *,
    everything: bool,
    first: int | None,
    rate: float | None,
    dry_run: bool,
    yes: bool,
) -> None:
    views = _views(component)
    but_held = not (selection.ids or selection.group)
    frozen = views.in_order(replace(selection, but_held=but_held, up_to=views.last()))
    ids = [*sorted(set(selection.ids) - set(frozen)), *frozen][:first]  # those not there, too
    if dry_run:
        _show_preview(preview(component, views, ids))
        return
    if not ids:
        click.echo("No dead letters to replay.")
        return
    if len(ids) > 1:
        require_yes(f"Replay {letters(len(ids))}?", yes=yes)
    options = {"first": first, "rate": rate, "all": everything or None}
    described = {**selection.described(), **{n: v for n, v in options.items() if v is not None}}
    _record(component, {**described, "letters": len(ids)})
    with Watching() as watching:
        replaying = Replaying(component, ids, watching, rate=rate)
        operation = replaying.run(user(), described)
    _show_left(replaying.left)
    click.echo(summary(operation))
    if operation.reason:
        click.echo(operation.reason, err=True)
    if operation.applied + operation.rejected < operation.asked:
        sys.exit(1)


def _correct(component: Component, ids: tuple[int, ...], body: bytes | None) -> None:
    if len(ids) != 1:
        raise click.UsageError("--body and --edit correct one letter: say its ID.")
    if body is None:
        body = _edited(component, ids[0])
    _record(component, {"ids": [*ids], "corrected": True})
    command_id = replay_one(component, ids[0], user(), body)
    click.echo(f"The relay will send the corrected body as command {command_id}. {_WATCH}")


def _edited(component: Component, letter_id: int) -> bytes:
    letter = _views(component).find(letter_id)
    if letter is None:
        raise NotReplayable(f"There is no dead letter {letter_id}.")
    edited = click.edit(pretty(letter.body), extension=".json")
    if edited is None:
        raise click.ClickException("Nothing was changed, so nothing was sent.")
    return edited.encode()


def _show_preview(preview: Preview) -> None:
    stay = len(preview.left)
    click.echo(f"{letters(preview.readable)} can be read and would be sent; {stay} would stay.")
    for reason, count in preview.reasons[:TOLD]:
        click.echo(f"{count:8}  {harmless(reason)}")


def _show_left(left: dict[int, str]) -> None:
    for letter_id, why in list(left.items())[:TOLD]:
        click.echo(f"Dead letter {letter_id} stays: {harmless(why)}", err=True)
    if len(left) > TOLD:
        click.echo(f"So do {len(left) - TOLD} more; --dry-run counts the reasons.", err=True)


def _record(component: Component, parameters: dict[str, Any]) -> None:
    name = component.settings.component_name
    record(component.database, name, "dead replay", parameters)


def _views(component: Component) -> DeadLetterViews:
    return DeadLetterViews(component.database, component.settings.component_name)


COMMANDS = (replay_command,)
