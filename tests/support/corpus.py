"""A small corpus with words chosen for rankings that are easy to compute by hand."""

from kb.entries import Entry, Item, Kind, Language, Link, Marker, RiskLevel, Role, Section
from kb.storage.manifest import SourceState

LENS = "https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens"
OWASP = "https://raw.githubusercontent.com/GenAI-Security-Project/GenAI-LLM-Top10/main"
BOUNDS = "How do you keep agents within bounds?"
MADE_AT = "2026-01-02T03:04:05+00:00"
SOURCES = (
    SourceState("genai-lens", "2025-11-19", "en", 5, MADE_AT, "site"),
    SourceState("owasp-llm", "2026", "en", 2, MADE_AT, "site"),
    SourceState("owasp-llm", "2025", "en", 1, MADE_AT, "catalogue"),
)


def prose(title: str, role: Role, *paragraphs: str, anchor: str = "") -> Section:
    """A section of plain paragraphs."""
    return Section(title, role, tuple(Item(text) for text in paragraphs), anchor)


def numbered(title: str, *steps: str, anchor: str = "implementation-steps") -> Section:
    """A section of numbered steps."""
    return Section(title, Role.STEPS, tuple(Item(text, Marker.NUMBER) for text in steps), anchor)


def question() -> Entry:
    """GENSEC05, the question of two best practices."""
    return Entry(
        id="GENSEC05",
        kind=Kind.QUESTION,
        title="Excessive agency",
        source="genai-lens",
        edition="2025-11-19",
        url=f"{LENS}/gensec05.html",
        language=Language.ENGLISH,
        sections=(prose("Introduction", Role.INTRODUCTION, "Agents act for people, within bounds."),),
        pillar="Security",
        question=BOUNDS,
    )


def practice(
    entry_id: str,
    title: str,
    level: RiskLevel,
    *sections: Section,
    pillar: str = "Security",
    language: Language = Language.ENGLISH,
) -> Entry:
    """A best practice with the given sections."""
    return Entry(
        id=entry_id,
        kind=Kind.BEST_PRACTICE,
        title=title,
        source="genai-lens",
        edition="2025-11-19",
        url=f"{LENS}/{entry_id.lower()}.html",
        language=language,
        sections=sections,
        pillar=pillar,
        question="How do you keep agents within bounds?"
        if entry_id.startswith("GENSEC05")
        else "How do you spend less?",
        risk_level=level,
    )


def risk(number: int, edition: str, title: str, *sections: Section) -> Entry:
    """A risk with the given sections."""
    return Entry(
        id=f"LLM{number:02}:{edition}",
        kind=Kind.RISK,
        title=title,
        source="owasp-llm",
        edition=edition,
        url=f"{OWASP}/{edition}/LLM{number:02}_{title.replace(' ', '')}.md",
        language=Language.ENGLISH,
        sections=sections,
    )


def corpus() -> tuple[Entry, ...]:
    """A question, three best practices (one also in Japanese), a page, and three risks of two editions."""
    return (
        question(),
        practice(
            "GENSEC05-BP01",
            "Give agents only the permissions they need",
            RiskLevel.HIGH,
            prose(
                "Introduction",
                Role.INTRODUCTION,
                "A narrow role keeps an agent from deleting records. "
                "Broad roles invite damage that nobody asked for.",
            ),
            prose("Desired outcome", Role.OUTCOME, "Every agent runs under a role that fits its one task."),
            numbered(
                "Implementation steps",
                "Write one narrow role for each agent.",
                "Ask a person to approve refunds before the agent makes them.",
                "Review roles every quarter.",
            ),
            Section(
                "Related documents",
                Role.RESOURCES,
                (Item("Permission boundaries", Marker.BULLET),),
                links=(Link("Permission boundaries", "https://docs.aws.amazon.com/IAM/"),),
            ),
        ),
        practice(
            "GENSEC05-BP01",
            "エージェントには必要な権限だけを与える",
            RiskLevel.HIGH,
            prose("概要", Role.INTRODUCTION, "権限を絞ると、エージェントが勝手に記録を消すことを防げます。"),
            numbered("実施すること", "エージェントごとに専用のロールを作る。", anchor=""),
            language=Language.JAPANESE,
        ),
        practice(
            "GENSEC05-BP02",
            "Stop runaway agents",
            RiskLevel.MEDIUM,
            prose(
                "Introduction",
                Role.INTRODUCTION,
                "A time limit ends agents that loop forever and waste money.",
            ),
            numbered(
                "Implementation steps", "Set a timeout for every tool call.", "Count the loops of each run."
            ),
        ),
        practice(
            "GENCOST03-BP01",
            "Cache repeated prompts",
            RiskLevel.LOW,
            prose(
                "Introduction",
                Role.INTRODUCTION,
                "Prompt caching makes repeated tokens cheap for every tenant.",
            ),
            numbered("Implementation steps", "Put the stable words first.", "Measure cache hits."),
            pillar="Cost optimization",
        ),
        Entry(
            id="genai-lens/definitions",
            kind=Kind.PAGE,
            title="Definitions",
            source="genai-lens",
            edition="2025-11-19",
            url=f"{LENS}/definitions.html",
            language=Language.ENGLISH,
            sections=(prose("Introduction", Role.INTRODUCTION, "A token is a piece of a word."),),
        ),
        risk(
            3,
            "2026",
            "Excessive Agency",
            prose(
                "Description",
                Role.INTRODUCTION,
                "An agent with too many permissions can do harm by deleting records.",
            ),
            prose("Prevention", Role.STEPS, "Limit the tools of every agent. Log what they do."),
        ),
        risk(
            6,
            "2026",
            "Unbounded Consumption",
            prose(
                "Description", Role.INTRODUCTION, "Floods of requests make the bill explode without limit."
            ),
            prose("Prevention", Role.STEPS, "Cap the spend of every key each day."),
        ),
        risk(
            6,
            "2025",
            "Excessive Agency",
            prose(
                "Description",
                Role.INTRODUCTION,
                "Agency beyond need lets an agent with permissions go deleting records.",
            ),
            prose("Prevention", Role.STEPS, "Limit extensions to those that are needed."),
        ),
    )
