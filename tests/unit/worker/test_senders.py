"""The rules of ALLOWED_SENDERS: what they mean, and what is none."""

import pytest

from tests.support.component import settings
from worker.composition import compose
from worker.exceptions import SettingsError
from worker.senders import allowed_senders, check_senders, why_not_allowed

RULES = allowed_senders("entity.Create=shop,office; *=admin")


def test_a_rule_names_the_users_of_a_type():
    assert {"entity.Create": {"shop", "office"}, "*": {"admin"}} == RULES


@pytest.mark.parametrize("user", ["shop", "office", "admin"])
def test_who_is_named_for_the_type_or_for_every_type_may_send_it(user):
    assert why_not_allowed(RULES, "entity.Create", user) is None


def test_who_is_named_for_another_type_may_not():
    assert why_not_allowed(RULES, "entity.UpdateValue", "shop") == (
        "The user 'shop' may not send entity.UpdateValue."
    )


def test_who_names_no_user_is_told_how_to():
    assert "property user_id" in why_not_allowed(RULES, "entity.Create", None)


def test_without_a_rule_for_the_type_everybody_may_send_it():
    rules = allowed_senders("entity.Create=shop")
    assert why_not_allowed(rules, "entity.UpdateValue", None) is None


def test_a_user_may_have_an_equals_sign():
    assert allowed_senders("a.B=CN=shop") == {"a.B": {"CN=shop"}}


@pytest.mark.parametrize("text", ["", " ", "shop", "a.B=", "=shop", "a.B=shop,", "a.B=shop;", ";"])
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(ValueError, match="Must be users by type"):
        allowed_senders(text)


def test_two_rules_for_one_type_are_refused():
    with pytest.raises(ValueError, match=r"Names a\.B twice"):
        allowed_senders("a.B=shop; a.B=office")


def test_a_rule_for_a_command_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(SettingsError) as error:
        check_senders(allowed_senders("a.C=shop"), ["a.B", "a.A"])
    assert str(error.value) == "ALLOWED_SENDERS: there is no command a.C, but a.A, a.B."


def test_a_component_does_not_start_with_such_a_rule():
    with pytest.raises(SettingsError, match="ALLOWED_SENDERS"):
        compose(settings(allowed_senders=allowed_senders("entity.Crate=shop")))
