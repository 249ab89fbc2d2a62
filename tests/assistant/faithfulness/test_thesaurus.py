from pathlib import Path

import pytest

from assistant.faithfulness.thesaurus import load_thesaurus, stem
from kb.errors import RecordError


def test_pairs_hold_in_every_inflection_and_in_both_directions() -> None:
    thesaurus = load_thesaurus()
    assert stem("restricting") in thesaurus.same[stem("limits")]
    assert stem("limits") in thesaurus.same[stem("restricting")]
    assert stem("denied") in thesaurus.opposite[stem("allows")]
    assert stem("allows") in thesaurus.opposite[stem("denied")]
    assert stem("ensuring") in thesaurus.light


def test_stop_word_is_its_own_stem() -> None:
    assert stem("After") == "after"
    assert "after" in load_thesaurus().opposite["before"]


def test_synonyms_and_antonyms_are_disjoint() -> None:
    thesaurus = load_thesaurus()
    both = {
        (term, other)
        for term, others in thesaurus.opposite.items()
        for other in others & thesaurus.same.get(term, frozenset())
    }
    assert both == set()


@pytest.mark.parametrize("line", ["same", "like\ta b", "opposite\ta b", "light\ta\tb"])
def test_malformed_line_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "t.tsv"
    file.write_text(f"# words\nsame\ta b\n{line}\n", encoding="utf-8")
    with pytest.raises(RecordError, match="line 3: expected same or light and words"):
        load_thesaurus(file)


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        load_thesaurus(tmp_path / "none.tsv")
