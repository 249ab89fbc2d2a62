"""Coverage-guided fuzzing with atheris, of the tests in `tests/fuzz/test_fuzz.py`.

    python tests/fuzz/guided.py ids -runs=100000

The first argument is a target, the others are options of libFuzzer. A failing input is written to a file
`crash-...`; to repeat it, name this file as the last argument.
"""

import sys
from pathlib import Path

TARGETS = {
    "ids": "test_found_ids_are_valid_and_parse_to_themselves",
    "lens": "test_mutated_page_of_the_lens_is_read_or_refused",
    "risks": "test_mutated_page_of_a_risk_is_read_or_refused",
    "bytes": "test_arbitrary_bytes_are_read_or_refused",
}


def main(arguments: list[str]) -> None:
    """Fuzz one target until a failure or the last run."""
    if not arguments or arguments[0] not in TARGETS:
        sys.exit(f"expected a target, one of: {', '.join(TARGETS)}")
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed; install it with: pip install atheris==3.0.0")
    tests = Path(__file__).resolve().parents[1]
    sys.path[:0] = [str(tests.parent), str(tests)]
    with atheris.instrument_imports(include=["kb", "ingest"]):
        import test_fuzz
    target = getattr(test_fuzz, TARGETS[arguments[0]])
    atheris.Setup([sys.argv[0], *arguments[1:]], target.hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
