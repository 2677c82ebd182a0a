"""Operations of published architectures from their definitions."""
