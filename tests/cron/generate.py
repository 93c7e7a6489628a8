#!/usr/bin/env python3
"""Instants of cron texts by another implementation in another language: prints `instants.txt`, which is beside this file.

    python3 -m venv V && V/bin/pip install cronsim==2.8 tzdata==2026.6 && V/bin/python generate.py > instants.txt

cronsim 2.8 has the rules of Debian's cron for texts of five fields whose minute and hour do not begin with `*`: what a gap
skips runs at the first instant after it, and a fold runs them on its first pass. Ours has them for every text whose hour has
neither `*` nor a step. Where the two would read a text otherwise, it is given to cronsim in words that mean the same:

- `*/15 2` becomes `0-59/15 2`, which cronsim takes as fixed;
- a text with seconds and fixed hours is put together from one text without them for each of its seconds;
- a day `*/10` beside a weekday is listed: a star that is stepped is a restriction with us, and none with cronsim;
- of a text with stepped hours every hour is asked for, and the others are left out here. By itself cronsim goes on by 3600
  seconds at a time, which ends amid an hour where a clock is put forward or back by half of one: it misses `15 */2` at 02:15 in
  Australia/Lord_Howe. What it finds by itself is compared all the same, and may differ in that zone alone.

And one thing that it answers is no answer: where it goes on to another day, it takes its midnight, be it one that no clock shows; what it means by
that counts only where the clock's own time is one of the text.

A line is: cron text, tab, zone, tab, years, tab, how many instants, tab, the first 16 hex digits of the SHA-256 of their
seconds since 1970, each with a line feed.
"""

import hashlib
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from zoneinfo import ZoneInfo, reset_tzpath

from cronsim import CronSim
from cronsim.cronsim import is_imaginary

# The database of the package, never the machine's.
reset_tzpath(to=[])

ALL = (2024, 2044)
# Where there are many instants, two years stand for all: in 2038 32 bits of seconds end.
FEW = (2037, 2039)

# The text as it stands in a workflow, as cronsim is given it, and the years from the first one to before the second one.
PATTERNS = [
    ("30 2 * * *", None, ALL),
    ("0 0 * * *", None, ALL),
    ("30 0 * * SUN", None, ALL),
    ("15,45 2 * * SUN", None, ALL),
    ("59 1 * * 0", None, ALL),
    ("0 3 * * 7", None, ALL),
    ("5 23 * * SAT", None, ALL),
    ("0 9 * * 1-5", None, ALL),
    ("0 9 * * THU", None, ALL),
    ("0 12 29 2 *", None, ALL),
    ("0 0 29 2 MON", None, ALL),
    ("0 0 30 * *", None, ALL),
    ("0 0 31 * *", None, ALL),
    ("59 23 31 12 *", None, ALL),
    ("0 0 1 1 *", None, ALL),
    ("0 0 13 * FRI", None, ALL),
    ("0 14 1 JAN,APR,JUL,OCT *", None, ALL),
    ("0 6 1,15 * *", None, ALL),
    ("0 6 1-7 * MON", None, ALL),
    ("0 6 */10 * WED", "0 6 1,11,21,31 * WED", ALL),
    ("30 1-3 * MAR,OCT SUN", None, ALL),
    ("0 0-3/3 * 4,11 *", ("0 * * 4,11 *", {0, 3}), ALL),
    ("*/20 2 * 3-4,9-11 SUN", "0-59/20 2 * 3-4,9-11 SUN", ALL),
    ("*/30 * * 3,10 SUN", None, ALL),
    ("*/30 * 1-7 4,11 *", None, FEW),
    ("15 */2 * 3,4,9,10,11 SUN", ("15 * * 3,4,9,10,11 SUN", set(range(0, 24, 2))), ALL),
    ("0 * * * 6,0", None, FEW),
    ("7-59/13 */6 2 */3 *", ("7-59/13 * 2 */3 *", {0, 6, 12, 18}), ALL),
    ("0,30 30 2 * * SUN", ["30 2 * * SUN"], ALL),
    ("59 59 23 31 * *", ["59 23 31 * *"], ALL),
    ("*/15 0 */8 * 3,10 SUN", ("*/15 0 * * 3,10 SUN", {0, 8, 16}), ALL),
    ("10 5 0 28-31 2 *", ["5 0 28-31 2 *"], ALL),
]

ZONES = """
UTC Europe/Berlin Europe/London Europe/Dublin Europe/Lisbon Europe/Moscow Europe/Istanbul Europe/Chisinau Atlantic/Azores
Africa/Casablanca Africa/Cairo Africa/Johannesburg Africa/Lagos America/New_York America/Chicago America/Denver
America/Phoenix America/Los_Angeles America/Anchorage America/St_Johns America/Halifax America/Havana America/Sao_Paulo
America/Santiago America/Asuncion America/Scoresbysund America/Nuuk Asia/Kolkata Asia/Kathmandu Asia/Tehran Asia/Beirut
Asia/Jerusalem Asia/Gaza Asia/Tokyo Asia/Shanghai Australia/Sydney Australia/Adelaide Australia/Lord_Howe Pacific/Auckland
Pacific/Chatham
""".split()


def instants(text, zone, years):
    """The seconds since 1970 of each instant of a text, in order, once each."""
    tz = ZoneInfo(zone)
    first = datetime(years[0], 1, 1, tzinfo=timezone.utc)
    last = datetime(years[1], 1, 1, tzinfo=timezone.utc)
    found = set()
    sim = CronSim(text, (first - timedelta(days=2)).astimezone(tz))
    for found_at in sim:
        at = int(found_at.timestamp())
        civil = datetime.fromtimestamp(at, tz)
        if is_imaginary(found_at) and (civil.hour not in sim.hours or civil.minute not in sim.minutes):
            continue
        if at >= int((last + timedelta(days=2)).timestamp()):
            break
        if first.timestamp() <= at < last.timestamp():
            found.add(at)
    return found


def all_of(text, given, zone, years):
    """The instants of a text by what cronsim is given for it."""
    if isinstance(given, tuple):
        every, hours = given
        tz = ZoneInfo(zone)
        found = {at for at in instants(every, zone, years) if datetime.fromtimestamp(at, tz).hour in hours}
        # `0-3/3` begins with no star, so that cronsim takes it as fixed by itself.
        is_starred = text.split()[-4].startswith("*")
        assert not is_starred or zone == "Australia/Lord_Howe" or found == instants(text, zone, years), (text, zone)
        return found
    if not isinstance(given, list):
        return instants(given or text, zone, years)
    fields = text.split()
    seconds = [int(second) for second in fields[0].split(",")]
    found = set()
    for minutes in given:
        at_zero = instants(minutes, zone, years)
        tz = ZoneInfo(zone)
        for at in at_zero:
            civil = datetime.fromtimestamp(at, tz)
            # What a gap skips runs at its end, whatever its seconds.
            moved = civil.minute != int(fields[1]) or civil.hour != int(fields[2])
            found.update([at] if moved else [at + second for second in seconds])
    return found


def main():
    print(f"# cronsim {version('cronsim')}, tzdata {version('tzdata')}")
    for text, given, years in PATTERNS:
        for zone in ZONES:
            found = sorted(all_of(text, given, zone, years))
            hashed = hashlib.sha256("".join(f"{at}\n" for at in found).encode()).hexdigest()[:16]
            print(text, zone, f"{years[0]}-{years[1]}", len(found), hashed, sep="\t")
        print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
