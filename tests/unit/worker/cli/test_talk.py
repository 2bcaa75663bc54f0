"""What somebody who sends commands is told of them."""

import json

import pytest

from schemas.exceptions import Undecodable
from tests.support.messages import CREATE, codec, message
from worker.amqp.wire import Message
from worker.cli.talk import Talk
from worker.exceptions import BrokerUnavailable
from worker.sender import Draft, draft


def talk(*, many: bool = False, wait: bool = False, as_json: bool = False) -> Talk:
    return Talk(many=many, wait=wait, as_json=as_json)


def command(talk: Talk, line: int = 1) -> Draft:
    """Begin to talk about a command."""
    result = draft(codec(), CREATE, {})
    talk.begin(result, line)
    return result


def failure(reason: str = "No.") -> Message:
    return message("CommandFailed", {"code": "failed", "reason": reason})


def test_of_one_command_its_body_is_told_once_it_is_sent(capsys):
    one = talk()
    sent = command(one)
    assert (capsys.readouterr().out, one.open) == ("", 1)
    one.settled(sent, True)
    assert json.loads(capsys.readouterr().out) == sent.content
    assert (one.open, one.went_wrong) == (0, 0)


def test_who_waits_is_told_the_outcome_instead(capsys):
    one = talk(wait=True)
    sent = command(one)
    one.settled(sent, True)
    assert (capsys.readouterr().out, one.open) == ("", 1)
    one.answered(sent.command_id, message("thing.Created", {"a": 1}))
    assert json.loads(capsys.readouterr().out)["type"] == "thing.Created"
    assert (one.open, one.went_wrong) == (0, 0)


def test_an_outcome_may_come_before_the_broker_s_confirm():
    one = talk(wait=True)
    sent = command(one)
    one.answered(sent.command_id, message("thing.Created", {}))
    one.settled(sent, True)
    assert (one.open, str(one)) == (0, "1 thing.Created, 1 sent")


def test_one_that_the_broker_refuses_is_an_error():
    one = talk()
    with pytest.raises(BrokerUnavailable, match="the queue may be full"):
        one.settled(command(one), False)


def test_of_many_only_what_went_wrong_is_told_with_the_number_of_its_line(capsys):
    many = talk(many=True, wait=True)
    first, second, third = command(many, 3), command(many, 5), command(many, 9)
    many.wrong(4, Undecodable("malformed", "The body is not JSON."))
    many.answered(first.command_id, message("thing.Created", {}))
    many.answered(second.command_id, failure("It could not be applied."))
    many.settled(third, False)
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.partition(": ")[0] for line in told.err.splitlines()] == [
        "line 4",
        "line 5",
        "line 9",
    ]
    assert "CommandFailed failed: It could not be applied." in told.err
    assert (many.open, many.went_wrong) == (0, 3)


def test_at_the_end_it_is_told_how_many_there_were_beside_what_programs_read(capsys):
    many = talk(many=True, wait=True)
    many.settled(sent := command(many), True)
    many.answered(sent.command_id, failure())
    capsys.readouterr()
    many.sum_up()
    assert capsys.readouterr() == ("", "1 sent, 1 CommandFailed.\n")


def test_as_json_every_one_is_told(capsys):
    many = talk(many=True, wait=True, as_json=True)
    good, bad = command(many, 1), command(many, 2)
    many.answered(good.command_id, message("thing.Created", {}))
    many.answered(bad.command_id, failure())
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(item["line"], item["outcome"]["type"]) for item in told] == [
        (1, "thing.Created"),
        (2, "CommandFailed"),
    ]
    assert many.went_wrong == 1


def test_the_outcome_of_a_stranger_s_command_is_not_ours(capsys):
    one = talk(wait=True)
    command(one)
    one.answered("another", failure())
    assert (one.open, one.went_wrong, capsys.readouterr().out) == (1, 0, "")


def test_who_gives_up_is_told_of_how_many_nothing_is_known(capsys):
    many = talk(many=True, wait=True)
    command(many), command(many)
    many.give_up(2.5)
    assert "No outcome within 2.5 s, of 2." in capsys.readouterr().err
    assert many.went_wrong == 2


def test_what_others_wrote_is_told_harmlessly_in_one_line(capsys):
    many = talk(many=True, wait=True)
    many.answered(command(many).command_id, failure("[red]\x1b[2J\n" + "x" * 300))
    told = capsys.readouterr().err
    assert told.startswith("line 1: CommandFailed failed: [red]\\x1b[2J\\x0ax")
    assert told.count("\n") == 1
