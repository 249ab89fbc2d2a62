"""What kinds, pillars, phases and sources are called on the pages, in both languages."""

from assistant.pages.words import Words
from kb.entries import Entry, Kind
from kb.ids import PILLARS

WORDS = Words(
    {
        Kind.QUESTION: "Question",
        Kind.BEST_PRACTICE: "Best practice",
        Kind.RISK: "Risk",
        Kind.PRINCIPLE: "Design principle",
        Kind.PAGE: "Page",
        "High": "High",
        "Medium": "Medium",
        "Low": "Low",
        "genai-lens": "Generative AI Lens",
        "owasp-llm": "OWASP Top 10 for LLM",
    }
    | {pillar: pillar for pillar in PILLARS.values()}
    | {
        phase: phase
        for phase in (
            "Scoping",
            "Model selection",
            "Model customization",
            "Development and integration",
            "Deployment",
            "Continuous improvement",
        )
    },
    {
        Kind.QUESTION: "質問",
        Kind.BEST_PRACTICE: "ベストプラクティス",
        Kind.RISK: "リスク",
        Kind.PRINCIPLE: "設計原則",
        Kind.PAGE: "ページ",
        "High": "高",
        "Medium": "中",
        "Low": "低",
        "genai-lens": "生成 AI レンズ",
        "owasp-llm": "OWASP Top 10 for LLM",
        "Operational excellence": "運用上の優秀性",
        "Security": "セキュリティ",
        "Reliability": "信頼性",
        "Performance efficiency": "パフォーマンス効率",
        "Cost optimization": "コスト最適化",
        "Sustainability": "持続可能性",
        "Scoping": "スコープの決定",
        "Model selection": "モデルの選択",
        "Model customization": "モデルのカスタマイズ",
        "Development and integration": "開発と統合",
        "Deployment": "デプロイ",
        "Continuous improvement": "継続的な改善",
    },
)


def label(value: str) -> str:
    """What a value is called in the interface language; as it stands where nobody gave it a name.

    Sources may carry their edition: "owasp-llm 2025".
    """
    if value in WORDS.english:
        return WORDS(value)
    source, _, edition = value.partition(" ")
    return f"{WORDS(source)} {edition}" if source in WORDS.english else value


def heading(entry: Entry) -> str:
    """What an entry is called in a list: a question of the lens is asked, all else has its title."""
    return entry.question if entry.kind is Kind.QUESTION and entry.question else entry.title
