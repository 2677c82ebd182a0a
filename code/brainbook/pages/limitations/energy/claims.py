"""What the page limitations/energy asserts."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence.claims import Claim, identity, number, ordering
from brainbook.evidence.intervals import mean_interval
from opjoules.published.transformers import published_input

from .identities import RATIOS
from .measure import PERCENT, Measured, Quiet, shares_by_seed

METERED = {
    "Evolved Transformer search": "energy-training-evolved-transformer-search",
    "T5": "energy-training-t5",
    "Meena": "energy-training-meena",
    "GShard-600B": "energy-training-gshard-600b",
    "Switch Transformer": "energy-training-switch-transformer",
    "GPT-3": "energy-training-gpt-3",
}


def claims(result: Measured) -> list[Claim]:
    """Page limitations/energy: what it asserts."""
    return [
        *_training(result.runs),
        *_estimates(result.identities),
        *_floor(result.floor, result.above),
        *_powers(result.identities),
        *_supply(result.identities),
        *_optima(result.identities),
        *_networks(result.quiet),
        *_rectifiers(result.active),
    ]


def _training(runs: pd.DataFrame) -> list[Claim]:
    """Print against hours · power · PUE."""
    run = runs.set_index("model")
    as_if = runs[runs["source"] == "touvron2023llama"]
    worst = as_if.loc[as_if["deviation_percent"].abs().idxmax()]
    return [
        identity(
            "energy-training-bloom",
            "The energy printed for BLOOM is the hours times the power on the label, to the last "
            "digit: rated, not metered.",
            run.loc["BLOOM", "recomputed_mwh"],
            expected=run.loc["BLOOM", "mwh"],
            unit="MWh",
            source="luccioni2023estimating",
            role="finding",
        ),
        *(
            number(
                id,
                f"{model}: the printed energy follows from the printed hours, power and PUE, "
                "within their rounding.",
                run.loc[model, "recomputed_mwh"],
                expected=run.loc[model, "mwh"],
                tolerance=run.loc[model, "allowed_percent"] / PERCENT * run.loc[model, "mwh"],
                unit="MWh",
                source=run.loc[model, "source"],
                role="check",
            )
            for model, id in METERED.items()
        ),
        number(
            "energy-training-llama",
            "Every row of LLaMA's table follows from its hours, the rated power and the PUE "
            "within a per cent (the worst row).",
            worst["recomputed_mwh"],
            expected=worst["mwh"],
            tolerance=0.01 * worst["mwh"],
            unit="MWh",
            source="touvron2023llama",
            role="check",
        ),
    ]


def _estimates(side: dict[str, float]) -> list[Claim]:
    """The estimate of a query rebuilt, and the units that refuse category errors."""
    return [
        number(
            "energy-epoch",
            "The estimated energy of a GPT-4o query follows from its assumptions.",
            side["query_wh"],
            expected=side["query_printed"],
            tolerance=0.0005,  # half the last digit
            unit="Wh",
            source="you2025how",
            role="check",
        ),
        identity(
            "energy-epoch-watts",
            "The power in that estimate is the rated power times the load times the PUE.",
            side["query_watts"],
            expected=side["query_rated"],
            unit="W",
            source="you2025how",
        ),
        identity(
            "energy-units-refuse",
            "Every category error tried raises an error.",
            side["refused"],
            expected=side["mistakes"],
            source="closed form: all of them",
        ),
        identity(
            "energy-units-lifetime",
            "Twenty watts over twenty years, by the unit library and by hand.",
            side["lifetime_gj"],
            expected=side["lifetime_by_hand"],
            unit="GJ",
            source="closed form: power · time",
        ),
    ]


def _floor(floor: pd.DataFrame, above: pd.DataFrame) -> list[Claim]:
    """MiniLM's count against its closed form; published energies against bare arithmetic.

    Nothing is left to chance in either, so the orders have no margin.
    """
    counted = floor.drop_duplicates("length")
    longest = counted.loc[counted["length"].idxmax()]
    metered = above[above["evidence"] == "metered"]
    return [
        identity(
            "energy-macs-per-token",
            "MiniLM makes 12 d² + 2 n d multiply-accumulates per token and layer on real text, "
            "and d² per text in its pooler (largest relative gap over lengths).",
            (counted["macs"] / counted["law"] - 1).abs().max(),
            source="closed form: L (12 d² + 2 n d) + d² / n",
        ),
        ordering(
            "energy-rule-parameters",
            "Counting a multiply-accumulate for every parameter overstates MiniLM even at its "
            "longest text: embeddings are looked up.",
            longest["all_parameters"] / longest["macs"],
            expected=1,
            source="measured here",
        ),
        ordering(
            "energy-above-floor",
            "Every metered energy lies above the arithmetic of its model in 45 nm logic, older "
            "than any machine that ran it (the nearest).",
            metered["ratio_45nm"].min(),
            expected=1,
            source="patterson2021carbon",
        ),
    ]


def _powers(side: dict[str, float]) -> list[Claim]:
    """Published powers of the brain against their own inputs, and Landauer's bound."""
    return [
        number(
            "energy-brain-watts",
            "The glucose that a human brain uses, burnt, gives its twenty watts (of two sources, "
            "the one that lies farther off).",
            side["glucose_watts"],
            expected=side["brain_watts"],
            tolerance=2.0,  # by which the two sources of glucose differ
            unit="W",
            source="balasubramanian2021brain",
        ),
        identity(
            "energy-brain-ratio",
            "Communication in cortex costs as many times computation as printed.",
            side["communication"],
            expected=side["communication_printed"],
            source="levy2021communication",
        ),
        number(
            "energy-brain-potentials",
            "The share of action potentials in the first budget follows from cost, rate and total.",
            side["potentials"],
            expected=side["potentials_printed"],
            tolerance=0.5,  # half the last digit
            unit="%",
            source="attwell2001energy",
            role="check",
        ),
        identity(
            "energy-landauer",
            "Landauer's bound at body temperature, from the unit library and from the defining "
            "constant.",
            side["landauer_zj"],
            expected=side["landauer_by_hand"],
            unit="zJ",
            source="closed form: k T ln 2",
        ),
    ]


def _supply(side: dict[str, float]) -> list[Claim]:
    """Rates that neurons can afford, and the best one, against what is printed."""
    return [
        number(
            "energy-brain-atp",
            "Lennie's ATP supply follows from the glucose of neocortex.",
            side["cortex_atp"],
            expected=side["cortex_atp_printed"],
            tolerance=0.05,  # half the last digit
            unit="10²¹ ATP per minute",
            source="lennie2003cost",
            role="check",
        ),
        number(
            "energy-brain-ceiling",
            "Lennie's ceiling, the mean rate at which neocortex would use all that the brain has, "
            "follows from his other numbers.",
            side["ceiling"],
            expected=side["ceiling_printed"],
            tolerance=0.2,  # his six seconds have one digit, which alone leaves a twelfth
            unit="spikes per second",
            source="lennie2003cost",
            role="check",
        ),
        number(
            "energy-rodent-optimum",
            "At the costs of the rodent budget, the rate that is best per joule lies near the rate "
            "that the budget assumes.",
            side["rodent_best"],
            expected=side["rodent_printed"],
            tolerance=2.0,  # near: within half; the revised budget halves what potentials take
            unit="spikes per second",
            source="attwell2001energy",
        ),
    ]


def _optima(side: dict[str, float]) -> list[Claim]:
    """Levy and Baxter's optimum against an independent search and two closed forms."""
    return [
        identity(
            "energy-optimum",
            "The rate that maximises bits per energy solves p = (1 - p)^r (largest gap over r = "
            f"{', '.join(f'{ratio:g}' for ratio in RATIOS)}).",
            side["optimum_gap"],
            source="levy1996energy",
        ),
        identity(
            "energy-optimum-value",
            "At the optimum a silent step's cost buys -log2(1 - p) bits.",
            side["value_gap"],
            unit="bit",
            source="closed form: H(p) = -(1 + (r - 1) p) log2(1 - p) where ln p = r ln(1 - p)",
        ),
        identity(
            "energy-optimum-two",
            "Where a spike costs as much as two silent steps, the optimum is (3 - √5) / 2.",
            side["optimum_two"],
            expected=side["golden"],
            source="closed form: p = (1 - p)²",
        ),
    ]


def _networks(quiet: Quiet) -> list[Claim]:
    """Trained networks against each other: which layer fires more often."""
    rate = quiet.own[quiet.own["machine"] == "Loihi"].set_index(["layer", "seed"])["rate"]
    return [
        ordering(
            "energy-fan-out",
            "The layer with the smaller fan-out, whose spikes are cheaper, fires more often.",
            mean_interval(rate[2] - rate[1], over="seeds"),
            unit="spikes per step",
            source="levy1996energy",
        ),
    ]


def _rectifiers(active: pd.DataFrame) -> list[Claim]:
    """Shares of rectifiers that are on, in per cent, against published ones."""
    shares = PERCENT * shares_by_seed(active)["trained"].unstack("network", sort=False)
    perceptrons = shares.drop(columns="vision transformer")  # narrowest first
    return [
        ordering(
            "energy-lazy-width",
            "Wider perceptrons are sparser: the widest has a smaller share of active units than "
            "the narrowest.",
            mean_interval(perceptrons.iloc[:, 0] - perceptrons.iloc[:, -1], over="seeds"),
            unit="percentage points",
            source="li2023lazy",
        ),
        number(
            "energy-lazy-transformer",
            "The rectifiers of our small vision transformer are as sparse as those of ViT-B16.",
            mean_interval(shares["vision transformer"], over="seeds"),
            expected=published_input("lazy_vit_percent"),
            tolerance=3.0,  # percentage points; the published transformers span as much
            unit="%",
            source="li2023lazy",
            reason="two narrow blocks, trained briefly on small images of digits; "
            "the published networks are far wider, deeper and longer trained",
        ),
    ]
