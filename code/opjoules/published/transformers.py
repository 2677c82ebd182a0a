"""Energy of transformers as published: each number with its boundary, recomputed where it can be.

Three boundaries occur. *Accelerator*: the chips alone. *Server*: processors, memory and fans
as well. *Data centre*: also cooling and conversion, by the power usage effectiveness (PUE),
and machines that idle. And three kinds of evidence: *metered* (somebody read a meter while it
ran), *rated* (the power on the label times the hours), *estimated* (a formula from assumptions).
"""

from __future__ import annotations

import pandas as pd

from opjoules import sources
from opjoules.hardware.catalogue import TECHNOLOGIES, operation_energy, profile
from opjoules.units import convert

PICO = 1e-12
HALF = 0.5  # a printed number may be off by half of its last place
WATT_PLACE, PUE_PLACE = 1.0, 0.01


def published_input(key: str) -> float:
    """One input of a published estimate, from ``data/energy_use_inputs.csv``."""
    return sources.value("energy_use_inputs.csv", key)


def arithmetic_floor(macs: float, width: str) -> tuple[float, float]:
    """Energy of ``macs`` multiply-accumulates, J, in 7 nm and in 45 nm logic.

    Arithmetic alone: no memory, no idling, no cooling. A machine cannot need less than this with
    the same logic.

    Parameters
    ----------
    macs : how many.
    width : ``int8``, with sums of the same width, or ``fp16``, with sums in 16 bits at 45 nm and
        in 32 bits at 7 nm, as the tables have them.

    Raises
    ------
    ValueError : a negative count, or another width.
    """
    if macs < 0:
        raise ValueError(f"macs: got {macs}; must be at least 0")
    if width not in ("int8", "fp16"):
        raise ValueError(f"width: got {width!r}; allowed are 'int8' and 'fp16'")
    sums = {"7nm": "int8" if width == "int8" else "fp32", "45nm": width}
    new, old = (
        operation_energy("multiply", width, TECHNOLOGIES[node])
        + operation_energy("add", wide, TECHNOLOGIES[node])
        for node, wide in sums.items()
    )
    return macs * new * PICO, macs * old * PICO


def weights_fetched(parameters: float, bits: int, batch: int = 1) -> tuple[float, float]:
    """Energy to fetch every weight once for ``batch`` tokens, J per token, at 7 nm and 45 nm.

    A decoder reads all its weights for each token that it writes; tokens of other users that
    are computed in the same batch share the fetch. From the largest memory of either node.

    Raises
    ------
    ValueError : a batch or a width below 1.
    """
    if batch < 1 or bits < 1:
        raise ValueError(f"batch, bits: got {batch}, {bits}; both must be at least 1")
    access = []
    for node in ("7nm_int8", "45nm_int8"):
        machine = profile(node)
        largest = machine.level(float("inf"), bits)
        access.append(machine.access(largest, bits).central)
    new, old = access
    return parameters * new * PICO / batch, parameters * old * PICO / batch


def training_runs() -> pd.DataFrame:
    """Published training runs, recomputed from their own columns.

    Behind the columns of ``data/energy_training.csv`` stand those named here.

    Columns
    -------
    hours : of one accelerator.
    recomputed_mwh : hours · watts · PUE.
    floor_7nm_mwh, floor_45nm_mwh : arithmetic in 16 bits, where the operations are known.
    deviation_percent : of ``recomputed_mwh`` from print.
    allowed_percent : what the rounding of the printed inputs and of the printed energy allows.
    """
    table = sources.table("energy_training.csv")
    from_days = table["accelerators"] * table["days"] * 24
    hours = table["accelerator_hours"].fillna(from_days)
    energy = [
        convert(h * w * pue, "watt_hour", "megawatt_hour")
        for h, w, pue in zip(hours, table["watts"], table["pue"], strict=True)
    ]
    table = table.assign(hours=hours, recomputed_mwh=energy)
    patterson = table["days"].notna()  # rows whose factors are measured, hence rounded
    slack = (HALF * table["days_place"] / table["days"]).fillna(0.0)
    slack += (HALF * WATT_PLACE / table["watts"]).where(patterson, 0.0)
    slack += (HALF * PUE_PLACE / table["pue"]).where(patterson, 0.0)
    slack += HALF * table["mwh_place"] / table["mwh"]
    floors = [arithmetic_floor(flop / 2, "fp16") for flop in table["flop"].fillna(0.0)]
    floors = pd.DataFrame(floors, table.index, ["floor_7nm_mwh", "floor_45nm_mwh"])
    floors = floors.map(lambda joules: convert(joules, "joule", "megawatt_hour"))
    return table.join(floors.where(table["flop"].notna())).assign(
        deviation_percent=100 * (table["recomputed_mwh"] / table["mwh"] - 1),
        allowed_percent=100 * slack,
    )


def epoch_query() -> dict[str, float]:
    """The estimate of one GPT-4o query (You 2025), rebuilt from its assumptions.

    ``seconds`` of one accelerator, ``watts`` of its share of a data centre, ``joules``.
    """
    names = ("parameters", "tokens", "peak", "utilisation", "server_watts", "pue", "load")
    parameters, tokens, peak, utilisation, server_watts, pue, load = (
        published_input(f"epoch_{name}") for name in names
    )
    seconds = 2 * parameters * tokens / (peak * utilisation)
    watts = server_watts * pue * load
    return {"seconds": seconds, "watts": watts, "joules": seconds * watts}


def inference_energies() -> pd.DataFrame:
    """Published energies of inference in joules, per query or per token.

    Rows per token that divide a published energy by a published number of tokens are computed
    here.

    Columns
    -------
    system, per : what answers, and what for: ``query`` or ``token``.
    low, value, high : J.
    interval : what low and high are.
    boundary, evidence : see the top of this module.
    source, where, status : of the row.
    """
    table = sources.table("energy_inference.csv")
    joules = table.copy()
    for column in ("low", "value", "high"):
        joules[column] = [
            convert(value, f"{unit} / {per}", f"joule / {per}") if pd.notna(value) else value
            for value, unit, per in zip(table[column], table["unit"], table["per"], strict=True)
        ]
    queries = joules[joules["per"] == "query"].set_index("system")
    answer = queries.loc["text generation", ["low", "value", "high"]]
    generated = answer / published_input("generated_tokens")
    northpole = published_input("northpole_watts") / published_input("northpole_tokens_per_second")
    epoch = epoch_query()["joules"] / published_input("epoch_tokens")
    derived = {
        "3B model on NorthPole": [northpole] * 3,
        "GPT-4o, estimated": [epoch] * 3,
        "text generation": list(generated),
    }
    for system, values in derived.items():
        row = (joules["system"] == system) & (joules["per"] == "token")
        joules.loc[row, ["low", "value", "high"]] = values
    return joules.drop(columns="unit")


def above_floor() -> pd.DataFrame:
    """Published energies over the arithmetic of the model: tokens written and training runs.

    One MAC a token and active parameter, as wide as the system's words.

    Columns
    -------
    system, kind : the row; ``token`` or ``training``.
    published : J per token, or J.
    floor_7nm, floor_45nm : its arithmetic, the same unit.
    fetch_7nm, fetch_45nm : J per token to fetch the weights for it alone; tokens only.
    evidence, source : of the published energy.
    ratio_7nm, ratio_45nm : published over floor.
    over_fetch_7nm, over_fetch_45nm : published over fetch.
    """
    tokens = inference_energies().query("per == 'token'").set_index("system")
    systems = {
        "LLaMA-65B": ("llama_parameters", "fp16", 16),
        "3B model on NorthPole": ("northpole_parameters", "int8", 8),
        "GPT-4o, estimated": ("epoch_parameters", "fp16", 16),
    }
    rows = []
    for system, (key, width, bits) in systems.items():
        parameters = published_input(key)
        floor, fetch = arithmetic_floor(parameters, width), weights_fetched(parameters, bits)
        row = tokens.loc[system]
        rows.append((system, "token", row["value"], *floor, *fetch, row["evidence"], row["source"]))
    for run in training_runs().dropna(subset="flop").itertuples():
        joules = convert(run.mwh, "megawatt_hour", "joule")
        floor = arithmetic_floor(run.flop / 2, "fp16")
        none = (float("nan"),) * 2
        rows.append((run.model, "training", joules, *floor, *none, run.evidence, run.source))
    names = ["system", "kind", "published", "floor_7nm", "floor_45nm", "fetch_7nm", "fetch_45nm"]
    table = pd.DataFrame(rows, columns=[*names, "evidence", "source"])
    return table.assign(
        ratio_7nm=table["published"] / table["floor_7nm"],
        ratio_45nm=table["published"] / table["floor_45nm"],
        over_fetch_7nm=table["published"] / table["fetch_7nm"],
        over_fetch_45nm=table["published"] / table["fetch_45nm"],
    )


def gemini_parts() -> dict[str, float]:
    """Shares of the median prompt, in per cent, and their ``sum``; as printed, rounded."""
    parts = {
        name: published_input(f"gemini_{name}_percent")
        for name in ("accelerator", "host", "idle", "overhead")
    }
    return parts | {"sum": sum(parts.values())}
