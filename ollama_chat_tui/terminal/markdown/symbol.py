"""What LaTeX names, as Unicode: the tables of `formula`. Nothing is here that would say something else."""

from __future__ import annotations

from typing import Final


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYMBOLS: Final = _pairs(
    """
    alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ
    lambda λ mu μ nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi
    ϕ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ
    Psi Ψ Omega Ω infty ∞ partial ∂ nabla ∇ hbar ℏ ell ℓ Re ℜ Im ℑ aleph ℵ emptyset ∅ varnothing ∅
    forall ∀ exists ∃ nexists ∄ neg ¬ lnot ¬ top ⊤ bot ⊥ angle ∠ triangle △ degree ° circ ∘ bullet ∙
    star ⋆ ast ∗ dagger † prime ′ ldots … dots … dotsc … dotsb ⋯ cdots ⋯ vdots ⋮ ddots ⋱ imath ı jmath ȷ
    square □ Box □ blacksquare ■ qed ∎ checkmark ✓ euro € pounds £ S § P ¶ copyright © lbrace { rbrace }
    lbrack [ rbrack ] langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ vert | Vert ‖ | ‖ lvert |
    rvert | lVert ‖ rVert ‖ backslash \\
    """
)
PREFIXES: Final = _words("partial nabla neg lnot Delta forall exists nexists angle")
BINARY: Final = _pairs(
    """
    pm ± mp ∓ times × div ÷ cdot · cap ∩ cup ∪ sqcap ⊓ sqcup ⊔ setminus ∖ smallsetminus ∖ wedge ∧ land ∧
    vee ∨ lor ∨ oplus ⊕ ominus ⊖ otimes ⊗ oslash ⊘ odot ⊙ le ≤ leq ≤ ge ≥ geq ≥ leqslant ⩽ geqslant ⩾ ll
    ≪ gg ≫ ne ≠ neq ≠ equiv ≡ approx ≈ cong ≅ sim ∼ simeq ≃ propto ∝ asymp ≍ doteq ≐ in ∈ notin ∉ ni ∋
    subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ subsetneq ⊊ supsetneq ⊋ mid ∣ nmid ∤ parallel ∥ perp ⊥ vdash
    ⊢ dashv ⊣ models ⊨ prec ≺ succ ≻ preceq ⪯ succeq ⪰ to → rightarrow → leftarrow ← gets ←
    leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔ implies ⇒ impliedby ⇐ iff ⇔ mapsto ↦
    longrightarrow ⟶ longleftarrow ⟵ Longrightarrow ⟹ longmapsto ⟼ hookrightarrow ↪ rightharpoonup ⇀
    rightleftharpoons ⇌ uparrow ↑ downarrow ↓ nearrow ↗ searrow ↘ leadsto ⇝ therefore ∴ because ∵
    coloneqq ≔ lt < gt >
    """
)
LARGE: Final = _pairs(
    """
    sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ iiint ∭ oint ∮ bigcup ⋃ bigcap ⋂ bigvee ⋁ bigwedge ⋀ bigoplus ⨁
    bigotimes ⨂
    """
)
FUNCTIONS: Final = _words(
    """
    sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth log ln lg exp lim limsup liminf max
    min sup inf arg det dim ker deg gcd hom Pr
    """
)
SPACES: Final = {
    **dict.fromkeys([",", ":", ";", ">", " ", "quad", "qquad", "enspace", "thinspace", "medspace"], " "),
    **dict.fromkeys(["!", "limits", "nolimits", "displaystyle", "textstyle", "nonumber", "negthinspace"], ""),
}
DELIMITER_SIZES: Final = _words(
    """
    left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr
    """
)
ESCAPED: Final = frozenset("{}$%_#&")
UPRIGHT: Final = _words(
    """
    text textrm textit textsf mathrm mathit mathsf operatorname operatorname* mbox hbox textnormal
    """
)
ACCENTS: Final = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "bar": "\u0304",
    "overline": "\u0305",
    "underline": "\u0332",
    "vec": "\u20d7",
    "dot": "\u0307",
    "ddot": "\u0308",
    "acute": "\u0301",
    "grave": "\u0300",
    "check": "\u030c",
    "breve": "\u0306",
    "mathring": "\u030a",
}
SUPERSCRIPTS: Final = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδθφχ′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᶿᵠᵡ′",
        strict=True,
    )
)
RAISED: Final = {"∘": "°", "°": "°", "*": "*", "∗": "*", "†": "†", "⊤": "ᵀ"}
SUBSCRIPTS: Final = dict(
    zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True)
)
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _alphabet(start: int, holes: str = "") -> dict[str, str]:
    """Return the mathematical letters from a code point on; older letters stand where the block has holes."""
    return {letter: chr(start + index) for index, letter in enumerate(_LETTERS)} | _pairs(holes)


ALPHABETS: Final = {
    "mathbb": _alphabet(0x1D538, "C ℂ H ℍ N ℕ P ℙ Q ℚ R ℝ Z ℤ") | {"1": "𝟙"},
    "mathcal": _alphabet(0x1D49C, "B ℬ E ℰ F ℱ H ℋ I ℐ L ℒ M ℳ R ℛ e ℯ g ℊ o ℴ"),
    "mathscr": _alphabet(0x1D49C, "B ℬ E ℰ F ℱ H ℋ I ℐ L ℒ M ℳ R ℛ e ℯ g ℊ o ℴ"),
    "mathfrak": _alphabet(0x1D504, "C ℭ H ℌ I ℑ R ℜ Z ℨ"),
    "mathbf": _alphabet(0x1D400) | {str(digit): chr(0x1D7CE + digit) for digit in range(10)},
    "boldsymbol": _alphabet(0x1D400) | {str(digit): chr(0x1D7CE + digit) for digit in range(10)},
}
NEGATED: Final = {
    "=": "≠",
    "∈": "∉",
    "⊂": "⊄",
    "⊆": "⊈",
    "≡": "≢",
    "∼": "≁",
    "≤": "≰",
    "≥": "≱",
    "∃": "∄",
    "∣": "∤",
}
ROOTS: Final = {"": "√", "2": "√", "3": "∛", "4": "∜"}
LINED: Final = _words(
    """
    aligned align align* gather gather* gathered split equation equation*
    """
)
