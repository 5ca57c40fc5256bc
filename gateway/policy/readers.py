"""Does one person read this mail, or many? From the envelope, the shape of the addresses, and the greeting. *Pure.*"""

import regex

from gateway.policy.verdict import Scene

_ROLE = frozenset(
    """all everyone everybody staff team teams crew office branch branches list group dept department company house squad
    employees colleagues managers leads leaders directors partners associates members volunteers drivers teachers nurses
    agents sales marketing finance hr people support engineering engineers dev devs product design ops operations legal
    reception retail store stores shop shops site sites plant warehouse depot ward clinic school faculty students grads
    interns juniors seniors consultants consulting analysts editors newsroom desk studio lab labs kitchen bar taproom
    north south east west region regional global emea apac uk usa us europe hq floor unit division committee board
    newstarters starters joiners trainees apprentices subbies contractors freelancers technicians mechanics cashiers tellers
    packers pickers riders guides rangers curators keyholders supervisors stewards operators clerks carers hygienists
    internal announce announcements news bulletin talent growth launch project club allstaff allhands hands yard foundry reception everybody-here kitchen""".split()
)
_PLURAL = regex.compile(
    r"^(?:(?:hi+|hey+|hello|hiya|howdy|dear|good \w+|morning|afternoon|evening|g'?day|happy \w+)[ ,]+)?"
    r"(?:\w+ ){0,2}?(?:all|everyone|everybody|every one|team|teams|folks|guys|lads|ladies|colleagues|both|gang|crew|people|friends|"
    r"y'?all|troops|peeps|legends|girls|chaps|gents|partners|managers|house|staff|fam|gentlemen|squad|youse|"
    r"managers|leads|directors|grads|volunteers|\w+ers)(?: (?:team|all))?[ ,!:.–—-]*(?:$|[,!:–—-] )"
    r"|^(?:chers tous|namaste all|y'all|guys|lads|folks|team|ladies)\b",
    regex.IGNORECASE,
)


def _nobody(address: str, opening: list[str]) -> bool:
    """A bare word that the greeting does not take up, such as "yard@": a mailbox rather than a person."""
    local = address.partition("@")[0]
    if not local.isalpha() or len(local) < 3:
        return False
    start = " ".join(opening)[:120]
    single = regex.match(r"(?:(?:hi|hello|dear|hey|hiya|morning|good \w+),? )?\p{Lu}[\p{L}'-]+[,!.: –-]", start)
    return not (single or _SINGLE.search(start) or local.lower()[:3] in start.lower())


_SINGLE = regex.compile(r"\b(?:mate|pal|buddy|bro|sis|hun|love|dear|darling|boss|man|friend|sir|madam|chief|my dear)\b", regex.IGNORECASE)
_NAMED = regex.compile(r"^(?:[Hh]i|[Hh]ello|[Dd]ear|[Hh]ey)?,? ?\p{Lu}[\w'-]+(?:, \p{Lu}[\w'-]+)*,? (?:and|&) \p{Lu}[\w'-]+")
_CALLED = regex.compile(r"(?:^|, | )(?:lads|everyone|folks|guys|y'all|team|all|peeps|gang|ladies)[!.,]*$|, (?:lads|folks|guys|team|all),")
_NAMES_IN_S = frozenset(
    """james chris thomas nicholas iris doris frances lucas marcus niklas nikos andreas jonas lars hans klaus boris denis
    louis luis carlos marcos jesus alexis agnes ines gus russ ross bess jess tess wes les des niels hannes johannes
    tobias elias matthias mathias silas amos moses charles giles miles niamhs dimitris giorgos kostas yiannis tadas
    darius julius cornelius anais thais lois phyllis gladys mavis travis curtis otis dennis francis curtiss jones davis williams
    evans hughes roberts edwards phillips parris brooks wells woods adams""".split()
)


def many_readers(scene: Scene, opening: list[str]) -> bool:
    """True when more than one person reads it; `opening` the first folded lines of the body."""
    if scene.lists or scene.people > 1 or len(scene.recipients) > 1:
        return True
    if any(_role(address) for address in scene.recipients):
        return True
    if scene.recipients and _nobody(scene.recipients[0], opening):
        return True
    return any(_PLURAL.search(line[:80]) or _NAMED.search(line[:80]) for line in opening[:1]) or any(_CALLED.search(line) for line in opening)


def _role(address: str) -> bool:
    local = address.partition("@")[0].lower()
    words = [word for word in regex.split(r"[\W_\d]+", local) if word]
    if any(word in _ROLE for word in words):
        return True
    plural = len(words[-1:]) == 1 and words[-1].endswith("s") and words[-1] not in _NAMES_IN_S and "." not in local
    return plural or any(character.isdigit() or character == "-" for character in local)
