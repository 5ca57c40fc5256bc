"""Text as rules match it, and the way back to what was written."""

import time

import pytest

from gateway.mail.normal import normalise


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("L i n k e d I n now", "LinkedIn now"),
        ("L.i.n.k.e.d.I.n", "LinkedIn"),
        ("L-i-n-k-e-d-I-n and F_a_c_e_b_o_o_k", "LinkedIn and Facebook"),
        ("Lіnkеdіn", "Linkedin"),
        ("роst", "post"),
        ("ʟɪɴᴋᴇᴅɪɴ", "linkedin"),
        ("🅻🅸🅽🅺", "LINK"),
        ("Ⓛⓘⓝⓚ", "Link"),
        ("cafe\u0301", "café"),
        ("L̴i̴n̴k̴", "Link"),
        ("\u201cdon\u2019t\u201d \u2014 ok\u2026", '"don\'t" - ok...'),
        ("ﬁle", "file"),
        ("LinkedIn™", "LinkedIn™"),
        ("p1ease fo11ow c1ick L1nked", "please follow click Linked"),
        ("Inst@gram", "Instagram"),
    ],
)
def test_disguises_come_off(written: str, plain: str) -> None:
    """Each disguise gives the plain word."""
    assert normalise(written).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "a@b.example", "https://x.example/p0st1a", "B2B and W3C at 10am on 3rd", "U.S.A. and e.g. i.e. p.m.",
        "H1N1 Q4 COVID19",
        "a b c", "Plan A or B", "mp3 i18n k8s", "Привет, Москва", "Ελλάδα", "straße naïve Ñandú São", "10-20-30-40", "",
        "I/O and A/B", "f4b8e2c1d7",
    ],
)  # fmt: skip
def test_ordinary_writing_stays(text: str) -> None:
    """Addresses, codes, abbreviations and other languages are left alone."""
    assert normalise(text).text == text


def test_the_way_back() -> None:
    """A stretch of normalised text leads to the characters it came from."""
    written = "Put it on “L\u00adi\u200bn k e d” or L i n k e d I n, café ﬁne."
    done = normalise(written)
    for word, original in {"LinkedIn": "L i n k e d I n", "café": "café", "fine": "ﬁne"}.items():
        at = done.text.index(word)
        start, end = done.original(at, at + len(word))
        assert written[start:end] == original


@pytest.mark.parametrize(
    "text", ["a " * 100_000, "\u0316" * 100_000, "é\u200b" * 60_000, "a1" * 100_000, "а" * 200_000]
)
def test_no_text_takes_long(text: str) -> None:
    """Linear, whatever the text is made of."""
    start = time.process_time()
    normalise(text)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("sign", ["\u200a", "\u2006", "\u00a0", "\ufffc", ".", "\t"])
def test_letters_with_a_sign_between_them_are_words(sign: str) -> None:
    """Words end where another blank stands, whatever blank is between the letters."""
    words = "these people have been told about Instagram twice"
    spelt = sign.join(words).replace(f"{sign} {sign}", " ")
    assert normalise(spelt).text == words


def test_hard_blanks_between_words_part_them() -> None:
    """The blanks of "10 kg", "il y a" and "z. B." are no disguise."""
    said = "das sind 10\u00a0kg, Dr.\u00a0M\u00fcller, z.\u00a0B. hier, il y\u00a0a deux ans"
    assert normalise(said).text == said.replace("\u00a0", " ")
