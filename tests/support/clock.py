"""A clock with predictable times."""

from datetime import UTC, datetime, timedelta, tzinfo


class Clock(datetime):
    """A clock that moves one second per reading; set `ticks` to 0 before use."""

    ticks = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """The current time; 2026-01-02T00:00:01+00:00 on the first reading."""
        assert tz is UTC, "builds are named by universal time"
        cls.ticks += 1
        return datetime(2026, 1, 2, tzinfo=tz) + timedelta(seconds=cls.ticks)
