"""The marks in front of list items: "1.", "b)", "•"; programs write the same list with other ones. *Pure.*"""

import re

LIST_MARK = re.compile(
    r"^[^\S\n]*(?:\(?(?:\d{1,3}|[a-z]|[ivx]{2,6})[.)][^\S\n]+|o[^\S\n]{2,}|[\u2022\u25e6\u25aa\u2023\u00b7*\u2013-][^\S\n]+)",
    re.I | re.M,
)


def without_list_marks(text: str) -> str:
    """The text without the marks its lines begin with."""
    return LIST_MARK.sub("", text)
