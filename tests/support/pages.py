"""The pages without a browser, by the paths they have."""

from streamlit.testing.v1 import AppTest


def opened(app: AppTest, path: str, **query: str) -> AppTest:
    """A page after its first run, as a link to it opens it."""
    app.run()
    app._page_hash = app.session_state["pages"][path]._script_hash
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def shown(app: AppTest) -> str:
    """All Markdown of a page."""
    return "\n".join(element.value for element in app.markdown)


def links(app: AppTest) -> list[tuple[str, str]]:
    """Label and query of each link to a page of ours, in order."""
    return [(link.proto.label, link.proto.query_string) for link in app.get("page_link")]
