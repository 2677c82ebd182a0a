"""Which joule may stand against which: comparisons computed with their units, and refused ones.

Every comparison here converts both sides to one unit with :mod:`opjoules.units`, which
refuses a power against an energy, or joules per token against joules per query.
"""

from __future__ import annotations

import pandas as pd

from brainbook.evidence import facts
from opjoules.brain.budget import brain_constant
from opjoules.published.transformers import inference_energies, training_runs
from opjoules.units import convert

REFUSED = (
    ("watt", "megawatt_hour", "the power of a brain as the energy of a training run"),
    ("watt_hour / query", "joule / token", "a query as a token"),
    ("joule / token", "joule / inference", "a token as an inference"),
    ("megawatt_hour", "joule / query", "a training run as a query"),
    ("watt", "joule / spike", "a power as the cost of a spike"),
    ("joule / operation", "watt", "the cost of an operation as a power"),
)


def refused() -> pd.DataFrame:
    """Conversions that are category errors: ``given``, ``asked``, ``mistake``, ``refused``."""
    rows = []
    for unit, to, mistake in REFUSED:
        try:
            convert(1.0, unit, to)
        except ValueError:
            rows.append((unit, to, mistake, True))
        else:
            rows.append((unit, to, mistake, False))
    return pd.DataFrame(rows, columns=["given", "asked", "mistake", "refused"])


def lifetime_mwh(watts: float, years: float) -> float:
    """Energy of a constant power over some years, MWh.

    Raises
    ------
    ValueError : a power or a time that is not positive.
    """
    if watts <= 0 or years <= 0:
        raise ValueError(f"watts, years: got {watts}, {years}; both must be positive")
    seconds = convert(years, "julian_year", "second")
    return convert(watts * seconds, "joule", "megawatt_hour")


def words_per_minute() -> float:
    """Silent reading of English prose by adults, a mean over studies."""
    return facts.value("astrocyte_dynamics.csv", "reading_words_per_minute")


def sound(years: float) -> pd.DataFrame:
    """Comparisons of an energy with an energy.

    Columns ``machine`` and ``brain`` (what stands on either side), ``machine_joules``,
    ``brain_joules``, ``ratio`` (machine over brain), ``leaves_out``, ``source``.
    """
    run = training_runs().set_index("model").loc["GPT-3"]
    queries = inference_energies().query("per == 'query'").set_index("system")
    tokens = inference_energies().query("per == 'token'").set_index("system")
    whole, cortex = (
        convert(lifetime_mwh(brain_constant(key), years), "megawatt_hour", "joule")
        for key in ("brain_power", "cortex_computation")
    )
    train = convert(run["mwh"], "megawatt_hour", "joule")
    word = brain_constant("brain_power") * 60 / words_per_minute()
    span = f"{years:g} years"
    rows = [
        (
            "one final training run of GPT-3, servers and data centre", train,
            f"a whole brain, {span}", whole,
            "trials before the run, making the chips; body, teachers, evolution",
            "patterson2021carbon balasubramanian2021brain",
        ),
        (
            "the same run", train, f"computation in cortex alone, as ATP, {span}", cortex,
            "as above, and the rest of the brain, without which cortex computes nothing",
            "patterson2021carbon levy2021communication",
        ),
        (
            "one median prompt to Gemini, full count",
            float(queries.loc["Gemini, full count", "value"]), "a whole brain, one minute",
            convert(brain_constant("brain_power"), "watt", "joule / minute"),
            "the user's device and network; what the brain did in that minute",
            "elsworth2025measuring balasubramanian2021brain",
        ),
        (
            "one token written by LLaMA-65B, chips only",
            float(tokens.loc["LLaMA-65B", "value"]), "a whole brain while it reads one word", word,
            "servers and cooling; writing is not reading, and a token is not a word",
            "samsi2023words brysbaert2019many",
        ),
    ]  # fmt: skip
    names = ["machine", "machine_joules", "brain", "brain_joules", "leaves_out", "source"]
    table = pd.DataFrame(rows, columns=names)
    table["ratio"] = table["machine_joules"] / table["brain_joules"]
    return table[
        ["machine", "machine_joules", "brain", "brain_joules", "ratio", "leaves_out", "source"]
    ]


def activity_published() -> pd.DataFrame:
    """Published shares of units that are active in trained transformers, per cent."""
    table = facts.table("energy_use_inputs.csv")
    rows = table[table["key"].str.startswith("lazy_")]
    return rows[["key", "value", "what", "source"]].reset_index(drop=True)
