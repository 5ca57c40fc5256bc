"""Characters that look like others, and characters that are not seen at all: the tables of `normal`. *Pure.*

Chosen from what is used to hide words from filters; the idea of confusables is Unicode Technical Standard 39.
"""

# Never seen, or only steering how others are drawn: soft hyphen, zero width, bidi controls, variation selectors, tags.
REMOVED = frozenset(
    [
        "\u00ad",
        "\u034f",
        "\u061c",
        "\u115f",
        "\u1160",
        "\u17b4",
        "\u17b5",
        "\u180e",
        "\u3164",
        "\ufeff",
        "\uffa0",
        *map(chr, range(0x180B, 0x180E)),
        *map(chr, range(0x200B, 0x2010)),
        *map(chr, range(0x202A, 0x202F)),
        *map(chr, range(0x2060, 0x2070)),
        *map(chr, range(0xFE00, 0xFE10)),
        *map(chr, range(0xFFF9, 0xFFFD)),
        *map(chr, range(0xE0000, 0xE0200)),
    ]
)

# NFKC would turn these into letters that run into the word before them, or lose what they mean.
KEPT = frozenset("\u2122\u2120\u00aa\u00ba\u00b2\u00b3\u00b9\u2026\u00a8\u00b4\u00b8\u00af")


def _pairs(strange: str, plain: str) -> dict[str, str]:
    return dict(zip(strange, plain, strict=True))


def _alphabet(first: int, start: str = "A") -> dict[str, str]:
    """26 characters from `first` on that are the alphabet in another dress."""
    return {chr(first + place): chr(ord(start) + place) for place in range(26)}


# Replaced wherever they stand.
FOLDED: dict[str, str] = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u02b9\u00b4\u0060\u2035\uff07", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u2036\uff02", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u2043", "-"),
    **dict.fromkeys("\u00a0\u1680\u202f\u205f\u3000\u2800", " "),
    **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
    **dict.fromkeys("\u0085\u2028\u2029", "\n"),
    "\u200b": "",
    "\u2026": "...",
    # small capitals and phonetic letters
    **_pairs(
        "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22",
        "abcdefghijklmnoprstuvwyz",
    ),
    **_pairs("\u0251\u0261\u0269\u0268\u0127\u0180\u0256\u0257\u0192\u0271\u0272\u0273\u01bd\u0288", "agiihbddfmnnst"),
    # letters in boxes and discs, flags' letters
    **_alphabet(0x249C, "a"),
    **_alphabet(0x1F110),
    **_alphabet(0x1F130),
    **_alphabet(0x1F150),
    **_alphabet(0x1F170),
    **_alphabet(0x1F1E6),
}
FOLDED.update(dict.fromkeys(REMOVED, ""))

# Replaced only inside words that are Latin otherwise.
LOOKALIKES: dict[str, str] = {
    # Cyrillic
    **_pairs("асԁеһіјорԛѕухԝѵӏкнтмгп", "acdehijopqsyxwvlkhtmrn"),
    **_pairs("АВСЕНІЈКМОРЅТХУԌԚԜѴӀҮ", "ABCEHIJKMOPSTXYGQWVIY"),
    # Greek
    **_pairs("αορνικυχετηωϲϳ", "aopvikuxetnwcj"),
    **_pairs("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ", "ABEZHIKMNOPTYXC"),
    # Armenian and Cherokee
    **_pairs("օսհոզց", "ouhnqg"),
    **_pairs("ᎪᎬᎢᏞᎠᎻᏙᏴᏢᎡᏚᎷ", "AEILDHVBPRSM"),
}
