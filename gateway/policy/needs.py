"""What a pattern cannot do without, read off its source. *Pure.*

`needs(source)` is a conjunction of choices: of each set, at least one must be among the words and slots of a sentence.
It never claims more than is sure; where it does not understand an expression it claims nothing.
"""

from collections.abc import Iterator

import regex

_WORD = regex.compile(r"\w+")
_SLOT = regex.compile(r"\{([a-z][a-z0-9|-]*)\}")
_SIGN = regex.compile(r"[^\w\s.^$*+?{}\[\]\\|()]|\\[$+*?.]")
_SIGNS = regex.compile(r"\[[^\w^\\\]]+\]")  # a choice of signs
_TIMES = regex.compile(r"[?*+]\??|\{\d*,?\d*\}\??")
_OPENING = "^\\W*"  # however a sentence begins, a word comes next
DIGIT = "{0}"  # stands among a sentence's words when one of them has a digit
Choice = frozenset[str]


def needs(source: str) -> tuple[Choice, ...]:
    """The choices, the narrowest first."""
    if len(list(_split(source))) > 1:
        return ()
    found = [choice for choice in _sequence(source) if choice]
    return tuple(sorted(set(found), key=lambda choice: (len(choice), sorted(choice))))


def parted(source: str) -> tuple[str, ...]:
    """The same as two sources, where one alone needs nothing: with those alternatives of a group that are understood,
    and with the rest, which is less to look for. A text says `source` when it says one of them."""
    best: tuple[str, ...] = (source,)
    most = 0
    for start, end in () if needs(source) else _groups(source):
        before, behind = source[: start + 1], source[end:]
        every = list(_split(source[start + 1 : end]))
        known = [one for one in every if needs(before + one + behind)]
        cut = before + "|".join(known) + behind
        if most < len(known) < len(every) and needs(cut):
            rest = [one for one in every if one not in known]
            best, most = (cut, before + "|".join(rest) + behind), len(known)
    return best


def _groups(source: str) -> Iterator[tuple[int, int]]:
    """Where the groups at the top level open and close that are there just once."""
    place = 0 if len(list(_split(source))) == 1 else len(source)
    while place < len(source):
        if source[place] == "(":
            end = _closing(source, place)
            if end < len(source) and source[place + 1] != "?" and not _TIMES.match(source, end + 1):
                yield place, end
            place = end + 1
        elif source[place] == "[":
            place = source.find("]", place) + 1 or len(source)
        else:
            place += 2 if source[place] == "\\" else 1


def _sequence(source: str) -> Iterator[Choice | None]:
    """A choice for every element at the top level of a pattern; None for what is not understood."""
    place = 0
    open_ended = False  # the group just before can only end with a blank, or be nothing at all
    while place < len(source):
        character = source[place]
        if character == "(":
            end = _closing(source, place)
            yield _group(source, place, end, apart=open_ended)
            before = place == 0 or open_ended or source[place - 1] in " (|^" or source[:place] == _OPENING
            open_ended = before and all(not one or one.endswith(" ") for one in _split(source[place + 1 : end]))
            place = end + 1
            continue
        open_ended = False
        if source.startswith("\\d", place) and not _optional(source, place + 2):
            yield frozenset({DIGIT})
            place += 2
        elif character == "[":
            place = source.find("]", place) + 1 or len(source)
        elif character == "\\":
            place += 2
        elif slot := _SLOT.match(source, place):
            yield _slots(slot[1]) if not _optional(source, slot.end()) else None
            place = slot.end()
        elif word := _WORD.match(source, place):
            ended = _ended(source, word.start(), word.end())
            yield ended or _plain(source, word.start(), word.end())
            place = _closing(source, word.end()) + 1 if ended else word.end()
        else:
            place += 1


def _plain(source: str, start: int, end: int, *, last: bool = True) -> Choice | None:
    """A whole word that must be there; names and parts of words are not. `last`: whether a word that ends where
    `source` does is over there."""
    word = source[start:end]
    if source[start - 1 : start] in tuple(")]}\\.+*?") or source[start - 2 : start] in ("\\w", "\\d"):
        return None
    if _TIMES.match(source, end) or not _over(source, end, last=last):
        return None
    return None if word == "NAME" or word != word.lower() or word.isdigit() else frozenset({word})


def _ended(source: str, start: int, end: int) -> Choice | None:
    """A word with a group of endings: "avatar(s|)" is one of two words."""
    if source[end : end + 1] != "(" or source[start - 1 : start] in tuple(")]}\\.+*?"):
        return None
    close = _closing(source, end)
    endings = list(_split(source[end + 1 : close]))
    if not all(ending.isalnum() or not ending for ending in endings) or _TIMES.match(source, close + 1):
        return None
    return frozenset(source[start:end] + ending for ending in endings) if _over(source, close + 1) else None


def _over(source: str, place: int, *, last: bool = True) -> bool:
    """Whether a word that ends before `place` is certainly not continued there, nor behind what may be nothing there;
    `last`: at the end of `source`."""
    if place >= len(source):
        return last
    if source[place] == "(":
        return _set_off(source, place, last=last)
    signs = _SIGNS.match(source, place)
    behind = signs.end() if signs else place + (2 if source[place] == "\\" else 1)
    sign = source[place:behind]
    if not signs and (sign[-1].isalnum() or sign in "_.[{") and sign not in ("\\b", "\\W", "\\s"):
        return False
    times = _TIMES.match(source, behind)
    return times is None or not _optional(source, behind) or _over(source, times.end(), last=last)


def _set_off(source: str, start: int, *, last: bool) -> bool:
    """The same where a group comes next."""
    close = _closing(source, start)
    if source.startswith(("(?!", "(?="), start):
        return _over(source, close + 1, last=last)
    times = _TIMES.match(source, close + 1)
    if source.startswith("(?", start) or (times and times[0] != "?"):
        return False
    behind = _over(source, times.end() if times else close + 1, last=last)
    endings = _split(source[start + 1 : close])
    return (behind or not times) and all(_over(ending, 0, last=behind) for ending in endings)


def _group(source: str, start: int, end: int, *, apart: bool = False, last: bool = True) -> Choice | None:
    inner = source[start + 1 : end]
    if inner.startswith("?:"):
        inner = inner[2:]
    elif inner.startswith("?"):
        return None
    opens = apart or source[:start] in ("", _OPENING) or source[start - 1] in " \"'|(/^"
    if _optional(source, end + 1) or not opens:
        return None
    whole = not _TIMES.match(source, end + 1) and _over(source, end + 1, last=last)
    choices = [_first(alternative, whole) for alternative in _split(inner)]
    if any(choice is None for choice in choices):
        return None
    return frozenset().union(*(choice for choice in choices if choice is not None))


def _first(alternative: str, whole: bool) -> Choice | None:
    """What an alternative begins with; `whole`: a word at its end is not continued outside the group."""
    if slot := _SLOT.match(alternative):
        return None if _optional(alternative, slot.end()) else _slots(slot[1])
    if alternative.startswith("("):
        return _group(alternative, 0, _closing(alternative, 0), last=whole)
    if alternative.startswith("\\d") and not _optional(alternative, 2):
        return frozenset({DIGIT})
    if sign := _SIGN.match(alternative):
        return None if _optional(alternative, sign.end()) else frozenset({sign[0][-1]})
    word = _WORD.match(alternative)
    return None if word is None else _plain(alternative, 0, word.end(), last=whole)


def _slots(names: str) -> Choice:
    return frozenset(f"{{{name}}}" for name in names.split("|"))


def _optional(source: str, place: int) -> bool:
    return source[place : place + 1] in ("?", "*") or source[place : place + 2] == "{0"


def _closing(source: str, place: int) -> int:
    depth = 0
    while place < len(source):
        if source[place] == "\\":
            place += 1
        elif source[place] == "(":
            depth += 1
        elif source[place] == ")":
            depth -= 1
            if depth == 0:
                return place
        place += 1
    return len(source)


def _split(source: str) -> Iterator[str]:
    """The alternatives of an expression at its top level (bars inside slots and groups do not count)."""
    depth, start, place = 0, 0, 0
    while place < len(source):
        character = source[place]
        if character == "\\":
            place += 1
        elif character in "({[":
            depth += 1
        elif character in ")}]":
            depth -= 1
        elif character == "|" and depth == 0:
            yield source[start:place]
            start = place + 1
        place += 1
    yield source[start:]
