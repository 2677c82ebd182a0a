"""Operations to joules, with a source and a range for every constant."""
