import os
import stat
from pathlib import Path

from assistant.llm.cache import MAX_FILES, CachedResponse, ResponseCache, cache_key
from assistant.llm.prompts import Prompt

PROMPT = Prompt("i", "m")
RESPONSE = CachedResponse("One.", 1, 2, estimated=False)


def test_only_the_owner_can_read_a_response(home: Path) -> None:
    cache = ResponseCache(home)
    cache.put("k", RESPONSE)
    assert cache.get("k") == RESPONSE
    assert stat.S_IMODE((home / "k.json").stat().st_mode) == 0o600


def test_missing_response_is_none(home: Path) -> None:
    assert ResponseCache(home).get("k") is None


def test_damaged_response_is_none(home: Path) -> None:
    home.mkdir()
    (home / "k.json").write_text('{"text": 5}', encoding="utf-8")
    assert ResponseCache(home).get("k") is None


def test_home_that_cannot_be_written_only_loses_the_copy(home: Path) -> None:
    home.write_text("a file", encoding="utf-8")
    ResponseCache(home / "responses").put("k", RESPONSE)
    assert home.read_text(encoding="utf-8") == "a file"


def test_oldest_responses_are_removed(home: Path) -> None:
    cache = ResponseCache(home)
    for number in range(MAX_FILES + 3):
        cache.put(f"{number:04}", RESPONSE)
    assert len(list(home.glob("*.json"))) == MAX_FILES


def test_key_depends_on_model_prompt_and_build() -> None:
    keys = {
        cache_key("a:b", PROMPT, "1"),
        cache_key("a:c", PROMPT, "1"),
        cache_key("a:b", Prompt("im", ""), "1"),
        cache_key("a:b", PROMPT, "2"),
    }
    assert len(keys) == 4


def test_response_is_kept_although_the_clock_went_back(home: Path) -> None:
    cache = ResponseCache(home)
    for number in range(MAX_FILES):
        cache.put(f"{number:04}", RESPONSE)
        os.utime(home / f"{number:04}.json", (4e9, 4e9 + number))
    for key in ("new", "newer"):
        cache.put(key, RESPONSE)
    assert cache.get("new") == cache.get("newer") == RESPONSE
    assert (cache.get("0000"), cache.get("0001"), cache.get("0002")) == (None, None, RESPONSE)
