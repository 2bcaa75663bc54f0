"""Dead letters get another chance: one, or many in growing batches; and travel as lines."""
