"""What every training shares: the loop, its steps and checks, checkpoints, curves, sheets, record, configuration."""
