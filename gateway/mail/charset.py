"""Bytes to characters, for mail: declared charsets that lie, are unknown, or are missing. *Pure.*

Only codecs from a closed list are used: some of Python's are not charsets, take more than linear time, or remember
every unknown name they are asked for. The result holds no lone surrogates and nothing here raises.
"""

from encodings.aliases import aliases
from functools import lru_cache

_CODECS = frozenset(
    name
    for line in (
        "ascii big5 big5hkscs cp037 cp1006 cp1026 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255",
        "cp1256 cp1257 cp1258 cp273 cp424 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858",
        "cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp875 cp932 cp949 cp950 euc_jis_2004",
        "euc_jisx0213 euc_jp euc_kr gb18030 gb2312 gbk hz iso2022_jp iso2022_jp_1 iso2022_jp_2",
        "iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr iso8859_1 iso8859_10 iso8859_11 iso8859_13",
        "iso8859_14 iso8859_15 iso8859_16 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7",
        "iso8859_8 iso8859_9 johab koi8_r koi8_t koi8_u kz1048 latin_1 mac_croatian mac_cyrillic mac_greek",
        "mac_iceland mac_latin2 mac_roman mac_turkish ptcp154 shift_jis shift_jis_2004 shift_jisx0213 tis_620",
        "utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le utf_7 utf_8 utf_8_sig",
    )
    for name in line.split()
)
# What mail means by a name, as browsers and mail readers take it (WHATWG Encoding section 4.2): the larger sets.
_MEANT = {
    "ascii": "cp1252",
    "latin_1": "cp1252",
    "iso8859_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
    "utf_8_sig": "utf_8",
}
_OTHER_NAMES = {
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "ansi": "cp1252",
    "x_ansi": "cp1252",
    "x_sjis": "cp932",
    "x_gbk": "gb18030",
    "x_mac_roman": "mac_roman",
    "x_mac_cyrillic": "mac_cyrillic",
    "x_euc_jp": "euc_jp",
    "x_cp1252": "cp1252",
    "utf": "utf_8",
    "utf8mb4": "utf_8",
    "unicode": "utf_16",
    "x_utf_8": "utf_8",
    "hz_gb_2312": "hz",
    "unicode_1_1_utf_8": "utf_8",
}
_SURROGATES = frozenset(map(chr, range(0xD800, 0xE000)))
_MARKS = (
    (b"\xef\xbb\xbf", "utf_8"),
    (b"\xff\xfe\x00\x00", "utf_32_le"),
    (b"\x00\x00\xfe\xff", "utf_32_be"),
    (b"\xff\xfe", "utf_16_le"),
    (b"\xfe\xff", "utf_16_be"),
)


@lru_cache(maxsize=512)
def codec(name: str) -> str:
    """Python's codec for a charset name as mails write it (any case), "" when there is none we use."""
    key = name.strip("\"' \t").lower()[:40].replace("-", "_").replace(" ", "_").replace(":", "_")
    key = _OTHER_NAMES.get(key, key)
    if key.startswith(("windows", "cp_", "x_cp")) and key[-4:].isdigit():
        key = "cp" + key[-4:]
    found = aliases.get(key, key)
    found = found if found in _CODECS else aliases.get(key.replace("_", ""), "")
    return _MEANT.get(found, found) if found in _CODECS else ""


def characters(data: bytes, charset: str) -> str:
    """`data` as text; `charset` as declared ("" when it was not). Never raises; bad bytes become U+FFFD."""
    if data.isascii() and b"\x1b" not in data and b"\x00" not in data and charset in _PLAIN:
        return data.decode("ascii")
    name = codec(charset) if charset else ""
    if not name or name in ("utf_8", "cp1252"):
        return _western(data, name)
    if name.startswith(("utf_16", "utf_32")):
        return _wide(data, name)
    return _clean(data.decode(name, "replace"))


_PLAIN = frozenset(("", "utf-8", "us-ascii", "iso-8859-1", "windows-1252", "iso-8859-15", "utf8", "ascii"))


def _western(data: bytes, name: str) -> str:
    """UTF-8 wherever it is valid, whatever was declared: hardly anything else is valid UTF-8 by chance."""
    mark = _marked(data)
    if mark and mark != "utf_8":
        return _wide(data, mark)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _broken(data, name)
    if not name and b"\x00" in data:
        return _wide(data, _wide_guess(data) or "utf_8")
    if not name and b"\x1b$" in data:
        return _clean(data.decode("iso2022_jp_ext", "replace"))
    return text.removeprefix("\ufeff")


def _broken(data: bytes, name: str) -> str:
    """Not UTF-8: what little is wrong is replaced when most of it is UTF-8, else it is windows-1252."""
    wide = "" if name else _wide_guess(data)
    if wide:
        return _wide(data, wide)
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(text) - bad - len(data.translate(None, bytes(range(128, 256))))
    return text if good > bad else data.decode("cp1252", "replace")


def _wide(data: bytes, name: str) -> str:
    name = _marked(data) or (_wide_guess(data) if name in ("utf_16", "utf_32") else "") or name
    if name == "utf_16":
        name = "utf_16_be"  # RFC 2781 section 4.3
    if not name.startswith(("utf_16", "utf_32")):
        return _clean(data.decode(name, "replace"))
    if data.isascii() and b"\x00" not in data:
        return data.decode("ascii")  # said to be wide, and is not
    return _clean(data.decode(name, "replace")).removeprefix("\ufeff")


def _marked(data: bytes) -> str:
    """The codec named by a byte order mark."""
    return next((name for mark, name in _MARKS if data.startswith(mark)), "")


def _wide_guess(data: bytes) -> str:
    """UTF-16 or UTF-32 by where the zero bytes of its Latin letters stand."""
    head = data[:4000]
    if len(head) < 4 or head.count(0) * 5 < len(head):
        return ""
    zeros = [head[place::4].count(0) for place in range(4)]
    quarter = len(head) // 4
    if zeros[1] + zeros[2] >= 2 * quarter * 0.9:
        return "utf_32_le" if zeros[3] > zeros[0] else "utf_32_be"
    return "utf_16_le" if zeros[1] + zeros[3] > zeros[0] + zeros[2] else "utf_16_be"


def _clean(text: str) -> str:
    """Without lone surrogates, which UTF-7 can make."""
    if text.isascii() or _SURROGATES.isdisjoint(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
