"""Claims on published energies hold, and fail when a number is changed."""

from __future__ import annotations

import pandas as pd

from brainbook.pages.limitations.energy import claims as use_claims
from opjoules.published import transformers as published_use


def test_claims_from_tables_and_closed_forms_hold():
    made = [
        *use_claims.training_claims(published_use.training_runs(), "x"),
        *use_claims.estimate_claims("x"),
        *use_claims.brain_claims("x"),
        *use_claims.sparsity_claims("x"),
    ]
    assert {claim.status for claim in made} == {"holds"} and len(made) >= 18
    assert len({claim.id for claim in made}) == len(made)


def test_a_wrong_row_fails():
    runs = published_use.training_runs()
    runs.loc[runs["model"] == "T5", "recomputed_mwh"] *= 1.05
    runs.loc[runs["model"] == "BLOOM", "recomputed_mwh"] += 1e-3
    failing = {c.id for c in use_claims.training_claims(runs, "x") if c.status == "fails"}
    assert failing == {"x-training-t5", "x-training-bloom"}


def test_a_conversion_that_is_not_refused_fails(monkeypatch):
    wrong = pd.DataFrame({"refused": [True, False]})
    monkeypatch.setattr(use_claims.comparisons, "refused", lambda: wrong)
    failing = {c.id for c in use_claims.estimate_claims("x") if c.status == "fails"}
    assert failing == {"x-units-refuse"}


def test_a_wrong_optimum_fails(monkeypatch):
    solve = use_claims.sparsity.optimal_rate
    monkeypatch.setattr(use_claims.sparsity, "optimal_rate", lambda ratio: solve(ratio) * 1.001)
    assert {c.status for c in use_claims.sparsity_claims("x")} == {"fails"}
