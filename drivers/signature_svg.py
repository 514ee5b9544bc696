"""A signature as a picture. Pure: what becomes of it is for others to say."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.features import Point, Signature


def signature_svg(signature: Signature) -> str:
    """The drawing as an SVG document of its own size: one path a stroke, in black."""
    size = f'width="{signature.width}" height="{signature.height}"'
    box = f'viewBox="0 0 {signature.width} {signature.height}"'
    paths = "".join(f'<path d="{_path(stroke)}"/>' for stroke in signature.strokes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>'
        f'<g fill="none" stroke="#000" stroke-width="2" stroke-linecap="round"'
        f' stroke-linejoin="round">{paths}</g></svg>'
    )


def _path(stroke: Sequence[Point]) -> str:
    first, *others = stroke
    # A stroke of one point is a dot: a line of no length, with round ends.
    lines = others or [first]
    return f"M{first.x} {first.y}" + "".join(f"L{p.x} {p.y}" for p in lines)
