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
    internal announce announcements news bulletin talent growth launch project club allstaff allhands hands""".split()
)
_PLURAL = regex.compile(
    r"^(?:(?:hi+|hey+|hello|hiya|howdy|dear|good \w+|morning|afternoon|evening|g'?day|happy \w+)[ ,]+)?"
    r"(?:\w+ ){0,2}?(?:all|everyone|everybody|every one|team|teams|folks|guys|lads|ladies|colleagues|both|gang|crew|people|friends|"
    r"y'?all|troops|peeps|legends|girls|chaps|gents|partners|managers|house|staff|fam|gentlemen|squad|youse|"
    r"managers|leads|directors|grads|volunteers|\w+ers)(?: (?:team|all))?[ ,!:.–—-]*(?:$|[,!:–—-] )"
    r"|(?:^| )(?:hi|hello|dear|hey) \p{Lu}\w+(?:, | and | & )\p{Lu}\w+|^(?:chers tous|namaste all|y'all|guys|lads|folks|team|ladies)\b",
    regex.IGNORECASE,
)


def many_readers(scene: Scene, opening: list[str]) -> bool:
    """True when more than one person reads it; `opening` the first folded lines of the body."""
    if scene.lists or scene.people > 1 or len(scene.recipients) > 1:
        return True
    return any(_role(address) for address in scene.recipients) or any(_PLURAL.search(line[:80]) for line in opening[:1])


def _role(address: str) -> bool:
    local = address.partition("@")[0].lower()
    words = regex.split(r"[\W_\d]+", local)
    return any(word in _ROLE for word in words)
