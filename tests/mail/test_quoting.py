"""Whose words are these, in mail as real programs write it."""

import pytest

from gateway.mail.message import walk
from gateway.mail.quoting import blocks_of
from gateway.mail.reading import read_text, text_from
from gateway.mail.text import BlockKind, MessageText

NEW, OLD = "Here is what I write now.", "Here is what was written before."


def kinds(text: MessageText, words: str) -> set[str]:
    """The kinds of the blocks in which these words stand."""
    return {block.kind.value for block in text.blocks if words in text.text[block.start : block.end]}


ATTRIBUTIONS = [
    "On Mon, 3 Mar 2025 at 10:00, Bob Bee <bob@x.example> wrote:",
    "On Mon, 3 Mar 2025 at 10:00, Bob Bee\n<bob.with.a.long.name@department.x.example> wrote:",
    "On 3/3/25 10:00 AM, Bob Bee wrote:",
    "Bob Bee <bob@x.example> writes:",
    "Am 03.03.2025 um 10:00 schrieb Bob Bee <bob@x.example>:",
    "Am Mo., 3. März 2025 um 10:00 Uhr schrieb Bob Bee <\nbob@x.example>:",
    "Le lun. 3 mars 2025 à 10:00, Bob Bee <bob@x.example> a écrit :",
    "El lun, 3 mar 2025 a las 10:00, Bob Bee (<bob@x.example>) escribió:",
    "Em seg., 3 de mar. de 2025 às 10:00, Bob Bee <bob@x.example> escreveu:",
    "Den 03.03.2025 um 10:00 schrieb Bob Bee <bob@x.example>:",
    "Bob Bee <bob@x.example> schrieb am Mo., 3. März 2025, 10:00:",
    "El 3 mar 2025, a las 10:00, Bob Bee <bob@x.example> escribió:",
    "A 3/3/2025 10:00, Bob Bee <bob@x.example> escreveu:",
    "No dia 03/03/2025, às 10:00, Bob Bee <bob@x.example> escreveu:",
    "Op ma 3 mrt 2025 om 10:00 schreef Bob Bee <bob@x.example>:",
    "Il giorno lun 3 mar 2025 alle ore 10:00 Bob Bee <bob@x.example> ha scritto:",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_replies_above_the_quote(attribution: str) -> None:
    """The attribution, on one line or two, and the quoted lines below it are quoted."""
    text = text_from("Re: x", f"{NEW}\n\n{attribution}\n> {OLD}\n> more\n")
    assert (kinds(text, NEW), kinds(text, OLD)) == ({"authored"}, {"quoted"})
    assert kinds(text, attribution) == {"quoted"}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS[:3])
def test_quotes_without_marks(attribution: str) -> None:
    """Below a dated attribution all is quoted when the program marks no lines."""
    text = text_from("Re: x", f"{NEW}\n\n{attribution}\n\n{OLD}\n\nBob\n")
    assert (kinds(text, NEW), kinds(text, OLD)) == ({"authored"}, {"quoted"})


HEADER_BLOCKS = [
    "From: Bob Bee <bob@x.example>\nSent: Monday, March 3, 2025 10:00 AM\nTo: Ann <ann@x.example>\nSubject: x",
    "From: Bob\nDate: Monday, 3 March 2025 at 10:00\nTo: Ann\nSubject: x",
    "*From:* Bob Bee <bob@x.example>\n*Sent:* Monday\n*To:* Ann\n*Subject:* x",
    "________________________________\nFrom: Bob\nSent: Monday\nTo: Ann\nSubject: x",
    "Von: Bob\nGesendet: Montag, 3. März 2025 10:00\nAn: Ann\nBetreff: x",
    "De : Bob\nEnvoyé : lundi 3 mars 2025 10:00\nÀ : Ann\nObjet : x",
    "De: Bob\nEnviado el: lunes, 3 de marzo de 2025\nPara: Ann\nAsunto: x",
    "De: Bob\nEnviada em: segunda-feira\nPara: Ann\nAssunto: x",
    "Von: Bob\nDatum: Montag, 3. März 2025 um 10:00\nAn: Ann\nCc: Cem\nBetreff: x",
    "Expéditeur: Bob\nDate d'envoi: lundi 3 mars\nDestinataire: Ann\nObjet: x",
    "De : Bob\nDate : lundi, 3 mars 2025 à 10:00\nÀ : Ann\nObjet : x",
    "De: Bob\nFecha: lunes, 3 de marzo de 2025, 10:00\nPara: Ann\nAsunto: x",
    "De: Bob\nData: segunda-feira, 3 de março de 2025 às 10:00\nPara: Ann\nAssunto: x",
    "Remitente: Bob\nEnviado: lunes\nPara: Ann\nAsunto: x",
    "Van: Bob\nVerzonden: maandag 3 maart 2025\nAan: Ann\nOnderwerp: x",
    "Da: Bob\nInviato: lunedì 3 marzo 2025\nA: Ann\nOggetto: x",
    "-----Original Message-----\nFrom: Bob\nSent: Monday\nTo: Ann\nSubject: x",
    "-----Ursprüngliche Nachricht-----\nVon: Bob",
    "-----Message d'origine-----\nDe : Bob",
    "-----Mensaje original-----\nDe: Bob",
]


@pytest.mark.parametrize("header", HEADER_BLOCKS)
def test_outlooks_header_block(header: str) -> None:
    """Everything below a header block is quoted, and forwarded when the subject says so."""
    body = f"{NEW}\n\n{header}\n\n{OLD}\n\nMore of it\n"
    reply, forward = text_from("RE: x", body), text_from("FW: x", body)
    assert (kinds(reply, NEW), kinds(reply, OLD), kinds(reply, "More of it")) == ({"authored"}, {"quoted"}, {"quoted"})
    assert (kinds(forward, NEW), kinds(forward, OLD)) == ({"authored"}, {"forwarded"})


FORWARDS = [
    "---------- Forwarded message ---------\nFrom: Bob <bob@x.example>\nDate: Mon\nSubject: x\nTo: Ann",
    "Begin forwarded message:\n\nFrom: Bob\nSubject: x",
    "-------- Forwarded Message --------\nSubject: x",
    "-------- Weitergeleitete Nachricht --------\nBetreff: x",
    "Anfang der weitergeleiteten Nachricht:\n\nVon: Bob",
    "---------- Message transféré ---------\nDe : Bob",
    "Début du message réexpédié :\n\nDe: Bob",
    "---------- Mensaje reenviado ----------\nDe: Bob",
    "---------- Mensagem encaminhada ---------\nDe: Bob",
    "-------- Doorgestuurd bericht --------\nVan: Bob",
    "-------- Messaggio Inoltrato --------\nDa: Bob",
]


@pytest.mark.parametrize("marker", FORWARDS)
def test_forward_markers(marker: str) -> None:
    """What stands below a forward marker is forwarded, in seven languages."""
    text = text_from("x", f"{NEW}\n\n{marker}\n\n{OLD}\n")
    assert (kinds(text, NEW), kinds(text, OLD)) == ({"authored"}, {"forwarded"})


@pytest.mark.parametrize(
    "footer",
    [
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für Android",
        "Outlook für iOS beziehen",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Envoyé de mon iPhone",
        "Obtenez Outlook pour iOS",
        "Télécharger Outlook pour Android",
        "Enviado desde mi iPhone",
        "Enviado desde Outlook para Android",
        "Obtener Outlook para iOS",
        "Enviado do meu iPhone",
        "Enviado a partir do meu telemóvel",
        "Obter o Outlook para iOS",
    ],
)
def test_what_a_telephone_writes_below(footer: str) -> None:
    """The line that a mail program adds by itself is no word of the author's."""
    assert kinds(text_from("x", f"{NEW}\n\n{footer}\n"), footer) == {"signature"}


@pytest.mark.parametrize(
    "sign_off",
    [
        *("Mit freundlichen Grüßen", "Viele Grüße", "Liebe Grüsse", "VG", "Cordialement,", "Bien à vous,", "Bises,"),
        *(
            "Un saludo,",
            "Atentamente,",
            "Un abrazo",
            "Cumprimentos,",
            "Atenciosamente,",
            "Abraços,",
            "Com os melhores cumprimentos",
        ),
    ],
)
def test_names_below_a_sign_off_are_a_signature(sign_off: str) -> None:
    """Name, title and number below the sign-off are set apart; what speaks to the reader again is not."""
    text = text_from("x", f"{NEW}\n\n{sign_off}\nRita Roe\nTel. +49 555 010203\n")
    assert (kinds(text, NEW), kinds(text, "Rita Roe")) == ({"authored"}, {"signature"})


@pytest.mark.parametrize(
    "afterthought",
    [
        *(
            "Wer es noch nicht hat: bitte melden",
            "Denkt an euer Profilbild",
            "Vous pouvez aussi partager",
            "Pensez à la photo",
        ),
        *("Por favor, cambien la foto", "P. D. Falta la portada", "Não esqueçam a capa", "Quem ainda não trocou avise"),
    ],
)
def test_what_speaks_on_below_a_sign_off_is_authored(afterthought: str) -> None:
    """A line to the reader below the name belongs to the author."""
    assert kinds(text_from("x", f"{NEW}\n\nLG\nRita\n\n{afterthought}\n"), afterthought) == {"authored"}


@pytest.mark.parametrize(
    "legal",
    [
        "Diese E-Mail ist vertraulich und nur für den Absender und Empfänger bestimmt; irrtümlich erhalten? Löschen.",
        "Ce message est confidentiel ; si vous n'en êtes pas le destinataire, prévenez l'expéditeur. Usage exclusif.",
        "Este mensaje es confidencial y de uso exclusivo de su destinatario; si no es usted, avise al remitente.",
        "Esta mensagem é confidencial e de uso exclusivo do destinatário; se a recebeu por engano, avise o remetente.",
    ],
)
def test_disclaimers_in_other_languages(legal: str) -> None:
    """A legal paragraph below the mail is a disclaimer."""
    assert kinds(text_from("x", f"{NEW}\n\n{legal}\n"), legal) == {"disclaimer"}


def test_a_bare_forward_has_no_authored_words() -> None:
    """The structure tells: nothing authored, everything forwarded."""
    text = text_from("Fwd: x", f"\n\n{FORWARDS[0]}\n\n{OLD}\n")
    assert text.authored.strip() == ""
    assert OLD in text.of(BlockKind.FORWARDED)


def test_words_between_quoted_lines_are_authored() -> None:
    """Interleaved replies."""
    text = text_from("Re: x", f"Bob wrote:\n> one\n\n{NEW}\n\n> two\nMine too.\n>three\n")
    assert text.authored.split() == [*NEW.split(), "Mine", "too."]


@pytest.mark.parametrize(
    "prose",
    [
        "From Monday on we meet at ten.",
        "From: now on, please post.",
        "I wrote:",
        "As Bob wrote in 2019, it works:\nlike a charm",
        ">From Monday on we meet.",
        "Please date: and sign.",
        "To: everyone who helped - thank you",
        "Original message follows tomorrow",
        "Thanks for the forwarded message",
        "Best\nof luck to all of you in the new year",
        "--\nPlease put up the banner today",
        "Thanks,\nplease send me the list of who has done it",
        "Thanks,\n\nPlease do it",
        "Thanks\nAnn\n\nWho has done it:\n- Bob\n- Cem Dee",
        "Cheers,\nAnn\n\nNot yet: Bob, Cem, Dee",
        "Cheers,\nAnn\n\nStill missing\nBob\nCem Dee",
        "Cheers\n\nAnn\n\nP.S. did everyone change the photo?",
        "Regards\nAnn\nCould you all post it by noon",
        "This message is confidential: put the banner up.",
    ],
)
def test_prose_that_only_looks_like_a_mark(prose: str) -> None:
    """The author's words are never cut away for looking like a quote, a signature or a disclaimer."""
    body = f"Hello.\n\n{prose}\n"
    last = prose.splitlines()[-1]
    assert kinds(text_from("x", body), last) == {"authored"}


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnn Smith\nHead of People\n+44 20 7946 0000",
        "--\nAnn Smith | X Ltd | www.x.example\nFollow us on LinkedIn",
        "Sent from my iPhone",
        "Get Outlook for iOS<https://aka.example/x>",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
    ],
)
def test_signatures(signature: str) -> None:
    """Signature marks and what phones add are not the author's words."""
    text = text_from("x", f"{NEW}\n\n{signature}\n")
    assert kinds(text, NEW) == {"authored"}
    assert kinds(text, signature.splitlines()[-1]) == {"signature"}


@pytest.mark.parametrize(
    "sign_off", ["Best regards,", "Thanks!", "Mit freundlichen Grüßen", "Cordialement,", "Saludos"]
)
def test_the_lines_below_a_sign_off(sign_off: str) -> None:
    """Name, title and social links below a sign-off are a signature."""
    text = text_from("x", f"{NEW}\n\n{sign_off}\nAnn Smith\nHead of People\nFollow us on LinkedIn\n+44 20 7946 0000\n")
    assert (kinds(text, NEW), kinds(text, "Follow us on LinkedIn")) == ({"authored"}, {"signature"})


@pytest.mark.parametrize(
    "words",
    [
        "This e-mail and any attachments are confidential and intended solely for the addressee. If you have received "
        "it in error, please notify the sender and delete it.",
        "Diese E-Mail ist vertraulich und nur für den Empfänger bestimmt. Amtsgericht Köln, Geschäftsführer: B. Bee.",
        "X Ltd, registered in England, company number 123. Registered office: 1 Street. This e-mail is confidential.",
    ],
)
def test_disclaimers(words: str) -> None:
    """A paragraph of several legal turns is a disclaimer."""
    text = text_from("x", f"{NEW}\n\n{words}\n")
    assert (kinds(text, NEW), kinds(text, words)) == ({"authored"}, {"disclaimer"})


HTML_MAILS = {
    "Gmail reply": f"""<div dir="ltr">{NEW}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr"
        class="gmail_attr">On Mon, 3 Mar 2025 at 10:00, Bob &lt;<a href="mailto:b@x.example">b@x.example</a>&gt; wrote:
        <br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid #ccc">
        <div dir="ltr">{OLD}</div></blockquote></div>""",
    "Outlook for Windows": f"""<html><body lang=EN-GB><div class=WordSection1><p class=MsoNormal>{NEW}<o:p></o:p></p>
        <p class=MsoNormal><o:p>&nbsp;</o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm
        0cm 0cm'><p class=MsoNormal><b><span lang=EN-US>From:</span></b><span lang=EN-US> Bob Bee &lt;b@x.example&gt;
        <br><b>Sent:</b> 03 March 2025 10:00<br><b>To:</b> Ann<br><b>Subject:</b> x</span></p></div>
        <p class=MsoNormal>{OLD}</p></div></body></html>""",
    "Outlook on the web": f"""<html><body><div class="elementToProof">{NEW}</div><div id="appendonsend"></div>
        <hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri"><b>From:</b>
        Bob<br><b>Sent:</b> Monday<br><b>To:</b> Ann<br><b>Subject:</b> x</font><div>&nbsp;</div></div>
        <div>{OLD}</div></body></html>""",
    "Apple Mail": f"""<html><body>{NEW}<br><div><br><blockquote type="cite"><div>On 3 Mar 2025, at 10:00, Bob
        &lt;b@x.example&gt; wrote:</div><br><div><div>{OLD}</div></div></blockquote></div></body></html>""",
    "Thunderbird": f"""<p>{NEW}</p><div class="moz-cite-prefix">On 03/03/2025 10:00, Bob wrote:<br></div>
        <blockquote type="cite" cite="mid:1@x.example"><p>{OLD}</p></blockquote>""",
    "Yahoo": f"""<div class="yahoo-style-wrap"><div>{NEW}</div></div><div id="yahoo_quoted_1" class="yahoo_quoted">
        <div>On Monday, 3 March 2025, Bob wrote:</div><div>{OLD}</div></div>""",
}


@pytest.mark.parametrize("name", HTML_MAILS)
def test_replies_in_html(name: str) -> None:
    """The reply is authored, the original quoted, whichever program wrote it."""
    text = text_from("Re: x", HTML_MAILS[name], html=True)
    assert (kinds(text, NEW), kinds(text, OLD)) == ({"authored"}, {"quoted"})
    assert text.authored.split() == NEW.split()


HTML_FORWARDS = {
    "Gmail": f"""<div dir="ltr"><br><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">---------- Forwarded
        message ---------<br>From: <b>Bob</b><br>Subject: x<br></div><br><div>{OLD}</div></div></div>""",
    "Apple Mail": f"""<br><div><br><blockquote type="cite"><div>Begin forwarded message:</div><br><div><b>From: </b>Bob
        </div><div><b>Subject: </b>x</div><br><div>{OLD}</div></blockquote></div>""",
    "Thunderbird": f"""<p><br></p><div class="moz-forward-container">-------- Forwarded Message --------<table><tr><th>
        Subject: </th><td>x</td></tr></table><p>{OLD}</p></div>""",
    "Outlook": HTML_MAILS["Outlook on the web"].replace(NEW, ""),
}


@pytest.mark.parametrize("name", HTML_FORWARDS)
def test_bare_forwards_in_html(name: str) -> None:
    """No word is authored, the original is forwarded."""
    text = text_from("Fwd: x", HTML_FORWARDS[name], html=True)
    assert (text.authored.strip(), kinds(text, OLD)) == ("", {"forwarded"})


def test_words_between_gmail_quotes_are_authored() -> None:
    """Gmail puts an interleaved reply into the quote's own container."""
    quote = '<blockquote class="gmail_quote" style="border-left:1px solid">'
    html = (
        '<div dir="ltr"></div><div class="gmail_quote"><div class="gmail_attr">On Mon, 3 Mar 2025, Bob wrote:<br></div>'
        f"{quote}<div>one</div></blockquote><div>{NEW}</div>{quote}<div>two</div></blockquote></div>"
    )
    assert text_from("Re: x", html, html=True).authored.split() == NEW.split()


def test_indented_words_are_authored() -> None:
    """A blockquote that no mail program marked as quote is only indented."""
    html = f'<blockquote style="margin:0 0 0 40px;border:none;padding:0px"><div>{NEW}</div></blockquote>'
    assert text_from("x", html, html=True).authored == NEW


@pytest.mark.parametrize(
    "mark", ['class="gmail_signature"', 'class="moz-signature"', 'id="Signature"', 'id="x_Signature"']
)
def test_signatures_in_html(mark: str) -> None:
    """A marked signature is none of the author's words, its links offer nothing."""
    html = f'<p>{NEW}</p><div {mark}>Ann<br><a href="https://x.example/li">Follow us on LinkedIn</a></div><p>After.</p>'
    text = text_from("x", html, html=True)
    assert (kinds(text, NEW), kinds(text, "Follow us"), kinds(text, "After.")) == (
        {"authored"},
        {"signature"},
        {"authored"},
    )
    assert text.links == ()


def test_html_lines() -> None:
    """Blocks, line breaks, lists and cells come out as a reader sees them."""
    html = "<div>a<br>b</div><p>c  d\n e</p><ul><li>f<li>g</ul><table><tr><td>h<td>i<tr><td>j</table><pre>k\n  l</pre>"
    text = text_from("x", html, html=True).text
    assert text == "a\nb\n\nc d e\n\n\u2022 f\n\u2022 g\n\nh\ti\nj\n\nk\n  l"


def test_links_and_pictures_in_order() -> None:
    """Addresses of links, pictures and bare URLs, each once, in reading order."""
    html = (
        '<a href="https://x.example/1">a</a> <img src="https://x.example/2.png"> see https://x.example/3. '
        '<a href="mailto:a@x.example">m</a><img src="https://x.example/t.gif" width=1 height=1> <a href="https://x.example/1">'
    )
    assert text_from("x", html, html=True).links == (
        "https://x.example/1",
        "https://x.example/2.png",
        "https://x.example/3",
    )


def test_alternatives_with_a_quote() -> None:
    """A whole Gmail reply: quoted words come out of neither part as authored."""
    plain = f"{NEW}\r\n\r\nOn Mon, 3 Mar 2025 at 10:00, Bob <b@x.example> wrote:\r\n\r\n> {OLD}\r\n>\r\n"
    raw = (
        "Subject: Re: x\r\nContent-Type: multipart/alternative; boundary=q\r\n\r\n"
        "--q\r\nContent-Type: text/plain\r\n\r\n"
        f"{plain}\r\n--q\r\nContent-Type: text/html\r\n\r\n{HTML_MAILS['Gmail reply']}\r\n--q--\r\n"
    )
    assert read_text(walk(raw.encode())).authored.split() == NEW.split()


def test_nothing_said() -> None:
    """No text, no blocks."""
    assert blocks_of("") == ()
