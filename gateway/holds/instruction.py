"""Whether an answer tells us what to do with a mail ("please leave out the second sentence") instead of saying the
mail anew. *Pure.*

Only its first line is looked at, in five languages. Nothing is done upon such a line: its writer is asked.
"""

import re
import unicodedata

_WORD = re.compile(r"\w+")
_LOOKED_AT = 40  # words of the first line
_BEFORE = frozenset(  # what may stand before the verb; accents left out
    (
        *("hi", "hello", "ok", "okay", "yes", "please", "pls", "plz", "kindly", "just", "simply", "then", "so", "you"),
        *("can", "could", "would", "will", "may", "i", "want", "to", "like", "need", "let", "us", "lets", "d"),
        *("hallo", "ja", "bitte", "einfach", "nur", "doch", "dann", "konnen", "konnten", "kannst", "konntest", "sie"),
        *("du", "wurden", "wurdest", "mochte", "ich", "also"),
        *("bonjour", "oui", "veuillez", "merci", "de", "d", "pouvez", "pourriez", "peux", "tu", "vous", "il", "faut"),
        *("s", "te", "plait", "svp", "stp", "juste", "simplement"),
        *("hola", "si", "por", "favor", "solo", "puede", "puedes", "podria", "podrias", "pueden", "simplemente"),
        *(
            "ola",
            "sim",
            "favor",
            "pode",
            "poderia",
            "podem",
            "so",
            "apenas",
            "simplesmente",
            "basta",
            "quero",
            "queria",
        ),
    )
)
_ASKING = frozenset(
    (
        *("please", "pls", "plz", "kindly", "just", "simply", "can", "could", "would", "bitte", "einfach", "nur"),
        *("konnen", "konnten", "kannst", "konntest", "veuillez", "merci", "pouvez", "pourriez", "svp", "stp", "plait"),
        *("favor", "puede", "puedes", "podria", "pode", "poderia", "basta"),
    )
)
_VERBS = (
    r"(?:delete|remove|omit|erase|strike|scrap|cut|drop|skip|leave\b.{0,200}\bout|take\b.{0,200}\bout)",
    r"(?:(?:weg|aus)lassen|lass(?:en|t)?\b.{0,200}\b(?:weg|aus)|streich(?:en?|t)?|losch(?:en?|t)?|entfern(?:en?|t)?"
    r"|(?:he)?raus(?:zu)?nehmen|(?:nehmen|nimm)\b.{0,200}\b(?:he)?raus|tilgen)",
    r"(?:supprime[rz]?|enleve[rz]?|efface[rz]?|retire[rz]?|ote[rz]?|omett(?:re|ez)|rayer|rayez"
    r"|laisse[rz]?\b.{0,200}\bde cote)",
    r"(?:elimin(?:ar|e|a|en)|borr(?:ar|e|a|en)|suprim(?:ir|a|e|an)|quit(?:ar|e|a|en)|quit[ae]l[ao]s?|omit(?:ir|a|e|an)"
    r"|sac(?:ar|a)|saque|tach(?:ar|a|e)|dej(?:ar|e|a)\b.{0,200}\bfuera)",
    r"(?:remov(?:er|a|e|am)|apag(?:ar|a|ue|uem)|exclu(?:ir|a|i|am)|retir(?:ar|e|a|em)|tir(?:ar|e|a|em)"
    r"|delet(?:ar|e|a)|risc(?:ar|a)|risque|deix(?:ar|e|a)\b.{0,200}\bde fora)",
)
_VERB = re.compile(rf"\b(?:{'|'.join(_VERBS)})\b")


def is_instruction(text: str, held: str) -> bool:
    """True when the first line asks for something to be left out. A line of the held mail's own is none."""
    first = text.strip().partition("\n")[0]
    words = _WORD.findall(_folded(first))[:_LOOKED_AT]
    line = " ".join(words)
    if not words or line in " ".join(_WORD.findall(_folded(held))):
        return False
    opening = next((number for number, word in enumerate(words) if word not in _BEFORE), len(words))
    if _VERB.match(" ".join(words[opening:])):
        return True
    return not _ASKING.isdisjoint(words[:opening]) and bool(_VERB.search(line))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in plain if not unicodedata.combining(character))
