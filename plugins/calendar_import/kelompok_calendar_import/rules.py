"""Reads recurrence rules, and finds the dates they give within limits."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta
from math import prod
from typing import Any

from dateutil.rrule import rrulestr
from icalendar.prop import vRecur

_SECONDS = {
    "SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3_600, "DAILY": 86_400, "WEEKLY": 604_800, "MONTHLY": 2_419_200,
    "YEARLY": 31_536_000,
}  # fmt: skip
_BOUNDS = frozenset({"COUNT", "UNTIL"})
_PARTS = frozenset(
    {
        "FREQ", "INTERVAL", "WKST", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO",
        "BYMONTH", "BYSETPOS",
    }
) | _BOUNDS  # fmt: skip
_MOST_PERIODS = 100_000
_MOST_BEHIND = 5_000_000
_LARGEST_INTERVAL = 100_000
_MOST_TIMES_A_DAY = 100
_LONGEST = 2_000
_LAST_SECOND = time(23, 59, 59)
_LAST = datetime(MAXYEAR, 12, 31)  # noqa: DTZ001 -- a local time
_CYCLE_YEARS, _CYCLE = 400, timedelta(days=146_097)
"""After 400 years, all days have the same weekday again."""


class RuleError(Exception):
    """A rule cannot be read, or takes too long to follow."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule; ``text`` is without the bounds ``count`` and ``until``."""

    text: str
    frequency: str
    interval: int
    count: int | None
    until: date | datetime | None

    def until_in(self, to_local: Callable[[datetime], datetime]) -> datetime | None:
        """Return the bound as a local time; a day ends with its last second."""
        if self.until is None:
            return None
        if not isinstance(self.until, datetime):
            return datetime.combine(self.until, _LAST_SECOND)
        return self.until if self.until.tzinfo is None else to_local(self.until)

    def iterate(self, starts: datetime, ends: datetime, take: Callable[[int], None]) -> Iterator[datetime]:
        """Yield the local times from the start to the end, without regard to ``count`` and ``until``.

        The library looks for the next date until the year 9999, even if there can be none. So the times are moved close
        to that year, by cycles of 400 years.

        Args:
            starts: The first time.
            ends: The last time.
            take: Called with the number of periods that are passed over; it may raise RuleError.

        Raises:
            RuleError: When the rule cannot be followed, or would take too long.
        """
        if ends < starts:
            return
        cycles = _CYCLE * ((MAXYEAR - ends.year) // _CYCLE_YEARS)
        behind = self._periods(ends + cycles, _LAST)
        if self._periods(starts, ends) > _MOST_PERIODS or ("BY" in self.text and behind > _MOST_BEHIND):
            raise RuleError
        take(self._periods(starts, ends))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dates = iter(rrulestr(self.text, dtstart=starts + cycles))
            for moved in dates:
                if moved - cycles > ends:
                    return
                yield moved - cycles
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            raise RuleError from error
        take(behind)

    def _periods(self, starts: datetime, ends: datetime) -> int:
        """Return how many periods of the rule lie between two times."""
        return max(0, int((ends - starts).total_seconds())) // (_SECONDS[self.frequency] * self.interval)


def read_rule(written: str) -> Rule:
    """Return a rule.

    Raises:
        RuleError: When it is no rule.
    """
    if len(written) > _LONGEST:
        raise RuleError
    try:
        parts: dict[str, Any] = {name.upper(): values for name, values in vRecur.from_ical(written).items()}
        frequency = str(parts["FREQ"][0]).upper()
        interval = int(parts.get("INTERVAL", [1])[0])
        count = int(parts["COUNT"][0]) if "COUNT" in parts else None
        until = parts["UNTIL"][0] if "UNTIL" in parts else None
        times = prod(len(parts.get(name, "1")) for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise RuleError from error
    is_odd = not parts.keys() <= _PARTS or not 1 <= interval <= _LARGEST_INTERVAL or times > _MOST_TIMES_A_DAY
    if is_odd or frequency not in _SECONDS or not isinstance(until, date | None) or (count is not None and count < 0):
        raise RuleError
    kept = [part for part in written.strip().upper().split(";") if part and part.partition("=")[0] not in _BOUNDS]
    return Rule(text=";".join(kept), frequency=frequency, interval=interval, count=count, until=until)
