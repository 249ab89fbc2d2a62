from dataclasses import replace

import pytest

from kb.coverage import Evidence, confidence, is_covered
from kb.entries import Language

MIDDLING = Evidence(similarity=0.5, keyword=3.0, matched=0.5)


def test_confidence_is_a_logistic_of_the_evidence() -> None:
    # 6.2 * 0.5 + 3.5 * ln 4 + 4 * 1 - 12 = -0.04797; 5.5 * ln 10 + 1.8 * 0.5 - 17 = -3.43578
    assert confidence(Evidence(0.5, 3.0, 1.0), Language.ENGLISH) == pytest.approx(0.48801, abs=1e-5)
    assert confidence(Evidence(0.0, 9.0, 0.5), Language.JAPANESE) == pytest.approx(0.03120, abs=1e-5)


@pytest.mark.parametrize("name", ["similarity", "keyword", "matched"])
def test_more_of_any_evidence_makes_an_english_question_surer(name: str) -> None:
    more = replace(MIDDLING, **{name: getattr(MIDDLING, name) + 0.1})
    assert confidence(more, Language.ENGLISH) > confidence(MIDDLING, Language.ENGLISH)


def test_similarity_says_nothing_about_a_japanese_question() -> None:
    near = replace(MIDDLING, similarity=1.0)
    assert confidence(near, Language.JAPANESE) == confidence(MIDDLING, Language.JAPANESE)
    assert confidence(replace(near, keyword=9.0), Language.JAPANESE) > confidence(near, Language.JAPANESE)


@pytest.mark.parametrize("language", list(Language))
def test_nothing_found_is_not_covered_and_everything_found_is(language: Language) -> None:
    nothing = confidence(Evidence(0.0, 0.0, 0.0), language)
    everything = confidence(Evidence(0.9, 40.0, 1.0), language)
    assert 0 <= nothing < 0.001
    assert 0.95 < everything <= 1
    assert (is_covered(nothing, language), is_covered(everything, language)) == (False, True)


@pytest.mark.parametrize("language", list(Language))
def test_the_threshold_itself_is_enough(language: Language) -> None:
    assert is_covered(0.57, language)
    assert not is_covered(0.5699, language)


def test_evidence_against_is_still_a_probability() -> None:
    assert 0 < confidence(Evidence(-1.0, 0.0, 0.0), Language.ENGLISH) < 1e-7
    assert confidence(Evidence(1.0, 1e9, 1.0), Language.ENGLISH) == pytest.approx(1.0)
