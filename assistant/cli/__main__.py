"""`python -m assistant.cli` is `genlens`."""

from assistant.cli import main

if __name__ == "__main__":
    main(prog_name="genlens")
