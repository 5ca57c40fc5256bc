"""In which of our languages a text is written, told by its small words. *Pure.*

So that a sentence put into somebody's mail is in the mail's language, whatever language its writer reads pages in. A
few hundred words are enough; what is too short, or is none of ours, is left to the caller's guess.
"""

import re
from collections.abc import Mapping

from gateway.language.tags import LANGUAGES

_LONGEST = 20_000  # characters looked at
_LEAST = 2  # small words that must speak for a language
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")

# The commonest words of each language; what two of them share counts for both and so for neither.
_WORDS: Mapping[str, str] = {
    "en": "the of and to is that it for you with on are this have be at your we our not if has who please from will"
    " they their can all was would there what which been any my or by i me see so",
    "de": "der die das und ist nicht ein eine einen einem einer zu mit auf für den dem von sich auch wir ihr ihre euer"
    " eure euren ich sie es im am bitte wer wenn hat haben wird oder noch alle sind bei dass war als an"
    " du mein kein keine aber da",
    "fr": "le la les des est et une un du de pour pas que qui dans sur vous votre vos nous notre nos au aux avec ce"
    " cette ces il elle ne se je merci par plus sont ont avez si en sa son ses tu ton ta tes ou toujours qu c'est",
    "es": "el la los las de que y en un una es por para con su sus se al del lo como más pero quien quienes este esta"
    " nuestro nuestra nuestros ya si les os vuestro favor todos hay son ha han mi en"
    " nos te le qué tu alguien muy sin cuando",
    "pt": "o a os de que e em um uma é por para com seu sua se não ao da dos das na nos nas como mais mas quem"
    " este esta nosso nossa já você vocês todos há são tem foi pelo pela meu minha isso ou à",
}
_SMALL = {language: frozenset(words.split()) for language, words in _WORDS.items()}


def written_in(text: str, default: str) -> str:
    """One of our languages (a first subtag): the text's own where its small words speak for one before all others, else
    `default`. Linear in the text."""
    counts = dict.fromkeys(LANGUAGES, 0)
    for word in _WORD.findall(text[:_LONGEST].casefold()):
        for language, small in _SMALL.items():
            counts[language] += word in small
    first, second, *_ = sorted(counts, key=counts.__getitem__, reverse=True)
    return first if counts[first] >= _LEAST and counts[first] > counts[second] else default
