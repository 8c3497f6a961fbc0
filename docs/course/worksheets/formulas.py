"""Formulas in HTML: of y_{f} = ∑_{k} w_{f,k} x_{k}, letters in italics and indices below."""

import re

UPRIGHT = {"floor", "ln", "max", "relu"}
GREEK = {"beta": "\u03b2", "gamma": "\u03b3", "mu": "\u03bc", "sigma": "\u03c3", "hat": "\u0302"}
INNERMOST = {
    re.compile(r"\{([^{}]*)\}/\{([^{}]*)\}"): r'<span class="fraction"><span>\1</span><span>\2</span></span>',
    re.compile(r"_\{([^{}]*)\}"): r"<sub>\1</sub>",
    re.compile(r"\^\{([^{}]*)\}"): r"<sup>\1</sup>",
}


def formula(text: str) -> str:
    """_{...} goes below, ^{...} above; {a}/{b} is a fraction; xhat is x with a hat."""
    text = re.sub(r"[A-Za-z]+", _word, text.replace("-", "\u2212"))
    before = ""
    while before != text:
        before = text
        for pattern, html in INNERMOST.items():
            text = pattern.sub(html, text)
    return f'<span class="formula">{text}</span>'


def prose(text: str) -> str:
    """Words, with formulas between dollars."""
    return "".join(formula(piece) if i % 2 else piece for i, piece in enumerate(text.split("$")))


def _word(match: re.Match[str]) -> str:
    word = re.sub("|".join(GREEK), lambda name: GREEK[name[0]], match[0])
    return word if word in UPRIGHT else f"<var>{word}</var>"
