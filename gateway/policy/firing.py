"""Does a condition hold for a line of a mail? What is cheap to tell is asked first. *Pure.*"""

from gateway.policy.detector import Condition
from gateway.policy.line import Line, Reading


def holds(condition: Condition, place: int, reading: Reading) -> bool:
    """True when the condition holds for `reading.lines[place]`."""
    line = reading.lines[place]
    if condition.audience and (condition.audience == "many") is not reading.many:
        return False
    if not _topical(condition, line):
        return False
    return _does(condition, line) and _stands(condition, place, reading)


def _topical(condition: Condition, line: Line) -> bool:
    if condition.favour is not None:
        said, reached = line.strength.get(condition.favour, 0), line.reach.get(condition.favour, 0)
    else:
        said, reached = line.said, line.reached
    if condition.under and said >= condition.under:
        return False
    return said >= condition.here and reached >= condition.about


def _does(condition: Condition, line: Line) -> bool:
    """What the sentence itself must and must not do."""
    if condition.mark and not line.does_any(condition.mark):
        return False
    if not all(line.does(mark) for mark in condition.also) or line.does_any(condition.none):
        return False
    return not condition.say or line.says(condition.say)


def _stands(condition: Condition, place: int, reading: Reading) -> bool:
    """What must and must not stand around it, and anywhere in the mail."""
    if condition.near or condition.apart:
        around = reading.around(place)
        if condition.near and not any(line.does_any(condition.near) for line in around):
            return False
        if condition.apart and any(line.does_any(condition.apart) for line in around):
            return False
    if condition.anywhere and not reading.does_any(condition.anywhere):
        return False
    return not (condition.nowhere and reading.does_any(condition.nowhere))
