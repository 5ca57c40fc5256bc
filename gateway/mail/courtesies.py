"""How mails begin and end in German, French, Spanish and Portuguese: greetings, sign-offs, words that go on speaking.

One table for each, by language, as alternatives of a regular expression in lower case; English stands with the code
that reads it. Takes nothing, gives strings. *Pure.*
"""

import re

SALUTATIONS = {  # what a greeting begins with
    "german": r"hallo|hallöchen|hi|hey|hoi|huhu|moin(?: moin)?|servus|grüezi|gr[üu](?:ß|ss) (?:gott|dich|euch)"
    r"|guten (?:morgen|tag|abend)|morgen|mahlzeit|gude|tach|jo|na|liebe[rs]?|werte[rs]?|sehr geehrte[r]?|geehrte[r]?",
    "french": r"bonjour|bonsoir|bon matin|rebonjour|salut|coucou|all[ôo]|dites|bien chers|mes chers|mes ch[èe]res"
    r"|chers?|ch[èe]res?",
    "spanish": r"hola|buen[oa]s (?:d[íi]as|tardes|noches)|buen d[íi]a|buenas|qu[ée] tal|saludos|estimad[oa]s?"
    r"|querid[oa]s?|apreciad[oa]s?",
    "portuguese": r"ol[áa]|oi|opa|viva|al[ôo]|bom dia|boa (?:tarde|noite)|boas|fala|car[oa]s?|prezad[oa]s?|e a[íi]",
}
SEVERAL = {  # whom a greeting names when it is more than one reader
    "german": r"alle(?:n|rseits)?|zusammen|beisammen|zäme|mite?inand(?:er)?|leute|ihr(?: lieben| alle)?"
    r"|euch(?: allen)?"
    r"|meine lieben|team|mannschaft|truppe|runde|crew|freunde|mädels|jungs|männer|herrschaften|damen|herren|beide"
    r"|kollegen|kolleg\W?innen|mitarbeitende|mitarbeiter|azubis|auszubildende|mitglieder|eltern|kameraden|\w+innen"
    r"|\w+freunde",
    "french": r"(?:à|a) (?:tous|toutes|vous|l'équipe)|tous|toutes|tout le monde|l'équipe|(?<=[ ,])la (?:team"
    r"|gang|compagnie|troupe"
    r"|région|brigade)|(?<=[ ,])les \w+|vous (?:tous|toutes|deux|trois|autres)|mesdames|messieurs|chers"
    r"|ch[èe]res|coll[èe]gues"
    r"|confr[èe]res",
    "spanish": r"equipo|equipazo|(?:a )?tod[oa@x]s|gente|chic[oa]s|compañer[oa@x]s|colegas|amig[oa]s|muchach[oa]s"
    r"|señor(?:es|as)|estimad[oa]s|querid[oa]s|apreciad[oa]s|familia|tropa|comunidad",
    "portuguese": r"pessoal|(?:a )?tod[oa]s|malta|galera|turma|gente|equip[ae]|(?<=[ ,])time|colegas|amig[oa]s"
    r"|meninas"
    r"|rapazes|senhores|vocês|car[oa]s|prezad[oa]s|comunidade",
}
SIGN_OFFS = {  # the line above a sender's name
    "german": r"(?:mit )?(?:(?:freundlich|best|herzlich|lieb|viel|schön|sonnig|sportlich|kollegial"
    r"|liab)[a-z]{0,3} )?(?:und "
    r"[a-z]+en )?gr[uü](?:ß|ss)(?:e|en)?(?: [a-zäöü ]{3,25})?|liebi grüess|lg|mfg|vg|bg|hg|gruß|gruss|herzlich(?:st)?"
    r"|(?:vielen |besten |lieben |herzlichen )?dank(?: (?:euch|und gruß|im voraus|dir|ihnen))?|danke(?: euch| dir)?"
    r"|merci|ciao|tschüss|bis (?:dann|bald|morgen|später|montag)|(?:ihre?|eure?|dein)e?|hochachtungsvoll|glück auf",
    "french": r"(?:très |bien |très bien )?(?:cordialement|amicalement|sincèrement|respectueusement"
    r"|confraternellement)"
    r"|cdlt|cdt|bien [àa] (?:vous|toi|tous)|amitiés|(?:grosses |gros |bonnes )?(?:bises|bisous)|au plaisir|à bientôt"
    r"|à (?:demain|lundi|mardi|plus|vite|tout à l'heure)|(?:salutations|sincères salutations|meilleures salutations)"
    r"(?: [a-zà-ü ]{3,20})?|(?:un grand |grand )?merci(?: (?:à tous|à vous|d'avance|beaucoup|encore))?"
    r"|bonne (?:journée|soirée|semaine|fin de semaine|route)(?: à (?:tous|toutes|vous))?|bien amicalement",
    "spanish": r"(?:un |muchos |cordiales |atentos )?(?:saludos?)(?: (?:cordiales|cordial|a todos|y gracias"
    r"|afectuosos))?"
    r"|(?:un |fuerte |un fuerte |muchos )?abrazos?(?: (?:a todos|fuerte|grande))?|(?:muy )?atentamente|atte"
    r"|cordialmente"
    r"|(?:muchas |mil )?gracias(?: (?:a todos|de antemano|equipo|y saludos))?|un beso|besos|hasta (?:mañana"
    r"|pronto|luego)"
    r"|quedo atent[oa]|buen (?:día|finde|fin de semana)",
    "portuguese": r"(?:um |grande |um grande |forte )?abra[çc]os?(?: (?:a todos|grande|forte))?|(?:os "
    r"|com os )?(?:melhores |"
    r"meus )?cumprimentos|atenciosamente|atentamente|cordialmente|att|abs|bjs|(?:um )?beij(?:os?|inhos?)"
    r"|(?:muito )?obrigad[oa](?: (?:a todos|desde já|e bom trabalho))?|grat[oa]|até (?:amanhã|já|logo|breve|segunda)"
    r"|com (?:estima|os melhores cumprimentos)|saudações(?: [a-z]{3,20})?|boa semana|bom trabalho|valeu",
}
SPEAKS_ON = {  # how a line begins that speaks to the reader again, below a sign-off
    "german": r"bitte|und|aber|wer|wenn|falls|ihr (?:könnt|habt|müsst|dürft)|wir|ich|sie (?:können|haben)|habt"
    r"|hat|könnt"
    r"|denkt|vergesst|übrigens|ach|erinnerung|nachtrag|noch",
    "french": r"s['’]il (?:vous|te)|et|mais|je|j['’]ai|nous|vous|tu|si|pensez|n['’]oubliez|merci de|au fait"
    r"|d['’]ailleurs"
    r"|rappel|pourriez|pouvez|avez|as-tu|ceux|celles",
    "spanish": r"p\. ?d\.|pd|por favor|pero|si|no (?:olvid\w+|se olviden)|recuerd\w+|recordad|por cierto|quien"
    r"|quienes"
    r"|pueden|podéis|puedes|ustedes|ah",
    "portuguese": r"por favor|mas|se|não (?:se )?esque\w+|lembr\w+|já agora|a propósito|podem|pode|vocês|quem"
    r"|peço|ah",
}


_WISHES = (  # what is wished to everybody
    r"(?:i )?(?:hope|wish)[^.!?\n]{0,40}(?:well|week|weekend|day)"
    r"|have an? (?:nice|good|great|lovely|wonderful) (?:start of the )?(?:day|week|weekend|evening|afternoon)"
    r"|(?:eine? )?(?:sch[öo]ne|gute)[nrs]? (?:tag|woche|wochenende|abend)|bonne (?:journée|semaine|soirée)"
    r"|bon week-end|(?:que teng[áa]is )?(?:un )?buen(?:a)? (?:día|semana|finde|fin de semana)"
    r"|(?:um )?(?:bom|boa) (?:dia|semana|fim de semana)"
)
_GREETINGS = rf"hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|{'|'.join(SALUTATIONS.values())}"
_CLOSES = rf"{'|'.join(SIGN_OFFS.values())}|(?:kind |best |warm )?regards|thanks|thank you|best|cheers"
_COURTESY = re.compile(
    rf"\W*(?:(?:{_GREETINGS})\b(?:\s+\w+){{0,3}}\W*)?(?:(?:{_WISHES})\b(?:\s+\w+){{0,2}}\W*)?"
    rf"(?:(?:{_CLOSES})\b\W*(?:\w+\W*){{0,2}})?",
    re.I,
)


def is_courtesy(words: str) -> bool:
    """Whether a text is nothing but a greeting, good wishes and a name."""
    return _COURTESY.fullmatch(words) is not None


def any_of(table: dict[str, str]) -> str:
    """The alternatives of all languages, as one group."""
    return f"(?:{'|'.join(table.values())})"
