"""Signatures as pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from drivers.features import Point, Signature
from drivers.signature_svg import signature_svg

SVG = "{http://www.w3.org/2000/svg}"


def test_each_stroke_is_a_line_on_a_canvas_of_the_pads_size() -> None:
    lines = ((Point(1, 2), Point(3, 4), Point(5, 6)), (Point(7, 8), Point(9, 9)))

    picture = ET.fromstring(signature_svg(Signature(lines, width=320, height=240)))  # noqa: S314 - our own

    assert picture.get("viewBox") == "0 0 320 240"
    assert [path.get("d") for path in picture.iter(f"{SVG}path")] == [
        "M1 2L3 4L5 6",
        "M7 8L9 9",
    ]


def test_dot_is_a_line_of_no_length_with_round_ends() -> None:
    svg = signature_svg(Signature(((Point(4, 5),),), width=10, height=10))

    assert "M4 5L4 5" in svg
    assert 'stroke-linecap="round"' in svg


def test_nothing_drawn_is_an_empty_picture() -> None:
    assert "<path" not in signature_svg(Signature((), width=10, height=10))
