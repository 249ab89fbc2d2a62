"""A practice whose page says a few things that lines of the catalogue restate."""

from kb.entries import Entry, Item, Marker, Origin, RiskLevel, Role, Section
from support.corpus import practice, prose

ROTATE = "Rotate the secret keys of every agent each 30 days."
LOG = "Keep a log of every call that an agent makes with its keys."
PAGE = (ROTATE, LOG)
# The first two restate the page; it says nothing on the other two.
ROTATE_LINE = "Rotate the secret keys of an agent every 30 days."
LOG_LINE = "Keep a log of every call an agent makes."
OTHER_NUMBER = "Rotate the secret keys of an agent every 90 days."
OTHER_SUBJECT = "Buy green paint for the walls of offices."
LINES = (ROTATE_LINE, LOG_LINE, OTHER_NUMBER, OTHER_SUBJECT)


def restated(page: tuple[str, ...] = PAGE, lines: tuple[str, ...] = LINES) -> Entry:
    """GENSEC01-BP01 with paragraphs of its page, and lines of the catalogue as steps."""
    return practice(
        "GENSEC01-BP01",
        "Rotate keys",
        RiskLevel.HIGH,
        *([prose("Implementation guidance", Role.GUIDANCE, *page, anchor="guidance")] if page else []),
        *([catalogue_steps(*lines)] if lines else []),
    )


def catalogue_steps(*lines: str) -> Section:
    """Steps in the words of the catalogue."""
    items = tuple(Item(line, Marker.NUMBER) for line in lines)
    return Section("What to do", Role.STEPS, items, origin=Origin.CATALOGUE)
