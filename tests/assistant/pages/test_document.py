"""The language of the HTML document."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from assistant.pages.document import DocumentLanguage


def page(_request: Request) -> HTMLResponse:
    return HTMLResponse('<!DOCTYPE html><html lang="en"><body>Text</body></html>')


APP = Starlette(routes=[Route("/", page)], middleware=[Middleware(DocumentLanguage)])


@pytest.mark.parametrize(
    ("query", "browser", "language"),
    [
        ("", "en-GB,ja;q=0.5", "en"),
        ("", "ja-JP,en;q=0.5", "ja"),
        ("lang=ja", "en-GB", "ja"),
        ("lang=en", "ja-JP", "en"),
        ("lang=fr", "ja-JP", "en"),
        ("q=x&lang=ja", "", "ja"),
    ],
)
def test_document_is_in_the_language_of_its_address_or_browser(
    query: str, browser: str, language: str
) -> None:
    headers = {"accept": "text/html,*/*", "accept-language": browser}
    response = TestClient(APP).get(f"/?{query}", headers=headers)
    assert response.text == f'<!DOCTYPE html><html lang="{language}"><body>Text</body></html>'
    assert response.headers["content-length"] == str(len(response.content))


def test_other_files_are_unchanged() -> None:
    response = TestClient(APP).get("/?lang=ja", headers={"accept": "*/*"})
    assert '<html lang="en">' in response.text
