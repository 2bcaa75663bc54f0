"""Requests that somebody forges show nothing and change nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from persistence.audit import audit
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.dead_letters.table import dead_letter_groups
from persistence.operations import operations
from persistence.retries import retries
from tests.support.component import rows
from tests.support.console import HOST, ORIGIN, PORT, TestClient, bury, console, wrong
from worker.console.tokens import ALL, Token

EVIL = "https://evil.example"
RLO = "\u202e"  # what follows is shown from right to left
SECRET = "s3cr3t-of-the-body"
LONG_AGO = datetime.now(UTC) - timedelta(days=1)


def _token(name: str, *roles: str, until: datetime | None = None) -> Token:
    return Token(name, frozenset(roles), f"token-of-{name}-0123456789", until)


TOKENS = (
    Token("all", ALL, "token-of-all-0123456789"),
    _token("reader", "read"),
    _token("bodies", "read", "bodies"),
    _token("replayer", "read", "replay"),
    _token("purger", "read", "purge"),
    _token("sender", "read", "send"),
    _token("nobody"),
    Token("late", ALL, "token-of-late-0123456789", LONG_AGO),
)

# What is asked, by whom, with which headers besides, and which status that gets.
FORGED = {
    # no token, a wrong one, one of yesterday
    "no token": ("GET", "/letters", None, {}, 401),
    "no token, acting": ("POST", "/letters/1/replay", None, {}, 401),
    "a wrong token": ("GET", "/letters", "wrong", {}, 401),
    "an empty token": ("GET", "/letters", None, {"authorization": "Bearer "}, 401),
    "another scheme": ("GET", "/letters", None, {"authorization": "Basic YWxs"}, 401),
    "the beginning of a token": ("GET", "/", None, {"authorization": "Bearer token-of-all"}, 401),
    "an expired token": ("GET", "/letters", "late", {}, 401),
    "an expired token, acting": ("POST", "/letters/1/replay", "late", {}, 401),
    "a wrong cookie": ("GET", "/", None, {"cookie": f"console-{PORT}=wrong"}, 401),
    "a cookie that is none": ("GET", "/", None, {"cookie": 'console-8088="\\'}, 401),
    "another console's cookie": (
        "GET", "/", None, {"cookie": "console-1=token-of-all-0123456789"}, 401,
    ),
    "an expired cookie": (
        "GET", "/", None, {"cookie": f"console-{PORT}=token-of-late-0123456789"}, 401,
    ),
    "a token in the address": ("GET", "/letters?token=token-of-all-0123456789", None, {}, 401),
    "bytes for a token": ("GET", "/", None, {"authorization": b"Bearer \xff\xfe"}, 401),
    # a token without the role
    "no role at all": ("GET", "/letters", "nobody", {}, 403),
    "a reader replays": ("POST", "/letters/1/replay", "reader", {}, 403),
    "a reader replays many": ("POST", "/letters/replay", "reader", {}, 403),
    "a reader purges": ("POST", "/letters/purge", "reader", {}, 403),
    "a reader sends": ("POST", "/send", "reader", {}, 403),
    "a reader exports": ("GET", "/letters/export", "reader", {}, 403),
    "a reader searches bodies": ("GET", f"/letters?text={SECRET[:4]}", "reader", {}, 403),
    "a reader searches bodies for causes": ("GET", "/groups?text=s", "reader", {}, 403),
    "a reader looks at a view": ("GET", "/aggregate?id=1", "reader", {}, 403),
    "a reader notes": ("POST", "/groups/x", "reader", {}, 403),
    "a reader hurries": ("POST", "/waiting/now", "reader", {}, 403),
    "a reader cancels": ("POST", "/waiting/cancel", "reader", {}, 403),
    "a reader stops": ("POST", "/operations/1/stop", "reader", {}, 403),
    "a replayer purges": ("POST", "/letters/purge", "replayer", {}, 403),
    "a replayer corrects": ("POST", "/letters/1/correct", "replayer", {}, 403),
    "a replayer cancels": ("POST", "/waiting/cancel", "replayer", {}, 403),
    "a purger replays": ("POST", "/letters/1/replay", "purger", {}, 403),
    "a sender corrects": ("POST", "/letters/1/correct", "sender", {}, 403),
    "one who sees bodies sends": ("POST", "/send", "bodies", {}, 403),
    # another site
    "another origin": ("POST", "/letters/1/replay", "all", {"origin": EVIL}, 403),
    "an origin like ours": ("POST", "/letters/1/replay", "all", {"origin": f"{ORIGIN}.e"}, 403),
    "no page's origin": ("POST", "/letters/1/replay", "all", {"origin": "null"}, 403),
    "our host, another port": (
        "POST", "/letters/1/replay", "all", {"origin": "http://127.0.0.1:1"}, 403,
    ),
    "another site": ("POST", "/letters/1/replay", "all", {"sec-fetch-site": "cross-site"}, 403),
    "a site beside ours": (
        "POST", "/letters/1/replay", "all", {"sec-fetch-site": "same-site"}, 403,
    ),
    "a script elsewhere reads": (
        "GET", "/letters", "all", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}, 403,
    ),
    "an image elsewhere": (
        "GET", "/letters", "all",
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403,
    ),
    "events elsewhere": ("GET", "/events/stream", "all", {"origin": EVIL}, 403),
    "a login from elsewhere": ("POST", "/login", None, {"origin": EVIL}, 403),
    # another host, as a name that somebody lets resolve to us
    "a rebound name": ("GET", "/letters", "all", {"host": f"evil.example:{PORT}"}, 400),
    "a name that begins as ours": (
        "GET", "/letters", "all", {"host": f"127.0.0.1.evil.example:{PORT}"}, 400,
    ),
    "another port": ("GET", "/letters", "all", {"host": "127.0.0.1:1"}, 400),
    "no host": ("GET", "/letters", "all", {"host": ""}, 400),
    "a rebound name, acting": (
        "POST", "/letters/1/replay", "all", {"host": "evil.example", "origin": EVIL}, 400,
    ),
    # other ways and paths
    "acting by GET": ("GET", "/letters/1/replay", "all", {}, 405),
    "acting by PUT": ("PUT", "/letters/1/replay", "all", {}, 405),
    "deleting": ("DELETE", "/letters/1", "all", {}, 405),
    "a file above": ("GET", "/static/../settings.py", None, {}, (401, 404)),
    "a file above, escaped": ("GET", "/static/%2e%2e/settings.py", None, {}, 404),
    "a file above, escaped twice": ("GET", "/static/..%252fsettings.py", None, {}, 404),
    "a template": ("GET", "/static/%2e%2e/templates/base.html", None, {}, 404),
    "a static path that goes on": ("GET", "/static/..%2f..%2fletters", None, {}, 404),
    "a doubled slash": ("GET", "//letters", None, {}, 401),
    "a path that goes back": ("GET", "/static/%2e%2e/letters", None, {}, 404),
    "a login that goes on": ("GET", "/login/%2e%2e/letters", None, {}, 401),
    "a negative number": ("GET", "/letters/-1", "all", {}, 404),
    "a huge number": ("GET", f"/letters/{'9' * 30}", "all", {}, 404),
    "a number that is none": ("GET", "/letters/1%27--", "all", {}, 404),
    "a zero byte": ("GET", "/letters/1%00", "all", {}, 404),
    # acting without knowing on what
    "replaying without a number": ("POST", "/letters/replay", "all", {}, 409),
    "purging without a last one": ("POST", "/letters/purge", "all", {}, 422),
    "a group that is none": ("POST", "/groups/none", "all", {}, 404),
    "an operation that is none": ("POST", "/operations/9/stop", "all", {}, 409),
    "sending nothing": ("POST", "/send", "all", {}, 422),
}  # fmt: skip


@pytest.fixture
def client(sqlite: Database) -> Iterator[TestClient]:
    bury(sqlite, wrong(value={"secret": SECRET}))
    with console(sqlite, *TOKENS) as client:
        yield client


@pytest.fixture
def bearing() -> dict[str, str]:
    return {token.name: token.secret for token in TOKENS}


def _changed(database: Database) -> list[object]:
    tables = dead_letters, dead_letter_groups, operations, retries
    with database.engine.connect() as connection:
        return [tuple(map(tuple, connection.execute(select(table)))) for table in tables]


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_request_is_refused(forged, client, bearing, sqlite):
    method, path, who, headers, status = FORGED[forged]
    given = {"authorization": f"Bearer {bearing.get(who, who)}"} if who else {}
    before = _changed(sqlite)
    answer = client.request(method, path, headers={**given, **headers})
    expected = status if isinstance(status, tuple) else (status,)
    assert answer.status_code in expected, answer.text
    assert SECRET not in answer.text
    assert _changed(sqlite) == before


def test_each_page_is_shown_to_who_may_read_without_what_senders_have_written(client):
    head = {"authorization": f"Bearer {TOKENS[1].secret}"}
    for path in ("/", "/groups", "/letters", "/letters/1", "/letters/chosen", "/audit", "/waiting"):
        for accept in ("text/html", "application/json"):
            answer = client.get(path, headers={**head, "accept": accept})
            assert answer.status_code == 200
            assert SECRET not in answer.text


def test_who_sees_bodies_sees_them(client):
    head = {"authorization": f"Bearer {TOKENS[2].secret}"}
    assert SECRET in client.get("/letters/1", headers=head).text


def test_a_page_without_a_token_leads_to_the_login(client):
    answer = client.get("/letters", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_whoever_logs_in_has_a_cookie_that_no_script_and_no_other_site_gets(client):
    answer = client.post("/login", data={"token": TOKENS[0].secret})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/letters").status_code == 200
    client.post("/logout")
    assert client.get("/letters").status_code == 401


def test_a_cookie_acts_only_with_the_origin_of_our_own_pages(client):
    client.post("/login", data={"token": TOKENS[0].secret})
    del client.headers["origin"]
    assert client.post("/letters/1/replay").status_code == 403
    assert client.get("/letters").status_code == 200


def test_a_program_with_a_token_needs_no_origin_and_the_audit_names_the_token(client, sqlite):
    del client.headers["origin"]
    head = {"authorization": f"Bearer {TOKENS[3].secret}"}
    group = client.get("/groups", headers=head).json()["groups"][0]["id"]
    assert client.post(f"/groups/{group}", headers=head, data={"note": "known"}).status_code == 200
    (entry,) = rows(sqlite, audit)
    assert (entry["actor"], entry["action"]) == ("replayer", "dead group")


def test_on_this_machine_alone_no_token_is_needed_but_an_origin_for_acting(sqlite):
    letter = bury(sqlite, wrong())
    with console(sqlite) as client:
        assert client.get("/letters").json()["count"] == 1
        del client.headers["origin"]
        assert client.post(f"/letters/{letter}/replay").status_code == 403


def test_markup_and_escape_sequences_of_a_sender_are_text(sqlite):
    evil = "<script>alert(1)</script>\x1b[2J\u202e\"'><img src=x onerror=alert(1)>"
    bury(sqlite, wrong(**{evil: 1, "value": evil}))
    bury(sqlite, wrong(), type=evil)
    with console(sqlite) as client:
        for path in ("/groups", "/letters", "/letters/1", "/letters/2", "/letters/chosen"):
            page = client.get(path, headers={"accept": "text/html"}).text
            assert "<script>alert" not in page
            assert "<img" not in page
            assert "\x1b" not in page
            assert "\u202e" not in page
        assert "\u202e" not in client.get("/letters").text
        refused = client.post("/send", data={"type": "thing.Create", "body": f'{{"{RLO}": 1}}'})
        assert refused.status_code == 422
        assert RLO not in refused.text


@pytest.mark.parametrize("path", ["/", "/letters", "/login", "/static/console.js", "/nowhere"])
def test_every_answer_forbids_what_is_not_ours(path, sqlite):
    with console(sqlite) as client:
        headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_the_host_of_a_console_behind_a_proxy_is_free(sqlite):
    with console(sqlite, *TOKENS, host="0.0.0.0") as client:
        head = {"authorization": f"Bearer {TOKENS[0].secret}", "host": "console.example"}
        assert client.get(
            "/letters", headers=head | {"origin": "https://console.example"}
        ).is_success
        assert client.get("/letters", headers=head | {"origin": ORIGIN}).status_code == 403
        assert HOST not in client.get("/login", headers=head).text
