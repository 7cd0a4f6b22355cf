"""From trained weights to what phones run."""
