"""What every training run has: loop, checkpoint, curves, record, sheets, schedule, configuration."""
