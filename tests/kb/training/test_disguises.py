import pytest

from kb.ranking.gist import question_in
from kb.training import disguises
from kb.training.disguises import EVERY, disguised

ASK = "Our agent deleted production records, which limits would have stopped it?"


@pytest.mark.parametrize(
    "disguise", [disguises._polite, disguises._ticket, disguises._template, disguises._versions]
)
def test_question_is_found_in_its_disguise(disguise: disguises.Disguise) -> None:
    pasted = disguise(ASK, disguises.chance_of(ASK))
    assert pasted != ASK
    assert question_in(pasted) == ASK


@pytest.mark.parametrize("number", range(4))
def test_question_is_found_beside_what_was_pasted(number: int) -> None:
    pasted = f"{ASK}\n\n{disguises.PASTED[number]}"
    assert question_in(pasted).startswith(ASK)
    rest = question_in(pasted).removeprefix(ASK).strip()
    assert rest in ("", "botocore.errorfactory.ValidationException: An error occurred")


def test_one_question_in_several_is_disguised() -> None:
    changed = [disguised(f"{ASK} Case {number}.", number) != f"{ASK} Case {number}." for number in range(40)]
    assert not any(on for number, on in enumerate(changed) if number % EVERY)
    assert all(on for number, on in enumerate(changed) if number % EVERY == 0)


def test_disguise_of_a_question_is_always_the_same() -> None:
    assert disguised(ASK, 0) == disguised(ASK, 0)


def test_japanese_is_not_disguised() -> None:
    assert disguised("権限をどこまで絞るべきですか", 0) == "権限をどこまで絞るべきですか"
