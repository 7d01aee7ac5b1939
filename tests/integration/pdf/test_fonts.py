"""Fonts of one's own: each can be used in the jail, and a folder of others is refused before a part starts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from domain.pdf import fonts
from settings import ConfigurationError
from tests.conftest import configure

EMOJI = "\U0001f600"
PROGRAM = """
import sys
from domain.pdf import fonts, rendering
fonts.check()
for html in sys.argv[1:]:
    sys.stdout.buffer.write(rendering.render_pdf(html, 1))
    sys.stdout.buffer.write(b"END OF DOCUMENT")
"""


def make(folder: Path, family: str, characters: str, italic: bool = False, width: int = 600) -> None:
    """Write a font in which each character is a square."""
    pen = TTGlyphPen(None)
    for point, move in zip([(50, 0), (50, 500), (550, 500), (550, 0)], [pen.moveTo, *[pen.lineTo] * 3], strict=True):
        move(point)
    pen.closePath()
    names = [".notdef", *(f"u{ord(one):X}" for one in characters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(one): f"u{ord(one):X}" for one in characters})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (width, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    style = "Italic" if italic else "Regular"
    builder.setupNameTable({"familyName": family, "styleName": style, "psName": f"{family.replace(' ', '')}-{style}"})
    builder.setupOS2(usWeightClass=400, fsSelection=1 if italic else 64, sTypoAscender=800, sTypoDescender=-200)
    builder.setupPost(italicAngle=-12 if italic else 0)
    builder.save(folder / f"{family}-{style}.ttf")


def printed(folder: Path, *documents: str) -> list[bytes]:
    """Print each document in a process that knows the fonts of the folder."""
    environment = os.environ | {"COUNTERFOIL_FONTS": str(folder)}
    command = [sys.executable, "-c", PROGRAM, *documents]
    ended = subprocess.run(command, env=environment, capture_output=True, check=True)
    return ended.stdout.split(b"END OF DOCUMENT")[:-1]


def test_each_font_of_a_folder_can_be_used_and_in_every_style(tmp_path):
    make(tmp_path, "Own Brand", "abcdef")
    make(tmp_path, "Own Brand", "abcdef", italic=True)
    make(tmp_path, "Own Signs", EMOJI)
    (tmp_path / "other.woff").write_bytes(b"not looked at")
    uses = {
        "OwnBrand-Regular": "<p style='font-family: Own Brand'>abc <b>abc</b></p>",
        "OwnBrand-Italic": "<p style='font-family: Own Brand'><i>abc</i></p>",
        "OwnSigns-Regular": f"<p>a sign {EMOJI} <b>{EMOJI}</b> <i>{EMOJI}</i></p>",
    }
    for name, pdf in zip(uses, printed(tmp_path, *uses.values()), strict=True):
        assert name.encode() in pdf
        assert len(pypdfium2.PdfDocument(pdf)) == 1


def test_a_sign_is_drawable_only_where_a_font_has_it_and_it_is_not_wider_than_a_line(tmp_path):
    assert fonts.undrawable(f"a{EMOJI}b") == EMOJI
    make(tmp_path, "Own Signs", EMOJI)
    configure(fonts=str(tmp_path))
    assert fonts.undrawable(f"a{EMOJI}b") is None
    assert fonts.undrawable("\ufdfd"), "it is seven times as wide as its size"
    assert fonts.undrawable("\ue000"), "of private use"


def test_a_folder_that_cannot_be_used_is_refused_in_one_line(tmp_path):
    files = {"missing": "is no folder with fonts", "empty": "is no folder with fonts", "broken": "cannot be read"}
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "font.ttf").write_bytes(b"not a font")
    for name, word in files.items():
        configure(fonts=str(tmp_path / name))
        with pytest.raises(ConfigurationError, match=word) as refused:
            fonts.check()
        assert str(refused.value).startswith(f"COUNTERFOIL_FONTS: {tmp_path / name}")


def test_more_fonts_than_the_renderer_keeps_open_are_refused(tmp_path):
    for number in range(6):
        shutil.copy(fonts.SHIPPED / "NotoSans-Regular.ttf", tmp_path / f"{number}.ttf")
    configure(fonts=str(tmp_path))
    with pytest.raises(ConfigurationError, match="COUNTERFOIL_FONTS has 6 fonts; 5 can be used"):
        fonts.check()
