"""Formulas: readable where that is faithful, their source otherwise, and money is money."""

from __future__ import annotations

import pytest

from ollama_chat_tui.terminal.markdown import render_markdown
from ollama_chat_tui.terminal.markdown.formula import to_unicode
from ollama_chat_tui.terminal.theme import make_theme

PLAIN = make_theme("none")


@pytest.mark.parametrize(
    ("latex", "readable"),
    [
        (r"E = mc^2", "E = mc²"),
        (r"\frac{a+b}{c}", "(a+b)/c"),
        (r"\frac12", "1/2"),
        (r"\frac{1}{ab}", "1/(ab)"),
        (r"2\frac{a}{b}c", "2(a/b)c"),
        (r"\left(\frac{1}{2}\right)^n", "(1/2)ⁿ"),
        (r"x = \frac{-b \pm \sqrt{b^2-4ac}}{2a}", "x = (-b ± √(b²-4ac))/(2a)"),
        (r"x_{i+1}^2 \le \alpha", "xᵢ₊₁² ≤ α"),
        (r"x_{a,b}", "x_(a,b)"),
        (r"x^{y^z}", "x^(yᶻ)"),
        (r"\sqrt[3]{x}", "∛x"),
        (r"\frac{\sqrt{\pi}}{2}", "(√π)/2"),
        (r"\sqrt{2}x + \sqrt{a+b}c", "(√2)x + √(a+b)c"),
        (r"\sum_{i=1}^{n} i", "∑ᵢ₌₁ⁿ i"),
        (r"\int_0^\infty e^{-x}\,dx", "∫₀^∞ e⁻ˣ dx"),
        (r"\lim_{x \to 0} \frac{\sin x}{x}", "lim_(x→0) ((sin x)/x)"),
        (r"\log n", "log n"),
        (r"\frac{\partial f}{\partial x}", "∂f/(∂x)"),
        (r"f: \mathbb{R}^n \to \mathbb{R}", "f: ℝⁿ → ℝ"),
        (r"\mathbf{x}^\top y", "𝐱ᵀ y"),
        (r"\hat{y}_i", "y\u0302ᵢ"),
        (r"\text{if } x \neq 0", "if x ≠ 0"),
        (r"P(A \mid B)", "P(A ∣ B)"),
        (r"90^\circ", "90°"),
        (r"50\%", "50%"),
        (r"a \not= b", "a ≠ b"),
        (r"\boxed{42}", "[42]"),
        (r"a \bmod b", "a mod b"),
        (r"\left. x \right|_0", "x |₀"),
        (r"\sqrt[n]{x}", "ⁿ√x"),
        (r"\frac{(a+b)}{(c)}", "(a+b)/(c)"),
        (r"\frac{(a)+(b)}{x_1}", "((a)+(b))/x₁"),
        (r"\mathbf{\alpha}", "α"),
        (r"f'(x)", "f′(x)"),
        (r"\binom{n}{k}", "(n choose k)"),
        (r"a \equiv b \pmod{n}", "a ≡ b (mod n)"),
        (r"\operatorname{softmax}(x)", "softmax(x)"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a = b\nc = d"),
    ],
)
def test_readable(latex: str, readable: str) -> None:
    assert to_unicode(latex) == readable


@pytest.mark.parametrize(
    "latex",
    [
        r"\unknown{x}",
        r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
        r"\begin{cases} a \\ b \end{cases}",
        r"a}{",
        r"{a",
        r"\frac{a}",
        r"\frac{a}{}",
        r"x^",
        r"x^{}",
        r"\vec{AB}",
        r"\mathcal{12}",
        r"\not\alpha",
        r"\sqrt[%]{x}",
        r"\text{a $x$}",
        r"\text{\bf a}",
        r"\begin{aligned} a",
        "{" * 30 + "}" * 30,
        "",
    ],
)
def test_refused(latex: str) -> None:
    assert to_unicode(latex) is None


@pytest.mark.parametrize(
    ("markdown", "rows"),
    [
        ("It is $x^2$ here", ["It is x² here"]),
        (r"It is \(x^2\) and $\alpha$-stable", ["It is x² and α-stable"]),
        ("$5 and $6, or $5.50 to $6.50", ["$5 and $6, or $5.50 to $6.50"]),
        ("US$100, $HOME and $PATH", ["US$100, $HOME and $PATH"]),
        (r"\$5 is $ 5", ["$5 is $ 5"]),
        (r"source: $\unknown{x}_1$ stays", [r"source: $\unknown{x}_1$ stays"]),
        ("`$x^2$` is code", ["$x^2$ is code"]),
        ("$$\nx^2\n$$", ["x²"]),
        ("$$x^2$$", ["x²"]),
        (r"\[ x^2 \]", ["x²"]),
        ("\\[\nx^2 \\\\ y\n\\]", ["x²", "y"]),
        ("so:\n$$\nx^2\n$$\nthen", ["so:", "", "x²", "", "then"]),
        ("$$\n\\unknown\n$$", ["$$", "\\unknown", "$$"]),
        ("$$\nx^2", ["$$", "x^2"]),
        ("$$ is the process", ["$$ is the process"]),
        ("$$x$$ begins a sentence", ["x begins a sentence"]),
        ("- a\n  $$\n  x^2\n  $$\n- b", ["• a", "  x²", "• b"]),
        ("$$\n" + "x\n" * 15 + "$$", ["$$", *["x"] * 15, "$$"]),
    ],
)
def test_in_text(markdown: str, rows: list[str]) -> None:
    assert render_markdown(markdown, PLAIN, 60) == rows
