"""Operations → joules: counting, hardware costs with sources and ranges, published rows.

Start with ``operations.count_operations(model, batch)`` and
``estimate.estimate(operations, "45nm_fp32", memory=True)``.
"""
