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
from opjoules.published.transformers import gemini_parts


def published_numbers(
    runs: pd.DataFrame, answers: pd.DataFrame, above: pd.DataFrame
) -> dict[str, float]:
    """Numbers of the prose on published energies, from the three tables.

    ``worst_metered`` and ``bloom_other`` in per cent; ``gpt3`` in MWh; ``bloom_ratio``,
    ``widening`` (Gemini, full over narrow count), ``batching`` and ``tokens_apart`` are
    factors; ``northpole`` in mJ and ``generation`` in J per token; ``train_…`` and ``token_…``
    bound the metered energies over the floor; ``fetch_new`` and ``fetch_old`` in J.
    """
    run = runs.set_index("model")
    metered = runs[runs["evidence"] == "metered"]
    query = answers[answers["per"] == "query"].set_index("system")
    token = answers[answers["per"] == "token"].set_index("system")["value"]
    batch = query.loc["Qwen 3 32B, reasoning"]
    full, narrow = (query.loc[f"Gemini, {kind} count", "value"] for kind in ("full", "narrow"))
    kinds = above[above["evidence"] == "metered"].groupby("kind")
    least, most = kinds["ratio_45nm"].min(), kinds["ratio_7nm"].max()
    llama = above.set_index("system").loc["LLaMA-65B"]
    return {
        "metered": len(metered), "worst_metered": metered["deviation_percent"].abs().max(),
        "gpt3": run.loc["GPT-3", "recomputed_mwh"],
        "bloom_other": run.loc["BLOOM-175B (as if)", "deviation_percent"],
        "bloom_ratio": run.loc["BLOOM-175B (as if)", "mwh"] / run.loc["BLOOM", "mwh"],
        "widening": full / narrow, "batching": batch["high"] / batch["low"],
        "gemini_sum": gemini_parts()["sum"], "tokens_apart": token.max() / token.min(),
        "northpole": 1e3 * token["3B model on NorthPole"], "generation": token["text generation"],
        "train_least": least["training"], "train_most": most["training"],
        "token_least": least["token"], "token_most": most["token"],
        "fetch_new": llama["fetch_7nm"], "fetch_old": llama["fetch_45nm"],
    }  # fmt: skip


def brain_numbers(rates: pd.DataFrame) -> dict[str, float]:
    """Numbers of the prose on the brain's budget; ``rates`` is the table of ``mean_rates``.

    Watts of ``glucose`` and ``atp`` (least and most), Lennie's ``spike_share`` (%) and
    ``implied`` neurons (10⁹), the rodent's ATP per spike (10⁹), the slowest and fastest rate;
    of the cells, in steps as short as a spike: the rodent's cost ratio and best rate (spikes
    per second), and how many times the human neuron could fire more often.
    """
    power, chain = glucose_power(), lennie_budget()
    return {
        "watts": power["glucose_watts"].min(), "more_watts": power["glucose_watts"].max(),
        "atp": power["atp_watts"].min(), "more_atp": power["atp_watts"].max(),
        "spike_share": chain["spike_percent"], "implied": chain["neurons"] / GIGA,
        "rodent_spike": attwell_spike()["atp_per_spike"] / GIGA,
        "slowest": rates["rate"].min(), "fastest": rates["rate"].max(),
        **_cells_in_words(),
    }  # fmt: skip


def _cells_in_words() -> dict[str, float]:
    rodent, human = (
        cell
        for _, cell in cortical_cells((brain_constant("time_bin"),)).sort_values("study").iterrows()
    )
    return {
        "rodent_ratio": rodent["ratio"], "rodent_best": rodent["optimum"] / rodent["step"],
        "human_behind": human["optimum"] / human["rate"],
    }  # fmt: skip
