"""German, French, Spanish and Portuguese are read as English is: what a sentence is about, who reads it, its end."""

import shutil
from pathlib import Path

import pytest

from gateway.mail.reading import text_from
from gateway.policy.labels import Favour
from gateway.policy.line import Reading
from gateway.policy.nearness import relevant
from gateway.policy.pack import Pack
from gateway.policy.packs import load
from gateway.policy.reading import read
from gateway.policy.verdict import Scene
from tests.policy.reading_cases import POLICIES, cases, pack

PROFILE, PROMOTION = Favour.PROFILE_CHANGE, Favour.PROMOTION
ABOUT = [
    (PROFILE, "Wer mag, nimmt das neue Titelbild auf dem eigenen LinkedIn-Profil."),
    (PROFILE, "Bitte tauscht euer Profilbild bis Freitag aus."),
    (PROFILE, "Der Rahmen passt auch um euer Foto auf Facebook."),
    (PROMOTION, "Wenn ihr den Beitrag in euren Netzwerken teilt, freuen wir uns."),
    (PROMOTION, "Bitte liken und kommentieren, und folgt unserer Seite."),
    (PROMOTION, "Ein paar ehrliche Worte auf kununu helfen uns sehr."),
    (PROMOTION, "Danke, dass du uns auf Instagram verlinkt hast."),
    (PROFILE, "Merci de mettre la nouvelle bannière sur votre profil LinkedIn."),
    (PROFILE, "Vous pouvez changer votre photo de couverture avec ce visuel."),
    (PROFILE, "Qui a déjà le cadre autour de sa photo Facebook ?"),
    (PROMOTION, "N'hésitez pas à relayer l'annonce auprès de vos contacts."),
    (PROMOTION, "Likez et commentez la publication, abonnez-vous à la page."),
    (PROMOTION, "Un petit avis Google ferait plaisir à toute l'équipe."),
    (PROMOTION, "Pensez à taguer l'agence dans vos stories."),
    (PROFILE, "Si os apetece, poned la nueva cabecera en vuestro LinkedIn."),
    (PROFILE, "Todos deben cambiar su foto de perfil antes del viernes."),
    (PROFILE, "¿Quién lleva ya el marco en su foto de WhatsApp?"),
    (PROMOTION, "Compártanlo en sus redes, por favor."),
    (PROMOTION, "Denle like a la publicación y síguenos en Instagram."),
    (PROMOTION, "Una reseña en Google nos ayudaría mucho."),
    (PROMOTION, "Etiquétennos cuando suban el video."),
    (PROFILE, "Quem quiser pode usar a nova capa no perfil do LinkedIn."),
    (PROFILE, "Troquem a vossa foto de perfil até sexta."),
    (PROFILE, "A moldura fica bem na sua foto do WhatsApp."),
    (PROMOTION, "Partilhem a publicação com os vossos contactos."),
    (PROMOTION, "Curtam, comentem e compartilhem o post da vaga."),
    (PROMOTION, "Cinco estrelas no Google fazem toda a diferença."),
    (PROMOTION, "Marquem a empresa e divulguem nas redes sociais."),
]
MANY = [
    *(
        "Liebe Kolleginnen und Kollegen,",
        "Moin zusammen,",
        "Hallo Team,",
        "Servus miteinand,",
        "Liebe alle,",
        "Hallo ihr Lieben,",
    ),
    *(
        "Liebe Jana, lieber Tom,",
        "Sehr geehrte Damen und Herren,",
        "Bonjour à tous,",
        "Chers collègues,",
        "Salut les amis,",
    ),
    *(
        "Bonjour l'équipe,",
        "Mesdames, Messieurs,",
        "Cher Paul, chère Anna,",
        "Hola equipo:",
        "Hola a todos:",
        "Estimados:",
    ),
    *("Queridas compañeras:", "Buenos días, equipo:", "Chicos:", "Hola, Ana y Luis:", "Pessoal,", "Bom dia a todos,"),
    *("Olá, equipa,", "Oi time,", "Caros colegas,", "Prezados,", "Boa tarde, malta!"),
]
ONE = [
    *(
        "Liebe Jana,",
        "Hallo Herr Müller,",
        "Sehr geehrte Frau Doktor Keller,",
        "Hoi Köbi",
        "Bonjour Margaux,",
        "Cher Paul,",
    ),
    *(
        "Bonjour Madame Petit,",
        "Hola, Damián:",
        "Estimada Lucía:",
        "Buenos días, Marta:",
        "Olá, Rita,",
        "Caro João,",
        "Oi Duda!",
    ),
]


def _reading(body: str, to: str = "jo.doe@north.example", subject: str = "", policy: Pack | None = None) -> Reading:
    detector = (policy or pack()).detector
    assert detector is not None
    return read(text_from(subject, body), Scene(recipients=(to,)), detector)


@pytest.mark.parametrize(("favour", "sentence"), ABOUT)
def test_a_favour_is_recognised(favour: Favour, sentence: str) -> None:
    """The mail is read, and the sentence is likely or plainly about the favour."""
    assert relevant(text_from("", sentence), pack())
    assert _reading(sentence).lines[0].strength.get(favour, 0) >= 2


@pytest.mark.parametrize("greeting", MANY)
def test_many_are_greeted(greeting: str) -> None:
    """A greeting to several people means that many read the mail."""
    assert _reading(f"{greeting}\n\nText.\n").many


@pytest.mark.parametrize("greeting", ONE)
def test_one_is_greeted(greeting: str) -> None:
    """A greeting to one person does not."""
    assert not _reading(f"{greeting}\n\nText.\n").many


@pytest.mark.parametrize("local", ["alle", "belegschaft", "tous", "equipe", "todos", "equipo", "equipa", "pessoal"])
def test_a_role_mailbox_is_many(local: str) -> None:
    """The address of a list or a shared mailbox stands for many readers."""
    assert _reading("Text.", to=f"{local}@north.example").many


@pytest.mark.parametrize("local", ["jens", "nicolas", "tomas", "ines"])
def test_a_first_name_in_s_is_one(local: str) -> None:
    """A first name that ends in "s" is no plural."""
    assert not _reading(f"{local.capitalize()},\n\nText.", to=f"{local}@north.example").many


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Eure persönlichen Kanäle", "Eure persoenlichen Kanaele"),
        ("la publicación de tu página", "la publicacion de tu pagina"),
        ("les réseaux et un cœur", "les reseaux et un coeur"),
        ("grüß", "gruess"),
    ],
)
def test_accents_may_be_left_out(written: str, typed: str) -> None:
    """What is typed without accents, umlauts or ligatures has the same slots."""
    slots = [{word for word in _reading(one).lines[0].words if word[0] == "{"} for one in (written, typed)]
    assert slots[0] == slots[1]


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Titelbild LinkedIn", "Na, hat's geklappt?"),
        ("bannière LinkedIn", "Alors, ça avance ?"),
        ("Portada de LinkedIn", "¿Cómo va eso?"),
        ("Capa do LinkedIn", "Então, já há novidades?"),
    ],
)
def test_a_pointing_sentence_reaches_the_topic(subject: str, body: str) -> None:
    """A sentence that names nothing and points at what the mail is about is about that."""
    assert _reading(body, subject=subject).lines[-1].reached >= 1


def test_sentences_end_where_they_end() -> None:
    """Abbreviations and ordinal dates do not cut a sentence."""
    for one in (
        "Am 4. Dezember zeigt z. B. Frau Dr. Kern das Bild.",
        "Le 3 mai, Mme Roy et M. Petit seront là.",
        "El Sr. Paz y la Sra. Gil van el lunes.",
        "O Sr. Pinto e a Dra. Reis vêm na segunda.",
    ):
        assert [line.original for line in _reading(one).lines] == [one]


def test_other_languages_leave_english_mail_alone(tmp_path: Path) -> None:
    """Ordinary English mail has the same slots whether or not the other languages are read."""
    for name in ("ask-once", "english"):
        shutil.copytree(POLICIES / name, tmp_path / name)
    told = tmp_path / "ask-once" / "pack.toml"
    lines = told.read_text().splitlines()
    told.write_text("\n".join('languages = ["english"]' if line.startswith("languages") else line for line in lines))
    english = load(str(tmp_path / "ask-once"))
    for case in cases("innocent/innocent_en.jsonl"):
        slots = [
            {word for line in _reading(case["body"], policy=policy).lines for word in line.words if word[0] == "{"}
            for policy in (english, pack())
        ]
        assert slots[0] == slots[1], case["id"]


def test_a_language_may_be_words_and_a_gate(tmp_path: Path) -> None:
    """A language folder needs neither marks nor topics; its words work in the patterns of the others."""
    (tmp_path / "house-words").mkdir()
    (tmp_path / "house-words" / "words.toml").write_text('network = ["plauderbox"]\n')
    (tmp_path / "house-words" / "gate.toml").write_text('alone = ["plauderbox"]\n')
    (tmp_path / "mine").mkdir()
    text = 'name = "mine"\nversion = "1"\nextends = "ask-once"\nlanguages = ["house-words"]\n'
    (tmp_path / "mine" / "pack.toml").write_text(text)
    line = _reading("Please add the banner to your own Plauderbox.", policy=load(str(tmp_path / "mine"))).lines[0]
    assert line.strength[PROFILE] == 3
