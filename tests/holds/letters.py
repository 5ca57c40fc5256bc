"""Mails as real programs write them, for revision: every structure, charset and transfer encoding we have met."""

import base64
import quopri

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3).decode("ascii")
PNG_LINES = "\r\n".join(PNG[at : at + 76] for at in range(0, len(PNG), 76))
HEAD = (
    "Received: from client.corp.example by mx.corp.example; Mon, 2 Mar 2026 09:00:00 +0000\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; d=corp.example; s=k1;\r\n\th=from:to:subject; bh=abc=; b=def=\r\n"
    'From: "Mira Lind" <mira@corp.example>\r\n'
    "To: team@corp.example\r\n"
    "Subject: New banners\r\n"
    "Date: Mon, 2 Mar 2026 09:00:00 +0000\r\n"
    "Message-ID: <m1@corp.example>\r\n"
    "X-Odd:  spaced   out \r\n"
    "MIME-Version: 1.0\r\n"
)


def _mail(content: str, body: bytes, head: str = HEAD) -> bytes:
    return (head + content + "\r\n\r\n").encode("ascii") + body


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8")


def _qp(text: str, charset: str = "utf-8") -> bytes:
    return quopri.encodestring(text.encode(charset)).replace(b"\n", b"\r\n")


def _b64(text: str, charset: str = "utf-8") -> bytes:
    return base64.encodebytes(text.replace("\n", "\r\n").encode(charset)).replace(b"\n", b"\r\n")


PLAIN = _mail(
    "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit",
    _crlf("Hello all,\n\nplease put the banner on your profile.\n\nMira\n"),
)
NO_MIME = b"From: mira@corp.example\r\nTo: team@corp.example\r\nSubject: Old\r\n\r\nHello all,\r\n\r\nplease do it.\r\n"
REPLY = _mail(
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit",
    _crlf(
        "Any luck with this?\n\nOn Mon, 23 Feb 2026 at 10:00, Mira Lind <mira@corp.example> wrote:\n"
        "> Hello all, grüße,\n> the banner is here.\n"
    ),
)
QUOTED_PRINTABLE = _mail(
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
    _qp("Grüße an alle,\n\nbitte nehmt das Banner = ja.\n\nMira\n"),
)
BASE64 = _mail(
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64",
    _b64("Grüße an alle,\n\nbitte nehmt das Banner.\n"),
)
LATIN_1 = _mail(
    "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable",
    _qp("Café à midi,\n\nmettez la bannière.\n", "iso-8859-1"),
)
ISO_2022_JP = _mail(
    "Content-Type: text/plain; charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit",
    "みなさん、\r\n\r\nバナーをプロフィールに。\r\n".encode("iso-2022-jp"),
)
UTF_16 = _mail(
    "Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64",
    _b64("Hello all,\n\nput the banner up.\n", "utf-16"),
)
RIGHT_TO_LEFT = _mail(
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64",
    _b64("שלום לכולם,\n\nנא להחליף את התמונה.\n\nتحياتي\n"),
)
FLOWED = _mail(
    "Content-Type: text/plain; charset=us-ascii; format=flowed; delsp=no\r\nContent-Transfer-Encoding: 7bit",
    _crlf(
        "Hello all, this paragraph is flowed and therefore \ngoes over two lines.\n\n please stuff me\n\n"
        "On Mon, 23 Feb 2026 at 10:00, Mira Lind wrote:\n> a quoted paragraph that flows \n> on.\n"
    ),
)
GMAIL = _mail(
    'Content-Type: multipart/alternative; boundary="000000000000a1b2"',
    _crlf(
        '--000000000000a1b2\nContent-Type: text/plain; charset="UTF-8"\n\n'
        "Hello all,\n\nplease put the *new banner* on your profile, it is here\n<https://corp.example/b.png>.\n\nMira\n\n"
        "On Mon, Feb 23, 2026 at 10:00 AM Omar <omar@corp.example> wrote:\n\n> What about the banner?\n>\n\n"
        '--000000000000a1b2\nContent-Type: text/html; charset="UTF-8"\nContent-Transfer-Encoding: quoted-printable\n\n'
    )
    + _qp(
        '<div dir="ltr"><div>Hello all,</div><div><br></div><div>please put the <b>new banner</b> on your profile, it'
        ' is <a href="https://corp.example/b.png">here</a>.</div><div><br></div><div>Mira</div></div><br>'
        '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, Feb 23, 2026 Omar wrote:<br></div>'
        '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid #ccc">'
        '<div dir="ltr">What about the banner?</div></blockquote></div>\n'
    )
    + b"\r\n--000000000000a1b2--\r\n",
)
OUTLOOK_HTML = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office">\n<head>\n'
    '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">\n'
    "<!--[if gte mso 9]><xml>x</xml><![endif]-->\n<style><!-- p.MsoNormal {margin:0cm} --></style>\n</head>\n"
    '<body lang="EN-US"><div class="WordSection1">\n'
    '<p class="MsoNormal"><span style="color:red">Dear all,<o:p></o:p></span></p>\n'
    '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>\n'
    '<p class="MsoNormal">Please put our <b>banner</b> up by <u>Friday</u>.<o:p></o:p></p>\n'
    '<p class="MsoNormal"><img width="120" height="60" src="cid:image001.png@01DA"><o:p></o:p></p>\n'
    '<p class="MsoNormal">Café at noon.<o:p></o:p></p>\n'
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
    '<p class="MsoNormal"><b>From:</b> Omar Reyes &lt;omar@corp.example&gt;<br><b>Sent:</b> Monday, 23 February 2026'
    "<br><b>To:</b> Mira Lind<br><b>Subject:</b> New banners<o:p></o:p></p></div>\n"
    '<p class="MsoNormal">What about the banner?<o:p></o:p></p>\n</div></body></html>\n'
)
OUTLOOK = _mail(
    'Content-Language: en-US\r\nContent-Type: multipart/mixed;\r\n\tboundary="_005_mixed_"',
    b"This is a multi-part message in MIME format.\r\n\r\n"
    + _crlf(
        '--_005_mixed_\nContent-Type: multipart/related;\n\tboundary="_004_related_"\n\n'
        '--_004_related_\nContent-Type: multipart/alternative;\n\tboundary="_000_alt_"\n\n'
        '--_000_alt_\nContent-Type: text/plain; charset="iso-8859-1"\nContent-Transfer-Encoding: quoted-printable\n\n'
    )
    + _qp(
        "Dear all,\n\nPlease put our banner up by Friday.\n\n[cid:image001.png@01DA]\nCafé at noon.\n\n"
        "From: Omar Reyes <omar@corp.example>\nSent: Monday, 23 February 2026 10:00\nTo: Mira Lind\n"
        "Subject: New banners\n\nWhat about the banner?\n",
        "iso-8859-1",
    )
    + _crlf(
        '\n--_000_alt_\nContent-Type: text/html; charset="iso-8859-1"\nContent-Transfer-Encoding: quoted-printable\n\n'
    )
    + _qp(OUTLOOK_HTML, "iso-8859-1")
    + _crlf(
        '\n--_000_alt_--\n\n--_004_related_\nContent-Type: image/png; name="image001.png"\n'
        'Content-Description: image001.png\nContent-Disposition: inline; filename="image001.png"; size=776\n'
        "Content-ID: <image001.png@01DA>\nContent-Transfer-Encoding: base64\n\n"
    )
    + PNG_LINES.encode("ascii")
    + _crlf(
        '\n\n--_004_related_--\n\n--_005_mixed_\nContent-Type: application/pdf; name="plan.pdf"\n'
        'Content-Disposition: attachment; filename="plan.pdf"\nContent-Transfer-Encoding: base64\n\n'
    )
    + PNG_LINES.encode("ascii")
    + b"\r\n\r\n--_005_mixed_--\r\nepilogue nobody reads\r\n",
)
APPLE = _mail(
    "Content-Type: multipart/mixed; boundary=Apple-Mail-1",
    _crlf(
        "--Apple-Mail-1\nContent-Transfer-Encoding: 7bit\nContent-Type: text/plain;\n\tcharset=us-ascii\n\n"
        "Hello all,\n\nlook at this:\n\n\n--Apple-Mail-1\nContent-Disposition: inline;\n\tfilename=b.png\n"
        'Content-Type: image/png;\n\tx-unix-mode=0644;\n\tname="b.png"\nContent-Transfer-Encoding: base64\n\n'
    )
    + PNG_LINES.encode("ascii")
    + _crlf(
        "\n--Apple-Mail-1\nContent-Transfer-Encoding: 7bit\nContent-Type: text/plain;\n\tcharset=us-ascii\n\n\n"
        "Put it up, please.\n\nMira\n--Apple-Mail-1--\n"
    ),
)
CALENDAR = _mail(
    'Content-Type: multipart/alternative; boundary="cal"',
    _crlf(
        "--cal\nContent-Type: text/plain; charset=utf-8\n\nJoin us on Friday.\n\n"
        "--cal\nContent-Type: text/html; charset=utf-8\n\n<html><body><p>Join us on Friday.</p></body></html>\n\n"
        "--cal\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\n"
        "BEGIN:VEVENT\nUID:1@corp.example\nSUMMARY:Friday\nEND:VEVENT\nEND:VCALENDAR\n\n--cal--\n"
    ),
)


def _alternative(plain: bytes, page: bytes, charset: str = "utf-8", encoding: str = "quoted-printable") -> bytes:
    """Both versions of a text; the bytes are already encoded."""
    head = f'\r\nContent-Type: text/%s; charset="{charset}"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    plain_head, page_head = (head % kind for kind in ("plain", "html"))
    pieces = [b"--alt", plain_head.encode(), plain, b"\r\n--alt", page_head.encode(), page, b"\r\n--alt--\r\n"]
    return _mail('Content-Type: multipart/alternative; boundary="alt"', b"".join(pieces))


GMAIL_LIST = _alternative(
    _qp(
        "Hi all,\n\nThe numbers are in. Please put the new banner on\nyour profile. See the plan\n"
        "<https://corp.example/plan>.\n\n   1. Budget is closed\n   2. Offsite moves\n      1. Trains are booked\n"
        "      - Rooms are open\n   3. Minutes follow\n\nBest,\nAnn\n"
    ),
    _qp(
        '<div dir="ltr">Hi all,<div><br></div><div>The numbers are in. Please put the new banner on your profile. See'
        ' the <a href="https://corp.example/plan">plan</a>.</div><div><ol><li>Budget is closed</li><li>Offsite moves'
        "<ol><li>Trains are booked</li></ol><ul><li>Rooms are open</li></ul></li><li>Minutes follow</li></ol></div>"
        "<div>Best,<br><div>Ann</div></div></div>\n"
    ),
)
OUTLOOK_LIST = _alternative(
    _qp(
        "Hi all,\n\nPlease put the new banner on your profile.\n\n\n  1.  Budget is closed\n  2.  Offsite moves\n"
        "     *   Trains are booked\n     *   Rooms are open\n  3.  Minutes follow\n     a.  Not before Friday\n\n"
        "The plan is in the folder.\n\nBest regards,\nAnn\n"
    ),
    _qp(
        '<html><body><p class="MsoNormal">Hi all,</p>\n<p class="MsoNormal">&nbsp;</p>\n<p class="MsoNormal">Please put'
        ' the new banner on your profile.</p>\n<ol style="margin-top:0cm" start="1" type="1">\n'
        '<li class="MsoListParagraph">Budget is closed<o:p></o:p></li>\n<li class="MsoListParagraph">Offsite moves'
        '<o:p></o:p></li>\n<ul style="margin-top:0cm" type="circle">\n<li class="MsoListParagraph">Trains are booked'
        '<o:p></o:p></li>\n<li class="MsoListParagraph">Rooms are open<o:p></o:p></li>\n</ul>\n'
        '<li class="MsoListParagraph">Minutes follow<o:p></o:p></li>\n<ol style="margin-top:0cm" type="a">\n'
        '<li class="MsoListParagraph">Not before Friday<o:p></o:p></li>\n</ol>\n</ol>\n<p class="MsoNormal">The plan is'
        ' in the folder.</p>\n<p class="MsoNormal">&nbsp;</p>\n<p class="MsoNormal">Best regards,</p>\n'
        '<p class="MsoNormal">Ann</p></body></html>\n'
    ),
)
SIGNED_IN_BOLD = _alternative(
    _qp(
        "Hi all,\n\nThe *numbers* are in. Please put the new banner on\nyour *personal* profile, as"
        " I asked.\nSee the plan\n"
        "<https://corp.example/plan>.\n\n[image: banner.png]\nThe minutes follow.\n\nBest,\nAnn\n-- \n*Ann Fields*\n"
    ),
    _qp(
        '<div dir="ltr">Hi all,<div><br></div><div>The <b>numbers</b> are in. Please put the new banner on your'
        ' <i>personal</i> profile, as I asked.</div><div>See the <a href="https://corp.example/plan">plan</a>.</div><div>'
        '<br></div><div><img src="cid:ii_1" alt="banner.png" width="300"><br></div><div>The minutes'
        " follow.</div><div><br>"
        '</div><div>Best,<br clear="all"><div>Ann</div><span class="gmail_signature_prefix">--'
        ' </span><br><div dir="ltr"'
        ' class="gmail_signature"><b>Ann Fields</b></div></div></div>\n'
    ),
)
OTHER_PICTURE_NAMES = _alternative(
    _qp(
        "Hi all,\n\nPlease put the new banner on your profile.\n\n[cid:image001.png@01DA]\n\nSee the"
        " plan<https://corp.example/plan>.\n\nBest regards,\nAnn\n\n[cid:image002.png@01DA]\n"
    ),
    _qp(
        '<html><body><p class="MsoNormal">Hi all,</p><p class="MsoNormal">&nbsp;</p><p class="MsoNormal">Please put the'
        ' new banner on your profile.</p><p class="MsoNormal"><img src="cid:image001.png@01DA"'
        ' alt="A picture containing'
        ' text&#10;&#10;Description automatically generated"></p><p class="MsoNormal">See the'
        ' <a href="https://corp.example/plan">plan</a>.</p><p class="MsoNormal">&nbsp;</p><p class="MsoNormal">Best'
        ' regards,</p><p class="MsoNormal">Ann</p><p class="MsoNormal"><img src="cid:image002.png@01DA" alt="Logo of'
        ' Corp"></p></body></html>\n'
    ),
)
RIGHT_TO_LEFT_PAGE = _alternative(
    _qp("שלום לכולם,\n\nהמספרים כאן. נא לשים את הבאנר בפרופיל שלכם. הפרוטוקול בתיקייה.\n"),
    _qp(
        '<html><body dir="rtl"><div dir="rtl">שלום לכולם,</div><div><br></div><div>המספרים <b>כאן</b>. נא לשים את הבאנר'
        " בפרופיל שלכם. הפרוטוקול בתיקייה.</div></body></html>\n"
    ),
)
JAPANESE_PAGE = _alternative(
    "皆さん、\r\n\r\n数字が出ました。バナーを個人のプロフィールに載せてください。議事録はフォルダーにあります。\r\n".encode(
        "iso-2022-jp"
    ),
    (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-2022-jp"></head><body>'
        "<p>皆さん、</p>"
        "\r\n<p><b>数字</b>が出ました。バナーを個人のプロフィールに載せてください。議事録はフォルダーにあります。</p></body></html>\r\n"
    ).encode("iso-2022-jp"),
    charset="ISO-2022-JP",
    encoding="7bit",
)
FLOWED_DELSP = _mail(
    "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\nContent-Transfer-Encoding: 8bit",
    _crlf(
        "Hi all,\n\nThe numbers are in. Please put the new  \nbanner on your profile, as I asked.  \nThe minutes are"
        " in the folder.\n"
    ),
)
HTML_ONLY = _mail(
    "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64",
    _b64(
        "<!DOCTYPE html><html><body><h1>Banners</h1><ul><li>Take <b>one</b></li><li>Put it up</li></ul>"
        "<table><tr><td>left</td><td>right</td></tr></table><p>First<br>Second<br>Third</p></body></html>\n"
    ),
)
INTERLEAVED = _mail(
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit",
    _crlf(
        "Answers below.\n\n"
        "> Who has the banner?\n\nOmar has it.\n\n> When is it due?\n\nBy Friday, please.\n\n-- \nMira Lind\n"
    ),
)
FORWARDED = _mail(
    'Content-Type: multipart/mixed; boundary="fwd"',
    _crlf(
        "--fwd\nContent-Type: text/plain; charset=utf-8\n\nSee what they sent us.\n\n--fwd\n"
        "Content-Type: message/rfc822\nContent-Disposition: attachment\n\nFrom: x@out.example\nTo: mira@corp.example\n"
        "Subject: inner\nDKIM-Signature: v=1; inner\n\nInner words.\n\n--fwd--\n"
    ),
)
SIGNED = _mail(
    'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="sig"',
    _crlf(
        "--sig\nContent-Type: text/plain\n\nPut the banner up.\n\n--sig\nContent-Type: application/pkcs7-signature\n"
        "Content-Transfer-Encoding: base64\n\nMIIB\n--sig--\n"
    ),
)
ENCRYPTED = _mail(
    "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n"
    "Content-Transfer-Encoding: base64",
    b"MIIBAAA=\r\n",
)
INLINE_PGP = _mail(
    "Content-Type: text/plain; charset=utf-8",
    _crlf(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nPut the banner up.\n-----BEGIN PGP SIGNATURE-----\n\n"
        "abc\n-----END PGP SIGNATURE-----\n"
    ),
)
PICTURE_ONLY = _mail("Content-Type: image/png\r\nContent-Transfer-Encoding: base64", PNG_LINES.encode() + b"\r\n")

EDITABLE = {
    "plain": PLAIN,
    "no-mime": NO_MIME,
    "reply": REPLY,
    "quoted-printable": QUOTED_PRINTABLE,
    "base64": BASE64,
    "latin-1": LATIN_1,
    "iso-2022-jp": ISO_2022_JP,
    "utf-16": UTF_16,
    "right-to-left": RIGHT_TO_LEFT,
    "flowed": FLOWED,
    "gmail": GMAIL,
    "outlook": OUTLOOK,
    "apple": APPLE,
    "calendar": CALENDAR,
    "gmail-list": GMAIL_LIST,
    "outlook-list": OUTLOOK_LIST,
    "signed-in-bold": SIGNED_IN_BOLD,
    "other-picture-names": OTHER_PICTURE_NAMES,
    "right-to-left-page": RIGHT_TO_LEFT_PAGE,
    "japanese-page": JAPANESE_PAGE,
    "flowed-delsp": FLOWED_DELSP,
    "html-only": HTML_ONLY,
    "interleaved": INTERLEAVED,
    "forwarded": FORWARDED,
}
SEALED = {"signed": SIGNED, "encrypted": ENCRYPTED, "inline-pgp": INLINE_PGP, "picture": PICTURE_ONLY}
