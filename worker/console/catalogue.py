"""The page of all messages, which `catalog --html` writes, too."""

import re
from base64 import b64encode
from hashlib import sha256

from starlette.responses import Response

from worker.catalog.page import page
from worker.console.guard import POLICY
from worker.console.visit import JSON, Visit
from worker.runtime.showing import json_text


def catalogue(visit: Visit) -> Response:
    """Return the page, whose own script and style alone may run there; or the document."""
    document = visit.desk.document
    if visit.as_json:
        return Response(json_text(document, indent=2), media_type=JSON)
    html = page(document, home="/")
    scripts, styles = (_hashes(html, tag) for tag in ("script", "style"))
    policy = POLICY.replace("script-src 'self'", f"script-src {scripts}")
    policy = policy.replace("style-src 'self'", f"style-src {styles}")
    headers = {"Content-Security-Policy": policy}
    return Response(html, media_type="text/html", headers=headers)


def _hashes(html: str, tag: str) -> str:
    texts = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    digests = (b64encode(sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)
