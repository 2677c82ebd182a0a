"""Claims of the page on energy that rest on published tables and on closed forms."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim
from opjoules.brain import budget as brain_budget
from opjoules.brain import optimal_rate as sparsity
from opjoules.brain import physical_limits
from opjoules.brain.budget import brain_constant
from opjoules.published.transformers import epoch_query, inference_energies, published_input
from opjoules.units import convert

from . import comparisons
from .measure import Quiet
from .numbers import brain_numbers

ZEPTO = 1e21  # joules to zeptojoules


def _slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def training_claims(runs: pd.DataFrame, prefix: str) -> list[Claim]:
    """Rows of ``training_runs``: print against hours · power · PUE."""
    table = runs.set_index("model")
    bloom = table.loc["BLOOM"]
    found = [
        Claim(f"{prefix}-training-bloom", "The energy printed for BLOOM is the hours times the "
              "power on the label, to the last digit: rated, not metered.", "exact",
              bloom["recomputed_mwh"], bloom["mwh"], 1e-9, "MWh", "luccioni2023estimating"),
    ]  # fmt: skip
    metered = runs[runs["evidence"] == "metered"]
    for run in metered.itertuples():
        found.append(
            Claim(f"{prefix}-training-{_slug(run.model)}", f"{run.model}: the printed energy "
                  "follows from the printed hours, power and PUE, within their rounding.",
                  "number", run.recomputed_mwh, run.mwh, run.allowed_percent / 100 * run.mwh,
                  "MWh", run.source)
        )  # fmt: skip
    as_if = runs[runs["source"] == "touvron2023llama"]
    worst = as_if.loc[as_if["deviation_percent"].abs().idxmax()]
    return [
        *found,
        Claim(f"{prefix}-training-llama", "Every row of LLaMA's table follows from its hours, the "
              "rated power and the PUE within a per cent (the worst row).", "number",
              worst["recomputed_mwh"], worst["mwh"], 0.01 * worst["mwh"], "MWh",
              "touvron2023llama"),
    ]  # fmt: skip


def estimate_claims(prefix: str) -> list[Claim]:
    """The estimate of a query rebuilt, and the units that refuse category errors."""
    query, mistakes = epoch_query(), comparisons.refused()
    queries = inference_energies().query("per == 'query'").set_index("system")
    printed = convert(queries.loc["GPT-4o, estimated", "value"], "joule", "watt_hour")
    years = 20.0
    joules = convert(comparisons.lifetime_mwh(20.0, years), "megawatt_hour", "joule")
    return [
        Claim(f"{prefix}-epoch", "The estimated energy of a GPT-4o query follows from its "
              "assumptions.", "number", convert(query["joules"], "joule", "watt_hour"), printed,
              0.0005, "Wh", "you2025how"),
        Claim(f"{prefix}-epoch-watts", "The power in that estimate is the rated power times the "
              "load times the PUE.", "exact", query["watts"],
              published_input("epoch_watts"), 1e-9, "W",
              "you2025how"),
        Claim(f"{prefix}-units-refuse", "Every category error tried raises an error.", "exact",
              mistakes["refused"].sum(), len(mistakes), 0.0, "1",
              "closed form: all of them"),
        Claim(f"{prefix}-units-lifetime", "Twenty watts over twenty years, by the unit library "
              "and by hand.", "exact", joules / 1e9, 20.0 * years * 365.25 * 86400 / 1e9, 1e-9,
              "GJ", "closed form: power · time"),
    ]  # fmt: skip


def brain_claims(prefix: str) -> list[Claim]:
    """The published budgets of the brain against their own inputs, and Landauer's bound."""
    power = brain_budget.glucose_power().set_index("source")
    attwell, chain = brain_budget.attwell_spike(), brain_budget.lennie_budget()
    printed = brain_budget.signalling_shares().loc["action potentials", "Attwell and Laughlin 2001"]
    boltzmann = physical_limits.physical_constant("boltzmann")
    body = physical_limits.BODY
    return [
        Claim(f"{prefix}-brain-watts", "The glucose that a human brain uses, burnt, gives its "
              "twenty watts (inputs are rounded).", "number",
              power.loc["lennie2003cost", "glucose_watts"], brain_constant("brain_power"), 3.0, "W",
              "balasubramanian2021brain"),
        Claim(f"{prefix}-brain-ratio", "Communication in cortex costs as many times computation "
              "as printed.", "exact",
              brain_constant("cortex_communication") / brain_constant("cortex_computation"),
              brain_constant("cortex_ratio"),
              1e-9, "1", "levy2021communication"),
        Claim(f"{prefix}-brain-potentials", "The share of action potentials in the first budget "
              "follows from cost, rate and total.", "number", attwell["potential_percent"],
              printed, 0.5, "%", "attwell2001energy"),
        Claim(f"{prefix}-brain-atp", "Lennie's ATP supply follows from the glucose of neocortex.",
              "number", chain["cortex_atp"] / 1e21,
              brain_constant("lennie_cortex_atp") / 1e21, 0.05,
              "10²¹ ATP per minute", "lennie2003cost"),
        Claim(f"{prefix}-brain-ceiling", "Lennie's ceiling, the mean rate at which neocortex would "
              "use all that the brain has, follows from his other numbers.", "number",
              chain["ceiling"], brain_constant("lennie_ceiling"), 0.2, "spikes per second",
              "lennie2003cost"),
        Claim(f"{prefix}-rodent-optimum", "At the costs of the rodent budget, the rate that is "
              "best per joule lies near the rate that the budget assumes.", "number",
              brain_numbers(brain_budget.mean_rates())["rodent_best"],
              brain_constant("attwell_rate"), 2.0, "spikes per second", "attwell2001energy"),
        Claim(f"{prefix}-landauer", "Landauer's bound at body temperature, from the unit library "
              "and from the defining constant.", "exact",
              physical_limits.landauer(body) * ZEPTO,
              boltzmann * body * math.log(2.0) * ZEPTO, 1e-10, "zJ", "closed form: k T ln 2"),
    ]  # fmt: skip


def sparsity_claims(prefix: str, ratios: tuple[float, ...] = (2.0, 10.0, 60.0, 700.0)) -> list:
    """Levy and Baxter's optimum against an independent search and two closed forms."""
    searched = [sparsity.optimum_by_search(ratio) for ratio in ratios]
    solved = [sparsity.optimal_rate(ratio) for ratio in ratios]
    gap = np.abs(np.subtract(searched, solved)).max()
    best = [sparsity.bits_per_energy(p, r) for p, r in zip(solved, ratios, strict=True)]
    silent = [-math.log2(1 - p) for p in solved]
    golden = (3 - math.sqrt(5)) / 2
    return [
        Claim(f"{prefix}-optimum", "The rate that maximises bits per energy solves p = (1 - p)^r "
              f"(largest gap over r = {', '.join(f'{r:g}' for r in ratios)}).", "exact", gap, 0.0,
              1e-10, "1", "levy1996energy"),
        Claim(f"{prefix}-optimum-value", "At the optimum a silent step's cost buys -log2(1 - p) "
              "bits.", "exact", np.abs(np.subtract(best, silent)).max(), 0.0, 1e-10, "bit",
              "closed form: H(p) = -(1 + (r - 1) p) log2(1 - p) where ln p = r ln(1 - p)"),
        Claim(f"{prefix}-optimum-two", "Where a spike costs as much as two silent steps, the "
              "optimum is (3 - √5) / 2.", "exact", sparsity.optimal_rate(2.0), golden, 1e-10, "1",
              "closed form: p = (1 - p)²"),
    ]  # fmt: skip


def floor_claims(floor: pd.DataFrame, above: pd.DataFrame, prefix: str) -> list[Claim]:
    """MiniLM's count against its closed form; published energies against bare arithmetic."""
    counted = floor.drop_duplicates("length")
    gap = (counted["macs"] / counted["law"] - 1).abs().max()
    longest = counted.loc[counted["length"].idxmax()]
    metered = above[above["evidence"] == "metered"]
    return [
        Claim(f"{prefix}-macs-per-token", "MiniLM makes 12 d² + 2 n d multiply-accumulates per "
              "token and layer on real text, and d² per text in its pooler (largest relative "
              "gap over lengths).", "exact", gap, 0.0, 1e-10, "1",
              "closed form: L (12 d² + 2 n d) + d² / n"),
        Claim(f"{prefix}-rule-parameters", "Counting a multiply-accumulate for every parameter "
              "overstates MiniLM even at its longest text: embeddings are looked up.", "ordering",
              longest["all_parameters"] / longest["macs"], 1.0, 0.5, "1", "measured here"),
        Claim(f"{prefix}-above-floor", "Every metered energy lies above the arithmetic of its "
              "model in 45 nm logic, older than any machine that ran it (the nearest).",
              "ordering", metered["ratio_45nm"].min(), 1.0, 4.0, "1", "patterson2021carbon"),
    ]  # fmt: skip


def network_claims(networks: pd.DataFrame, active: pd.DataFrame, prefix: str) -> list[Claim]:
    """Trained networks against the optimum, and the share of rectifiers that are on."""
    price = sorted(networks["price"].unique())[1]
    own = networks[(networks["price"] == price) & (networks["machine"] == "Loihi")]
    found = []
    for layer, part in own.groupby("layer"):
        gap = part["optimum"] - part["rate"]
        found.append(
            Claim(f"{prefix}-quieter-{layer}", f"Hidden layer {layer} of our spiking network fires "
                  "less often than is best per joule on Loihi.", "ordering", gap.mean(), 0.0,
                  2 * gap.sem(), "spikes per step", "levy1996energy")
        )  # fmt: skip
    rates = own.pivot(index="seed", columns="layer", values="rate")
    shares = active.groupby(["network", "seed"])["trained"].mean().unstack("network")
    wide = sorted((n for n in shares if "units" in n), key=lambda n: int(n.split()[1]))
    narrower = 100 * (shares[wide[0]] - shares[wide[-1]])
    vit = 100 * shares["vision transformer"]
    return [
        *found,
        Claim(f"{prefix}-fan-out", "The layer with the smaller fan-out, whose spikes are cheaper, "
              "fires more often.", "ordering", (rates[2] - rates[1]).mean(), 0.0,
              2 * (rates[2] - rates[1]).sem(), "spikes per step", "levy1996energy"),
        Claim(f"{prefix}-lazy-width", "Wider perceptrons are sparser: the widest has a smaller "
              "share of active units than the narrowest.", "ordering", narrower.mean(), 0.0,
              2 * narrower.sem(), "percentage points", "li2023lazy"),
        Claim(f"{prefix}-lazy-transformer", "The rectifiers of our small vision transformer are as "
              "sparse as those of ViT-B16.", "number", vit.mean(),
              published_input("lazy_vit_percent"),
              3.0, "%", "li2023lazy",
              reason="two narrow blocks, trained briefly on small images of digits; "
              "the published networks are far wider, deeper and longer trained"),
    ]  # fmt: skip


def claims(
    runs: pd.DataFrame, floor: pd.DataFrame, above: pd.DataFrame, quiet: Quiet, active: pd.DataFrame
) -> list[Claim]:
    """Page limitations/energy: what it asserts, from the results of the functions above."""
    return [
        *training_claims(runs, "energy"),
        *estimate_claims("energy"),
        *floor_claims(floor, above, "energy"),
        *brain_claims("energy"),
        *sparsity_claims("energy"),
        *network_claims(quiet.networks, active, "energy"),
    ]
