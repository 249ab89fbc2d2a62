"""The hosts that serve the page: requests under another host or from another site are refused.

A site in the browser can lead its own name to this machine (DNS rebinding), connect from another port, or
show the page in a frame. Streamlit checks the host of websockets only, accepts every origin on localhost,
and allows frames.
"""

from logging import getLogger
from typing import NamedTuple

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from assistant.pages.document import DocumentLanguage

LOG = getLogger(__name__)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_SHOWN = 80  # characters of a header in a refusal
UNFRAMED = {"content-security-policy": "frame-ancestors 'none'", "x-frame-options": "DENY"}


class Refusal(NamedTuple):
    """The HTTP status and the line that refuse a request."""

    status: int
    line: str


class HostCheck:
    """Passes on requests under a listed host from the page itself, refuses others, and forbids frames."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or a websocket."""

        async def send_unframed(message: Message) -> None:
            if message["type"].endswith("http.response.start"):
                MutableHeaders(scope=message).update(UNFRAMED)
            await send(message)

        refused = None if scope["type"] == "lifespan" else refusal(Headers(scope=scope))
        if refused and scope["type"] == "websocket":
            LOG.warning(refused.line)  # a browser does not show it
        answer = PlainTextResponse(refused.line, refused.status) if refused else self._app
        await answer(scope, receive, send_unframed)


MIDDLEWARE = (Middleware(HostCheck), Middleware(DocumentLanguage))


def refusal(headers: Headers) -> Refusal | None:
    """The refusal of a request; None if its host is listed and its origin, if it has one, is that host.

    Browsers send the Origin with every websocket. Programs need not.
    """
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    listed = st.get_option("server.allowedHosts")
    # An empty list would allow every host.
    if len(hosts) != 1 or not listed or not is_host_allowed(hosts[0]):
        return Refusal(
            421,
            f"genlens is not served at {_shown(hosts)}, only at: {', '.join(listed) or 'no host'}. "
            "If the name is yours, list it with: genlens chat --host NAME",
        )
    if not {origin.lower() for origin in origins} <= {
        f"{way}://{hosts[0].lower()}" for way in ("http", "https")
    }:
        return Refusal(
            403,
            f"genlens answers only its own page at {_shown(hosts)}, not {_shown(origins)}. "
            "Open the page at its own address; a proxy must pass the Host on.",
        )
    return None


def only_on_this_machine() -> bool:
    """True if the server listens on loopback and lists no other host, such as that of a proxy."""
    return {st.get_option("server.address"), *st.get_option("server.allowedHosts")} <= set(LOOPBACK)


def _shown(values: list[str]) -> str:
    return repr(" ".join(values)[:MAX_SHOWN])
