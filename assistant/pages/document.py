"""The language of the HTML document, for screen readers, fonts and offers of translation.

Streamlit serves every document as English; ours is in the language of its address, or else of the browser.
"""

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.pages.address import LANGUAGE

# Of the same length, so the length of the document stays.
ENGLISH, JAPANESE = b'<html lang="en"', b'<html lang="ja"'


class DocumentLanguage:
    """Passes all requests on, and names the language of Japanese documents."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or a websocket."""

        async def send_japanese(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": message.get("body", b"").replace(ENGLISH, JAPANESE)}
            await send(message)

        japanese = scope["type"] == "http" and is_japanese(scope)
        await self._app(scope, receive, send_japanese if japanese else send)


def is_japanese(scope: Scope) -> bool:
    """True if a document is asked for in Japanese: in its address, or else by the browser."""
    headers = Headers(scope=scope)
    if "text/html" not in headers.get("accept", ""):
        return False
    asked = QueryParams(scope["query_string"]).get(LANGUAGE)
    return (asked or headers.get("accept-language", "")).lower().startswith("ja")
