"""What the prose of the page limitations/energy says in numbers."""

from __future__ import annotations

import pandas as pd

from opjoules.brain.budget import (
    GIGA,
    attwell_spike,
    brain_constant,
    cortical_cells,
    glucose_power,
    lennie_budget,
)
from opjoules.brain.physical_limits import landauer
from opjoules.published.transformers import gemini_parts

from .measure import FAN_OUT, PERCENT, Measured, Quiet, shares_by_seed

MEGA, TERA = 1e6, 1e12
HOUR = 3600  # seconds
ZEPTO = 1e21  # zJ in a joule
MANY, FEW = 256, 16  # tokens that share a fetch


def numbers(result: Measured) -> dict[str, float]:
    """Page limitations/energy: key of each glued number, and its value."""
    return {
        "zepto": ZEPTO * landauer(result.temperature),
        **published_numbers(result.runs, result.answers, result.above),
        **_floor(result.floor),
        **brain_numbers(result.budgets.rates),
        **_pairs(result.pairs),
        **_ladder(result.ladder),
        **_quiet(result.quiet),
        **_active(result.active),
    }


def published_numbers(
    runs: pd.DataFrame, answers: pd.DataFrame, above: pd.DataFrame
) -> dict[str, float]:
    """Published energies.

    ``worst_metered`` and ``bloom_other`` in per cent; ``gpt3_speed`` in 10¹² operations per
    second and chip; ``bloom_ratio``,
    ``widening`` (Gemini, full over narrow count), ``batching`` and ``tokens_apart`` are
    factors; ``northpole`` in mJ and ``generation`` in J per token; ``train_…`` and ``token_…``
    bound the metered energies over the floor; ``fetch_new`` and ``fetch_old`` in J.
    """
    run, bloom = runs.set_index("model"), "BLOOM-175B (as if)"
    metered = runs[runs["evidence"] == "metered"]
    query = answers[answers["per"] == "query"].set_index("system")
    token = answers[answers["per"] == "token"].set_index("system")["value"]
    batch = query.loc["Qwen 3 32B, reasoning"]
    full, narrow = (query.loc[f"Gemini, {kind} count", "value"] for kind in ("full", "narrow"))
    kinds = above[above["evidence"] == "metered"].groupby("kind")
    least, most = kinds["ratio_45nm"].min(), kinds["ratio_7nm"].max()
    llama = above.set_index("system").loc["LLaMA-65B"]
    return {
        "metered": len(metered),
        "worst_metered": metered["deviation_percent"].abs().max(),
        "gpt3_speed": run.loc["GPT-3", "flop"] / (run.loc["GPT-3", "hours"] * HOUR * TERA),
        "bloom_other": run.loc[bloom, "deviation_percent"],
        "bloom_ratio": run.loc[bloom, "mwh"] / run.loc["BLOOM", "mwh"],
        "widening": full / narrow,
        "batching": batch["high"] / batch["low"],
        "tokens_apart": token.max() / token.min(),
        "northpole": 1e3 * token["3B model on NorthPole"],
        "gemini_sum": gemini_parts()["sum"],
        "generation": token["text generation"],
        "train_least": least["training"],
        "train_most": most["training"],
        "token_least": least["token"],
        "token_most": most["token"],
        "fetch_new": llama["fetch_7nm"],
        "fetch_old": llama["fetch_45nm"],
    }


def _floor(floor: pd.DataFrame) -> dict[str, float]:
    """Millions of parameters and products, and µJ per token."""
    row = floor.set_index(["length", "profile"])
    return {
        "core": row["core_parameters"].iloc[0] / MEGA,
        "parameters": row["all_parameters"].iloc[0] / MEGA,
        "texts": row["documents"].max(),
        "counted": row["macs"][MANY, "45nm_int8"] / MEGA,
        "fp32": MEGA * row["central"][MANY, "45nm_fp32"],
        "int8": MEGA * row["central"][MANY, "45nm_int8"],
        "many": MANY,
        "few": FEW,
        "shared": MEGA * row["memory_central"][MANY, "45nm_int8"],
        "alone": MEGA * row["memory_central"][FEW, "45nm_int8"],
    }


def brain_numbers(rates: pd.DataFrame) -> dict[str, float]:
    """The brain's budget; ``rates`` is the table of ``mean_rates``.

    Watts of ``glucose`` and ``atp`` (least and most), Lennie's ``spike_share`` (%) and
    ``implied`` neurons (10⁹), the rodent's ATP per spike (10⁹), the slowest and fastest rate;
    of the cells, in steps as short as a spike: the rodent's cost ratio and best rate (spikes
    per second), and how many times the human neuron could fire more often.
    """
    power, lennie = glucose_power(), lennie_budget()
    cells = cortical_cells((brain_constant("time_bin"),)).set_index("study")
    rodent, human = cells.loc["Attwell and Laughlin 2001"], cells.loc["Lennie 2003"]
    return {
        "watts": power["glucose_watts"].min(),
        "more_watts": power["glucose_watts"].max(),
        "free_watts": power["free_watts"].min(),
        "more_free_watts": power["free_watts"].max(),
        "atp": power["atp_watts"].min(),
        "more_atp": power["atp_watts"].max(),
        "spike_share": lennie["spike_percent"],
        "implied": lennie["neurons"] / GIGA,
        "rodent_spike": attwell_spike()["atp_per_spike"] / GIGA,
        "slowest": rates["rate"].min(),
        "fastest": rates["rate"].max(),
        "rodent_ratio": rodent["ratio"],
        "rodent_best": rodent["optimum"] / rodent["step"],
        "human_behind": human["optimum"] / human["rate"],
    }


def _pairs(pairs: pd.DataFrame) -> dict[str, float]:
    """Machine over brain: a training run twice, then a prompt against a minute of a brain."""
    train, cortex, prompt = pairs["ratio"].iloc[:3]
    return {
        "train_ratio": train,
        "cortex_ratio": cortex,
        "prompt_seconds": 60 * prompt,
        "life": pairs["brain_joules"].iloc[0] / 3.6e9,  # MWh
    }


def _ladder(ladder: pd.DataFrame) -> dict[str, float]:
    """Landauer's bounds, in millions, and of Loihi in billions."""
    bounds = ladder.set_index("step")["bounds"]
    return {
        "addition": bounds["8-bit addition, 45 nm"] / MEGA,
        "loihi": bounds["synaptic operation, Loihi"] / GIGA,
        "vesicle": bounds["one vesicle at a synapse"] / MEGA,
        "bit": bounds["one bit through a synapse"] / MEGA,
    }


def _quiet(quiet: Quiet) -> dict[str, float]:
    """Both hidden layers on Loihi, means over seeds; ``free``: spikes cost nothing in training."""
    loihi = quiet.on_loihi
    own = quiet.own[quiet.own["machine"] == "Loihi"].groupby("layer").mean(numeric_only=True)
    free = loihi[loihi["price"] == 0].groupby("layer")["rate"].mean()
    told = {"fan_out": FAN_OUT[0]}
    for layer, row in own.iterrows():
        told |= {
            f"rate_{layer}": row["rate"],
            f"share_{layer}": PERCENT * row["share"],
            f"ratio_{layer}": row["ratio"],
            f"ratio_high_{layer}": row["ratio_high"],
            f"free_{layer}": free[layer],
            f"quieter_{layer}": row["optimum"] / row["rate"],
            f"quieter_high_{layer}": row["optimum_low"] / row["rate"],
        }
    return told


def _active(active: pd.DataFrame) -> dict[str, float]:
    """Active rectifiers after training, %: of the transformer, and of the widest perceptron."""
    shares = PERCENT * shares_by_seed(active)["trained"].groupby("network", sort=False).mean()
    perceptrons = shares.drop("vision transformer")
    return {"vit": shares["vision transformer"], "wide": perceptrons.iloc[-1]}
